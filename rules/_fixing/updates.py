"""An update that binds a Variable's name anew, written as the Variable's own ``assign``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.make import block, code_of
from gradlint.nodes.reading import called, dotted, elements, names_in, only, single_target
from gradlint.nodes.walking import walk
from gradlint.rule import After, Replace, cst, expression, statement

if TYPE_CHECKING:
    from gradlint.rule import Change, Site

ASSIGNS = frozenset({"assign", "assign_add", "assign_sub"})


def assigned_in_place(site: Site, node: cst.CSTNode) -> list[Change] | None:
    """The changes that turn ``w = w - e`` into ``w.assign_sub(e)``, and the like.

    Known are augmented assignments, assignments of an expression that reads the name itself, ``w = w.assign_sub(e)``,
    tuples of these that do not read each other's names, and a list's comprehension over itself.
    """
    if isinstance(node, cst.AugAssign):
        return _changes(node, _augmented(node))
    target = single_target(node)
    if not isinstance(node, cst.Assign) or target is None:
        return None
    if isinstance(node.value, cst.ListComp):
        return _each(site, node, target, node.value)
    names, values = elements(target), elements(node.value)
    if isinstance(target, cst.Tuple) and names is not None and values is not None:
        return _tuple(site, node, names, values) if len(names) == len(values) else None
    return _changes(node, _assigned(site, target, node.value))


def _changes(node: cst.CSTNode, call: cst.BaseExpression | None) -> list[Change] | None:
    return None if call is None else [Replace(node, cst.Expr(call))]


def _tuple(
    site: Site, node: cst.Assign, names: list[cst.BaseExpression], values: list[cst.BaseExpression]
) -> list[Change] | None:
    if not site.is_alone(node):
        return None
    made = []
    for number, (one, new) in enumerate(zip(names, values, strict=True)):
        others = set().union(*(names_in(other) for other in names[:number] + names[number + 1 :])) - names_in(one)
        call = _assigned(site, one, new)
        if call is None or others & names_in(new):
            return None
        made.append(call)
    first, *rest = made
    behind = [After(node, [statement("{x}", x=one) for one in rest])] if rest else []
    return [Replace(node, cst.Expr(first)), *behind]


def _each(site: Site, node: cst.Assign, target: cst.BaseExpression, value: cst.ListComp) -> list[Change] | None:
    """``ws = [w - e for w in ws]`` as a loop that assigns to each element."""
    turn, name = value.for_in, dotted(target)
    plain = not turn.ifs and turn.inner_for_in is None and turn.asynchronous is None
    if name is None or not plain or dotted(turn.iter) != name or not site.is_alone(node):
        return None
    call = _assigned(site, turn.target, value.elt) if isinstance(turn.target, cst.Name) else None
    if call is None or name in names_in(value.elt) or "\n" in code_of(call):
        return None
    loop = block("for {w} in {ws}:\n    {call}", w=turn.target, ws=target, call=call)
    return [Replace(node, loop)]


def _augmented(node: cst.AugAssign) -> cst.BaseExpression | None:
    if not _is_place(node.target):
        return None
    symbol = code_of(node.operator).strip().removesuffix("=")
    method = {"+": "assign_add", "-": "assign_sub"}.get(symbol)
    if method is not None:
        return expression(f"{{w}}.{method}({{e}})", w=node.target, e=node.value)
    computed = expression(f"{{w}} {symbol} {{e}}", w=node.target, e=node.value)
    return expression("{w}.assign({c})", w=node.target, c=computed)


def _assigned(site: Site, target: cst.BaseExpression, value: cst.BaseExpression) -> cst.BaseExpression | None:
    """The call that updates a target with a value which reads it."""
    if not _is_place(target):
        return None
    if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute):
        if value.func.attr.value in ASSIGNS and site.same(value.func.value, target):
            return value
        given = only(value, 1)
        if called(value) == "Variable" and given is not None:
            return _assigned(site, target, given[0])
    match value:
        case cst.BinaryOperation(operator=cst.Add() | cst.Subtract()) if site.same(value.left, target):
            method = "assign_add" if isinstance(value.operator, cst.Add) else "assign_sub"
            return expression(f"{{w}}.{method}({{e}})", w=target, e=value.right)
        case cst.BinaryOperation(operator=cst.Add()) if site.same(value.right, target):
            return expression("{w}.assign_add({e})", w=target, e=value.left)
        case cst.BinaryOperation() | cst.Call() | cst.UnaryOperation():
            if any(isinstance(one, type(target)) and site.same(one, target) for one in walk(value)):
                return expression("{w}.assign({e})", w=target, e=value)
    return None


def _is_place(target: cst.BaseExpression) -> bool:
    """Whether an update can write to a target: a name, a dotted name, or an element of one."""
    owner = target.value if isinstance(target, cst.Subscript) else target
    return dotted(owner) is not None
