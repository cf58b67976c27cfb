"""Findings grouped by file, with aligned locations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import name
from gradlint.reporting.report import FileError, is_refuted, place
from gradlint.reporting.style import wrap
from gradlint.reporting.summary import summary

if TYPE_CHECKING:
    from gradlint.finding import Finding
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render each file's errors and findings, then a summary."""
    blocks = []
    for path, items in report.by_path().items():
        if not items:
            continue
        width = max(len(_where(item)) for item in items)
        rows = [style.paint(name(path), "strong")]
        for item in items:
            rows += _rows(item, width, style)
        blocks.append(rows)
    if report.listed:
        from gradlint.reporting.connected import blocks as connected

        blocks += connected(report, style)
    if last := list(summary(report, style)):
        blocks.append(last)
    return "\n\n".join("\n".join(block) for block in blocks) + "\n" * bool(blocks)


def _where(item: Finding | FileError) -> str:
    return place("", item.cell, item.location).removeprefix(":")


def _rows(item: Finding | FileError, width: int, style: Style) -> list[str]:
    lead = f"  {_where(item):<{width}}  "
    if isinstance(item, FileError):
        first, *others = wrap(item.message, style.width, f"{lead}error: ", " " * len(lead))
        return [lead + style.severity("error", "error") + first[len(lead) + len("error") :], *others]
    verdict = f" ({item.confirmation.status})" if item.confirmation else ""
    head = f"{item.severity}[{item.code}]"
    painted = style.paint(head, "dim") if is_refuted(item) else style.severity(head, item.severity)
    rows = [f"{lead}{painted} {item.name}{verdict}"]
    rows += [style.prose(row) for row in wrap(item.message, style.width, " " * len(lead))]
    return rows
