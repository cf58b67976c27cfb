"""A notebook's JSON with the places of its cells' sources, so that an edit changes nothing else.

The JSON is never parsed and dumped again: the strings that hold the changed lines are the only ones rewritten.
Indentation, order of keys, escapes and the form of the source (a list of lines, or one string) stay.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradlint.fixing.splices import Splice

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)
_ESCAPED_BEYOND_ASCII = re.compile(r"\\u(?!00[0-7])[0-9a-fA-F]{4}")
_SOURCE_KEYS = ("source", "input")


@dataclass(slots=True)
class _String:
    """A JSON string at a place: what it says, and where each of its characters is written."""

    start: int
    end: int
    written: list[str]
    text: str

    @classmethod
    def at(cls, raw: str, start: int, end: int) -> _String:
        written = _CHARACTER.findall(raw, start + 1, end - 1)
        return cls(start, end, written, json.loads(raw[start:end], strict=False))


@dataclass(slots=True)
class _Cell:
    """A cell's source: its strings, and where the list that holds them begins (None for a single string)."""

    opening: int | None
    spans: list[tuple[int, int]] = field(default_factory=list)


class Notebook:
    """A notebook's text and its cells' sources, numbered over all cells from 0.

    Raises:
        ValueError: If the text is not JSON at the places that matter.
    """

    def __init__(self, raw: str) -> None:
        self._raw = raw
        self._cells = _cells(raw)

    @property
    def texts(self) -> dict[int, str]:
        """Each cell's source, whatever the cell's type."""
        return {
            index: "".join(json.loads(self._raw[start:end], strict=False) for start, end in cell.spans)
            for index, cell in self._cells.items()
        }

    def edited(self, changes: Mapping[int, Sequence[Splice]]) -> str:
        """The notebook's text with sorted splices applied to some cells' sources."""
        parts, at = [], 0
        for start, end, content in sorted(self._replacements(changes)):
            parts += [self._raw[at:start], content]
            at = end
        return "".join([*parts, self._raw[at:]])

    def _replacements(self, changes: Mapping[int, Sequence[Splice]]) -> Iterator[tuple[int, int, str]]:
        for index, splices in changes.items():
            cell = self._cells[index]
            strings = [_String.at(self._raw, start, end) for start, end in cell.spans]
            for first, last, among in _runs(strings, splices):
                yield self._rewritten(cell, strings, first, last, among)

    def _rewritten(
        self, cell: _Cell, strings: list[_String], first: int, last: int, among: Sequence[Splice]
    ) -> tuple[int, int, str]:
        """The replacement of the strings from ``first`` to ``last``, whose text some splices change."""
        base = sum(len(string.text) for string in strings[:first])
        run = strings[first : last + 1]
        text = "".join(string.text for string in run)
        written = [one for string in run for one in string.written]
        of_string = [number for number, string in enumerate(run) for _ in string.text] + [len(run) - 1]
        new_text, new_written, new_of, at = "", [], [], 0
        for change in among:
            start, end = change.start - base, change.end - base
            new_text += text[at:start] + change.content
            new_written += written[at:start] + [self._escaped(one) for one in change.content]
            new_of += of_string[at:start] + [of_string[start]] * len(change.content)
            at = end
        new_text += text[at:]
        new_written += written[at:]
        new_of += of_string[at:-1]
        begin, stop = strings[first].start, strings[last].end
        if cell.opening is None:
            return begin, stop, f'"{"".join(new_written)}"'
        by_line = all("\n" not in string.text[:-1] for string in strings) and all(
            string.text.endswith("\n") for string in strings[:-1]
        )
        parts = _lines(new_text, new_written) if by_line else _grouped(new_of, new_written)
        made = [f'"{"".join(part)}"' for part in parts]
        if not made:
            if first > 0:
                return strings[first - 1].end, stop, ""
            if last + 1 < len(strings):
                return begin, strings[last + 1].start, ""
            made = ['""']
        separator = (
            self._raw[strings[0].end : strings[1].start]
            if len(strings) > 1
            else "," + self._raw[cell.opening + 1 : strings[0].start]
        )
        return begin, stop, separator.join(made)

    def _escaped(self, character: str) -> str:
        return json.dumps(character, ensure_ascii=self._ascii)[1:-1]

    @cached_property
    def _ascii(self) -> bool:
        """Whether the notebook escapes what is not ASCII."""
        return self._raw.isascii() and _ESCAPED_BEYOND_ASCII.search(self._raw) is not None


