"""NumPy functions: a tensor that goes in comes out as an array, and its gradient stays behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.causes import ToNumpy
from gradlint.flow.libraries.models import LibraryCall, models
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Function, Generator, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Items,
    Known,
    Number,
    Seq,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

KEEPING = frozenset({"numpy.flip", "numpy.rollaxis", "numpy.trim_zeros", "numpy.polynomial.polynomial.polyval"})
"""The functions that keep a tensor a tensor (NumPy 2.4)."""
DISCRETE = frozenset({
    "argmax", "argmin", "argsort", "argwhere", "nonzero", "searchsorted", "shape", "size", "ndim", "where", "unique",
    "digitize", "count_nonzero", "flatnonzero", "isnan", "isinf", "isfinite", "greater", "less", "equal", "any", "all",
    "allclose", "isclose", "array_equal", "logical_and", "logical_or", "logical_not", "arange", "bincount",
    "random.choice",
    "random.randint", "random.permutation", "lexsort", "not_equal", "greater_equal", "less_equal", "sign",
})  # fmt: skip
"""Functions whose values choose, count or compare, so that no gradient is expected of them."""
_FLOATING = frozenset(
    {
        "zeros",
        "ones",
        "linspace",
        "random.rand",
        "random.randn",
        "random.normal",
        "random.uniform",
        "empty",
        "eye",
        "identity",
        "logspace",
        "random.random",
        "random.standard_normal",
    }
)
_SCALARS = {
    "float32": "float32",
    "float64": "float64",
    "float16": "float16",
    "int32": "int32",
    "int64": "int64",
    "bool_": "bool",
    "int8": "int8",
    "uint8": "uint8",
}


_TO_FILES = frozenset(
    {"seterr", "set_printoptions", "random.seed", "save", "savez", "savetxt", "testing.assert_allclose"}
)
"""Functions that give nothing."""
_FROM_FILES = frozenset({"load", "loadtxt", "genfromtxt"})
_SHAPES = frozenset({"shape", "ndim", "size"})
_LIKE = frozenset({"zeros_like", "ones_like", "empty_like"})
_TRUTHS = frozenset({"isnan", "isinf", "isfinite", "greater", "less", "equal", "any", "all"})
_MAKING = frozenset({"array", "asarray", "asanyarray", "ascontiguousarray"})
_COUNTING = frozenset({"random.randint", "argmax", "argmin", "argsort"})


@models("numpy.*")
def function(machine: Interpreter, call: LibraryCall) -> Value:
    """Call a NumPy function."""
    short = call.name.removeprefix("numpy.")
    if short == "sum" and call.args and isinstance(call.args[0], Generator):
        # Up to NumPy 2.3 this is Python's own ``sum``, which adds tensors as tensors; later NumPy raises TypeError.
        return machine.library_call("builtins.sum", call.args, call.kwargs, call.node)
    call.args = [machine.consumed(value, call.node) for value in call.args]
    values = call.tensors(machine)
    if any(isinstance(leaf, Function) for leaf in values):
        return machine.foreign("call", call.node, values)
    if call.name in KEEPING and call.args and isinstance(call.args[0], Tensor):
        return machine.tensor(call.node, [call.args[0]], dtype=call.args[0].dtype, op=call.name)
    if short in _TO_FILES:
        return Const(None)
    if short in _FROM_FILES:
        return Array(None, span_of(call.node))
    held = _of_objects(machine, call, values)
    if held is not None:
        return held
    return _array(machine, call, short, values)


def _of_objects(machine: Interpreter, call: LibraryCall, values: list[Value]) -> Value | None:
    """What a call gives that makes or reads an array of objects; None for other calls."""
    given = call.kwargs.get("dtype")
    if isinstance(given, Known) and given.name in {"builtins.object", "numpy.object_"}:
        made = Array("object", span_of(call.node))
        machine.depend(made, values, sure=False)
        return made
    if any(isinstance(leaf, Instance) or (isinstance(leaf, Array) and leaf.dtype == "object") for leaf in values):
        return machine.unknown("call", call.node, values)
    return None


def _array(machine: Interpreter, call: LibraryCall, short: str, values: list[Value]) -> Value:
    """The array that a function computes, which leaves the gradient behind."""
    made = Array(_dtype(call, short), span_of(call.node), _known(call, short))
    if short in _LIKE:
        return made
    if short in _SHAPES:
        return Number("int", span_of(call.node))
    carried = [leaf for leaf in values if isinstance(leaf, Tensor | Variable | Unknown | Symbolic) or leaf.edges]
    machine.depend(made, carried, machine.cut(ToNumpy(*call.written(machine)), call.node))
    if short == "meshgrid":
        return Seq(Items((made, made), exact=False), "list", span_of(call.node))
    symbolic = any(machine.symbolic(leaf) for leaf in values)
    if symbolic and not short.startswith("random"):
        callee = machine.callee(call.node)
        machine.leaves_graph(made, call.node, ToNumpy(callee, call.name, in_graph=True), "NotImplementedError")
    out = call.kwargs.get("out")
    if isinstance(out, Array):
        machine.leaves_array(out, made, call.node)
    return made


def _known(call: LibraryCall, short: str) -> object:
    """The value of an array that the program fixes."""
    first = call.args[0] if call.args and (short in _SCALARS or short in {"array", "asarray"}) else None
    if isinstance(first, Const) and isinstance(first.value, int | float):
        return first.value
    return first if isinstance(first, Seq) else None


def _dtype(call: LibraryCall, short: str) -> str | None:
    """The dtype of what a function gives."""
    given = call.kwargs.get("dtype")
    if given is not None:
        return dtypes.named(given)
    if short in _SCALARS:
        return _SCALARS[short]
    if short in _MAKING and call.args:
        return dtypes.named(call.args[1]) if len(call.args) > 1 else dtypes.of(call.args[0], numpy=True)
    if short == "arange":
        return _range_dtype(call)
    if short in _TRUTHS:
        return "bool"
    if short in _COUNTING or short in DISCRETE:
        return "int64"
    if short in _FLOATING:
        return "float64"
    return _dtype_of_arguments(call, short)


def _dtype_of_arguments(call: LibraryCall, short: str) -> str | None:
    if short == "full" and len(call.args) > 1:
        return dtypes.of(call.args[1], numpy=True)
    first = call.args[0] if call.args else None
    return dtypes.of(first, numpy=True) if isinstance(first, Array | Tensor | Variable) else None


def _range_dtype(call: LibraryCall) -> str | None:
    found = [dtypes.of(value, numpy=True) for value in call.args]
    if not found or any(dtype is None for dtype in found):
        return None
    return next((dtype for dtype in found if dtypes.is_float(dtype)), "int64")
