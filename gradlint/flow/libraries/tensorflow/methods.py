"""Methods of tensors and Variables."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.causes import ToPython
from gradlint.flow.libraries.models import LibraryCall, methods
from gradlint.flow.libraries.python import operators
from gradlint.flow.libraries.tensorflow.assigning import assign, assigned_none
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import (
    Array,
    Join,
    LibObject,
    Number,
    Params,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.libraries.models import MethodModel

ASSIGNS = (
    "assign", "assign_add", "assign_sub", "scatter_update", "scatter_add", "scatter_sub", "scatter_nd_update",
    "scatter_nd_add", "scatter_nd_sub", "scatter_mul", "scatter_div", "scatter_max", "scatter_min",
    "batch_scatter_update", "load",
)  # fmt: skip
"""The methods that write into a Variable."""
_MAGIC: dict[str, ast.operator] = {
    "__add__": ast.Add(), "__sub__": ast.Sub(), "__mul__": ast.Mult(), "__truediv__": ast.Div(), "__pow__": ast.Pow(),
    "__matmul__": ast.MatMult(), "__radd__": ast.Add(), "__rmul__": ast.Mult(), "__floordiv__": ast.FloorDiv(),
    "__mod__": ast.Mod(),
}  # fmt: skip


def _of_variables(*names: str) -> Callable[[MethodModel], MethodModel]:
    """Register the model of methods of Variables and of the variables of a layer."""

    def register(model: MethodModel) -> MethodModel:
        return methods(Variable, *names)(methods(Params, *names)(model))

    return register


# -- what all have -------------------------------------------------------------------------------------------------


_LEAVING = ("numpy", "item", "tolist", "eval", "__array__", "__float__", "__int__")
"""The methods that give a NumPy or Python value."""


@methods(Unknown, "*")
@methods(Tensor, *_LEAVING)
@methods(Join, "numpy", "item", "tolist")
@_of_variables(*_LEAVING)
def leave(machine: Interpreter, owner: Value, call: LibraryCall) -> Value:
    """A method that gives a NumPy or Python value of a tensor."""
    written = f".{call.name}()"
    if call.name in {"numpy", "__array__", "eval"}:
        made: Array | Number = Array(dtypes.of(owner), span_of(call.node))
    else:
        made = Number("float" if call.name in {"item", "__float__"} else "", span_of(call.node))
    machine.depend(made, [owner], machine.cut(ToPython(written, call.name), call.node))
    # Whatever an operation or a call of the graph gives, it has these methods only where it is a tensor.
    given = isinstance(owner, Unknown) and owner.why in {"call", "operation"} and machine.in_graph
    if (given or machine.symbolic(owner)) and call.name in {"numpy", "item", "tolist"}:
        machine.leaves_graph(made, call.node, ToPython(written, call.name, in_graph=True), "AttributeError")
    return made


@methods(Tensor, *_MAGIC)
@_of_variables(*_MAGIC)
def operate(machine: Interpreter, owner: Value, call: LibraryCall) -> Value:
    """``x.__add__(y)`` and its kin."""
    if not call.args:
        return machine.unknown(call.name, call.node, [owner, *call.args])
    return operators.binary(machine, call.node, _MAGIC[call.name], owner, call.args[0])


@methods(Tensor, "ref", "experimental_ref")
@_of_variables("ref", "experimental_ref")
def reference(_machine: Interpreter, owner: Value, call: LibraryCall) -> Value:
    """``x.ref()``: a key for it."""
    return LibObject("reference", "reference", span_of(call.node), (owner,))


@methods(Tensor, "get_shape", "set_shape", "__len__", "__hash__")
@_of_variables("get_shape", "set_shape", "__len__")
def shape(_machine: Interpreter, _owner: Value, _call: LibraryCall) -> Value:
    """``x.get_shape()``: nothing of its value."""
    return Number("")


# -- Variables -----------------------------------------------------------------------------------------------------


@_of_variables("value", "read_value", "__call__")
def read(machine: Interpreter, owner: Variable | Params, call: LibraryCall) -> Value:
    """``v.read_value()``."""
    made = machine.tensor(call.node, [owner], dtype=dtypes.of(owner), op="read")
    made.copy_of = owner
    return made


@_of_variables("initialized_value")
def read_initialized(machine: Interpreter, owner: Variable | Params, call: LibraryCall) -> Value:
    """``v.initialized_value()`` of TensorFlow 1."""
    return machine.tensor(call.node, [owner], dtype=dtypes.of(owner), op="read")


@_of_variables("sparse_read", "gather_nd")
def read_part(machine: Interpreter, owner: Variable | Params, call: LibraryCall) -> Value:
    """``v.gather_nd(indices)``."""
    return machine.tensor(call.node, [owner], dtype=dtypes.of(owner))


@_of_variables(*ASSIGNS)
def write(machine: Interpreter, owner: Variable | Params, call: LibraryCall) -> Value:
    """``v.assign(x)`` and its kin: the state cuts the way to what is assigned."""
    given = call.values
    assigned_none(machine, given, call.node)
    result = assign(machine, owner, given, call.node, machine.callee(call.node))
    if given and (isinstance(owner, Params) or owner.keras is True):
        return machine.tensor(call.node, list(machine.leaves(given[0])), dtype=dtypes.of(owner))
    return result


@_of_variables("*")
def other_of_variable(machine: Interpreter, owner: Variable | Params, call: LibraryCall) -> Value:
    """A method of a Variable that is not followed."""
    return machine.unknown(call.name, call.node, [owner, *call.args])


# -- tensors -------------------------------------------------------------------------------------------------------


@methods(Tensor, *ASSIGNS)
def write_through(machine: Interpreter, owner: Tensor, call: LibraryCall) -> Value:
    """``v[0].assign(x)``: writes into the Variable."""
    variable = written_through(owner)
    return write(machine, variable, call) if variable is not None else other_of_tensor(machine, owner, call)


def written_through(value: Value | None) -> Variable | None:
    """The Variable that ``assign`` writes into for a slice of it or for what an ``assign`` gave; None for other values.

    Fact of TensorFlow 2.21.
    """
    while isinstance(value, Tensor) and value.op in {behaviours.the("operator:[]"), "read"}:
        value = value.copy_of
    return value if isinstance(value, Variable) and value.keras is False else None


@methods(Tensor, "cpu", "gpu", "read_value", "value", "to_tensor", "__copy__")
def same(machine: Interpreter, owner: Tensor, call: LibraryCall) -> Value:
    """``x.cpu()`` and its kin: the same values."""
    made = machine.tensor(call.node, [owner], dtype=owner.dtype)
    made.copy_of = owner
    return made


@methods(Tensor, "*")
def other_of_tensor(machine: Interpreter, owner: Tensor, call: LibraryCall) -> Value:
    """A method of a tensor that is not followed."""
    return machine.unknown(call.name, call.node, [owner, *call.values])


@methods(Symbolic, "*")
def of_symbol(machine: Interpreter, owner: Symbolic, call: LibraryCall) -> Value:
    """A method of a symbolic tensor."""
    return machine.unknown(call.name, call.node, [owner, *call.args])
