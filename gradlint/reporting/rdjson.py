"""Reviewdog's diagnostic format: https://github.com/reviewdog/reviewdog/tree/master/proto/rdf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.escaping import as_json, markdown, prose
from gradlint.reporting.report import evidence, is_refuted, place
from gradlint.reporting.story import scenes

if TYPE_CHECKING:
    from gradlint.finding import Edit, Finding, Position, Severity
    from gradlint.reporting.report import FileError, Report
    from gradlint.reporting.style import Style

_SEVERITIES: dict[Severity, str] = {"error": "ERROR", "warning": "WARNING", "info": "INFO"}


def render(report: Report, style: Style) -> str:
    """Render one result; refuted findings are left out, and locations in a notebook's cell are in the text."""
    diagnostics = [_error(error) for error in report.errors]
    diagnostics += [_diagnostic(finding, report) for finding in report.findings if not is_refuted(finding)]
    return as_json({"source": {"name": "gradlint"}, "severity": "ERROR", "diagnostics": diagnostics}, indent=2) + "\n"


def _diagnostic(finding: Finding, report: Report) -> dict[str, Any]:
    text = finding.message
    if finding.cell is not None:
        text = f"{place('', finding.cell, finding.location).removeprefix(':')}: {text}"
    if finding.confirmation is not None:
        text += f"\n{finding.confirmation.status}: {evidence(finding.confirmation)}"
    diagnostic: dict[str, Any] = {
        "message": markdown(text),
        "severity": _SEVERITIES[finding.severity],
        "code": {"value": finding.code} | ({"url": finding.url} if finding.url else {}),
        "location": _location(finding.path, finding.cell, finding.location, finding.end_location, report),
    }
    related = [
        {
            "message": prose(scene.text),
            "location": _location(scene.path or finding.path, scene.cell, scene.start, scene.end, report),
        }
        for scene in scenes(finding, report)
    ]
    if related:
        diagnostic["relatedLocations"] = related
    if finding.fix is not None and finding.cell is None:
        diagnostic["suggestions"] = [_suggestion(edit, finding, report) for edit in finding.fix.edits]
    return diagnostic


def _suggestion(edit: Edit, finding: Finding, report: Report) -> dict[str, Any]:
    location = _location(finding.path, edit.cell, edit.location, edit.end_location, report)
    return {"range": location["range"], "text": edit.content}


def _location(path: str, cell: int | None, start: Position, end: Position, report: Report) -> dict[str, Any]:
    """A location; lines in a notebook's cell are not lines of its file, so only the file is named."""
    if cell is not None:
        return {"path": path}
    return {"path": path, "range": {"start": _position(path, start, report), "end": _position(path, end, report)}}


def _position(path: str, position: Position, report: Report) -> dict[str, int]:
    """A position; columns count UTF-8 bytes here."""
    before = (report.line(path, None, position.line) or "")[: position.column - 1]
    wider = len(before.encode(errors="surrogatepass")) - len(before)
    return {"line": position.line, "column": position.column + wider}


def _error(error: FileError) -> dict[str, Any]:
    location: dict[str, Any] = {"path": error.path}
    if error.location is not None and error.cell is None:
        location["range"] = {"start": {"line": error.location.line, "column": error.location.column}}
    return {"message": markdown(error.message), "severity": "ERROR", "location": location}
