"""GitLab's code quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.escaping import as_json, markdown
from gradlint.lines import cell
from gradlint.reporting.fingerprint import digest, fingerprints
from gradlint.reporting.report import is_refuted, place

if TYPE_CHECKING:
    from gradlint.finding import Finding, Severity
    from gradlint.reporting.report import FileError, Report
    from gradlint.reporting.style import Style

_SEVERITIES: dict[Severity, str] = {"error": "critical", "warning": "major", "info": "info"}


def render(report: Report, style: Style) -> str:
    """Render an array of issues; a file that could not be checked is a blocker, a refuted finding is left out."""
    issues = [_error(error) for error in report.errors]
    issues += [
        _issue(finding, fingerprint)
        for finding, fingerprint in zip(report.findings, fingerprints(report), strict=True)
        if not is_refuted(finding)
    ]
    return as_json(issues, indent=2) + "\n"


def _issue(finding: Finding, fingerprint: str) -> dict[str, Any]:
    start, end = finding.location, finding.end_location
    where = f"{cell(finding.cell)}, line {start.line}: " if finding.cell is not None else ""
    return {
        "description": f"{finding.code}: {where}{markdown(finding.message)}",
        "check_name": f"{finding.code} {finding.name}",
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": finding.path,
            "positions": {
                "begin": {"line": start.line, "column": start.column},
                "end": {"line": end.line, "column": end.column},
            },
        },
    }


def _error(error: FileError) -> dict[str, Any]:
    line = error.location.line if error.location else 1
    column = error.location.column if error.location else 1
    return {
        "description": markdown(f"{place(error.path, error.cell, error.location)}: {error.message}"),
        "check_name": "not checked",
        "fingerprint": digest(error.path, error.message),
        "severity": "blocker",
        "location": {
            "path": error.path,
            "positions": {"begin": {"line": line, "column": column}, "end": {"line": line, "column": column}},
        },
    }
