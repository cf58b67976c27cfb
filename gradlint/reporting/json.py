"""One array of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import as_json

if TYPE_CHECKING:
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render all findings, including refuted ones with their verdict, as an indented array.

    If the gradient calls are to be listed, the output is an object that contains both.
    """
    findings = [finding.to_json() for finding in report.findings]
    if not report.listed:
        return as_json(findings, indent=2) + "\n"
    calls = [call.to_json() for call in report.drawings or ()]
    return as_json({"findings": findings, "gradients": calls}, indent=2) + "\n"
