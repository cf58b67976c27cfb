"""From a snapshot to its result: the source that the engine takes, the findings under the settings, the calls."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING

from gradlint import checking
from gradlint.finding import Position
from gradlint.flow.analysis import analyse
from gradlint.server.results import Result, calls_of
from gradlint.sources.read import NEEDLES, from_text
from gradlint.sources.source import Problem, Source

if TYPE_CHECKING:
    from gradlint.server.documents import Snapshot
    from gradlint.settings import Settings

logger = logging.getLogger(__name__)

_SURROGATE = re.compile("[\ud800-\udfff]")
_NEEDLES = tuple(needle.decode() for needle in NEEDLES)
_SUFFIX = {"python": ".py", "markdown": ".md", "notebook": ".ipynb"}


def source_of(snapshot: Snapshot) -> Source:
    """The source that a snapshot is, of the kind that the client says and not of its file's suffix.

    Unpaired surrogates, which a client can send but no file can hold, become the replacement character.
    """
    path = "untitled" if snapshot.path is None else snapshot.path.as_posix()
    if snapshot.kind == "notebook":
        text = _notebook([_clean(text.content) for text in snapshot.texts])
    else:
        text = _clean(snapshot.texts[0].content)
    return read(text, path, snapshot.kind)


def read(text: str, path: str, kind: str) -> Source:
    """A source of a kind, whatever the path's suffix."""
    if kind == "python":
        return Source(path, "python", text, text)
    suffix = _SUFFIX[kind]
    return from_text(text, path if path.endswith(suffix) else path + suffix)


def compute(snapshot: Snapshot, settings: Settings) -> Result:
    """Analyse a snapshot; never raises: what fails is logged and said in the result's problems."""
    source = source_of(snapshot)
    if not any(needle in source.code for needle in _NEEDLES):
        return Result(snapshot, source)
    try:
        facts = analyse(source.code)
    except SyntaxError as error:
        cell, where = source.locate(max(error.lineno or 1, 1), max((error.offset or 1) - 1, 0))
        return Result(snapshot, source, problems=(Problem("syntax", f"syntax error: {error.msg}", cell, where),))
    except Exception as error:
        logger.exception("%s: the analysis failed", source.path)
        return Result(snapshot, source, problems=(_internal(error),))
    try:
        checked = checking.check(source, settings, facts)
        return Result(snapshot, source, checked.findings, calls_of(source, facts), checked.problems)
    except Exception as error:
        logger.exception("%s: the check failed", source.path)
        return Result(snapshot, source, problems=(_internal(error),))


def _internal(error: Exception) -> Problem:
    return Problem("internal", f"gradlint failed: {type(error).__name__}: {error}", None, Position(1, 1))


def _clean(text: str) -> str:
    return _SURROGATE.sub("�", text)


def _notebook(cells: list[str]) -> str:
    """The cells as a notebook's text, so that they are read exactly as a notebook's file is."""
    return json.dumps(
        {
            "cells": [
                {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": cell}
                for cell in cells
            ],
            "metadata": {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )
