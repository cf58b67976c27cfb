"""Jupyter notebooks (nbformat 3 and 4): their code cells, in order, as one program."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlint.finding import Position
from gradlint.sources.ipython import to_python
from gradlint.sources.problem import Problem
from gradlint.sources.source import Segment, Source, segments_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SURROGATES = re.compile("[\ud800-\udfff]")
_OTHER_KERNELS = re.compile(
    r"(?i)(ir|julia|xcpp|xc|scala|almond|javascript|tslab|deno|ruby|bash|sql|octave|matlab|sos)\b"
)


class NotebookError(ValueError):
    """A text is not a notebook; the message says why."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a notebook.

    Attributes:
        index: Its index over all cells, from 0.
        kind: ``code``, ``markdown``, ``raw`` or what else the notebook calls it.
        source: Its source as one text.
        language: Its language, or that of the notebook; "" where neither names one.
    """

    index: int
    kind: str
    source: str
    language: str = ""

    @property
    def is_python(self) -> bool:
        """Whether it is code that a Python kernel runs; a notebook that names no language is Python."""
        named = self.language.lower()
        return self.kind == "code" and (not named or named.startswith(("python", "ipython")))


def cells(text: str) -> list[Cell]:
    """A notebook's cells in order.

    Args:
        text: The notebook's JSON, of nbformat 3 or 4.

    Raises:
        NotebookError: If the text is not JSON, or not a notebook.
    """
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotebookError(f"not a notebook: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except ValueError as error:  # Such as a number of more digits than Python turns into one.
        raise NotebookError(f"not a notebook: {error}") from None
    except RecursionError:
        raise NotebookError("not a notebook: too deeply nested") from None
    if not isinstance(notebook, dict) or not ("cells" in notebook or "worksheets" in notebook):
        raise NotebookError("not a notebook: it has no cells")
    language = _language(notebook.get("metadata"))
    found = enumerate(_records(notebook))
    return [_cell(index, record, language) for index, record in found]


def program(text: str, path: str, encoding: str = "utf-8") -> Source:
    """The source that a notebook's code cells make; it has no code where its language is not Python.

    A cell that is not Python is blank in the program and a problem of the source.

    Raises:
        NotebookError: If the text is not a notebook.
    """
    lines: list[str] = []
    segments: list[Segment] = []
    problems: list[Problem] = []
    for cell in cells(text):
        if not cell.is_python:
            continue
        python = to_python(cell.source)
        if python.error is not None:
            error = python.error
            where = Position(max(error.lineno or 1, 1), max(error.offset or 1, 1))
            problems.append(Problem("syntax", f"syntax error: {error.msg}", cell.index, where))
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


def _records(notebook: dict[str, Any]) -> Iterator[Any]:
    """The cells as the notebook holds them; nbformat 3 keeps them in worksheets."""
    sheets = notebook.get("worksheets")
    for holder in [notebook, *(sheets if isinstance(sheets, list) else [])]:
        held = holder.get("cells") if isinstance(holder, dict) else None
        if isinstance(held, list):
            yield from held


def _cell(index: int, record: Any, language: str) -> Cell:
    if not isinstance(record, dict):
        return Cell(index, "", "", language)
    source = record.get("source", record.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        source = ""
    own = record.get("language")
    kind = str(record.get("cell_type", ""))
    return Cell(index, kind, _SURROGATES.sub("\ufffd", source), own if isinstance(own, str) else language)


def _language(metadata: Any) -> str:
    """The language that a notebook's metadata names, or "" where it names none."""
    if not isinstance(metadata, dict):
        return ""
    for table, key in (("language_info", "name"), ("kernelspec", "language")):
        value = metadata.get(table)
        if isinstance(value, dict) and isinstance(value.get(key), str) and value[key]:
            return str(value[key])
    kernel = metadata.get("kernelspec")
    name = kernel.get("name") if isinstance(kernel, dict) else None
    other = _OTHER_KERNELS.match(name) if isinstance(name, str) else None
    return other[1] if other is not None else ""
