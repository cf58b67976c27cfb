"""One finding a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import as_json

if TYPE_CHECKING:
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render each finding, the refuted ones with their verdict among them, as an object on a line of its own."""
    return "".join(as_json(finding.to_json()) + "\n" for finding in report.findings)
