"""Writes a report in every requested format."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from gradlint.commands import terminal
from gradlint.commands.request import STDIN, RunOutput
from gradlint.escaping import line
from gradlint.reporting import FORMATS
from gradlint.reporting.report import place
from gradlint.reporting.style import Style
from gradlint.sources.project import shown

if TYPE_CHECKING:
    from gradlint.commands.request import Request
    from gradlint.reporting.report import Report
    from gradlint.settings import Settings


def write(request: Request, settings: Settings, report: Report) -> None:
    """Write the reports that go to files, then the one for standard output.

    Raises:
        CommandError: If a file cannot be written.
    """
    for output in request.reports:
        plain = Style(request.color == "always", quiet=request.quiet)
        terminal.write(FORMATS[output.format].render(report, plain), output.path)
    if request.silent and request.output_file is None:
        return
    main = RunOutput(request.terminal_format or settings.output_format, request.output_file)
    if main.path is None:
        style = terminal.style(request.color, sys.stdout, quiet=request.quiet)
    else:
        style = Style(request.color == "always", quiet=request.quiet)
    terminal.write(FORMATS[main.format].render(report, style), main.path)
    if not FORMATS[main.format].shows_errors:
        for error in report.errors:
            terminal.note(f"gradlint: {place(error.path, error.cell, error.location)}: {line(error.message)}")


def named(request: Request) -> list[str]:
    """The files named on the command line, as they are shown."""
    if request.paths == (STDIN,):
        return []
    return [shown(os.path.abspath(path)) for path in request.paths if os.path.isfile(path)]
