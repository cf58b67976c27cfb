"""``next`` of a generator function of the program: what it hands out, where that is data and all that it does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries.python.containers import FILLING
from gradlint.flow.state.store import join_all
from gradlint.flow.values.making import span_of
from gradlint.flow.values.trees import children
from gradlint.flow.values.values import Array, Const, Items, Number, Seq, Tensor, Value

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.values.program import Generator


def following(machine: Interpreter, generator: Generator, node: ast.AST) -> Value:
    """What ``next(generator)`` gives: any of the items; anything where the function does more than hand out data."""
    if _keeps_to_itself(generator.node):
        found: list[Value] = []
        machine.fork([lambda: _run(machine, generator, found, node), lambda: Const(None)], ["", ""])
        if found and _is_data(machine, [leaf for item in found for leaf in machine.leaves(item)]):
            return _any_of(found, node)
    return machine.unknown("next", node, [generator], anything=True)


def _run(machine: Interpreter, generator: Generator, found: list[Value], node: ast.AST) -> Value:
    found += machine.iterate(generator, node)[0]
    return Const(None)


def _keeps_to_itself(function: ast.AST) -> bool:
    """Whether a function writes nothing but its own names, so that it does not matter how far it has run."""
    own, written = set[str](), set[str]()
    waiting = children(function)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global | ast.Nonlocal | ast.With | ast.AsyncWith | ast.Try | ast.YieldFrom):
            return False
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        changed = _changed(node)
        if changed is not None and not isinstance(changed, ast.Name):
            return False
        written |= {changed.id} if changed is not None else set()
        waiting += children(node)
    return written <= own


def _changed(node: ast.AST) -> ast.expr | None:
    """What a node changes from inside: the owner of an item or attribute that is set, or of a method that fills it."""
    if isinstance(node, ast.Attribute) and node.attr in FILLING:
        return node.value
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return node.value if isinstance(node, ast.Subscript) else node
    return None


def _is_data(machine: Interpreter, values: list[Value]) -> bool:
    """Whether values stand for numbers from which no gradient leads anywhere."""
    seen: set[int] = set()
    while values:
        value = values.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if not isinstance(value, Const | Number | Array | Tensor) or value.tracked:
            return False
        machine.spend(1 + len(value.edges))
        values += [edge.parent for edge in value.edges]
    return True


def _any_of(items: list[Value], node: ast.AST) -> Value:
    """One item that is any of several, part by part where they have parts."""
    rows = [item.items for item in items if isinstance(item, Seq) and item.items.exact]
    if len(rows) == len(items) and len({len(row.values) for row in rows}) == 1:
        parts = zip(*(row.values for row in rows), strict=True)
        return Seq(Items(tuple(_any_of(list(part), node) for part in parts)), "tuple", span_of(node))
    return join_all([_forgotten(item) for item in items])


def _forgotten(item: Value) -> Value:
    """A value without its number, which differs from one item to the next."""
    number = isinstance(item, Const) and isinstance(item.value, int | float) and not isinstance(item.value, bool)
    return Number(type(item.value).__name__) if number and isinstance(item, Const) else item
