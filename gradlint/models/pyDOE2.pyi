# What pyDOE2 draws are designs of experiments, as arrays.


def __getattr__(name) -> Array: ...
