"""Methods of tensors, Variables and arrays, and of the objects that libraries make."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.flow.libraries.keras import calls as keras_calls
from gradlint.flow.libraries.keras import methods as keras_methods
from gradlint.flow.libraries.keras import objects as keras
from gradlint.flow.libraries.keras import optimizers as updates
from gradlint.flow.libraries.models import LibraryCall
from gradlint.flow.libraries.python import containers as container_methods
from gradlint.flow.libraries.python import operators, standard
from gradlint.flow.libraries.tensorflow import choosing as tensorflow_calls
from gradlint.flow.libraries.tensorflow import datasets
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Function, Generator, Instance, Super
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    LibObject,
    Method,
    Number,
    Params,
    Seq,
    Symbolic,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

_ASSIGNS = frozenset(
    {
        "assign",
        "assign_add",
        "assign_sub",
        "scatter_update",
        "scatter_add",
        "scatter_sub",
        "scatter_nd_update",
        "scatter_nd_add",
        "scatter_nd_sub",
        "scatter_mul",
        "scatter_div",
        "scatter_max",
        "scatter_min",
        "batch_scatter_update",
        "load",
    }
)
_LEAVES = {"numpy": "", "item": "", "tolist": "", "eval": "", "__array__": "", "__float__": "float", "__int__": "int"}
_MAGIC: dict[str, ast.operator] = {
    "__add__": ast.Add(), "__sub__": ast.Sub(), "__mul__": ast.Mult(), "__truediv__": ast.Div(), "__pow__": ast.Pow(),
    "__matmul__": ast.MatMult(), "__radd__": ast.Add(), "__rmul__": ast.Mult(), "__floordiv__": ast.FloorDiv(),
    "__mod__": ast.Mod(),
}  # fmt: skip


def call(machine: Interpreter, method: Method, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Call a library's method."""
    owner, name = method.owner, method.name
    if isinstance(owner, Unknown):
        return leave(machine, owner, name, node)
    if isinstance(owner, Tape):
        return machine.tape_call(owner, name, args, kwargs, node)
    if isinstance(owner, Variable | Params):
        return of_variable(machine, owner, name, args, kwargs, node)
    if isinstance(owner, Tensor):
        return of_tensor(machine, owner, name, args, kwargs, node)
    if isinstance(owner, Array):
        return of_array(machine, owner, name, args, node)
    if isinstance(owner, Seq):
        return container_methods.of_sequence(machine, owner, name, args, kwargs, node)
    if isinstance(owner, Dict):
        return container_methods.of_dict(machine, owner, name, args, kwargs, node)
    if isinstance(owner, LibObject):
        return of_object(machine, owner, name, args, kwargs, node)
    if isinstance(owner, Instance):
        return keras_methods.of_instance(machine, owner, name, args, kwargs, node)
    if isinstance(owner, Super):
        if name == "__init__" and isinstance(owner.owner, Instance):
            keras.base_init(machine, owner.owner, args, kwargs)
        return Const(None) if name == "__init__" else machine.unknown(name, node, [owner.owner, *args], anything=True)
    if isinstance(owner, Const) and isinstance(owner.value, str):
        return Number("str", span_of(node))
    if isinstance(owner, Number):
        made = Number("" if name != "item" else "float", span_of(node))
        machine.depend(made, [owner])
        return made
    if isinstance(owner, Function):
        return (
            machine.call(owner, args, kwargs, node)
            if name == "__call__"
            else machine.unknown(name, node, [owner, *args])
        )
    if isinstance(owner, Symbolic):
        return machine.unknown(name, node, [owner, *args])
    if isinstance(owner, Generator):
        return machine.unknown(name, node, [owner, *args], anything=True)
    return machine.foreign_call(owner, args, kwargs, node)


def leave(machine: Interpreter, owner: Value, name: str, node: ast.AST) -> Value:
    """A method that gives a NumPy or Python value of a tensor."""
    written = f".{name}()"
    if name in {"numpy", "__array__", "eval"}:
        made: Array | Number = Array(dtypes.of(owner), span_of(node))
    else:
        made = Number("float" if name in {"item", "__float__"} else "", span_of(node))
    machine.depend(made, [owner], machine.cut(Kind.PYTHON, node, written, name))
    # Whatever an operation or a call of the graph gives, it has these methods only where it is a tensor.
    given = isinstance(owner, Unknown) and owner.why in {"call", "operation"} and machine.in_graph
    if (given or machine.symbolic(owner)) and name in {"numpy", "item", "tolist"}:
        machine.leaves_graph(made, node, written, name, "AttributeError", Kind.PYTHON)
    return made


