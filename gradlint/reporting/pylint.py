"""One line per finding, like pylint's parseable output: ``path:line: [GT201] message``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import line, name
from gradlint.reporting.report import place

if TYPE_CHECKING:
    from gradlint.finding import Position
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render errors and findings, one line each; refuted findings are left out."""
    rows = [f"{_line(e.path, e.cell, e.location)}: [not-checked] {line(e.message)}" for e in report.errors]
    rows += [
        f"{_line(f.path, f.cell, f.location)}: [{f.code}] {_within(f.cell, f.location)}{line(f.message)}"
        for f in report.claims
    ]
    return "".join(f"{row}\n" for row in rows)


def _line(path: str, cell: int | None, location: Position | None) -> str:
    """The file with the line; readers of this format do not know cells, so a notebook gets its first line."""
    return f"{name(path)}:{1 if location is None or cell is not None else location.line}"


def _within(cell: int | None, location: Position) -> str:
    return "" if cell is None else f"{place('', cell, location).removeprefix(':')}: "
