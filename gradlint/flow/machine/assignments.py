"""Assigns values to names, attributes, items and targets that unpack them."""

from __future__ import annotations

import ast

from gradlint.flow.libraries.keras.symbols import part_of
from gradlint.flow.libraries.python import operators, subscripts
from gradlint.flow.machine.calls import Calls
from gradlint.flow.state.store import join_all, join_values
from gradlint.flow.values.making import gain, span_of, with_key
from gradlint.flow.values.program import Bound, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Join,
    Number,
    Seq,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
    everywhere,
)


class Assignments(Calls):
    """The part of the machine that assigns."""

    # -- statements ------------------------------------------------------------------------------------------------

    def run_Assign(self, node: ast.Assign) -> None:
        value = self.eval(node.value)
        for target in node.targets:
            self.assign(target, value, node)

    def run_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, self.eval(node.value), node)

    def run_TypeAlias(self, node: ast.AST) -> None:
        return

    def run_AugAssign(self, node: ast.AugAssign) -> None:
        target = node.target
        left = self.eval(ast.copy_location(_loading(target), target))
        right = self.eval(node.value)
        if isinstance(left, Seq) and isinstance(node.op, ast.Add):
            items, exact = self.iterate(right, node.value)
            joined = Items(left.items.values + tuple(items), left.items.exact and exact)
            if left.kind == "list":
                self.set(left.state, "items", joined)
            else:
                self.assign(target, Seq(joined, left.kind, span_of(node)), node)
            return
        if isinstance(left, Variable):
            handled = self.augment_variable(node, left, right)
            if handled:
                return
        self.assign(target, operators.binary(self, node, node.op, left, right), node)

    # -- targets ---------------------------------------------------------------------------------------------------

    def assign(self, target: ast.expr, value: Value, node: ast.AST) -> None:
        """Bind a value to a target."""
        if isinstance(target, ast.Name):
            self.rebound(target.id, value, node)
            self.bind(target.id, value)
        elif isinstance(target, ast.Attribute):
            owner = self.eval(target.value)
            if isinstance(owner, Instance):
                before = owner.attrs.get(target.attr)
                if isinstance(before, Value):
                    self.note_rebinding(before, value, self.text(target), node)
            self.set_attribute(owner, target.attr, value, node)
        elif isinstance(target, ast.Subscript):
            self.store_item(target, value, node)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value, node)
        elif isinstance(target, ast.Tuple | ast.List):
            self.unpack(target.elts, value, node)

    def unpack(self, targets: list[ast.expr], value: Value, node: ast.AST) -> None:
        """Bind the items of a value to several targets."""
        if isinstance(value, Tensor | Variable | Array):
            for target in targets:
                self.assign(target, subscripts.element(self, node, value), node)
            return
        if isinstance(value, Symbolic):
            for index, target in enumerate(targets):
                self.assign(target, part_of(value, index), node)
            return
        if isinstance(value, Unknown):
            for index, target in enumerate(targets):
                item = subscripts.subscript(self, target, value, Const(index))
                self.assign(target, item, node)
            return
        if isinstance(value, Join) and self.unpack_each(targets, value, node):
            return
        items, exact = self.iterate(value, node)
        star = next((index for index, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
        alike = isinstance(value, Seq) and value.extra is not None and "alike" in value.extra
        if not exact and len(items) > 1 and (star is not None or not alike):
            any_item = join_all(items)
            for target in targets:
                starred = isinstance(target, ast.Starred)
                self.assign(target, Seq(Items(tuple(items), exact=False)) if starred else any_item, node)
            return
        if star is not None and exact:
            after = len(targets) - star - 1
            for target, item in zip(targets[:star], items, strict=False):
                self.assign(target, item, node)
            middle = items[star : len(items) - after] if after else items[star:]
            self.assign(targets[star], Seq(Items(tuple(middle)), "list", span_of(node)), node)
            for target, item in zip(targets[star + 1 :], items[len(items) - after :], strict=False):
                self.assign(target, item, node)
            return
        for index, target in enumerate(targets):
            if index < len(items):
                self.assign(target, items[index], node)
            elif items and not exact:
                self.assign(target, join_all(items), node)
            else:
                self.assign(target, self.unknown("item", node, [value], anything=isinstance(value, Unknown)), node)

    def unpack_each(self, targets: list[ast.expr], value: Join, node: ast.AST) -> bool:
        """Unpack one of several sequences of the same length; gives whether that is what the value is."""
        rows = [option for option in value.options if not (isinstance(option, Const) and option.value is None)]
        whole = [row.items.values for row in rows if isinstance(row, Seq) and row.items.exact]
        starred = any(isinstance(target, ast.Starred) for target in targets)
        if starred or not rows or len(whole) != len(rows) or any(len(items) != len(targets) for items in whole):
            return False
        for target, column in zip(targets, zip(*whole, strict=True), strict=True):
            self.assign(target, join_all(column), node)
        return True

    def store_item(self, target: ast.Subscript, value: Value, node: ast.AST) -> None:
        """``container[index] = value``."""
        owner = self.eval(target.value)
        index = self.eval_index(target.slice)
        if isinstance(owner, Dict):
            before = owner.pairs.get(index.value) if isinstance(index, Const) else None
            if before is not None:
                self.note_rebinding(before, value, self.text(target), node)
            self.set(owner.state, "pairs", with_key(owner.pairs, index, value))
        elif isinstance(owner, Seq):
            items = owner.items
            position = index.value if isinstance(index, Const) else None
            if isinstance(position, int) and items.exact and -len(items.values) <= position < len(items.values):
                values = list(items.values)
                self.note_rebinding(values[position], value, self.text(target), node)
                values[position] = value
                self.set(owner.state, "items", Items(tuple(values)))
            elif not isinstance(index, Seq):
                values = [join_values(item, value) for item in items.values]
                self.set(owner.state, "items", Items(tuple(values), items.exact))
            else:
                self.set(owner.state, "items", Items((*items.values, value), exact=False))
        elif isinstance(owner, Array):
            self.leaves_array(owner, value, node)
        elif isinstance(owner, Unknown):
            gain(owner, everywhere(value))
            if isinstance(index, Const) and isinstance(index.value, int | str):
                self.set(owner.attrs, ("[]", index.value), value)
        elif isinstance(owner, Instance):
            method = self.attribute(owner, "__setitem__", node)
            if isinstance(method, Bound):
                self.call(method, [index, value], {}, node)

    # -- names that held a Variable --------------------------------------------------------------------------------

    def rebound(self, name: str, value: Value, node: ast.AST) -> None:
        """Note where a name that held a Variable comes to hold something else."""
        before = self.binding_frame(name).names.get(name)
        if isinstance(before, Value):
            self.note_rebinding(before, value, name, node)

    def note_rebinding(self, before: Value, value: Value, name: str, node: ast.AST) -> None:
        """Remember that a value took the place of a Variable."""
        if isinstance(before, Seq) and isinstance(value, Seq) and len(before.items.values) == len(value.items.values):
            for one, other in zip(before.items.values, value.items.values, strict=True):
                if not isinstance(one, Seq):
                    self.note_rebinding(one, other, name, node)
            return
        if isinstance(before, Variable) and isinstance(value, Tensor | Array | Number):
            self.replaced.setdefault(id(value), (value, before, name, node))
        elif id(before) in self.replaced and isinstance(value, Tensor | Array | Number):
            _, variable, first, _ = self.replaced[id(before)]
            self.replaced.setdefault(id(value), (value, variable, first, node))


def _loading(target: ast.expr) -> ast.expr:
    """The expression that reads what an augmented assignment writes."""
    if isinstance(target, ast.Name):
        return ast.Name(id=target.id, ctx=ast.Load())
    if isinstance(target, ast.Attribute):
        return ast.Attribute(value=target.value, attr=target.attr, ctx=ast.Load())
    assert isinstance(target, ast.Subscript)
    return ast.Subscript(value=target.value, slice=target.slice, ctx=ast.Load())
