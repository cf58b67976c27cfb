"""Sources and findings made by hand, for the tests that need no rule and no analysis."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from gradlint.finding import Applicability, Edit, Finding, Fix, Gradient, Position
from gradlint.fixing.text import Text, texts
from gradlint.sources.read import from_text

if TYPE_CHECKING:
    from gradlint.sources.source import Source


def source(text: str, path: str = "a.py") -> Source:
    return from_text(text, path)


def reader(path: str) -> Any:
    return lambda text: from_text(text, path)


def notebook(cells: list[str | list[str]], **form: Any) -> str:
    """A notebook of code cells, each a single string or a list of lines."""
    record = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{number}",
                "metadata": {"tags": ["source"], "source": ["x"]},
                "outputs": [{"name": "stdout", "output_type": "stream", "text": ["\u001b[1m1.0\n"]}],
                "source": cell,
            }
            for number, cell in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3"}, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(record, **({"indent": 1, "ensure_ascii": False} | form)) + "\n"


def lines(text: str) -> list[str]:
    """A cell's text as the list of lines that a notebook holds."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def edit(text: Text, start: int, end: int, content: str, cell: int | None = None) -> Edit:
    return Edit(cell, text.place(start), text.place(end), content)


def renaming(old: str, new: str, applicability: Applicability = "safe", code: str = "GT201") -> Any:
    """A check that finds every ``old`` and has a fix that writes ``new``."""

    def check(given: Source) -> list[Finding]:
        found = []
        for cell, text in texts(given).items():
            for match in re.finditer(re.escape(old), text.text):
                change = edit(text, match.start(), match.end(), new, cell)
                found.append(finding(given.path, code, change, applicability))
        return found

    return check


def finding(
    path: str, code: str, change: Edit, applicability: Applicability = "safe", name: str = "numpy-call"
) -> Finding:
    return Finding(
        code=code,
        name=name,
        severity="error",
        message="Lost.",
        path=path,
        cell=change.cell,
        location=change.location,
        end_location=change.end_location,
        fix=Fix(applicability, "Change it", (change,)),
    )


def gradient(line: int, column: int = 1, cell: int | None = None) -> Gradient:
    return Gradient(cell, line, column, "gradient", "y", "x", "none")


def at(path: str, line: int, code: str = "GT201", cell: int | None = None, end: int | None = None) -> Finding:
    """A finding without a fix, on a line."""
    return Finding(
        code, "numpy-call", "error", "Lost.", path, cell, Position(line, 1), Position(end or line, 2), (gradient(line),)
    )
