"""How findings are printed: one module per format, found by name.

A format is a module with ``render(report, style) -> str``; it reads a :class:`~gradlint.reporting.report.Report`
and decides nothing. Modules are imported on demand.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


class Render(Protocol):
    """What each format's module provides."""

    def __call__(self, report: Report, style: Style) -> str:
        """The whole output, ending in a newline unless it is empty."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format as the user sees it.

    Attributes:
        name: What ``--output-format`` takes.
        summary: What it is for, as a phrase.
        shows_errors: Whether the output includes files that could not be checked; if not, the command reports them on
            standard error.
    """

    name: str
    summary: str
    shows_errors: bool = True

    def render(self, report: Report, style: Style) -> str:
        """Render a report in this format."""
        return cast("Render", import_module(f"{__name__}.{self.name}").render)(report, style)


FORMATS = {
    each.name: each
    for each in (
        Format("full", "an excerpt that shows where each gradient is lost, and why"),
        Format("concise", "one line per finding, in the style of compilers"),
        Format("grouped", "findings grouped by file"),
        Format("statistics", "the number of findings per rule"),
        Format("json", "one array of findings", shows_errors=False),
        Format("jsonl", "one finding per line", shows_errors=False),
        Format("sarif", "SARIF 2.1.0, for code scanning"),
        Format("github", "annotations in GitHub Actions"),
        Format("gitlab", "GitLab's code quality report"),
        Format("azure", "errors and warnings in Azure Pipelines"),
        Format("pylint", "one line per finding, for tools that read pylint's"),
        Format("rdjson", "reviewdog's diagnostics, for review comments"),
        Format("markdown", "tables, for a job summary"),
        Format("junit", "JUnit XML, for test reports"),
        Format("html", "an HTML page that shows how far each gradient gets"),
        Format("lsp", "what a language server publishes, one object per file"),
    )
}
"""The formats by name, in display order."""
