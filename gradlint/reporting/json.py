"""One array of findings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render all findings, the refuted ones with their verdict among them, as an indented array."""
    return json.dumps([finding.to_json() for finding in report.findings], indent=2, ensure_ascii=False) + "\n"
