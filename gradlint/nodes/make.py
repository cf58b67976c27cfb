"""New nodes: from a template with parts of the program in it, in brackets where they would fall apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar, cast

from gradlint.nodes.lazy import cst
from gradlint.nodes.walking import fields_of, walk

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

_Node = TypeVar("_Node", bound="cst.CSTNode")
_PLACE = re.compile(r"\{(\w+)\}")
_BLANK = "_gradlint_{}"


def expression(template: str, **parts: cst.BaseExpression | str | None) -> cst.BaseExpression:
    """An expression: ``expression("{f}({x}, axis=0)", f="tf.reduce_mean", x=node)``.

    Args:
        template: The expression; each ``{name}`` stands for a part.
        parts: Nodes of the program or new ones, and names as texts.
    """
    made = cst.parse_expression(_blanked(template))
    return _filled(made, parts, None) if not isinstance(made, cst.Name) else _filled(made, parts, cst.Arg(made))


def statement(template: str, **parts: cst.BaseExpression | str | None) -> cst.SimpleStatementLine:
    """A statement of one line: ``statement("{tape}.watch({x})", tape="tape", x=node)``."""
    made = cst.parse_statement(_blanked(template))
    assert isinstance(made, cst.SimpleStatementLine)
    return _filled(made, parts, None)


def block(template: str, **parts: cst.BaseExpression | str | None) -> cst.BaseCompoundStatement:
    """A compound statement, its template on two lines: ``with {t}() as tape:`` and an indented ``pass``."""
    made = cst.parse_statement(_blanked(template))
    assert isinstance(made, cst.BaseCompoundStatement)
    return _filled(made, parts, None)


def _blanked(template: str) -> str:
    return _PLACE.sub(lambda found: _BLANK.format(found[1]), template)


def _filled(node: _Node, parts: Mapping[str, cst.BaseExpression | str | None], holder: cst.CSTNode | None) -> _Node:
    """A node with each blank replaced by its part."""
    if isinstance(node, cst.Name) and node.value.startswith("_gradlint_"):
        part = parts[node.value.removeprefix("_gradlint_")]
        assert part is not None
        made = cst.parse_expression(part) if isinstance(part, str) else part
        return cast("_Node", fitted(made, holder))
    changes: dict[str, object] = {}
    for name in fields_of(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            changes[name] = _filled(value, parts, node)
        elif isinstance(value, (list, tuple)) and any(isinstance(one, cst.CSTNode) for one in value):
            changes[name] = [_filled(one, parts, node) for one in value]
    return node.with_changes(**changes)


def fitted(new: cst.BaseExpression, holder: cst.CSTNode | None) -> cst.BaseExpression:
    """An expression as it can stand in what holds it, in brackets where it must."""
    new = unbracketed(new)
    if getattr(new, "lpar", ()) or _is_closed(new):
        return new
    apart = "\n" in code_of(new)
    parts = (cst.Arg, cst.Element, cst.DictElement, cst.Index, cst.Slice, cst.FormattedStringExpression, cst.Param)
    inside = isinstance(holder, (*parts, cst.Lambda))
    if inside and not isinstance(new, (cst.GeneratorExp, cst.Tuple, cst.Yield, cst.NamedExpr)):
        return new
    if isinstance(holder, (cst.BaseSmallStatement, cst.Return, cst.AssignTarget)) and not apart:
        return new
    if isinstance(holder, cst.BinaryOperation) and _is_term(new, holder) and not apart:
        return new
    return bracketed(new)


def bracketed(node: cst.BaseExpression) -> cst.BaseExpression:
    """An expression in brackets."""
    return node.with_changes(lpar=[cst.LeftParen(), *node.lpar], rpar=[*node.rpar, cst.RightParen()])


def unbracketed(node: cst.BaseExpression) -> cst.BaseExpression:
    """An expression without the brackets around it; a tuple and a generator keep theirs."""
    if isinstance(node, (cst.Tuple, cst.GeneratorExp)) or not getattr(node, "lpar", ()):
        return node
    return node.with_changes(lpar=[], rpar=[])


def _is_closed(node: cst.CSTNode) -> bool:
    """Whether an expression holds together wherever it stands."""
    closed = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.BaseNumber, cst.SimpleString, cst.FormattedString)
    holders = (cst.List, cst.Dict, cst.Set, cst.ListComp, cst.SetComp, cst.DictComp, cst.Ellipsis)
    return isinstance(node, (*closed, *holders))


def _is_term(node: cst.CSTNode, holder: cst.BinaryOperation) -> bool:
    """Whether an expression is a product that stands in a sum."""
    products = (cst.Multiply, cst.Divide, cst.Power, cst.MatrixMultiply)
    sums = isinstance(holder.operator, (cst.Add, cst.Subtract))
    return sums and isinstance(node, cst.BinaryOperation) and isinstance(node.operator, products)


def code_of(node: cst.CSTNode) -> str:
    """The text of a node."""
    return cst.Module(body=()).code_for_node(node)


def fresh(node: cst.BaseExpression) -> cst.BaseExpression:
    """A copy of an expression, for a second place in the program."""
    return node.deep_clone()


def holds(outer: cst.CSTNode, inner: cst.CSTNode) -> bool:
    """Whether a node is another one or holds it."""
    return any(one is inner for one in walk(outer))


def keyword(name: str, value: cst.BaseExpression, like: cst.Arg | None = None) -> cst.Arg:
    """A keyword argument, with the layout of another argument where there is one."""
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    if like is None:
        return cst.Arg(value, keyword=cst.Name(name), equal=equal)
    return like.with_changes(value=value, keyword=cst.Name(name), equal=equal)


def with_argument(call: cst.Call, name: str, value: cst.BaseExpression) -> cst.Call:
    """A call with a keyword argument: its value replaced where it is there, else the argument put in last."""
    for one in call.args:
        if one.keyword is not None and one.keyword.value == name:
            return call.with_deep_changes(one, value=value)
    if not call.args:
        return call.with_changes(args=[keyword(name, value)])
    *others, last = call.args
    added = keyword(name, value).with_changes(whitespace_after_arg=last.whitespace_after_arg)
    before = last.with_changes(whitespace_after_arg=cst.SimpleWhitespace(""))
    if isinstance(last.comma, cst.Comma):
        added = added.with_changes(comma=last.comma, whitespace_after_arg=cst.SimpleWhitespace(""))
        before = last.with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return call.with_changes(args=[*others, before, added])


def without_argument(call: cst.Call, gone: cst.Arg) -> cst.Call:
    """A call without one of its arguments, and without the comma that goes with it."""
    kept = [one for one in call.args if one is not gone]
    if kept and gone is call.args[-1]:
        kept[-1] = kept[-1].with_changes(comma=gone.comma, whitespace_after_arg=gone.whitespace_after_arg)
    return call.with_changes(args=kept)


def without_elements(node: cst.List | cst.Tuple | cst.Dict, gone: Container[int]) -> cst.List | cst.Tuple | cst.Dict:
    """A list, a tuple or a dict without some of its elements, by their numbers."""
    kept = [one for number, one in enumerate(node.elements) if number not in gone]
    if kept and kept[-1] is not node.elements[-1]:
        kept[-1] = kept[-1].with_changes(comma=node.elements[-1].comma)
    return node.with_changes(elements=kept)
