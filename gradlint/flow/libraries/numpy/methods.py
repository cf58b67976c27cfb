"""Methods of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.causes import ToNumpy
from gradlint.flow.libraries.models import LibraryCall, methods
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import Array, Const, Number, Value, Variable

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

_DTYPES = {"argmax": "int64", "argmin": "int64", "argsort": "int64", "any": "bool", "all": "bool"}
_MEANS = frozenset({"mean", "std", "var"})


@methods(Array, "*")
def method(machine: Interpreter, owner: Array, call: LibraryCall) -> Value:
    """A method of an array."""
    if call.name.startswith("__i") and call.args and not isinstance(call.args[0], Array | Number | Const):
        # An array leaves it to a tensor: NotImplemented.
        return machine.unknown(call.name, call.node, [owner, *call.args])
    made: Array | Number
    if call.name in {"item", "tolist"}:
        made = Number("float", span_of(call.node))
    else:
        made = Array(_dtype(owner, call), span_of(call.node))
    machine.depend(made, [owner])
    others = [leaf for value in call.args for leaf in machine.leaves(value) if leaf.edges or isinstance(leaf, Variable)]
    callee = machine.callee(call.node)
    machine.depend(made, others, machine.cut(ToNumpy(callee, "numpy.ndarray." + call.name), call.node))
    return made


def _dtype(owner: Array, call: LibraryCall) -> str | None:
    """The dtype of what a method gives."""
    if call.name == "astype" and call.args:
        return dtypes.named(call.args[0])
    if call.name in _MEANS:
        return owner.dtype if dtypes.is_float(owner.dtype) else "float64"
    return _DTYPES.get(call.name, owner.dtype)
