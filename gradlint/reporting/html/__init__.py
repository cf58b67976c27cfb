"""One HTML page: the source with how far each gradient gets, the findings, an index; it loads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.reporting.html.files import File
from gradlint.reporting.html.page import page

if TYPE_CHECKING:
    from gradlint.picture.record import Drawing
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render the whole report; a file without gradient calls, findings or errors is counted but not shown."""
    calls: dict[str, list[Drawing]] = {}
    for drawing in report.drawings or ():
        calls.setdefault(drawing.path, []).append(drawing)
    said = report.by_path()
    paths = sorted({*calls, *(path for path, items in said.items() if items)})
    files = [
        File(f"f{number}", path, calls.get(path, []), said.get(path, []), report)
        for number, path in enumerate(paths, start=1)
    ]
    return page(files, report)
