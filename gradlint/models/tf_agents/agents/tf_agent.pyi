# What an agent of TF-Agents descends from (tf-agents 0.19, TensorFlow 2.21).


class TFAgent(Module): ...
