"""What nodes say: names as they are written, arguments, and what a statement binds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.lazy import cst
from gradlint.nodes.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterator


def dotted(node: cst.CSTNode | None) -> str | None:
    """A name or a dotted name as it is written, without white space; None for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        owner = dotted(node.value)
        return None if owner is None else f"{owner}.{node.attr.value}"
    return None


def last_name(node: cst.CSTNode | None) -> str:
    """The last part of a name: ``mean`` of ``np.mean``; empty for what is no name."""
    return (dotted(node) or "").rpartition(".")[2]


def called(node: cst.CSTNode | None) -> str:
    """The last part of the name that a call calls: ``mean`` of ``np.mean(x)``; empty for anything else."""
    return last_name(node.func) if isinstance(node, cst.Call) else ""


def calls_anything(*nodes: cst.CSTNode) -> bool:
    """Whether one of some nodes calls anything, so that a second copy of it would call it twice."""
    return any(isinstance(one, cst.Call) for node in nodes for one in walk(node))


def names_in(node: cst.CSTNode) -> set[str]:
    """The plain names that a node reads or binds."""
    return {one.value for one in walk(node) if isinstance(one, cst.Name)}


def positional(call: cst.Call) -> list[cst.BaseExpression] | None:
    """A call's arguments without a keyword; None where one is starred."""
    if any(one.star for one in call.args):
        return None
    return [one.value for one in call.args if one.keyword is None]


def keywords(call: cst.Call) -> dict[str, cst.BaseExpression]:
    """A call's keyword arguments."""
    return {one.keyword.value: one.value for one in call.args if one.keyword is not None}


def only(call: cst.CSTNode | None, count: int) -> list[cst.BaseExpression] | None:
    """The arguments of a call that has so many and no keywords; None for anything else."""
    if not isinstance(call, cst.Call) or len(call.args) != count or keywords(call):
        return None
    return positional(call)


def elements(node: cst.CSTNode | None) -> list[cst.BaseExpression] | None:
    """What a list or a tuple holds; None for anything else and where an element is starred."""
    if not isinstance(node, (cst.List, cst.Tuple)):
        return None
    if any(isinstance(one, cst.StarredElement) for one in node.elements):
        return None
    return [one.value for one in node.elements]


def index_of(node: cst.CSTNode | None) -> cst.BaseExpression | None:
    """The one plain index of a subscript; None for slices, for several, and for anything else."""
    if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
        return node.slice[0].slice.value
    return None


def single_target(statement: cst.CSTNode | None) -> cst.BaseExpression | None:
    """What an assignment with one target assigns to; None for anything else."""
    if isinstance(statement, cst.Assign) and len(statement.targets) == 1:
        return statement.targets[0].target
    return None


def value_of(statement: cst.CSTNode, name: str) -> cst.BaseExpression | None:
    """What a plain assignment binds to a name or a dotted name."""
    if isinstance(statement, cst.AnnAssign):
        return statement.value if dotted(statement.target) == name else None
    if not isinstance(statement, cst.Assign):
        return None
    for target in statement.targets:
        if dotted(target.target) == name:
            return statement.value
        names, values = elements(target.target), elements(statement.value)
        if names is not None and values is not None and len(names) == len(values):
            for one, value in zip(names, values, strict=True):
                if dotted(one) == name:
                    return value
    return None


def binds(node: cst.CSTNode) -> Iterator[str]:
    """The names and dotted names that a node binds by itself, without what its block holds."""
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        yield node.name.value
    elif isinstance(node, cst.Import):
        yield from (imported_as(alias) for alias in node.names)
    elif isinstance(node, cst.ImportFrom):
        names = () if isinstance(node.names, cst.ImportStar) else node.names
        yield from (imported_as(alias) for alias in names)
    elif isinstance(node, (cst.Global, cst.Nonlocal)):
        yield from (item.name.value for item in node.names)
    elif isinstance(node, (cst.MatchAs, cst.MatchStar)):
        if node.name is not None:
            yield node.name.value
    else:
        for target in _targets(node):
            yield from target_names(target)


def _targets(node: cst.CSTNode) -> list[cst.BaseExpression]:
    if isinstance(node, (cst.AssignTarget, cst.AugAssign, cst.For, cst.CompFor, cst.NamedExpr)):
        return [node.target]
    if isinstance(node, cst.AnnAssign):
        return [node.target] if node.value is not None else []
    if isinstance(node, cst.AsName):
        return [node.name]
    return [node.target] if isinstance(node, cst.Del) else []


def target_names(target: cst.CSTNode) -> Iterator[str]:
    """The names and dotted names that an assignment to a target binds."""
    name = dotted(target)
    if name is not None:
        yield name
    elif isinstance(target, (cst.Tuple, cst.List)):
        for one in target.elements:
            yield from target_names(one.value)
    elif isinstance(target, cst.StarredElement):
        yield from target_names(target.value)


def written_to(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The names, dotted names and elements that a node assigns to."""
    if isinstance(node, (cst.AssignTarget, cst.AugAssign, cst.AnnAssign, cst.For, cst.CompFor, cst.NamedExpr, cst.Del)):
        yield from _parts_of(node.target)
    elif isinstance(node, cst.AsName):
        yield from _parts_of(node.name)


def _parts_of(target: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(target, (cst.Tuple, cst.List)):
        for one in target.elements:
            yield from _parts_of(one.value)
    else:
        yield target


def bound_in(node: cst.CSTNode) -> set[str]:
    """The names and dotted names that a node binds, with all that it holds."""
    return {name for one in walk(node) for name in binds(one)}


def imported_as(alias: cst.ImportAlias) -> str:
    """The name that an import binds: ``tf`` of ``import tensorflow as tf``, ``os`` of ``import os.path``."""
    if alias.asname is not None:
        return dotted(alias.asname.name) or ""
    return (dotted(alias.name) or "").partition(".")[0]


def parameters(function: cst.CSTNode) -> set[str]:
    """The names of a function's parameters."""
    if not isinstance(function, (cst.FunctionDef, cst.Lambda)):
        return set()
    given = function.params
    every = [*given.posonly_params, *given.params, *given.kwonly_params, given.star_arg, given.star_kwarg]
    return {one.name.value for one in every if isinstance(one, cst.Param)}


def is_number(node: cst.CSTNode | None, *values: float) -> bool:
    """Whether a node is a number as it is written, one of some values where there are any."""
    if not isinstance(node, (cst.Integer, cst.Float)):
        return False
    return not values or node.evaluated_value in values


def is_constant(node: cst.CSTNode | None) -> bool:
    """Whether a node is a number, a string, None, a truth value or an ellipsis."""
    if isinstance(node, cst.Name):
        return node.value in ("None", "True", "False")
    return isinstance(node, (cst.BaseNumber, cst.SimpleString, cst.ConcatenatedString, cst.Ellipsis))


def string_value(node: cst.CSTNode | None) -> str | None:
    """The text of a plain string; None for anything else."""
    value = node.evaluated_value if isinstance(node, cst.SimpleString) else None
    return value if isinstance(value, str) else None
