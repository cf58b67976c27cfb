"""Jupyter notebooks (nbformat 3 and 4): their cells with the place of each one's source, and the program they make."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gradlint.finding import Position
from gradlint.sources.ipython import to_python
from gradlint.sources.source import Problem, Segment, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_SURROGATES = re.compile("[\ud800-\udfff]")


class NotebookError(ValueError):
    """A text is not a notebook; the message says why."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a notebook.

    Attributes:
        index: Its index over all cells, from 0.
        kind: ``code``, ``markdown``, ``raw`` or what else the notebook calls it.
        source: Its source as one text.
        start: Where the JSON value of its source begins in the notebook's text; -1 where it has none.
        end: Where that value ends.
        language: The cell's own language (nbformat 3), else "".
    """

    index: int
    kind: str
    source: str
    start: int = -1
    end: int = -1
    language: str = ""


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook's text, its cells in order and its language ("" where it names none)."""

    text: str
    cells: tuple[Cell, ...]
    language: str

    def replace(self, sources: Mapping[int, str]) -> str:
        """The notebook's text with some cells' sources replaced and every other character as it was.

        Args:
            sources: New sources by the cells' indexes.

        Raises:
            KeyError: If there is no such cell, or it has no source to replace.
        """
        places = {cell.index: cell for cell in self.cells if cell.start >= 0}
        parts: list[str] = []
        at = 0
        for index in sorted(sources):
            cell = places[index]
            parts += [self.text[at : cell.start], _render(self.text, cell, sources[index])]
            at = cell.end
        parts.append(self.text[at:])
        return "".join(parts)


def parse(text: str) -> Notebook:
    """Read a notebook's text.

    Args:
        text: The notebook's JSON, of nbformat 3 or 4.

    Raises:
        NotebookError: If the text is not JSON, or not a notebook.
    """
    try:
        return _parse(text)
    except json.JSONDecodeError as error:
        raise NotebookError(f"not a notebook: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise NotebookError("not a notebook: too deeply nested") from None
    except ValueError as error:
        raise NotebookError(f"not a notebook: {error}") from None


def program(text: str, path: str, encoding: str = "utf-8") -> Source:
    """The source that a notebook's code cells make, in order; it has no code where its language is not Python.

    Raises:
        NotebookError: If the text is not a notebook.
    """
    notebook = parse(text)
    lines: list[str] = []
    segments: list[Segment] = []
    problems: list[Problem] = []
    for cell in notebook.cells:
        if cell.kind != "code" or not is_python(cell.language or notebook.language):
            continue
        python = to_python(_SURROGATES.sub("\ufffd", cell.source))
        if python.error is not None:
            problems.append(problem(python.error, cell.index))
        segments += segments_of(len(lines) + 1, 1, python.columns, cell.index)
        lines += python.lines
    code = "".join(line + "\n" for line in lines)
    return Source(path, "notebook", text, code, tuple(segments), encoding, tuple(problems))


def of_cells(cells: Iterable[str]) -> str:
    """The text of a notebook with some Python cells, for whoever has cells but no file: an editor, a kernel."""
    made: list[dict[str, Any]] = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": cell} for cell in cells
    ]
    language = {"language_info": {"name": "python"}}
    return json.dumps({"cells": made, "metadata": language, "nbformat": 4, "nbformat_minor": 5})


def problem(error: SyntaxError, cell: int | None = None) -> Problem:
    """A syntax error as a problem at its place."""
    where = Position(max(error.lineno or 1, 1), max(error.offset or 1, 1))
    return Problem("syntax", f"syntax error: {error.msg}", cell, where)


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


def is_python(language: str) -> bool:
    """Whether a kernel's or a cell's language is Python; an unnamed one is."""
    return not language or language.lower().startswith(("python", "ipython", "pyolite"))


def _parse(text: str) -> Notebook:
    kernel: dict[str, Any] = {}
    cells: list[Cell] = []
    found = False
    for key, at in _members(text, _skip(text, 0)):
        if key == "metadata":
            value, _ = _DECODER.raw_decode(text, at)
            kernel = value if isinstance(value, dict) else {}
        elif key == "cells" and text[at] == "[":
            found = True
            cells += _cells(text, at, len(cells))
        elif key == "worksheets" and text[at] == "[":
            found = True
            for sheet in _items(text, at):
                for name, place in _members(text, sheet):
                    if name == "cells" and text[place] == "[":
                        cells += _cells(text, place, len(cells))
    if not found:
        raise ValueError("it has no cells")
    return Notebook(text, tuple(cells), _language(kernel))


