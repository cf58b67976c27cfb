"""Assigns values to names, attributes, items and targets that unpack them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries.keras.symbols import part_of
from gradlint.flow.libraries.python import operators, special, subscripts
from gradlint.flow.libraries.python.attribute_tables import written_back
from gradlint.flow.machine import expressions
from gradlint.flow.machine.nodes import runs
from gradlint.flow.state.store import join_all, join_values
from gradlint.flow.values.making import gain, span_of, with_key
from gradlint.flow.values.program import Bound, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Join,
    LostNone,
    Number,
    Seq,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
    everywhere,
)

if TYPE_CHECKING:
    from gradlint.flow.machine.core import Core

# -- statements ----------------------------------------------------------------------------------------------------


@runs(ast.Assign)
def run_assign(machine: Core, node: ast.Assign) -> None:
    value = machine.eval(node.value)
    for target in node.targets:
        assign(machine, target, value, node)


@runs(ast.AnnAssign)
def run_ann_assign(machine: Core, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(machine, node.target, machine.eval(node.value), node)


@runs(ast.AugAssign)
def run_aug_assign(machine: Core, node: ast.AugAssign) -> None:
    target = node.target
    left = machine.eval(ast.copy_location(_loading(target), target))
    right = machine.eval(node.value)
    if isinstance(left, Seq) and isinstance(node.op, ast.Add):
        items, exact = machine.iterate(right, node.value)
        joined = Items(left.items.values + tuple(items), left.items.exact and exact)
        if left.kind == "list":
            machine.set(left.state, "items", joined)
        else:
            assign(machine, target, Seq(joined, left.kind, span_of(node)), node)
        return
    if isinstance(left, Variable):
        handled = machine.augment_variable(node, left)
        if handled:
            return
    own = special.augmented(machine, node, left, right)
    assign(machine, target, own if own is not None else operators.binary(machine, node, node.op, left, right), node)


# -- targets -------------------------------------------------------------------------------------------------------


def assign(machine: Core, target: ast.expr, value: Value, node: ast.AST) -> None:
    """Bind a value to a target."""
    if isinstance(target, ast.Name):
        rebound(machine, target.id, value, node)
        expressions.bind(machine, target.id, value)
    elif isinstance(target, ast.Attribute):
        owner = machine.eval(target.value)
        if isinstance(owner, Instance):
            before = owner.attrs.get(target.attr)
            if isinstance(before, Value):
                note_rebinding(machine, before, value, machine.text(target), node)
        machine.set_attribute(owner, target.attr, value, node)
    elif isinstance(target, ast.Subscript):
        store_item(machine, target, value, node)
    elif isinstance(target, ast.Starred):
        assign(machine, target.value, value, node)
    elif isinstance(target, ast.Tuple | ast.List):
        unpack(machine, target.elts, value, node)


def unpack(machine: Core, targets: list[ast.expr], value: Value, node: ast.AST) -> None:
    """Bind the items of a value to several targets."""
    if isinstance(value, Join) and unpack_each(machine, targets, value, node):
        return
    if isinstance(value, Tensor | Variable | Array | Symbolic | Unknown):
        for index, target in enumerate(targets):
            assign(machine, target, _part(machine, target, value, index, node), node)
        return
    items, exact = machine.iterate(value, node)
    star = next((index for index, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
    alike = isinstance(value, Seq) and value.extra is not None and "alike" in value.extra
    if not exact and len(items) > 1 and (star is not None or not alike):
        _unpack_any(machine, targets, items, node)
    elif star is not None and exact:
        _unpack_starred(machine, targets, items, star, node)
    else:
        _unpack_in_order(machine, targets, items, value, node, exact=exact)


def _part(
    machine: Core,
    target: ast.expr,
    value: Tensor | Variable | Array | Symbolic | Unknown,
    index: int,
    node: ast.AST,
) -> Value:
    """One item of a value of which any number can be taken."""
    if isinstance(value, Symbolic):
        return part_of(value, index)
    if isinstance(value, Unknown):
        return subscripts.subscript(machine, target, value, Const(index))
    return subscripts.element(machine, node, value)


def _unpack_any(machine: Core, targets: list[ast.expr], items: list[Value], node: ast.AST) -> None:
    """Bind targets of which any may get any of the items."""
    any_item = join_all(items)
    for target in targets:
        starred = isinstance(target, ast.Starred)
        assign(machine, target, Seq(Items(tuple(items), exact=False)) if starred else any_item, node)


def _unpack_starred(machine: Core, targets: list[ast.expr], items: list[Value], star: int, node: ast.AST) -> None:
    """Bind targets one of which, the starred one, gets what the others leave."""
    after = len(targets) - star - 1
    for target, item in zip(targets[:star], items, strict=False):
        assign(machine, target, item, node)
    middle = items[star : len(items) - after] if after else items[star:]
    assign(machine, targets[star], Seq(Items(tuple(middle)), "list", span_of(node)), node)
    for target, item in zip(targets[star + 1 :], items[len(items) - after :], strict=False):
        assign(machine, target, item, node)


def _unpack_in_order(
    machine: Core, targets: list[ast.expr], items: list[Value], value: Value, node: ast.AST, *, exact: bool
) -> None:
    for index, target in enumerate(targets):
        if index < len(items):
            item = items[index]
        elif items and not exact:
            item = join_all(items)
        else:
            item = machine.unknown("item", node, [value], anything=isinstance(value, Unknown))
        assign(machine, target, item, node)


def unpack_each(machine: Core, targets: list[ast.expr], value: Join, node: ast.AST) -> bool:
    """Unpack one of several sequences of the same length; gives whether that is what the value is."""
    rows = [option for option in value.options if not (isinstance(option, Const) and option.value is None)]
    whole = [row.items.values for row in rows if isinstance(row, Seq) and row.items.exact]
    starred = any(isinstance(target, ast.Starred) for target in targets)
    if starred or not rows or len(whole) != len(rows) or any(len(items) != len(targets) for items in whole):
        return False
    for target, column in zip(targets, zip(*whole, strict=True), strict=True):
        assign(machine, target, join_all(column), node)
    return True


def store_item(machine: Core, target: ast.Subscript, value: Value, node: ast.AST) -> None:
    """``container[index] = value``."""
    owner = machine.eval(target.value)
    index = expressions.eval_index(machine, target.slice)
    if isinstance(owner, Dict):
        special.hashed(machine, index, node)
        before = owner.pairs.get(index.value) if isinstance(index, Const) else None
        if before is not None:
            note_rebinding(machine, before, value, machine.text(target), node)
        pairs = owner.pairs
        machine.set(owner.state, "pairs", with_key(pairs, index, value))
        written_back(machine, owner, pairs, node)
    elif isinstance(owner, Seq):
        machine.set(owner.state, "items", _with_item(machine, owner.items, index, value, target, node))
    elif isinstance(owner, Array):
        machine.leaves_array(owner, value, node)
    elif isinstance(owner, LostNone):
        machine.none_used(owner, node, "access", "TypeError")
    elif isinstance(owner, Unknown):
        gain(owner, everywhere(value))
        if isinstance(index, Const) and isinstance(index.value, int | str):
            machine.set(owner.attrs, ("[]", index.value), value)
    elif isinstance(owner, Instance):
        method = machine.attribute(owner, "__setitem__", node)
        if isinstance(method, Bound):
            machine.call(method, [index, value], {}, node)


def _with_item(machine: Core, items: Items, index: Value, value: Value, target: ast.Subscript, node: ast.AST) -> Items:
    """Items of which one is another now: the one at an index, where that is known."""
    position = index.value if isinstance(index, Const) else None
    if isinstance(position, int) and items.exact and -len(items.values) <= position < len(items.values):
        values = list(items.values)
        note_rebinding(machine, values[position], value, machine.text(target), node)
        values[position] = value
        return Items(tuple(values))
    if isinstance(index, Seq):
        return Items((*items.values, value), exact=False)
    return Items(tuple(join_values(item, value) for item in items.values), items.exact)


# -- names that held a Variable ------------------------------------------------------------------------------------


def rebound(machine: Core, name: str, value: Value, node: ast.AST) -> None:
    """Note where a name that held a Variable comes to hold something else."""
    before = expressions.binding_frame(machine, name).names.get(name)
    if isinstance(before, Value):
        note_rebinding(machine, before, value, name, node)


def note_rebinding(machine: Core, before: Value, value: Value, name: str, node: ast.AST) -> None:
    """Remember that a value took the place of a Variable."""
    if isinstance(before, Seq) and isinstance(value, Seq) and len(before.items.values) == len(value.items.values):
        for one, other in zip(before.items.values, value.items.values, strict=True):
            if not isinstance(one, Seq):
                note_rebinding(machine, one, other, name, node)
        return
    if isinstance(before, Variable) and isinstance(value, Tensor | Array | Number):
        machine.replaced.setdefault(id(value), (value, before, name, node))
    elif id(before) in machine.replaced and isinstance(value, Tensor | Array | Number):
        _, variable, first, _ = machine.replaced[id(before)]
        machine.replaced.setdefault(id(value), (value, variable, first, node))


def _loading(target: ast.expr) -> ast.expr:
    """The expression that reads what an augmented assignment writes."""
    if isinstance(target, ast.Name):
        return ast.Name(id=target.id, ctx=ast.Load())
    if isinstance(target, ast.Attribute):
        return ast.Attribute(value=target.value, attr=target.attr, ctx=ast.Load())
    assert isinstance(target, ast.Subscript)
    return ast.Subscript(value=target.value, slice=target.slice, ctx=ast.Load())
