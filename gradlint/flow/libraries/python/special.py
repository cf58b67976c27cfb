"""Special methods of the program's own classes: what an operator, ``len``, ``in`` or ``if`` calls by itself."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import Const, Number, Value
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.libraries.models import LibraryCall

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
    # A base that is not in view may have the method, which may keep what it is given.
    return machine.foreign("operation", node, [left, right])


def augmented(machine: Interpreter, node: ast.AugAssign, left: Value, right: Value) -> Value | None:
    """``left op= right`` by a method for that alone; None where there is none."""
    return called(machine, left, f"__i{_BINARY[type(node.op)]}__", [right], node)


def unary(machine: Interpreter, node: ast.UnaryOp, value: Value) -> Value | None:
    """``-x``, ``+x`` or ``~x``; None where the class has no method for it."""
    return called(machine, value, f"__{_UNARY[type(node.op)]}__", [], node) if type(node.op) in _UNARY else None


def compared(machine: Interpreter, node: ast.AST, op: ast.cmpop, left: Value, right: Value) -> Value | None:
    """``left op right`` for a comparison; None where neither class has a method for it."""
    if isinstance(op, ast.In | ast.NotIn):
        found = called(machine, right, "__contains__", [left], node)
        return None if found is None else _decided(machine, node, found, negated=isinstance(op, ast.NotIn))
    if type(op) not in _COMPARED:
        return None
    for owner, method, other in zip((left, right), _COMPARED[type(op)], (right, left), strict=True):
        result = called(machine, owner, f"__{method}__", [other], node)
        if result is not None:
            return result
    if isinstance(op, ast.NotEq):
        equal = compared(machine, node, ast.Eq(), left, right)
        return None if equal is None else _decided(machine, node, equal, negated=True)
    return None


def truth(machine: Interpreter, value: Value, node: ast.AST) -> Value | None:
    """What decides whether an object counts as true; None where its class has no method for it."""
    return called(machine, value, "__bool__", [], node) or called(machine, value, "__len__", [], node)


def builtin(machine: Interpreter, call: LibraryCall) -> Value | None:
    """``len(x)`` and its kin of an object of the program's classes; None for other calls."""
    if not call.args or not isinstance(call.args[0], Instance):
        return None
    name = behaviours.after(call.name, "special:")
    return called(machine, call.args[0], name, call.args[1:], call.node) if name else None


def called(machine: Interpreter, owner: Value, name: str, args: Sequence[Value], node: ast.AST) -> Value | None:
    """What a special method gives that a class of the program defines; None where none in view does."""
    if not isinstance(owner, Instance) or machine.class_attribute(owner.cls, name) is None:
        return None
    return machine.call(machine.attribute(owner, name, node), list(args), {}, node)


def _decided(machine: Interpreter, node: ast.AST, value: Value, *, negated: bool) -> Value:
    known = machine.truth(value, node)
    return Number("bool", span_of(node)) if known is None else Const(known is not negated)