def _cells(text: str, at: int, first: int) -> list[Cell]:
    return [_cell(text, place, first + index) for index, place in enumerate(_items(text, at))]


def _cell(text: str, at: int, index: int) -> Cell:
    kind = language = source = ""
    start = end = -1
    for key, place in _members(text, at):
        if key in ("cell_type", "language", "source", "input"):
            value, after = _DECODER.raw_decode(text, place)
            if key == "cell_type":
                kind = str(value)
            elif key == "language":
                language = str(value)
            elif start < 0:
                source, start, end = _joined(value), place, after
    return Cell(index, kind, source, start, end, language)


def _joined(value: object) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _language(metadata: dict[str, Any]) -> str:
    for table, key in (("language_info", "name"), ("kernelspec", "language"), ("kernelspec", "name")):
        value = metadata.get(table)
        if isinstance(value, dict) and isinstance(value.get(key), str) and value[key]:
            name = str(value[key])
            if (table, key) == ("kernelspec", "name"):
                return _kernel_language(name)
            return name
    return ""


def _kernel_language(kernel: str) -> str:
    """The language of a kernel that a notebook names without saying its language; users' own names are Python's."""
    other = re.match(r"(?i)(ir|julia|xcpp|xc|scala|almond|javascript|deno|ruby|bash|sql|octave|matlab|sos)\b", kernel)
    return other[1] if other is not None else ""


def _skip(text: str, at: int) -> int:
    """The place of the next character that is not white space."""
    match = _SPACE.match(text, at)
    place = match.end() if match is not None else at
    if place >= len(text):
        raise json.JSONDecodeError("unexpected end of the text", text, len(text))
    return place


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Each key of the JSON object at a place, with the place of its value."""
    if text[at] != "{":
        raise json.JSONDecodeError("expected an object", text, at)
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        if not isinstance(key, str):
            raise json.JSONDecodeError("expected a key", text, at)
        at = _skip(text, at)
        if text[at] != ":":
            raise json.JSONDecodeError("expected ':'", text, at)
        at = _skip(text, at + 1)
        yield key, at
        at = _next(text, _DECODER.raw_decode(text, at)[1], "}")


def _items(text: str, at: int) -> Iterator[int]:
    """The place of each item of the JSON array at a place."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        yield at
        at = _next(text, _DECODER.raw_decode(text, at)[1], "]")


def _next(text: str, at: int, close: Literal["}", "]"]) -> int:
    """The place of the next member or item, or of the closing bracket."""
    at = _skip(text, at)
    if text[at] == ",":
        return _skip(text, at + 1)
    if text[at] != close:
        raise json.JSONDecodeError(f"expected ',' or '{close}'", text, at)
    return at


def _render(text: str, cell: Cell, source: str) -> str:
    """A new source in the JSON style of the one it replaces: list or string, indent, escapes."""
    old = text[cell.start : cell.end]
    ascii_only = old.isascii() and not cell.source.isascii()
    if not old.startswith("["):
        return json.dumps(source, ensure_ascii=ascii_only)
    parts = [json.dumps(line, ensure_ascii=ascii_only) for line in _keep_ends(source)]
    if not parts:
        return "[]"
    layout = re.match(r"\[(\s*)", old)
    last = re.search(r"(\s*)\]$", old)
    comma = re.search(r'"(,\s*)"', old)
    if len(json.loads(old)) > 1 and comma is not None:
        between = comma[1]
    elif layout is not None and layout[1]:
        between = "," + layout[1]
    else:
        between = _separator(text)
    opening = layout[1] if layout is not None else ""
    closing = last[1] if last is not None else ""
    if old.strip("[] \t\r\n") == "" and "\n" in text:
        line_start = text.rfind("\n", 0, cell.start) + 1
        indent = re.match(r"[ \t]*", text[line_start:])
        outer = indent[0] if indent is not None else ""
        opening, closing, between = f"\n{outer} ", f"\n{outer}", f",\n{outer} "
    return "[" + opening + between.join(parts) + closing + "]"


def _separator(text: str) -> str:
    return ", " if '", "' in text else ","


def _keep_ends(source: str) -> list[str]:
    """The source's lines with their ends, as notebooks list them."""
    return re.findall(r"[^\n]*\n|[^\n]+$", source)
