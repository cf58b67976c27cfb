# What a network of sonnet.nets does to a gradient (dm-sonnet 2.0.2, TensorFlow 2.21): it was made and called.


class MLP(Module, trainable=True):
    def __call__(self: Passes, inputs: Passes, is_training) -> Tensor: ...
