"""Markdown, for a job summary (``GITHUB_STEP_SUMMARY``) or a comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import code, markdown, name
from gradlint.reporting.report import evidence, place
from gradlint.reporting.style import Style
from gradlint.reporting.summary import summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.finding import Finding
    from gradlint.reporting.report import FileError, Report

_MOST = 200
"""How many findings are listed: GitHub rejects a summary of more than a megabyte."""


def render(report: Report, style: Style) -> str:
    """Render a sentence that sums up the findings, then one table per file."""
    rows = ["## gradlint", "", *(f"{markdown(row)}  " for row in summary(report, Style()))]
    shown = report.claims[:_MOST]
    paths = [*(error.path for error in report.errors), *(finding.path for finding in shown)]
    for path in dict.fromkeys(paths):
        rows += ["", f"### {code(name(path))}", "", "| place | rule | what |", "| --- | --- | --- |"]
        rows += [_error(error) for error in report.errors if error.path == path]
        rows += [_finding(finding) for finding in shown if finding.path == path]
    rows += _rest(report)
    return "\n".join(rows) + "\n"


def _rest(report: Report) -> Iterator[str]:
    if (more := len(report.claims) - _MOST) > 0:
        yield ""
        yield f"... and {more} more"


def _finding(finding: Finding) -> str:
    where = place("", finding.cell, finding.location).removeprefix(":")
    rule = f"[{finding.code}]({finding.url})" if finding.url else finding.code
    text = markdown(finding.message)
    if finding.confirmation is not None:
        text += f"<br>**{finding.confirmation.status}**: {markdown(evidence(finding.confirmation))}"
    return f"| {where} | {finding.severity} {rule} {finding.name} | {_cell(text)} |"


def _error(error: FileError) -> str:
    where = place("", error.cell, error.location).removeprefix(":") or "-"
    return f"| {where} | not checked | {_cell(markdown(error.message))} |"


def _cell(text: str) -> str:
    """A text in a table cell; a bar in code would end the cell."""
    return text.replace("\n", "<br>").replace("\\|", "|").replace("|", "\\|")
