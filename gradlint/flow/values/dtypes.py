"""The dtype that a value has where TensorFlow or NumPy would make one of it."""

from __future__ import annotations

from typing import Any

from gradlint.flow.values.values import Array, Const, Dict, Join, Known, Number, Seq, Tensor, Value, Variable

DISCRETE = frozenset(
    {"bool", "string", "resource", "variant"}
    | {prefix + str(bits) for prefix in ("int", "uint") for bits in (2, 4, 8, 16, 32, 64)}
    | {"qint8", "qint16", "qint32", "quint8", "quint16", "int", "uint"}
)
"""The dtypes that a tape does not differentiate."""
FLOATS = frozenset({"float32", "float64", "float16", "bfloat16", "half", "double", "complex64", "complex128", "float"})
"""The dtypes that a tape differentiates; ``float`` stands for one of them that is not known more closely."""
_NAMES = frozenset(
    {
        "float16", "float32", "float64", "bfloat16", "half", "double", "complex64", "complex128",
        "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "string", "resource",
        "qint8", "quint8", "qint32", "qint16", "quint16",
    }
)  # fmt: skip
_ALIASES = {
    "float": "float64", "int": "int64", "bool_": "bool", "float_": "float64", "single": "float32", "str": "string",
    "int_": "int64", "intp": "int64", "longlong": "int64", "str_": "string", "object": "string", "uint": "uint64",
    "floatx": "float32", "complex": "complex128",
}  # fmt: skip


def named(value: Value | None) -> str | None:
    """The dtype that a ``dtype=`` argument names: ``tf.float32``, ``np.int64``, ``"float32"``, ``float``."""
    if isinstance(value, Known):
        return spelled(value.name.rpartition(".")[2])
    if isinstance(value, Const) and isinstance(value.value, str):
        return spelled(value.value)
    return None


def spelled(name: str) -> str | None:
    """The dtype of a name, or None where it is none."""
    if name in _NAMES:
        return name
    return _ALIASES.get(name)


def is_float(dtype: str | None) -> bool:
    """Whether a tape differentiates values of the dtype."""
    return dtype is not None and dtype in FLOATS


def is_discrete(dtype: str | None) -> bool:
    """Whether a dtype is known and is not differentiable."""
    return dtype in DISCRETE


def of_python(value: Any) -> str | None:
    """The dtype that ``tf.constant`` gives a Python scalar."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int32"
    if isinstance(value, float):
        return "float32"
    if isinstance(value, complex):
        return "complex128"
    if isinstance(value, str | bytes):
        return "string"
    return None


def of(value: Value, *, numpy: bool = False, depth: int = 8) -> str | None:
    """The dtype that TensorFlow (or NumPy) makes of a value, or None where that is not known."""
    if isinstance(value, Tensor | Variable | Array):
        return value.dtype
    if isinstance(value, Const):
        found = of_python(value.value)
        return {"int32": "int64", "float32": "float64"}.get(found or "", found) if numpy else found
    if isinstance(value, Number):
        table = {"int": "int32", "float": "float32", "bool": "bool", "str": "string"}
        found = table.get(value.kind)
        return {"int32": "int64", "float32": "float64"}.get(found or "", found) if numpy else found
    if isinstance(value, Join):
        found_all = {of(option, numpy=numpy, depth=depth) for option in value.options}
        return found_all.pop() if len(found_all) == 1 else None
    if isinstance(value, Seq) and depth:
        if not value.items.values:
            return "float64" if numpy else "float32"
        dtypes = [of(item, numpy=numpy, depth=depth - 1) for item in value.items.values[:64]]
        if any(dtype is None for dtype in dtypes):
            return None
        floats = [dtype for dtype in dtypes if is_float(dtype)]
        return floats[0] if floats else dtypes[0]
    if isinstance(value, Dict):
        return None
    return None


def of_operation(left: Value, right: Value) -> str | None:
    """The dtype of an arithmetic operation of which at least one side is a tensor or Variable."""
    tensors = [value for value in (left, right) if isinstance(value, Tensor | Variable)]
    dtypes = [value.dtype for value in tensors]
    if len(dtypes) == 2:
        return dtypes[0] or dtypes[1]
    if not dtypes or dtypes[0] is None:
        return None
    other = right if tensors[0] is left else left
    if is_discrete(dtypes[0]) and not isinstance(other, Const | Number | Array | Seq):
        return None
    return dtypes[0]
