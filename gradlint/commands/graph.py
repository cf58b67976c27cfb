"""``gradlint graph FILE[:LINE]``: draws gradient calls, from their sources to their targets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradlint import escaping
from gradlint.commands import terminal
from gradlint.commands.errors import CommandError
from gradlint.commands.options import Command
from gradlint.commands.selecting import settings_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.commands.terminal import Color
    from gradlint.picture.record import Drawing, Spot
    from gradlint.reporting.style import Style
    from gradlint.settings import Settings
    from gradlint.sources.source import Source

HELP = """\
Draw the gradient calls of a file: what leads from the sources to the target, how far the gradient gets on each path,
and where it is lost.

\b
  gradlint graph train.py               every gradient call, in the terminal
  gradlint graph train.py:42            the one there, or those passing it
  gradlint graph study.ipynb:3:7        cell 3, line 7
  gradlint graph train.py -o train.svg  a picture, in the format of the suffix
"""
FORMATS = ("text", "svg", "mermaid", "dot")
_SUFFIXES = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".dot": "dot", ".gv": "dot"}


@click.command(
    "graph",
    cls=Command,
    help=HELP,
    short_help="Draw where a gradient flows and where it stops.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("place", metavar="FILE[:LINE]")
@click.option(
    "--format",
    "picture",
    type=click.Choice(FORMATS),
    help="What to draw; default: as the suffix of --output says, else text.",
)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE instead of standard output.")
@settings_options
@terminal.color_option
def command(
    place: str,
    picture: str | None,
    output: str | None,
    config: tuple[str, ...],
    isolated: bool,
    trust: bool,
    color: Color,
) -> int:
    """Draw the gradient calls of a file."""
    from gradlint.commands.request import resolver
    from gradlint.settings import SettingsError

    path, cell, line = _parsed(place)
    try:
        settings = resolver(config, isolated, {}, trust).for_file(path)
    except SettingsError as error:
        raise CommandError.of(error) from None
    if output is not None and Path(output).exists() and Path(path).exists() and Path(output).samefile(path):
        raise CommandError(f"--output is the very file to draw: {escaping.name(path)}")
    drawn = _drawn(path, settings, cell, line, place)
    kind = picture or _SUFFIXES.get(Path(output or "").suffix.lower(), "text")
    if output is None:
        terminal.write(_rendered(drawn, kind, terminal.style(color, sys.stdout), _is_narrow(sys.stdout.encoding)))
    else:
        from gradlint.reporting.style import Style

        terminal.write(_rendered(drawn, kind, Style(color == "always"), ascii_only=False), output)
    return 0


def _parsed(place: str) -> tuple[str, int | None, int | None]:
    """The file, the cell and the line that a place names; a file may have colons in its name."""
    if Path(place).exists():
        return place, None, None
    path, _, line = place.rpartition(":")
    if not path or not line.isdecimal():
        return place, None, None
    head, _, cell = path.rpartition(":")
    if head and cell.isdecimal() and not Path(path).exists():
        return head, int(cell) - 1, int(line)
    return path, None, int(line)


def _drawn(path: str, settings: Settings, cell: int | None, line: int | None, place: str) -> Sequence[Drawing]:
    from gradlint.checking import drawings_of
    from gradlint.picture.words import title_of
    from gradlint.sources import files, read
    from gradlint.sources.project import shown

    try:
        source = read.read_path(path, shown(str(Path(path).absolute())))
        drawn = drawings_of(source, settings)
    except SyntaxError as error:
        raise CommandError(f"{escaping.name(path)}: {_syntax(source, error)}") from None
    except (OSError, files.SourceError) as error:
        raise CommandError(f"{escaping.name(path)}: {error}") from None
    wanted = [one for one in drawn if line is None or _is_at(one.spot, cell, line)]
    if not wanted and line is not None:
        wanted = [one for one in drawn if any(_is_at(node.spot, cell, line) for node in one.nodes)]
    if not wanted:
        places = ", ".join(dict.fromkeys(title_of(one).partition(":")[2] for one in drawn))
        hint = f"; there are gradient calls at {escaping.row(places)}" if drawn else ""
        raise CommandError(f"{escaping.name(place)}: no gradient call is here, and no gradient passes here{hint}")
    return wanted


def _is_at(spot: Spot | None, cell: int | None, line: int) -> bool:
    """Whether a place in the file itself is on a line."""
    return spot is not None and not spot.path and line in spot.rows() and (cell is None or spot.cell == cell)


def _syntax(source: Source, error: SyntaxError) -> str:
    _, where = source.locate(max(error.lineno or 1, 1), max((error.offset or 1) - 1, 0))
    return f"syntax error: {error.msg} (line {where.line})"


def _rendered(drawn: Sequence[Drawing], kind: str, style: Style, ascii_only: bool) -> str:
    if kind == "svg":
        from gradlint.picture.svg import svg

        return svg(drawn)
    if kind == "dot":
        from gradlint.picture.dot import dot

        return dot(drawn)
    if kind == "mermaid":
        from gradlint.picture.mermaid import mermaid

        return mermaid(drawn)
    return "\n".join(_text(one, style, ascii_only) for one in drawn)


def _text(drawing: Drawing, style: Style, ascii_only: bool) -> str:
    from gradlint.picture.text import lines

    rows = lines(drawing, style.width, ascii_only=ascii_only)
    return "".join("".join(style.paint(text, role) for text, role in row).rstrip() + "\n" for row in rows)


def _is_narrow(encoding: str | None) -> bool:
    """Whether an encoding lacks the characters that lines are drawn with."""
    try:
        "│┊●✗◆".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False
