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
from gradlint.knowledge import behaviours
from gradlint.knowledge.table import Effect, lookup

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter
    from gradlint.knowledge.table import Entry

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


@models("numpy-function")
def function(machine: Interpreter, call: LibraryCall) -> Value:
    """Call a NumPy function."""
    words, entry = behaviours.of(call.name), lookup(call.name)
    if "adds-up" in words and call.args and isinstance(call.args[0], Generator):
        # Up to NumPy 2.3 this is Python's own ``sum``, which adds tensors as tensors; later NumPy raises TypeError.
        return machine.library_call(behaviours.the("summed"), call.args, call.kwargs, call.node)
    call.args = [machine.consumed(value, call.node) for value in call.args]
    values = call.tensors(machine)
    if any(isinstance(leaf, Function) for leaf in values):
        return machine.foreign("call", call.node, values)
    passes = "passes-tensors" in words or (entry is not None and entry.effect is Effect.PASSES)
    if passes and call.args and isinstance(call.args[0], Tensor):
        return machine.tensor(call.node, [call.args[0]], dtype=call.args[0].dtype, op=call.name)
    if "returns-nothing" in words:
        return Const(None)
    if "reads-file" in words:
        return Array(None, span_of(call.node))
    held = _of_objects(machine, call, values)
    if held is not None:
        return held
    return _array(machine, call, entry, values)


def _of_objects(machine: Interpreter, call: LibraryCall, values: list[Value]) -> Value | None:
    """What a call gives that makes or reads an array of objects; None for other calls."""
    given = call.kwargs.get("dtype")
    if isinstance(given, Known) and behaviours.has(given.name, "object-dtype"):
        made = Array("object", span_of(call.node))
        machine.depend(made, values, sure=False)
        return made
    if any(isinstance(leaf, Instance) or (isinstance(leaf, Array) and leaf.dtype == "object") for leaf in values):
        return machine.unknown("call", call.node, values)
    return None


def _array(machine: Interpreter, call: LibraryCall, entry: Entry | None, values: list[Value]) -> Value:
    """The array that a function computes, which leaves the gradient behind."""
    words = behaviours.of(call.name)
    made = Array(_dtype(call, entry), span_of(call.node), _known(call, words))
    if "shape-only" in words:
        is_array = entry is None or entry.result == "ndarray"
        return made if is_array else Number("int", span_of(call.node))
    carried = [leaf for leaf in values if isinstance(leaf, Tensor | Variable | Unknown | Symbolic) or leaf.edges]
    machine.depend(made, carried, machine.cut(ToNumpy(*call.written(machine)), call.node))
    if "grids" in words:
        return Seq(Items((made, made), exact=False), "list", span_of(call.node))
    symbolic = any(machine.symbolic(leaf) for leaf in values)
    if symbolic and not call.name.startswith("numpy.random"):
        cause = ToNumpy(*call.written(machine), in_graph=True)
        machine.leaves_graph(made, call.node, cause, "NotImplementedError")
    out = call.kwargs.get("out")
    if isinstance(out, Array):
        machine.leaves_array(out, made, call.node)
    return made


def _known(call: LibraryCall, words: frozenset[str]) -> object:
    """The value of an array that the program fixes."""
    first = call.args[0] if call.args and (call.last in _SCALARS or "array-of" in words) else None
    if isinstance(first, Const) and isinstance(first.value, int | float):
        return first.value
    return first if isinstance(first, Seq) else None


def _dtype(call: LibraryCall, entry: Entry | None) -> str | None:
    """The dtype of what a function gives: what the call says, else what was measured."""
    words = behaviours.of(call.name)
    given = call.kwargs.get("dtype") or (call.argument(1, "dtype") if "array-of" in words else None)
    if given is not None:
        return dtypes.named(given)
    if call.last in _SCALARS:
        return _SCALARS[call.last]
    if "floats" in words:
        return "float64"
    if words & {"array-of", "item-of"} and call.args:
        return dtypes.of(call.args[0], numpy=True)
    if "ranges" in words:
        return _range_dtype(call)
    measured = entry.outputs[0].default if entry is not None and entry.outputs else "same"
    if measured == "same":
        return _dtype_of_arguments(call, entry)
    return {"?": None, "float": "float64", "int": "int64"}.get(measured, measured)


def _dtype_of_arguments(call: LibraryCall, entry: Entry | None) -> str | None:
    """The dtype that the numbers have that go in: that of the first of them, or of a float behind it."""
    if entry is None:
        return _of_array(call.first)
    given: list[tuple[int | str, Value]] = [*enumerate(call.args), *call.kwargs.items()]
    numbers = [value for key, value in given if entry.argument(key) is not Effect.NOTENSOR]
    found = [_of_array(value) for value in numbers]
    return next((dtype for dtype in found if dtypes.is_float(dtype)), found[0] if found and None not in found else None)


def _of_array(value: Value | None) -> str | None:
    if isinstance(value, Seq):
        arrays = value.items.values and all(isinstance(item, Array) for item in value.items.values)
        return dtypes.of(value, numpy=True) if arrays else None
    return dtypes.of(value, numpy=True) if isinstance(value, Array | Tensor | Variable) else None


def _range_dtype(call: LibraryCall) -> str | None:
    found = [dtypes.of(value, numpy=True) for value in call.args]
    if not found or any(dtype is None for dtype in found):
        return None
    return next((dtype for dtype in found if dtypes.is_float(dtype)), "int64")
