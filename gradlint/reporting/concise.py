"""One line per finding, in the style of compilers: ``path:line:column: error: message [GT201]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import line
from gradlint.reporting.report import place

if TYPE_CHECKING:
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render errors and findings, one line each; a verdict is at the end of the line."""
    rows = []
    for error in report.errors:
        where = style.paint(place(error.path, error.cell, error.location), "strong")
        rows.append(f"{where}: {style.severity('error', 'error')}: {line(error.message)}")
    for finding in [*report.claims, *report.refuted]:
        where = style.paint(place(finding.path, finding.cell, finding.location), "strong")
        severity = style.severity(finding.severity, finding.severity)
        verdict = f" ({finding.confirmation.status})" if finding.confirmation else ""
        rows.append(f"{where}: {severity}: {style.prose(line(finding.message))} [{finding.code}]{verdict}")
    if report.listed:
        from gradlint.reporting.connected import one_line_each

        rows += one_line_each(report, style)
    return "".join(f"{row}\n" for row in rows)
