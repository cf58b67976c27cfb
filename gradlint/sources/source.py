"""One text to lint, as one Python program whose positions lead back to what the user sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from gradlint.finding import Position
from gradlint.sources.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.sources.files import Kind
    from gradlint.sources.project import Project

__all__ = ["Problem", "Segment", "Source", "segments_of"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of lines of the program that lie together in the user's text.

    Attributes:
        first: The segment's first line in the program, from 1.
        count: How many lines it has.
        line: The first line as the user counts it (within the cell, or within the page).
        column: How many characters the user's lines are further right than the program's.
        cell: The notebook cell's index over all cells, from 0, or None.
    """

    first: int
    count: int
    line: int
    column: int = 0
    cell: int | None = None


@dataclass(frozen=True)
class Source:
    """One text to lint.

    Attributes:
        path: The path as it is shown, with ``/``.
        kind: What sort of text it is.
        text: The text as it was read.
        code: The program: the text itself for a Python file; the code cells of a notebook or the fenced
            blocks of a page, in order, with what is not Python blanked out without moving a line.
        segments: Where the program's lines come from, in the order of the program; empty for a Python file,
            whose positions are the user's own.
        encoding: The codec that turns the text back into the file's bytes (``utf-8-sig`` where it has a BOM).
        problems: The parts that are not Python and were blanked: a notebook's cells with a syntax error.
        project: Where the modules that the program imports are looked for; None where they are unknown.
    """

    path: str
    kind: Kind
    text: str = field(repr=False)
    code: str = field(repr=False)
    segments: tuple[Segment, ...] = field(default=(), repr=False)
    encoding: str = "utf-8"
    problems: tuple[Problem, ...] = ()
    project: Project | None = field(default=None, repr=False, compare=False)

    @cached_property
    def lines(self) -> list[str]:
        """The program's lines, without their ends, split as Python's tokenizer splits them."""
        return self.code.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def characters(self, line: int, offset: int) -> int:
        """Turn an offset in UTF-8 bytes, as ``ast`` counts it, into one in characters, both from 0."""
        if not 1 <= line <= len(self.lines):
            return offset
        text = self.lines[line - 1]
        if text.isascii():
            return offset
        return len(text.encode()[:offset].decode(errors="ignore"))

    def locate(self, line: int, column: int) -> tuple[int | None, Position]:
        """The user's place for a place in the program.

        Args:
            line: The program's line, from 1.
            column: The program's column in characters, from 0.

        Returns:
            The notebook cell (or None) and the place, both as a finding counts them.
        """
        for segment in reversed(self.segments):
            if segment.first <= line:
                return segment.cell, Position(segment.line + line - segment.first, column + segment.column + 1)
        return None, Position(line, column + 1)

    def program_line(self, cell: int | None, line: int) -> int | None:
        """The program's line for a line of the user's, or None where that line is no part of the program."""
        if self.kind == "python":
            return line
        for segment in self.segments:
            if segment.cell == cell and segment.line <= line < segment.line + segment.count:
                return segment.first + line - segment.line
        return None


def segments_of(first: int, line: int, columns: list[int], cell: int | None) -> Iterator[Segment]:
    """The fewest segments for a run of lines whose columns are shifted line by line.

    Args:
        first: The run's first line in the program, from 1.
        line: Its first line as the user counts it.
        columns: For each line, how many characters the user's line is further right.
        cell: The notebook cell's index, or None.
    """
    start = 0
    for index in range(1, len(columns) + 1):
        if index == len(columns) or columns[index] != columns[start]:
            yield Segment(first + start, index - start, line + start, columns[start], cell)
            start = index
