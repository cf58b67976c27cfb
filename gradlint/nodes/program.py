"""A program as a rule sees it: its text, its LibCST nodes by place, and the way up from each node.

Places are :class:`~gradlint.flow.facts.Span`, as ``ast`` counts them: the analysis and LibCST meet there. Names that
are no expressions (an attribute's own name, a keyword, a parameter, an import's alias) are no nodes here: whoever
changes them changes the node that holds them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

from gradlint.flow.account import running
from gradlint.flow.facts import Span
from gradlint.nodes.lazy import cst
from gradlint.nodes.parts import tree_of
from gradlint.nodes.reading import binds
from gradlint.nodes.walking import children, statements_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradlint.nodes.parts import ParsedPart, Tree

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_Node = TypeVar("_Node", bound="cst.CSTNode")

LONGEST = 100_000
"""How many characters a program may have for its fixes to be worked out: LibCST takes its time."""
PARSING = 3
"""What LibCST's reading of a program costs, a character."""
PLACING = 4
"""What the text that LibCST gives back of a part costs, a character, and the places of its nodes."""


class Program:
    """One program, parsed by LibCST on first use.

    Args:
        code: The program.
        breaks: The lines with which a part begins that no line can be moved out of by its indentation alone: a cell.
        wanted: Whether the fix of a claim at a place is to be worked out; all are where None.
    """

    def __init__(
        self, code: str, breaks: frozenset[int] = frozenset(), wanted: Callable[[Span], bool] | None = None
    ) -> None:
        self.code = code
        self.breaks = breaks
        self._wanted = wanted
        self._placed: set[ParsedPart] = set()

    def wants_fix(self, place: Span) -> bool:
        """Whether the fix of a claim at a place is to be worked out."""
        return self._wanted is None or self._wanted(place)

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
    def _tree(self) -> Tree:
        return tree_of(self.code)

    @property
    def module(self) -> cst.Module:
        """The whole program.

        Raises:
            libcst.ParserSyntaxError: If LibCST cannot parse what Python can.
        """
        return self._tree.module

    @cached_property
    def trouble(self) -> str | None:
        """Why the program cannot be changed by its nodes; None where it can."""
        if len(self.code) > LONGEST:
            return f"fixes are worked out for programs of up to {LONGEST:,} characters"
        running().charge(PARSING * len(self.code))
        return None if self._is_parsed() else "LibCST cannot parse the program"

    def _is_parsed(self) -> bool:
        try:
            return bool(self._tree.parts)
        except (cst.ParserSyntaxError, RecursionError, ValueError):
            return False

    def trouble_at(self, place: Span) -> str | None:
        """Why the program cannot be changed by its nodes at a place; None where it can."""
        if self.trouble is not None:
            return self.trouble
        part = self._tree.part_at(self.offset(place.line, place.column))
        return None if self._is_faithful(part) else "LibCST does not give back the program as it is written"

    def _is_faithful(self, part: ParsedPart) -> bool:
        if part not in self._placed:
            self._placed.add(part)
            running().charge(PLACING * len(part.text))
        try:
            return part.is_faithful
        except RecursionError:
            return False

    def pieces(self, module: cst.Module) -> list[tuple[ParsedPart | cst.CSTNode, str]]:
        """This program's module, or the module after a change, in pieces of whole lines; each with its text.

        What is still there is not written anew. The module is the one piece where its last line has no end.
        """
        if module.body and module.has_trailing_newline:
            return list(self._tree.pieces(module))
        return [(module, self.code if module is self.module else module.code + self.tail)]

    def can_be_written(self, piece: ParsedPart | cst.CSTNode) -> bool:
        """Whether LibCST gives back a piece of this program's module as it is written."""
        return all(self._is_faithful(part) for part in self._tree.parts if piece in (part, self.module))

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

    def extent(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where a node begins and ends, as offsets in bytes; brackets around an expression count for tuples only."""
        return self._tree.extent(node)

    def span(self, node: cst.CSTNode) -> Span:
        """A node's place."""
        start, end = self.extent(node)
        return Span(*self.place(start), *self.place(end))

    def line(self, node: cst.CSTNode) -> int:
        """The line that a node begins on."""
        return self.place(self.extent(node)[0])[0]

    def end_line(self, node: cst.CSTNode) -> int:
        """The line that a node ends on."""
        return self.place(self.extent(node)[1])[0]

    def at(self, span: Span | None) -> list[cst.CSTNode]:
        """The expressions and statements that stand exactly at a place, the outermost first."""
        if span is None or span.end_line > len(self.lines):
            return []
        return self._tree.at(*self._offsets(span))

    def innermost(self, span: Span) -> cst.CSTNode | None:
        """The smallest expression or statement that covers a place."""
        return self._tree.innermost(*self._offsets(span))

    def _offsets(self, span: Span) -> tuple[int, int]:
        return self.offset(span.line, span.column), self.offset(span.end_line, span.end_column)

    # -- the way up -----------------------------------------------------------------------------------------------

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """What holds a node at once: often an ``Arg``, an ``Element`` or an ``AssignTarget``."""
        return self._tree.parent(node)

    def holds(self, node: cst.CSTNode) -> bool:
        """Whether a node is one of the program's, the module apart."""
        return self.parent(node) is not None

    def holder(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The expression or statement that holds a node, past ``Arg``, ``Element`` and the like."""
        kinds = (cst.BaseExpression, cst.BaseSmallStatement, cst.BaseCompoundStatement, cst.FormattedStringExpression)
        return next((one for one in self.above(node) if isinstance(one, kinds)), None)

    def above(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes that hold a node, from the nearest to the module."""
        while (holder := self.parent(node)) is not None:
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
        holder = self.parent(statement)
        if isinstance(holder, cst.SimpleStatementLine):
            holder = self.parent(holder)
        return statements_of(holder) if holder is not None else []

    # -- scopes and names ---------------------------------------------------------------------------------------------

    def scope(self, node: cst.CSTNode) -> cst.CSTNode:
        """The function, lambda, class or module whose names a node sees first."""
        for one in self.above(node):
            if isinstance(one, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
                return one
        return self.module

    @cached_property
    def _own(self) -> dict[cst.CSTNode, list[cst.CSTNode]]:
        return {}

    def own(self, scope: cst.CSTNode) -> list[cst.CSTNode]:
        """The nodes of a scope, without those of the functions and classes in it."""
        known = self._own.get(scope)
        if known is not None:
            return known
        found, pending = [], [scope]
        while pending:
            for child in children(pending.pop()):
                found.append(child)
                if not isinstance(child, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
                    pending.append(child)
        self._own[scope] = found
        return found

    @cached_property
    def _imports(self) -> dict[cst.CSTNode, list[cst.Import | cst.ImportFrom]]:
        return {}

    def imports(self, scope: cst.CSTNode) -> list[cst.Import | cst.ImportFrom]:
        """The imports of a scope."""
        if scope not in self._imports:
            made = [one for one in self.own(scope) if isinstance(one, (cst.Import, cst.ImportFrom))]
            self._imports[scope] = made
        return self._imports[scope]

    @cached_property
    def _bound(self) -> dict[cst.CSTNode, dict[str, list[cst.CSTNode]]]:
        return {}

    def bound(self, scope: cst.CSTNode) -> dict[str, list[cst.CSTNode]]:
        """The nodes of a scope that bind each name and dotted name."""
        if scope not in self._bound:
            made: dict[str, list[cst.CSTNode]] = {}
            for node in self.own(scope):
                for name in binds(node):
                    made.setdefault(name, []).append(node)
            self._bound[scope] = made
        return self._bound[scope]

    @property
    def names(self) -> set[str]:
        """Every plain name that the program reads or binds."""
        return self._tree.names

    def reads(self, name: str) -> list[cst.BaseExpression]:
        """The places that read a name or a dotted name, in the program's order."""
        return self._tree.reads(name)

    def every_read(self) -> Iterator[cst.BaseExpression]:
        """Every place that reads a name or a dotted name."""
        return (node for part in self._tree.parts for nodes in part.reads.values() for node in nodes)

    def is_alone(self, statement: cst.CSTNode) -> bool:
        """Whether a statement has its lines for itself."""
        if isinstance(statement, cst.BaseCompoundStatement):
            return True
        line = self.parent(statement)
        return isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
