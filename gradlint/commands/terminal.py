"""Where output goes: standard output or a file, in colour or not, how wide."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Literal, TextIO

import click

from gradlint import escaping
from gradlint.commands.errors import CommandError
from gradlint.commands.options import grouped
from gradlint.reporting.style import Style

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.settings import Resolver

Color = Literal["auto", "always", "never"]

_LINKING_PROGRAMS = frozenset({"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "zed"})
_LINKING_VARIABLES = frozenset({"WT_SESSION", "KITTY_WINDOW_ID", "KONSOLE_VERSION", "DOMTERM"})
_LINKING_TERMINALS = ("xterm-kitty", "alacritty", "foot", "xterm-ghostty", "contour")
_VTE = 5000
"""The first version of VTE, which GNOME's terminals build on, that has links: 0.50."""
_WIDTH = 80
_WIDEST = 120

color_option: Callable[[Any], Any] = grouped("Output")(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="When to use colour; auto: on a terminal; NO_COLOR and FORCE_COLOR override.",
)


def use_color(color: Color, stream: TextIO) -> bool:
    """Whether to colour what is written to a stream; NO_COLOR overrides FORCE_COLOR."""
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def style(color: Color, stream: TextIO, *, quiet: bool = False) -> Style:
    """The style for a stream: as wide as the terminal within bounds, 80 columns elsewhere."""
    columns = _WIDTH
    if stream.isatty() or "COLUMNS" in os.environ:
        import shutil

        columns = shutil.get_terminal_size((_WIDTH, 24)).columns
    painted = use_color(color, stream)
    return Style(painted, min(max(columns, 40), _WIDEST), quiet, painted and knows_links(stream))


def knows_links(stream: TextIO) -> bool:
    """Whether a stream is a terminal that is known to support links (OSC 8), judging by the environment."""
    environment = os.environ
    if not stream.isatty() or environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    if "FORCE_HYPERLINK" in environment:
        return environment["FORCE_HYPERLINK"] not in ("", "0")
    if environment.get("TERM_PROGRAM") in _LINKING_PROGRAMS or environment.keys() & _LINKING_VARIABLES:
        return True
    if environment.get("TERM", "").startswith(_LINKING_TERMINALS):
        return True
    version = environment.get("VTE_VERSION", "")
    return version.isdecimal() and int(version) >= _VTE


def write(text: str, path: str | None = None) -> None:
    """Write text to a file, or to standard output if none is given.

    The file that ``GITHUB_STEP_SUMMARY`` names is shared by several steps and tools, so text is appended to it.

    If the reader of standard output has gone, the rest is discarded; that is not an error.

    Raises:
        CommandError: If the file cannot be written.
    """
    if path is None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    from gradlint.sources.inside import leads_out

    if leads_out(path):
        raise CommandError(f"{escaping.name(path)} is a link out of the working directory; name the file itself")
    try:
        mode = "a" if path == os.environ.get("GITHUB_STEP_SUMMARY") else "w"
        with open(path, mode, encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(f"{escaping.name(path)} cannot be written: {error.strerror or error}") from None


def write_page(markdown: str, color: Color, stream: TextIO) -> None:
    """Write Markdown to standard output: rendered if colour is on, else as it is."""
    if not use_color(color, stream):
        write(markdown)
        return
    from io import StringIO

    from rich.console import Console
    from rich.markdown import Markdown

    width = style(color, stream).width
    console = Console(file=StringIO(), width=width, force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(Markdown(markdown, code_theme="ansi_dark"))
    write(capture.get())


def note_withheld(resolver: Resolver) -> None:
    """Report in one line the settings that were ignored because their files are not trusted."""
    from gradlint.trust import sentence

    if resolver.withheld:
        note(f"gradlint: {sentence(resolver.withheld, '--trust')}")


def note(text: str) -> None:
    """Write a note, which is not a result, as one line on standard error, whatever names it contains."""
    print(escaping.row(text), file=sys.stderr)


def show(text: str) -> None:
    """Write lines to standard error that are already safe for a terminal."""
    print(text, file=sys.stderr)
