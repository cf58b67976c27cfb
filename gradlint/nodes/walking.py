"""The statements and expressions of a tree, without what is layout or only a name."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from gradlint.nodes.lazy import cst

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMING = {
    "Attribute": {"attr"},
    "Arg": {"keyword"},
    "Param": {"name"},
    "FunctionDef": {"name"},
    "ClassDef": {"name"},
    "ImportAlias": {"name", "asname"},
    "ImportFrom": {"module"},
    "Global": {"names"},
    "Nonlocal": {"names"},
    "MatchAs": {"name"},
    "MatchStar": {"name"},
    "MatchMapping": {"rest"},
    "MatchKeywordElement": {"key"},
}
"""The fields that hold names and no expressions."""

_fields: dict[type, tuple[str, ...]] = {}


def fields_of(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a sort of node that hold statements and expressions."""
    known = _fields.get(kind)
    if known is None:
        skipped = NAMING.get(kind.__name__, set())
        layout = ("whitespace", "lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "comma", "semicolon", "dot")
        known = tuple(
            one.name
            for one in dataclasses.fields(kind)
            if one.name not in skipped and not one.name.startswith(layout) and one.name not in _LAYOUT
        )
        _fields[kind] = known
    return known


_LAYOUT = frozenset(
    {"leading_lines", "lines_after_decorators", "trailing_whitespace", "header", "footer", "equal", "newline"}
)


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The statements and expressions, and what holds them, just below a node."""
    for name in fields_of(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, (list, tuple)):
            for one in value:
                if isinstance(one, cst.CSTNode):
                    yield one


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and everything below it, from the top."""
    pending = [node]
    while pending:
        one = pending.pop()
        yield one
        pending.extend(reversed(list(children(one))))


def statements_of(block: cst.CSTNode) -> list[cst.BaseSmallStatement | cst.BaseCompoundStatement]:
    """The statements of a block, of a module, or of whatever has a body, small ones out of their lines."""
    body = getattr(block, "body", [])
    if isinstance(body, cst.BaseSuite):
        body = body.body
    found: list[cst.BaseSmallStatement | cst.BaseCompoundStatement] = []
    for one in body:
        if isinstance(one, cst.SimpleStatementLine):
            found += one.body
        elif isinstance(one, (cst.BaseSmallStatement, cst.BaseCompoundStatement)):
            found.append(one)
    return found