def _lines(text: str, written: Sequence[str]) -> Iterator[Sequence[str]]:
    """The written characters of each line, its end included."""
    start = 0
    for index, character in enumerate(text, 1):
        if character == "\n":
            yield written[start:index]
            start = index
    if start < len(text):
        yield written[start:]


def _grouped(of_string: Sequence[int], written: Sequence[str]) -> Iterator[Sequence[str]]:
    """The written characters of each string, where the strings are no lines."""
    for number in sorted(set(of_string)):
        yield [one for one, of in zip(written, of_string, strict=True) if of == number]


def _runs(strings: list[_String], splices: Sequence[Splice]) -> list[tuple[int, int, list[Splice]]]:
    """The runs of strings that splices change, each run with its splices, none overlapping another."""
    starts = [0]
    for string in strings:
        starts.append(starts[-1] + len(string.text))
    total = starts.pop()
    runs: list[tuple[int, int, list[Splice]]] = []
    for change in splices:
        first = min(bisect_right(starts, change.start), len(strings)) - 1
        last = first if change.end == change.start else max(first, bisect_right(starts, change.end - 1) - 1)
        open_ended = change.end == (starts[last + 1] if last + 1 < len(strings) else total)
        if open_ended and change.end > change.start and not change.content.endswith("\n") and last + 1 < len(strings):
            last += 1
        if runs and first <= runs[-1][1]:
            before = runs.pop()
            first, last = before[0], max(before[1], last)
            runs.append((first, last, [*before[2], change]))
        else:
            runs.append((first, last, [change]))
    return runs


def _cells(raw: str) -> dict[int, _Cell]:
    """The sources of a notebook's cells, by their index over all cells.

    The formats 4 (``cells[i].source``) and 3 (``worksheets[w].cells[i].input``, ``source`` for text) are known.

    Raises:
        ValueError: If it is not JSON.
    """
    reader = _CellReader()
    for match in _TOKEN.finditer(raw):
        reader.take(match)
    return {index: cell for index, cell in reader.found.items() if cell.spans}


class _CellReader:
    """Reads a notebook token by token, and notes where the sources of its cells stand."""

    def __init__(self) -> None:
        self.found: dict[int, _Cell] = {}
        self._numbers: dict[tuple[object, ...], int] = {}
        self._path: list[object] = []
        self._is_key = False

    def take(self, match: re.Match[str]) -> None:
        """Go on by one token."""
        kind = match[0][0]
        if kind == "{":
            self._open_object()
        elif kind == "[":
            self._open_list(match.start())
        elif kind in "}]":
            self._close()
        elif kind == ",":
            self._go_on()
        elif kind == ":":
            self._is_key = False
        elif kind == '"':
            self._text(match)

    def _open_object(self) -> None:
        if _is_cell(self._path):
            self._numbers.setdefault(tuple(self._path), len(self._numbers))
        self._path.append("")
        self._is_key = True

    def _open_list(self, start: int) -> None:
        if _is_source(self._path):
            self.found[self._numbers[tuple(self._path[:-1])]] = _Cell(start)
        self._path.append(0)
        self._is_key = False

    def _close(self) -> None:
        if not self._path:
            raise ValueError("the notebook is not JSON")
        self._path.pop()
        self._is_key = False

    def _go_on(self) -> None:
        last = self._path[-1] if self._path else None
        if isinstance(last, int):
            self._path[-1] = last + 1
        else:
            self._is_key = True

    def _text(self, match: re.Match[str]) -> None:
        path = self._path
        if self._is_key:
            path[-1] = json.loads(match[0], strict=False)
        elif _is_source(path):
            self.found[self._numbers[tuple(path[:-1])]] = _Cell(None, [match.span()])
        elif len(path) > 1 and isinstance(path[-1], int) and _is_source(path[:-1]):
            self.found[self._numbers[tuple(path[:-2])]].spans.append(match.span())


def _is_cell(path: list[object]) -> bool:
    if len(path) == 2:
        return path[0] == "cells"
    return len(path) == 4 and path[0] == "worksheets" and path[2] == "cells"


def _is_source(path: list[object]) -> bool:
    return bool(path) and path[-1] in _SOURCE_KEYS and _is_cell(path[:-1])
