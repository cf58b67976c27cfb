"""What TensorFlow calls a function of NumPy or of Python's own modules, for the messages."""

from __future__ import annotations

REDUCTIONS = ("all", "any", "max", "mean", "min", "prod", "std", "sum")
SAME = (
    "add argsort clip concat cos cosh exp floor greater less matmul maximum minimum multiply one_hot ones ones_like "
    "pad repeat reshape round sign sin sinh sort split sqrt square squeeze stack subtract tan tanh tensordot tile "
    "transpose where zeros zeros_like abs acos acosh asin asinh atan atan2 atanh einsum eye fill range roll divide "
    "linspace meshgrid norm"
)
OTHERWISE = {
    "absolute": "abs",
    "amax": "reduce_max",
    "amin": "reduce_min",
    "append": "concat",
    "arange": "range",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "argmax": "argmax",
    "argmin": "argmin",
    "array": "convert_to_tensor",
    "asanyarray": "convert_to_tensor",
    "asarray": "convert_to_tensor",
    "ascontiguousarray": "convert_to_tensor",
    "average": "reduce_mean",
    "ceil": "math.ceil",
    "clip": "clip_by_value",
    "concatenate": "concat",
    "copy": "identity",
    "cross": "linalg.cross",
    "cumprod": "math.cumprod",
    "cumsum": "math.cumsum",
    "diag": "linalg.diag",
    "dot": "tensordot",
    "expand_dims": "expand_dims",
    "expm1": "math.expm1",
    "fabs": "abs",
    "flip": "reverse",
    "hstack": "concat",
    "linalg.det": "linalg.det",
    "linalg.inv": "linalg.inv",
    "linalg.norm": "norm",
    "linalg.solve": "linalg.solve",
    "linalg.svd": "linalg.svd",
    "log": "math.log",
    "log1p": "math.log1p",
    "mod": "math.floormod",
    "moveaxis": "transpose",
    "negative": "negative",
    "outer": "tensordot",
    "power": "pow",
    "ravel": "reshape",
    "reciprocal": "math.reciprocal",
    "squeeze": "squeeze",
    "std": "math.reduce_std",
    "swapaxes": "transpose",
    "take": "gather",
    "trace": "linalg.trace",
    "true_divide": "divide",
    "var": "math.reduce_variance",
    "vstack": "concat",
}
PYTHON = "acos acosh asin asinh atan atan2 atanh cos cosh exp pow sin sinh sqrt tan tanh"
PYTHON_OTHERWISE = {
    "math.erf": "tf.math.erf",
    "math.erfc": "tf.math.erfc",
    "math.expm1": "tf.math.expm1",
    "math.fabs": "tf.abs",
    "math.fsum": "tf.reduce_sum",
    "math.hypot": "tf.norm",
    "math.lgamma": "tf.math.lgamma",
    "math.log": "tf.math.log",
    "math.log1p": "tf.math.log1p",
}


def of_numpy(canonical: str) -> str | None:
    """The TensorFlow function that does what ``numpy.mean`` does: ``tf.reduce_mean``; None where none is known."""
    module, _, function = canonical.partition(".")
    if module != "numpy":
        return None
    if function in OTHERWISE:
        return f"tf.{OTHERWISE[function]}"
    if function in REDUCTIONS:
        return f"tf.reduce_{function}"
    return f"tf.{function}" if function in SAME.split() else None


def of_python(canonical: str) -> str | None:
    """The TensorFlow function that does what ``math.sin`` does: ``tf.sin``; None where none is known."""
    if canonical in PYTHON_OTHERWISE:
        return PYTHON_OTHERWISE[canonical]
    module, _, function = canonical.partition(".")
    return f"tf.{function}" if module == "math" and function in PYTHON.split() else None
