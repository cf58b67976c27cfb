"""What a condition says of the names that it looks at, for the way on which it holds and for the one on which not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradlint.flow.libraries.python.instances import instance_of
from gradlint.flow.values.premises import Premise, Rests
from gradlint.flow.values.program import ClassValue, Function, Instance
from gradlint.flow.values.trees import walk
from gradlint.flow.values.values import Const, Dict, Join, Known, LibObject, Seq, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gradlint.flow.interpreter import Interpreter


def narrow(machine: Interpreter, test: ast.expr, *, holds: bool) -> None:
    """Leave out what a name or an attribute cannot be where a condition holds, or where it does not."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        narrow(machine, test.operand, holds=not holds)
    elif isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And) is holds:
            for part in test.values:
                narrow(machine, part, holds=holds)
    elif isinstance(test, ast.Compare):
        _compared(machine, test, holds=holds)
    elif isinstance(test, ast.Call):
        _asked(machine, test, holds=holds)
    else:
        _keep(machine, test, lambda option: _truth(option) is not (not holds))


def narrows(test: ast.expr) -> bool:
    """Whether a condition may say anything of a name or an attribute, by its form."""
    if isinstance(test, ast.UnaryOp):
        return isinstance(test.op, ast.Not) and narrows(test.operand)
    if isinstance(test, ast.BoolOp):
        return any(map(narrows, test.values))
    if isinstance(test, ast.Compare):
        return _is_written_none(test.comparators[0])
    if isinstance(test, ast.Call):
        return isinstance(test.func, ast.Name) and test.func.id == "isinstance"
    return isinstance(test, ast.Name | ast.Attribute | ast.NamedExpr)


def _compared(machine: Interpreter, test: ast.Compare, *, holds: bool) -> None:
    """``x is None``, ``x is not None``, ``x == None``."""
    op, other = test.ops[0], test.comparators[0]
    if len(test.ops) == 1 and _is_written_none(other):
        is_none = isinstance(op, ast.Is | ast.Eq) is holds
        if isinstance(op, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
            _keep(machine, test.left, lambda option: _is_none(option) is is_none)


def _asked(machine: Interpreter, test: ast.Call, *, holds: bool) -> None:
    """``isinstance(x, T)``."""
    if isinstance(test.func, ast.Name) and test.func.id == "isinstance" and len(test.args) == 2:
        cls = _held(machine, test.args[1])
        if cls is None:
            return

        _keep(machine, test.args[0], lambda option: instance_of(option, cls) is not (not holds))


def doubt(machine: Interpreter, tests: Iterable[ast.expr], node: ast.stmt) -> None:
    """Let what conditions ask about be open where it is absent, since the program raises where some of them hold.

    In ``if config.steps > 1 and model is None: raise``, what is not known decides whether the absence matters: a
    program that goes on from there uses what it puts in its place only where it does not.
    """
    for test in tests:
        for part in walk(test):
            place = _place(machine, part) if isinstance(part, ast.Name | ast.Attribute) else None
            if place is not None and _is_none(place[0][place[1]]):
                premise = Premise(Rests.CHECKED, machine.text(part))
                machine.set(*place, machine.opened(premise, node))


def _is_written_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_none(value: Value) -> bool:
    return isinstance(value, Const) and value.value is None


def _truth(value: Value) -> bool | None:
    """Whether a value surely counts as true or as false in a condition."""
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, Function | ClassValue | Known | LibObject):
        return True
    if isinstance(value, Seq):
        return True if value.items.values else False if value.items.exact else None
    if isinstance(value, Dict):
        return True if value.pairs.entries else False if value.pairs.exact else None
    return None


def _keep(machine: Interpreter, node: ast.expr, fits: Callable[[Value], bool]) -> None:
    """Let a name or an attribute hold only those of its options that fit, where any does."""
    place = _place(machine, node)
    if place is None:
        return
    where, key = place
    value = where[key]
    if not isinstance(value, Join):
        return
    labels = value.labels or ("",) * len(value.options)
    kept = [(one, label) for one, label in zip(value.options, labels, strict=True) if fits(one)]
    if kept and len(kept) < len(value.options):
        options = tuple(one for one, _ in kept)
        machine.set(where, key, options[0] if len(options) == 1 else Join(options, tuple(label for _, label in kept)))


def _place(machine: Interpreter, node: ast.expr) -> tuple[dict[Any, Any], Any] | None:
    """The dictionary and the key where a name or an attribute of an object stands; None for everything else."""
    if isinstance(node, ast.NamedExpr):
        node = node.target
    if isinstance(node, ast.Attribute):
        owner = _held(machine, node.value)
        return (owner.attrs, node.attr) if isinstance(owner, Instance) and node.attr in owner.attrs else None
    if not isinstance(node, ast.Name):
        return None
    frame = machine.frame
    while node.id not in frame.names:
        if frame.parent is None:
            return None
        frame = frame.parent
    return frame.names, node.id


def _held(machine: Interpreter, node: ast.expr) -> Value | None:
    """What a name or a dotted name holds, without running anything."""
    if isinstance(node, ast.Attribute) and not isinstance(_held(machine, node.value), Instance):
        owner = _held(machine, node.value)
        return machine.attribute(owner, node.attr, node) if isinstance(owner, Known) else None
    place = _place(machine, node)
    held = place[0][place[1]] if place is not None else None
    if held is None and isinstance(node, ast.Name):
        held = machine.eval(node)
    return held if isinstance(held, Value) else None
