"""The parameters of ``textDocument/publishDiagnostics``, for editors without a client: one object per line.

Every file that was looked at has its object, so that an editor drops diagnostics that no longer hold. Positions count
from 0, in UTF-16 code units. A notebook has one object per cell with diagnostics; its ``uri`` is the notebook's with
the fragment ``cell=N``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.escaping import as_json, prose
from gradlint.finding import Position
from gradlint.reporting.report import is_refuted
from gradlint.reporting.story import scenes

if TYPE_CHECKING:
    from gradlint.finding import Finding, Severity
    from gradlint.reporting.report import FileError, Report
    from gradlint.reporting.style import Style

_SEVERITIES: dict[Severity, int] = {"error": 1, "warning": 2, "info": 3}
_HINT = 4


def render(report: Report, style: Style) -> str:
    """Render an object for each file, and for each cell of a notebook that has diagnostics."""
    documents: dict[tuple[str, int | None], list[dict[str, Any]]] = {}
    for path in report.paths:
        documents[(path, None)] = []
    for error in report.errors:
        documents.setdefault((error.path, error.cell), []).append(_error(error, report))
    for finding in report.findings:
        documents.setdefault((finding.path, finding.cell), []).append(_diagnostic(finding, report))
    return "".join(
        as_json({"uri": _uri(report, path, cell), "diagnostics": diagnostics}) + "\n"
        for (path, cell), diagnostics in sorted(documents.items(), key=lambda item: (item[0][0], _order(item[0][1])))
    )


def _order(cell: int | None) -> int:
    return -1 if cell is None else cell


def _uri(report: Report, path: str, cell: int | None) -> str:
    return report.uri(path) if cell is None else f"{report.uri(path)}#cell={cell}"


def _diagnostic(finding: Finding, report: Report) -> dict[str, Any]:
    diagnostic: dict[str, Any] = {
        "range": _range(report, finding.path, finding.cell, finding.location, finding.end_location),
        "severity": _HINT if is_refuted(finding) else _SEVERITIES[finding.severity],
        "code": finding.code,
        "source": "gradlint",
        "message": prose(finding.text),
        "relatedInformation": [
            {
                "location": {
                    "uri": _uri(report, scene.path or finding.path, scene.cell),
                    "range": _range(report, scene.path or finding.path, scene.cell, scene.start, scene.end),
                },
                "message": scene.text,
            }
            for scene in scenes(finding, report)
        ],
        "data": finding.to_json(),
    }
    if finding.url is not None:
        diagnostic["codeDescription"] = {"href": finding.url}
    return diagnostic


def _error(error: FileError, report: Report) -> dict[str, Any]:
    start = error.location or Position(1, 1)
    return {
        "range": _range(report, error.path, error.cell, start, start),
        "severity": _SEVERITIES["error"],
        "source": "gradlint",
        "message": prose(error.message),
    }


def _range(report: Report, path: str, cell: int | None, start: Position, end: Position) -> dict[str, Any]:
    return {"start": _position(report, path, cell, start), "end": _position(report, path, cell, end)}


def _position(report: Report, path: str, cell: int | None, position: Position) -> dict[str, int]:
    before = (report.line(path, cell, position.line) or "")[: position.column - 1]
    extra = sum(ord(char) > 0xFFFF for char in before)
    return {"line": position.line - 1, "character": position.column - 1 + extra}
