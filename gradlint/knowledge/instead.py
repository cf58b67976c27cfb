"""What TensorFlow calls a function of NumPy or of Python's own modules, for the messages."""

from __future__ import annotations

from gradlint.knowledge.numpy_to_tensorflow import replacement

UNTRANSLATED = {
    "numpy.arange": "range",
    "numpy.einsum": "einsum",
    "numpy.linalg.svd": "linalg.svd",
    "numpy.meshgrid": "meshgrid",
    "numpy.round": "round",
}
"""Functions of NumPy whose calls are not translated argument by argument, and TensorFlow's of the same purpose."""
ROUND_TRIPS = {
    "decimal.Decimal": frozenset({"float"}),
    "float": frozenset({"float"}),
    "json.dumps": frozenset({"json.loads"}),
    "memoryview": frozenset({"numpy.frombuffer", "numpy.asarray", "numpy.array"}),
    "pickle.dumps": frozenset({"pickle.loads"}),
    "repr": frozenset({"float"}),
    "str": frozenset({"float"}),
    "tensorflow.as_string": frozenset({"tensorflow.strings.to_number"}),
    "tensorflow.bitcast": frozenset({"tensorflow.bitcast"}),
    "tensorflow.experimental.dlpack.to_dlpack": frozenset({"tensorflow.experimental.dlpack.from_dlpack"}),
    "tensorflow.io.serialize_tensor": frozenset({"tensorflow.io.parse_tensor"}),
    "tensorflow.make_tensor_proto": frozenset({"tensorflow.make_ndarray"}),
    "tensorflow.strings.as_string": frozenset({"tensorflow.strings.to_number"}),
}
"""What puts a value into another form, and what takes it back from there."""
HANDING_ON = frozenset(
    {"tensorflow.bitcast", "tensorflow.raw_ops.GuaranteeConst", "tensorflow.raw_ops.PreventGradient"}
)
"""What gives back the float that it is given and has no gradient."""
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
    """The TensorFlow function that does what ``numpy.mean`` does: ``tf.reduce_mean``; None where none is known.

    It is the one that the fix writes, where a call can be translated.
    """
    row = replacement(canonical)
    function = UNTRANSLATED.get(canonical) if row is None else row.function
    return None if function is None else f"tf.{function}"


def of_python(canonical: str) -> str | None:
    """The TensorFlow function that does what ``math.sin`` does: ``tf.sin``; None where none is known."""
    if canonical in PYTHON_OTHERWISE:
        return PYTHON_OTHERWISE[canonical]
    module, _, function = canonical.partition(".")
    return f"tf.{function}" if module == "math" and function in PYTHON.split() else None
