"""Runs ``del``: of names, of attributes and of what containers hold."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries.python import attribute_tables, special
from gradlint.flow.machine import expressions
from gradlint.flow.machine.branches import branch
from gradlint.flow.machine.nodes import runs
from gradlint.flow.state.store import MISSING
from gradlint.flow.values.program import Bound, ClassValue, Function, Instance
from gradlint.flow.values.values import Const, Dict, Items, Pairs, Seq, Unknown, Value

if TYPE_CHECKING:
    from gradlint.flow.machine.core import Core


@runs(ast.Delete)
def run_delete(machine: Core, node: ast.Delete) -> None:
    """``del x, y.name, z[key]``."""
    for target in node.targets:
        _delete(machine, target, node)


def _delete(machine: Core, target: ast.expr, node: ast.Delete) -> None:
    if isinstance(target, ast.Name):
        held = machine.frame.names.get(target.id)
        machine.set(machine.frame.names, target.id, MISSING)
        if isinstance(held, Instance):
            _may_end(machine, held, node)
    elif isinstance(target, ast.Attribute):
        _without_attribute(machine, machine.eval(target.value), target.attr, node)
    elif isinstance(target, ast.Subscript):
        _without_item(machine, machine.eval(target.value), expressions.eval_index(machine, target.slice), node)
    elif isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            _delete(machine, part, node)


def _may_end(machine: Core, value: Instance, node: ast.Delete) -> None:
    """An object's ``__del__`` is called, unless something else holds the object."""

    def end() -> str:
        special.called(machine, value, "__del__", [], node)
        return "normal"

    if machine.class_attribute(value.cls, "__del__") is not None:
        branch(machine, [lambda: "normal", end], ["", ""])


def _without_attribute(machine: Core, owner: Value, name: str, node: ast.Delete) -> None:
    if isinstance(owner, ClassValue):
        machine.set(owner.frame.names, name, MISSING)
    elif isinstance(owner, Instance):
        _of_object(machine, owner, name, node)
    elif isinstance(owner, Unknown):
        machine.set(owner.attrs, name, MISSING)


def _of_object(machine: Core, owner: Instance, name: str, node: ast.Delete) -> None:
    found = machine.class_attribute(owner.cls, name)
    deleter = (found.extra or {}).get("deleter") if isinstance(found, Function) else None
    if deleter is not None:
        machine.call(Bound(deleter, owner), [], {}, node)
    elif special.called(machine, owner, "__delattr__", [Const(name)], node) is None:
        machine.set(owner.attrs, name, MISSING)


def _without_item(machine: Core, owner: Value, key: Value, node: ast.Delete) -> None:
    if isinstance(owner, Instance):
        special.called(machine, owner, "__delitem__", [key], node)
    elif isinstance(owner, Dict):
        pairs = owner.pairs
        machine.set(owner.state, "pairs", _without_key(pairs, key))
        attribute_tables.written_back(machine, owner, pairs, node)
    elif isinstance(owner, Seq):
        machine.set(owner.state, "items", _without_index(owner.items, key))
    elif isinstance(owner, Unknown) and isinstance(key, Const):
        machine.set(owner.attrs, ("[]", key.value), MISSING)


def _without_key(pairs: Pairs, key: Value) -> Pairs:
    if not isinstance(key, Const):
        return Pairs(pairs.entries, False, pairs.rest)
    return Pairs(tuple(entry for entry in pairs.entries if entry[0] != key.value), pairs.exact, pairs.rest)


def _without_index(items: Items, key: Value) -> Items:
    at = key.value if isinstance(key, Const) else None
    values = items.values
    if not isinstance(at, int) or not items.exact or not -len(values) <= at < len(values):
        return Items(values, exact=False)
    at %= len(values)
    return Items((*values[:at], *values[at + 1 :]))
