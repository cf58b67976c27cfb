"""Converts the places of the analysis to the user's: cells, pages, and the other modules of a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint import escaping
from gradlint.finding import Position
from gradlint.lines import cell, named

if TYPE_CHECKING:
    from gradlint.flow.facts import Cause, Claim, Part, Span
    from gradlint.message import Message
    from gradlint.sources.source import Source


@dataclass(frozen=True, slots=True)
class UserPlace:
    """A place as the user counts it.

    Attributes:
        path: The file; None for the one that is linted.
        cell: The notebook cell's index over all cells, from 0, or None.
        position: The line and the column.
    """

    path: str | None
    cell: int | None
    position: Position


class Places:
    """Turns places of a program and of the modules that it was followed into to the user's.

    Args:
        source: The text that is linted.
        parts: The modules, whose lines follow those of the program.
    """

    def __init__(self, source: Source, parts: tuple[Part, ...]) -> None:
        self.source = source
        self._parts = parts
        self._own = parts[0].first if parts else None

    def start(self, span: Span) -> UserPlace:
        """Where a span begins."""
        return self._place(span.line, span.column)

    def end(self, span: Span) -> UserPlace:
        """Where a span ends."""
        return self._place(span.end_line, span.end_column)

    def end_of_line(self, line: int) -> Position:
        """The end of a line of the linted program."""
        return self.source.locate(line, len(self.source.lines[line - 1]))[1]

    def is_elsewhere(self, span: Span) -> bool:
        """Whether a span lies in another module than the one that is linted."""
        return self._own is not None and span.line > self._own

    def text(self, span: Span) -> str:
        """The text of the first line of a span in another module, to the span's end if it lies there."""
        part = self._part(span.line)
        line = part.lines[span.line - part.first - 1]
        return line[span.column : span.end_column if span.end_line == span.line else None].decode(errors="replace")

    def sentence(self, message: Message, claim: Claim[Cause]) -> str:
        """A message as one sentence with its lines named; one about another module begins with the place there."""
        if claim.site is None:
            return message.sentence
        part = self._part(claim.span.line)
        return f"in {escaping.name(part.path)}, line {claim.span.line - part.first}: {message.sentence}"

    def named(self, text: str) -> str:
        """A text with its lines named as the user counts them."""
        return named(text, self._line)

    def _line(self, line: int) -> str:
        place = self._place(line, 0)
        if place.path is not None:
            return f"line {place.position.line} of {place.path}"
        return (
            f"line {place.position.line}" if place.cell is None else f"line {place.position.line} of {cell(place.cell)}"
        )

    def _place(self, line: int, column: int) -> UserPlace:
        """The place of a line and a column in UTF-8 bytes."""
        if self._own is not None and line > self._own:
            part = self._part(line)
            before = part.lines[line - part.first - 1][:column].decode(errors="replace")
            return UserPlace(part.path, None, Position(line - part.first, len(before) + 1))
        cell, position = self.source.locate(line, self.source.characters(line, column))
        return UserPlace(None, cell, position)

    def _part(self, line: int) -> Part:
        return next(part for part in reversed(self._parts) if part.first < line)
