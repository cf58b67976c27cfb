# What a network of TF-Agents descends from (tf-agents 0.19, TensorFlow 2.21 with tf-keras): a layer of Keras, which finds
# its variables as a layer does and raises ValueError when it is asked for them before its first call.


class Network(Layer): ...
