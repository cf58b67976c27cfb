"""Special methods of the program's own classes: what an operator, ``len``, ``in``, ``if`` or a text calls by itself."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import Const, Items, Number, Seq, Value
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.libraries.models import LibraryCall

    Keys = TypeVar("Keys", Items, Value)

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.MatMult: "matmul", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
    ast.LShift: "lshift", ast.RShift: "rshift",
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}
_COMPARED: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("eq", "eq"), ast.NotEq: ("ne", "ne"), ast.Lt: ("lt", "gt"), ast.LtE: ("le", "ge"), ast.Gt: ("gt", "lt"),
    ast.GtE: ("ge", "le"),
}  # fmt: skip
"""The method of what stands to the left, and that of what stands to the right."""


def binary(machine: Interpreter, node: ast.AST, op: ast.operator, left: Value, right: Value) -> Value:
    """``left op right``, one of them an object of the program's classes."""
    name = _BINARY[type(op)]
    for owner, method, other in ((left, f"__{name}__", right), (right, f"__r{name}__", left)):
        result = called(machine, owner, method, [other], node)
        if result is not None:
            return result
    return machine.foreign("operation", node, [left, right])


def augmented(machine: Interpreter, node: ast.AugAssign, left: Value, right: Value) -> Value | None:
    """``left op= right`` by a method for that alone; None where there is none."""
    return called(machine, left, f"__i{_BINARY[type(node.op)]}__", [right], node)


def unary(machine: Interpreter, node: ast.UnaryOp, value: Value) -> Value | None:
    """``-x``, ``+x`` or ``~x``; None for what is no object of the program's classes."""
    if not isinstance(value, Instance) or type(node.op) not in _UNARY:
        return None
    made = called(machine, value, f"__{_UNARY[type(node.op)]}__", [], node)
    return made if made is not None else machine.foreign("operation", node, [value])


def compared(machine: Interpreter, node: ast.AST, op: ast.cmpop, left: Value, right: Value) -> Value | None:
    """``left op right`` for a comparison; None where neither class has a method for it, nor a base out of view."""
    if isinstance(op, ast.In | ast.NotIn):
        found = called(machine, right, "__contains__", [left], node)
        if found is None:
            return _out_of_view(machine, node, right)
        return _decided(machine, node, found, negated=isinstance(op, ast.NotIn))
    for owner, method, other in zip((left, right), _COMPARED[type(op)], (right, left), strict=True):
        result = called(machine, owner, f"__{method}__", [other], node)
        if result is not None:
            return result
    if isinstance(op, ast.NotEq):
        equal = called(machine, left, "__eq__", [right], node) or called(machine, right, "__eq__", [left], node)
        if equal is not None:
            return _decided(machine, node, equal, negated=True)
    return _out_of_view(machine, node, left, right)


def truth(machine: Interpreter, value: Value, node: ast.AST) -> Value | None:
    """What decides whether an object counts as true; None where its class has no method for it."""
    return called(machine, value, "__bool__", [], node) or called(machine, value, "__len__", [], node)


def builtin(machine: Interpreter, call: LibraryCall) -> Value | None:
    """``len(x)`` and its kin of an object of the program's classes; None for other calls."""
    if not call.args or not isinstance(call.args[0], Instance):
        return None
    name = behaviours.after(call.name, "special:")
    if not name:
        return None
    if name in _INSTEAD:
        made = written(machine, call.args[0], call.node, name, call.args[1:])
    else:
        made = called(machine, call.args[0], name, call.args[1:], call.node)
    return made if made is not None else _out_of_view(machine, call.node, *call.args)


_INSTEAD = {"__format__": "__str__", "__str__": "__repr__", "__repr__": ""}
"""What is called to turn an object into text, and what in its place where no class has that."""


def written(
    machine: Interpreter, value: Value, node: ast.AST, name: str = "__str__", given: Sequence[Value] = ()
) -> Value | None:
    """What turning a value into text calls, of the items of a sequence too; None where no class in view has a method.

    Args:
        machine: What runs the program.
        value: What is turned into text.
        node: Where.
        name: The method that is looked for first.
        given: What the method is given, a format.
    """
    if isinstance(value, Seq):
        for item in value.items.values:
            written(machine, item, node, "__repr__")
    while name:
        args = (given or [Const("")]) if name == "__format__" else []
        made = called(machine, value, name, args, node)
        if made is not None:
            return made
        name = _INSTEAD[name]
    return None


def hashed(machine: Interpreter, held: Keys, node: ast.AST) -> Keys:
    """A key of a dictionary, or the items of a set, whose ``__hash__`` Python calls."""
    for key in held.values if isinstance(held, Items) else (held,):
        called(machine, key, "__hash__", [], node)
    return held


def called(machine: Interpreter, owner: Value, name: str, args: Sequence[Value], node: ast.AST) -> Value | None:
    """What a special method gives that a class of the program defines; None where none in view does."""
    if not isinstance(owner, Instance) or machine.class_attribute(owner.cls, name) is None:
        return None
    return machine.call(machine.attribute(owner, name, node), list(args), {}, node)


def _out_of_view(machine: Interpreter, node: ast.AST, *values: Value) -> Value | None:
    """What a method gives that a base out of view may have, and that may keep what it is given; None without one."""
    if not any(isinstance(value, Instance) and value.open for value in values):
        return None
    return machine.foreign("operation", node, values)


def _decided(machine: Interpreter, node: ast.AST, value: Value, *, negated: bool) -> Value:
    known = machine.truth(value, node)
    return Number("bool", span_of(node)) if known is None else Const(known is not negated)
