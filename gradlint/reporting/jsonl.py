"""One finding a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render each finding, the refuted ones with their verdict among them, as an object on a line of its own."""
    return "".join(json.dumps(finding.to_json(), ensure_ascii=False) + "\n" for finding in report.findings)
