"""What stands for a tensor or variable in the record: the identity of the tensor, or of the variable's handle."""

from __future__ import annotations

from typing import Any


def flattened(structure: Any) -> list[Any]:
    """The leaves of a structure as ``tf.nest`` has them."""
    import tensorflow as tf

    return list(tf.nest.flatten(structure))


def variable(value: Any) -> Any:
    """The TensorFlow variable behind a variable of TensorFlow or Keras, else None."""
    for _ in range(3):
        if getattr(value, "handle", None) is not None and hasattr(value, "assign"):
            return value
        inner = getattr(value, "_value", None)
        if inner is None or isinstance(inner, (int, float)):
            return None
        value = inner
    return None


def identities(value: Any) -> tuple[int, ...]:
    """The identities that a source has in the record; a variable mirrored over devices has several.

    Returns:
        Empty for what is no tensor and no variable.
    """
    found = variable(value)
    if found is not None:
        parts = getattr(found, "values", None)
        handles = [found.handle] if not isinstance(parts, (tuple, list)) else [one.handle for one in parts]
        return tuple(handle._id for handle in handles if hasattr(handle, "_id"))
    number = getattr(value, "_id", None)
    return (number,) if isinstance(number, int) else ()


def identity(value: Any) -> int:
    """The first of a source's identities, -1 for what is no tensor and no variable."""
    found = identities(value)
    return found[0] if found else -1


def described(value: Any) -> str | None:
    """The name that a variable carries: its path in Keras, its name in TensorFlow; None for anything else."""
    path = getattr(value, "path", None)
    if isinstance(path, str):
        return path
    if variable(value) is not None:
        name = getattr(value, "name", None)
        return name.removesuffix(":0") if isinstance(name, str) and name != "Variable:0" else None
    return None


def tensors(structure: Any) -> list[Any]:
    """The tensors of a target; a variable stands for its handle, what is neither is left out."""
    found: list[Any] = []
    for one in flattened(structure):
        inner = variable(one)
        if inner is not None:
            found.append(inner.handle)
        elif isinstance(getattr(one, "_id", None), int):
            found.append(one)
    return found


def flattened_with_none(result: Any) -> list[Any]:
    """The leaves of what a gradient call gave: None and the slices of an embedding's gradient count as one each."""
    import tensorflow as tf

    return list(tf.nest.flatten(result))


def differentiable(value: Any) -> bool:
    """Whether a source's dtype has gradients: floats and complex numbers."""
    import tensorflow as tf

    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return False
    found = tf.as_dtype(dtype)
    return bool(found.is_floating or found.is_complex)


def finite(gradient: Any) -> bool:
    """Whether a gradient holds neither NaN nor Inf; True for one whose value is not there (in a graph)."""
    import numpy as np

    values = getattr(gradient, "values", gradient)
    if callable(values) or not hasattr(values, "_numpy") or not differentiable(values):
        return True
    array = np.asarray(values._numpy())
    with np.errstate(all="ignore"):
        return bool(np.isfinite(array.sum())) or bool(np.isfinite(array).all())


def zero(gradient: Any) -> bool:
    """Whether a gradient's values are there and all of them are zero."""
    import numpy as np

    values = getattr(gradient, "values", gradient)
    return hasattr(values, "_numpy") and not np.any(values._numpy())


def address(tensor: Any) -> int:
    """Where an eager tensor's value lies in memory."""
    import ctypes

    import tensorflow as tf

    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype = ctypes.c_void_p
    pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    capsule = tf.experimental.dlpack.to_dlpack(tensor)
    found = ctypes.c_void_p.from_address(pointer(capsule, b"dltensor")).value
    return found or 0
