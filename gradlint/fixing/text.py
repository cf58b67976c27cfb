"""Edits in the user's places, applied to the text that the user has: Python, Markdown or a notebook's JSON.

What lies outside an edit keeps every character. A line end inside an edit's content takes the form that the
lines around it have, and in Markdown the prefix (``> `` or an indentation) of the fence that it stands in.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from gradlint.finding import Position
from gradlint.fixing.notebook import Notebook
from gradlint.fixing.splices import Splice, overlap, splice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradlint.finding import Edit
    from gradlint.sources.source import Source

_LINE_END = re.compile(r"\r\n|\r|\n")


class EditError(ValueError):
    """Edits that overlap, or that point at a place which the text does not have."""


class Text:
    """A file's or a notebook cell's text, with the way from places to offsets and back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._ends = [match.span() for match in _LINE_END.finditer(text)]
        self._starts = [0, *(end for _, end in self._ends)]

    @property
    def count(self) -> int:
        """How many lines the text has; what follows the last line end is one, too."""
        return len(self._starts)

    def offset(self, place: Position) -> int:
        """The offset of a place.

        Raises:
            EditError: If the text has no such place.
        """
        if not 1 <= place.line <= len(self._starts):
            raise EditError(f"the text has no line {place.line}")
        start, stop = self._bounds(place.line)
        offset = start + place.column - 1
        if not start <= offset <= stop:
            raise EditError(f"line {place.line} has no column {place.column}")
        return offset

    def place(self, offset: int) -> Position:
        """The place of an offset."""
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """A line without its end; the empty string where there is none."""
        if not 1 <= number <= len(self._starts):
            return ""
        start, stop = self._bounds(number)
        return self.text[start:stop]

    def line_end(self, number: int) -> str:
        """How the lines around a line end: its own end, else the one before it, else a line feed."""
        for index in (number - 1, number - 2):
            if 0 <= index < len(self._ends):
                start, stop = self._ends[index]
                return self.text[start:stop]
        return "\n"

    def _bounds(self, line: int) -> tuple[int, int]:
        stop = self._ends[line - 1][0] if line <= len(self._ends) else len(self.text)
        return self._starts[line - 1], stop


def texts(source: Source) -> dict[int | None, Text]:
    """The texts that a source's findings point into: by cell for a notebook, else the one text under None."""
    if source.kind == "notebook":
        return {index: Text(text) for index, text in Notebook(source.text).texts.items()}
    return {None: Text(source.text)}


def splices(source: Source, edits: Iterable[Edit]) -> dict[int | None, list[Splice]]:
    """Edits as offsets, by cell, in the order of the text.

    Raises:
        EditError: If one points at a place that is not there, or if two overlap.
    """
    of_cell = texts(source)
    made: dict[int | None, list[Splice]] = {}
    for edit in edits:
        text = of_cell.get(edit.cell)
        if text is None:
            raise EditError(f"the source has no cell {edit.cell}")
        start, end = text.offset(edit.location), text.offset(edit.end_location)
        if start > end:
            raise EditError("an edit ends before it begins")
        made.setdefault(edit.cell, []).append(Splice(start, end, _content(source, text, edit)))
    for cell in made.values():
        cell.sort()
        for before, after in pairwise(cell):
            if overlap(before, after):
                raise EditError("two edits overlap")
    return made


def edited(source: Source, edits: Iterable[Edit]) -> str:
    """A source's raw text with edits applied.

    Raises:
        EditError: If an edit points at a place that is not there, or if two overlap.
    """
    changes = splices(source, edits)
    if source.kind == "notebook":
        return Notebook(source.text).edited({cell: found for cell, found in changes.items() if cell is not None})
    return splice(source.text, changes.get(None, []))


def shifted(before: Source, changes: Sequence[Splice], after: Source, cell: int | None, place: Position) -> Position:
    """Where a place went when splices were applied to its text."""
    offset = texts(before)[cell].offset(place)
    new = offset
    for change in changes:
        if change.end <= offset:
            new += len(change.content) - (change.end - change.start)
        elif change.start < offset < change.end:
            new -= offset - change.start
    return texts(after)[cell].place(new)


def _content(source: Source, text: Text, edit: Edit) -> str:
    content = _LINE_END.sub("\n", edit.content)
    if "\n" not in content:
        return content
    prefix = text.line(edit.location.line)[: _margin(source, edit)]
    return content.replace("\n", text.line_end(edit.location.line) + prefix)


def _margin(source: Source, edit: Edit) -> int:
    """How many characters of the user's line lie left of the program's."""
    for segment in source.segments:
        if segment.cell == edit.cell and segment.line <= edit.location.line < segment.line + segment.count:
            return segment.column
    return 0
