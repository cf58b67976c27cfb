"""Workflow commands that GitHub Actions shows as annotations.

The commands and their escapes:
https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import workflow, workflow_property
from gradlint.reporting.report import evidence, place

if TYPE_CHECKING:
    from gradlint.finding import Finding, Severity
    from gradlint.reporting.report import FileError, Report
    from gradlint.reporting.style import Style

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report, style: Style) -> str:
    """Render one command per finding; a refuted one is a notice."""
    rows = [_error(error) for error in report.errors]
    rows += [_finding(finding, _LEVELS[finding.severity]) for finding in report.claims]
    rows += [_finding(finding, "notice") for finding in report.refuted]
    return "".join(f"{row}\n" for row in rows)


def _finding(finding: Finding, level: str) -> str:
    start, end = finding.location, finding.end_location
    properties: dict[str, object] = {"title": f"{finding.code} {finding.name}", "file": finding.path}
    if finding.cell is None:
        properties |= {"line": start.line, "endLine": end.line}
        # GitHub refuses columns of an annotation that covers several lines.
        if start.line == end.line:
            properties |= {"col": start.column, "endColumn": end.column}
    text = f"{place(finding.path, finding.cell, start)}: {finding.message}"
    if finding.confirmation is not None:
        text += f"\n{finding.confirmation.status}: {evidence(finding.confirmation)}"
    return _command(level, properties, text)


def _error(error: FileError) -> str:
    properties: dict[str, object] = {"title": "not checked", "file": error.path}
    if error.location is not None and error.cell is None:
        properties |= {"line": error.location.line, "col": error.location.column}
    return _command("error", properties, f"{place(error.path, error.cell, error.location)}: {error.message}")


def _command(level: str, properties: dict[str, object], text: str) -> str:
    listed = ",".join(f"{name}={workflow_property(str(value))}" for name, value in properties.items())
    return f"::{level} {listed}::{workflow(text)}"
