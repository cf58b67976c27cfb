"""One array of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import as_json

if TYPE_CHECKING:
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render all findings, the refuted ones with their verdict among them, as an indented array."""
    return as_json([finding.to_json() for finding in report.findings], indent=2) + "\n"
