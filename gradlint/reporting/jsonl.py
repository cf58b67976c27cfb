"""One finding per line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import as_json

if TYPE_CHECKING:
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render each finding, including refuted ones with their verdict, as an object on a line of its own.

    If the gradient calls are to be listed, they follow, each as an object with its ``sources``.
    """
    calls = [call.to_json() for call in report.drawings or ()] if report.listed else []
    return "".join(as_json(one) + "\n" for one in (*(finding.to_json() for finding in report.findings), *calls))
