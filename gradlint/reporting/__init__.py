"""How findings are shown: one module a format, found by name.

A format is a module with ``render(report, style) -> str``; it reads a :class:`~gradlint.reporting.report.Report`
and decides nothing. Modules are imported when they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


class Render(Protocol):
    """What each format's module offers."""

    def __call__(self, report: Report, style: Style) -> str:
        """The whole output, ending in a newline unless it is empty."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format as it is offered to the user.

    Attributes:
        name: What ``--output-format`` takes.
        summary: What it is for, as a phrase.
        shows_errors: Whether files that could not be checked stand in the output; where they do not, the command
            writes them to standard error.
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
        Format("full", "an excerpt that tells the story of each lost gradient"),
        Format("concise", "one line a finding, as compilers write it"),
        Format("grouped", "findings under their file"),
        Format("statistics", "how often each rule was found"),
        Format("json", "one array of findings", shows_errors=False),
        Format("jsonl", "one finding a line", shows_errors=False),
        Format("sarif", "SARIF 2.1.0, for code scanning"),
        Format("github", "annotations in GitHub Actions"),
        Format("gitlab", "GitLab's code quality report"),
        Format("azure", "errors and warnings in Azure Pipelines"),
        Format("pylint", "one line a finding, for what reads pylint's"),
        Format("rdjson", "reviewdog's diagnostics, for comments on a review"),
        Format("markdown", "tables, for the summary of a job"),
        Format("junit", "JUnit's XML, for test reports"),
        Format("html", "a page for a browser that shows how far each gradient comes"),
        Format("lsp", "what a language server publishes, one object a file"),
    )
}
"""The formats by name, in the order in which they are listed."""
