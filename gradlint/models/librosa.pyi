# What librosa is given leaves TensorFlow: it works on arrays and numbers, and gives these back.


def __getattr__(name) -> Array: ...
