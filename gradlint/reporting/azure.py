"""Logging commands that Azure Pipelines shows as errors and warnings of a run.

The commands and their escapes: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import azure, azure_property
from gradlint.reporting.report import place

if TYPE_CHECKING:
    from gradlint.finding import Finding
    from gradlint.reporting.report import FileError, Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render one command per finding; anything milder than an error is a warning, and refuted findings are left out."""
    rows = [_error(error) for error in report.errors] + [_finding(finding) for finding in report.claims]
    return "".join(f"{row}\n" for row in rows)


def _finding(finding: Finding) -> str:
    properties: dict[str, object] = {
        "type": "error" if finding.severity == "error" else "warning",
        "sourcepath": finding.path,
    }
    text = finding.message
    if finding.cell is None:
        properties |= {"linenumber": finding.location.line, "columnnumber": finding.location.column}
    else:
        text = f"{place('', finding.cell, finding.location).removeprefix(':')}: {text}"
    if finding.confirmation is not None:
        text += f" ({finding.confirmation.status})"
    return _command(properties | {"code": finding.code}, text)


def _error(error: FileError) -> str:
    properties: dict[str, object] = {"type": "error", "sourcepath": error.path}
    if error.location is not None and error.cell is None:
        properties |= {"linenumber": error.location.line, "columnnumber": error.location.column}
    return _command(properties, error.message)


def _command(properties: dict[str, object], text: str) -> str:
    listed = "".join(f"{name}={azure_property(str(value))};" for name, value in properties.items())
    return f"##vso[task.logissue {listed}]{azure(text)}"