def of_variable(
    machine: Interpreter,
    owner: Variable | Params,
    name: str,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST,
) -> Value:
    """A method of a Variable."""
    if name in {"value", "read_value", "__call__"}:
        made = machine.tensor(node, [owner], dtype=dtypes.of(owner), op="read")
        made.copy_of = owner
        return made
    if name in _ASSIGNS:
        given = [*args, *kwargs.values()]
        updates.assigned_none(machine, given, node, name)
        result = tensorflow_calls.assign(machine, owner, given, node, machine.callee(node))
        if (isinstance(owner, Params) or owner.keras is True) and given:
            return machine.tensor(node, list(machine.leaves(given[0])), dtype=dtypes.of(owner))
        return result
    if name in _LEAVES:
        return leave(machine, owner, name, node)
    if name in _MAGIC and args:
        return operators.binary(machine, node, _MAGIC[name], owner, args[0])
    if name == "sparse_read" or name == "gather_nd":
        return machine.tensor(node, [owner], dtype=dtypes.of(owner))
    if name in {"ref", "experimental_ref"}:
        return LibObject("tensorflow.Reference", "reference", span_of(node), (owner,))
    if name in {"set_shape", "get_shape", "__len__"}:
        return Number("")
    if name == "initialized_value":
        return machine.tensor(node, [owner], dtype=dtypes.of(owner), op="read")
    return machine.unknown(name, node, [owner, *args])


def written_through(value: Value | None) -> Variable | None:
    """The Variable that ``assign`` writes into for a slice of it or for what an ``assign`` gave; None for other values.

    Fact of TensorFlow 2.21.
    """
    while isinstance(value, Tensor) and value.op in {"tensorflow.strided_slice", "read"}:
        value = value.copy_of
    return value if isinstance(value, Variable) and value.keras is False else None


def of_tensor(
    machine: Interpreter, owner: Tensor, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of a tensor."""
    variable = written_through(owner) if name in _ASSIGNS else None
    if variable is not None:
        return of_variable(machine, variable, name, args, kwargs, node)
    if name in _LEAVES:
        return leave(machine, owner, name, node)
    if name in {"ref", "experimental_ref"}:
        return LibObject("tensorflow.Reference", "reference", span_of(node), (owner,))
    if name in {"get_shape", "set_shape", "__len__", "__hash__"}:
        return Number("")
    if name in {"cpu", "gpu", "read_value", "value", "to_tensor", "__copy__"}:
        made = machine.tensor(node, [owner], dtype=owner.dtype)
        made.copy_of = owner
        return made
    if name in _MAGIC and args:
        return operators.binary(machine, node, _MAGIC[name], owner, args[0])
    return machine.unknown(name, node, [owner, *args, *kwargs.values()])


def of_array(machine: Interpreter, owner: Array, name: str, args: list[Value], node: ast.AST) -> Value:
    """A method of an array."""
    made: Array | Number
    if name.startswith("__i") and args and not isinstance(args[0], Array | Number | Const):
        return machine.unknown(name, node, [owner, *args])  # an array leaves it to a tensor: NotImplemented
    if name in {"item", "tolist"}:
        made = Number("float", span_of(node))
    else:
        dtype = owner.dtype
        if name == "astype" and args:
            dtype = dtypes.named(args[0])
        elif name in {"argmax", "argmin", "argsort"}:
            dtype = "int64"
        elif name in {"any", "all"}:
            dtype = "bool"
        elif name in {"mean", "std", "var"}:
            dtype = "float64" if not dtypes.is_float(dtype) else dtype
        made = Array(dtype, span_of(node))
    machine.depend(made, [owner])
    others = [leaf for value in args for leaf in machine.leaves(value) if leaf.edges or isinstance(leaf, Variable)]
    machine.depend(made, others, machine.cut(Kind.NUMPY, node, machine.callee(node), "numpy.ndarray." + name))
    return made


def of_object(
    machine: Interpreter, owner: LibObject, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of an object of a library's class."""
    given = [leaf for value in (*args, *kwargs.values()) for leaf in machine.leaves(value)]
    if owner.family == "optimizer":
        return updates.optimizer_method(machine, owner, name, args, kwargs, node)
    if owner.family == "metric":
        if name in {"update_state"}:
            machine.set(owner.state, "fed", (*owner.state.get("fed", ()), *given))
            return Const(None)
        if name == "result":
            return keras_calls.metric_result(machine, owner, [], node)
        if name in {"reset_state", "reset_states"}:
            return Const(None)
        if name == "__call__":
            return keras_calls.metric_result(machine, owner, given, node)
    if owner.family == "loss" and name in {"call", "__call__"}:
        return keras_calls.call_object(machine, owner, args, kwargs, node)
    if owner.family == "dataset":
        return datasets.method(machine, owner, LibraryCall(name, args, kwargs, node))
    if owner.family == "exit-stack" and name == "enter_context" and args:
        if isinstance(args[0], Tape):
            machine.enter_tape(args[0], node)
            machine.set(owner.state, "entered", (*owner.state.get("entered", ()), args[0]))
        return args[0]
    if owner.family == "thread" and name == "start":
        return standard.start(machine, owner, node)
    if owner.family in {"layer", "model"}:
        return keras_methods.of_layer(machine, owner, name, args, kwargs, node)
    return machine.foreign("call", node, [owner, *args, *kwargs.values()])
