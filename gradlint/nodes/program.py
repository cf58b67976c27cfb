"""A program as a rule sees it: its text, its LibCST nodes by place, and the way up from each node.

Places are :class:`~gradlint.flow.facts.Span`, as ``ast`` counts them: the analysis and LibCST meet there. Names that
are no expressions (an attribute's own name, a keyword, a parameter, an import's alias) are no nodes here: whoever
changes them changes the node that holds them.
"""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

from gradlint.flow.account import running
from gradlint.flow.facts import Span
from gradlint.nodes.lazy import cst

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_Node = TypeVar("_Node", bound="cst.CSTNode")

LONGEST = 100_000
"""How many characters a program may have for its fixes to be worked out: LibCST takes its time."""
PARSING = 7
"""What LibCST's reading of a program costs, a character: the tree, the text that it gives back, and its places."""
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


class Program:
    """One program, parsed by LibCST on first use.

    Args:
        code: The program.
        breaks: The lines with which a part begins that no line can be moved out of by its indentation alone: a cell.
    """

    def __init__(self, code: str, breaks: frozenset[int] = frozenset()) -> None:
        self.code = code
        self.breaks = breaks

    @cached_property
    def lines(self) -> list[bytes]:
        """The lines with their ends, as UTF-8, since spans count bytes."""
        return _LINE.findall(self.code.encode())

    def text(self, place: Span | cst.CSTNode) -> str:
        """The text at a place, or of a node as it is written in the program."""
        span = place if isinstance(place, Span) else self.span(place)
        if span.line == span.end_line:
            return self.lines[span.line - 1][span.column : span.end_column].decode()
        parts = [self.lines[span.line - 1][span.column :], *self.lines[span.line : span.end_line - 1]]
        parts.append(self.lines[span.end_line - 1][: span.end_column])
        return b"".join(parts).decode()

    @cached_property
    def module(self) -> cst.Module:
        """The whole program.

        Raises:
            libcst.ParserSyntaxError: If LibCST cannot parse what Python can.
        """
        return cst.parse_module(self.code)

    @cached_property
    def is_faithful(self) -> bool:
        """Whether LibCST parses the program and gives back its very text; a long one is not looked at."""
        if len(self.code) > LONGEST:
            return False
        running().charge(PARSING * len(self.code))
        try:
            return self.module.code + self.tail == self.code
        except (cst.ParserSyntaxError, RecursionError, ValueError):
            return False

    @cached_property
    def _written(self) -> dict[cst.CSTNode, str]:
        """The text of each statement of the module itself."""
        return {one: self.module.code_for_node(one) for one in self.module.body}

    def written(self, module: cst.Module) -> str:
        """The text of this program's module after a change: a statement that is still there is not written anew."""
        if not (module.body and module.has_trailing_newline):
            return module.code
        known = self._written
        body = (known[one] if one in known else module.code_for_node(one) for one in module.body)
        header = (module.code_for_node(one) for one in module.header)
        footer = (module.code_for_node(one) for one in module.footer)
        return "".join([*header, *body, *footer])

    def rewritten(self, module: cst.Module) -> str:
        """The text of those statements alone that a change of this program's module wrote anew."""
        return "".join(module.code_for_node(one) for one in module.body if one not in self._written)

    @property
    def tail(self) -> str:
        """What LibCST drops at the end of a program: a carriage return that is its last line's end."""
        return "\r" if self.code.endswith("\r") and not self.module.has_trailing_newline else ""

    # -- places ---------------------------------------------------------------------------------------------------

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(line) for line in self.lines)]

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset, all in bytes."""
        line = min(bisect_right(self._starts, offset), max(len(self.lines), 1))
        return line, offset - self._starts[line - 1]

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and a column, all in bytes."""
        return self._starts[line - 1] + column

    @cached_property
    def _extents(self) -> dict[cst.CSTNode, tuple[int, int]]:
        from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

        found = MetadataWrapper(self.module, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
        return {node: (span.start, span.start + span.length) for node, span in found.items()}

    def extent(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where a node begins and ends, as offsets in bytes; brackets around an expression count for tuples only."""
        start, end = self._extents[node]
        if isinstance(node, (cst.Tuple, cst.GeneratorExp)) and node.lpar:
            return self._extents[node.lpar[0]][0], self._extents[node.rpar[-1]][1]
        return start, end

    def span(self, node: cst.CSTNode) -> Span:
        """A node's place."""
        start, end = self.extent(node)
        return Span(*self.place(start), *self.place(end))

    def line(self, node: cst.CSTNode) -> int:
        """The line that a node begins on."""
        return self.place(self._extents[node][0])[0]

    def end_line(self, node: cst.CSTNode) -> int:
        """The line that a node ends on."""
        return self.place(self._extents[node][1])[0]

    @cached_property
    def _by_place(self) -> dict[tuple[int, int], list[cst.CSTNode]]:
        found: dict[tuple[int, int], list[cst.CSTNode]] = {}
        for node in self.parents:
            if isinstance(node, (cst.BaseExpression, cst.BaseSmallStatement, cst.BaseCompoundStatement)):
                found.setdefault(self.extent(node), []).append(node)
        return found

    def at(self, span: Span | None) -> list[cst.CSTNode]:
        """The expressions and statements that stand exactly at a place, the outermost first."""
        if span is None or span.end_line > len(self.lines):
            return []
        place = self.offset(span.line, span.column), self.offset(span.end_line, span.end_column)
        return self._by_place.get(place, [])

    def innermost(self, span: Span) -> cst.CSTNode | None:
        """The smallest expression or statement that covers a place."""
        start, end = self.offset(span.line, span.column), self.offset(span.end_line, span.end_column)
        covering = [
            (stop - begin, nodes[-1])
            for (begin, stop), nodes in self._by_place.items()
            if begin <= start and end <= stop
        ]
        return min(covering, key=lambda one: one[0])[1] if covering else None

    # -- the way up -----------------------------------------------------------------------------------------------

    @cached_property
    def parents(self) -> dict[cst.CSTNode, cst.CSTNode]:
        """Each node's holder, in the order of :func:`walk`."""
        return {child: node for node in walk(self.module) for child in children(node)}

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """What holds a node at once: often an ``Arg``, an ``Element`` or an ``AssignTarget``."""
        return self.parents.get(node)

    def holder(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The expression or statement that holds a node, past ``Arg``, ``Element`` and the like."""
        above = self.parents.get(node)
        while above is not None and not isinstance(
            above,
            (cst.BaseExpression, cst.BaseSmallStatement, cst.BaseCompoundStatement, cst.FormattedStringExpression),
        ):
            above = self.parents.get(above)
        return above

    def above(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes that hold a node, from the nearest to the module."""
        while (holder := self.parents.get(node)) is not None:
            node = holder
            yield node

    def enclosing(self, node: cst.CSTNode, kind: type[_Node]) -> _Node | None:
        """The nearest node of a kind that holds a node, or is it."""
        for one in (node, *self.above(node)):
            if isinstance(one, kind):
                return one
        return None

    def statement(self, node: cst.CSTNode) -> cst.BaseSmallStatement | cst.BaseCompoundStatement | None:
        """The statement that a node stands in: a small one (``x = 1``) or a compound one (``with ...``)."""
        for one in (node, *self.above(node)):
            if isinstance(one, (cst.BaseSmallStatement, cst.BaseCompoundStatement)):
                return one
        return None

    def suite(self, statement: cst.CSTNode) -> list[cst.BaseSmallStatement | cst.BaseCompoundStatement]:
        """The statements of the block that a statement stands in, small ones out of their lines."""
        holder = self.parents.get(statement)
        if isinstance(holder, cst.SimpleStatementLine):
            holder = self.parents.get(holder)
        return statements_of(holder) if holder is not None else []

    def is_alone(self, statement: cst.CSTNode) -> bool:
        """Whether a statement has its lines for itself."""
        if isinstance(statement, cst.BaseCompoundStatement):
            return True
        line = self.parents.get(statement)
        return isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1


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
