# A tape of TensorFlow's does not see what JAX computes: a tensor that is handed over is read as an array.


def __getattr__(name) -> Array: ...
