"""A fix as removed and added lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.reporting.style import LONGEST, columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.finding import Edit, Finding
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style

_MOST = 12


def patch(finding: Finding, report: Report, style: Style, gutter: int) -> Iterator[str]:
    """The changed lines of a finding's fix; nothing if the text is unavailable or the change is long."""
    rows = changed(finding, report)
    if not 0 < len(rows) <= _MOST:
        return
    yield style.paint(" " * gutter + " |", "frame")
    for _, number, sign, text in rows:
        shown, _ = columns(text if len(text) <= LONGEST else text[:LONGEST] + "...")
        line = f"{sign} {shown}".rstrip()
        yield style.paint(f"{number:>{gutter}} ", "frame") + style.paint(line, "added" if sign == "+" else "removed")


def changed(finding: Finding, report: Report) -> list[tuple[int | None, int, str, str]]:
    """The lines that a finding's fix removes and adds: cell, number, ``-`` or ``+``, text; none without the text."""
    rows: list[tuple[int | None, int, str, str]] = []
    edits = () if finding.fix is None else finding.fix.edits
    for cell in sorted({edit.cell for edit in edits}, key=lambda cell: -1 if cell is None else cell):
        lines = report.lines(finding.path, cell)
        here = [edit for edit in edits if edit.cell == cell]
        if any(edit.end_location.line > len(lines) for edit in here):
            return []
        rows += [(cell, *row) for row in _changes(lines, here)]
    return rows


def _changes(lines: Sequence[str], edits: Sequence[Edit]) -> Iterator[tuple[int, str, str]]:
    """The removed and added lines, as (number, sign, text); edits on neighbouring lines are grouped."""
    grown = 0
    for group in _groups(edits):
        first, last = group[0].location.line, max(edit.end_location.line for edit in group)
        old = list(lines[first - 1 : last])
        new = _apply(old, first, group)
        while old and new and old[0] == new[0]:
            old, new, first = old[1:], new[1:], first + 1
        while old and new and old[-1] == new[-1]:
            old, new = old[:-1], new[:-1]
        for offset, text in enumerate(old):
            yield first + offset, "-", text
        for offset, text in enumerate(new):
            yield first + grown + offset, "+", text
        grown += len(new) - len(old)


def _groups(edits: Sequence[Edit]) -> list[list[Edit]]:
    groups: list[list[Edit]] = []
    for edit in sorted(edits, key=lambda edit: (edit.location, edit.end_location)):
        if groups and edit.location.line <= max(other.end_location.line for other in groups[-1]):
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups


def _apply(old: Sequence[str], first: int, edits: Sequence[Edit]) -> list[str]:
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line) + 1)
    text = "\n".join(old)
    for edit in reversed(edits):
        start = starts[edit.location.line - first] + edit.location.column - 1
        end = starts[edit.end_location.line - first] + edit.end_location.column - 1
        text = text[:start] + edit.content + text[end:]
    return text.split("\n")
