"""The code at a place in a program, on one short line; and the statement that it belongs to."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradlint.flow.facts import Span
from gradlint.flow.values.making import span_of

if TYPE_CHECKING:
    from gradlint.flow.facts import Part
    from gradlint.sources.source import Source

LONGEST = 56
"""How many characters a label has at most."""
_DEPTHS = (6, 5, 4, 3, 2, 1)
_ETC = "…"
_MANY = 12
"""How many sibling expressions are looked at."""
_ROWS, _CHARACTERS = 8, 400
"""How many lines and bytes of a place are looked at."""


class Labels:
    """The expressions of a program, and of the modules that it was followed into, by their places.

    Args:
        source: The text that is linted.
        parts: The modules, whose lines follow those of the program.
    """

    def __init__(self, source: Source, parts: tuple[Part, ...]) -> None:
        self._source = source
        self._parts = parts
        self._own = parts[0].first if parts else None
        self._found: dict[int, dict[Span, tuple[ast.AST, ast.stmt | None]]] = {}
        self._read: dict[int, list[bytes]] = {}

    def statement(self, span: Span) -> Span | None:
        """The innermost statement that an expression belongs to."""
        _, statement = self._at(span)
        return None if statement is None else _moved(span_of(statement), self._first(span))

    def is_block(self, span: Span) -> bool:
        """Whether the code at a place contains statements, as a function does."""
        node, _ = self._at(span)
        return isinstance(node, ast.stmt) and hasattr(node, "body")

    def label(self, span: Span, longest: int = LONGEST) -> str:
        """The code at a place, with the name that it is bound to, if any."""
        node, statement = self._at(span)
        if node is None:
            return cropped(self.text(span), longest)
        name = _name(node, statement)
        prefix = f"{name} = " if name else "return " if _is_returned(node, statement) else ""
        written = f"{prefix}{self.text(span)}"
        if len(written) <= longest:
            return written
        return prefix + _shortened(node, max(longest - len(prefix), 12))

    def text(self, span: Span) -> str:
        """The text at a place, on one line; only the beginning of a long one."""
        lines = self._lines(span)
        first = span.line - self._first(span) - 1
        rows = lines[first : first + min(span.end_line - span.line + 1, _ROWS)]
        if not rows:
            return ""
        if span.end_line - span.line < _ROWS:
            rows[-1] = rows[-1][: span.end_column]
        rows[0] = rows[0][span.column :]
        text = b" ".join(row[:_CHARACTERS] for row in rows)[:_CHARACTERS]
        return " ".join(text.decode(errors="replace").split())

    def _at(self, span: Span) -> tuple[ast.AST | None, ast.stmt | None]:
        first = self._first(span)
        if first not in self._found:
            self._found[first] = _places(b"\n".join(self._lines(span)).decode(errors="replace"))
        return self._found[first].get(_moved(span, -first), (None, None))

    def _lines(self, span: Span) -> list[bytes]:
        part = self._part(span)
        first = 0 if part is None else part.first
        if first not in self._read:
            own = self._source.lines if part is None else ()
            self._read[first] = [line.encode() for line in own] if part is None else list(part.lines)
        return self._read[first]

    def _first(self, span: Span) -> int:
        part = self._part(span)
        return 0 if part is None else part.first

    def _part(self, span: Span) -> Part | None:
        if self._own is None or span.line <= self._own:
            return None
        return next(part for part in reversed(self._parts) if part.first < span.line)


def cropped(text: str, longest: int = LONGEST) -> str:
    """A text on one line, truncated if it is long."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + _ETC


def _moved(span: Span, by: int) -> Span:
    return Span(span.line + by, span.column, span.end_line + by, span.end_column)


def _places(code: str) -> dict[Span, tuple[ast.AST, ast.stmt | None]]:
    """Each expression of a program, by its place, with the innermost statement around it."""
    found: dict[Span, tuple[ast.AST, ast.stmt | None]] = {}
    try:
        waiting: list[tuple[ast.AST, ast.stmt | None]] = [(ast.parse(code), None)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    while waiting:
        node, around = waiting.pop()
        if isinstance(node, ast.stmt):
            around = node
        if isinstance(node, ast.expr | ast.stmt | ast.arg):
            found.setdefault(span_of(node), (node, around))
        waiting.extend((child, around) for child in ast.iter_child_nodes(node))
    return found


def _name(node: ast.AST, statement: ast.stmt | None) -> str:
    """The name or attribute that an expression is given at once; empty where there is none."""
    if isinstance(statement, ast.AnnAssign) and statement.value is node:
        return ast.unparse(statement.target)
    if isinstance(statement, ast.Assign) and statement.value is node and len(statement.targets) == 1:
        target = statement.targets[0]
        text = ast.unparse(target) if isinstance(target, ast.Name | ast.Attribute) else ""
        return text if len(text) <= LONGEST // 2 else ""
    return ""


def _is_returned(node: ast.AST, statement: ast.stmt | None) -> bool:
    return isinstance(statement, ast.Return) and statement.value is node


def _shortened(node: ast.AST, longest: int) -> str:
    """The longest text of a node that leaves out deep nesting."""
    text = ""
    try:
        for depth in _DEPTHS:
            text = ast.unparse(_pruned(node, depth))
            text = " ".join(text.replace(f"{_ETC}, {_ETC}", _ETC).split())
            if len(text) <= longest:
                return text
    except (RecursionError, ValueError, AttributeError, TypeError):
        pass
    return cropped(text, longest)


def _pruned(node: ast.AST, depth: int) -> ast.AST:
    """A copy of a node without expressions nested deeper than a limit, and without long rows of siblings."""
    inner = depth if isinstance(node, ast.Attribute) or not isinstance(node, ast.expr) else depth - 1
    if inner < 0 and not isinstance(node, ast.Name | ast.Constant):
        return ast.Name(_ETC, ast.Load())
    fields: dict[str, Any] = {}
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            kept = [_pruned(one, inner) if isinstance(one, ast.AST) else one for one in value[:_MANY]]
            fields[name] = kept
        else:
            fields[name] = _pruned(value, inner) if isinstance(value, ast.AST) else value
    return ast.copy_location(type(node)(**fields), node)
