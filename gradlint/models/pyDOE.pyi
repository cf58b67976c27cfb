# What pyDOE draws are designs of experiments, as arrays.


def __getattr__(name) -> Array: ...
