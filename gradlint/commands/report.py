"""``gradlint report [PATHS] -o FILE``: a page that shows how far each gradient gets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradlint import escaping
from gradlint.commands import terminal
from gradlint.commands.errors import CommandError
from gradlint.commands.selecting import selection_options

if TYPE_CHECKING:
    from gradlint.commands.terminal import Color

DEFAULT = "gradlint-report.html"


@click.command(
    "report",
    short_help="Write an HTML page that shows how far each gradient gets.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("paths", nargs=-1, metavar="[PATHS]...", type=click.Path(readable=False))
@click.option("-o", "--output", metavar="FILE", default=DEFAULT, show_default=True, help="The page to write.")
@selection_options
@click.option("--confirm", is_flag=True, help="Have TensorFlow judge each finding by running it.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Number of processes.")
@terminal.color_option
@click.pass_context
def command(ctx: click.Context, /, paths: tuple[str, ...], output: str, color: Color, **options: Any) -> int:
    """Write an HTML page that shows how far each gradient gets.

    The page has the source with a gutter for the gradient calls, a picture of each call, the findings with their fixes,
    and an index by file and rule. It is one file, loads nothing, and works without JavaScript. Exit status 0 only means
    that the page was written; use `gradlint check` to learn whether anything was found.
    """
    from gradlint.commands.check import command as check

    _refuse(output)
    status: int = ctx.invoke(
        check, paths=paths, output_format=("html",), output_file=output, exit_zero=True, color=color, **options
    )
    terminal.note(f"gradlint: {escaping.name(output)} written")
    return status


def _refuse(output: str) -> None:
    """Refuse to overwrite a file that is not a report.

    Raises:
        CommandError: If the output is such a file.
    """
    from gradlint.reporting.html.page import MARK

    path = Path(output)
    try:
        if not path.exists():
            return
        with path.open("rb") as file:
            known = MARK.encode() in file.read(200)
    except OSError as error:
        raise CommandError(f"{escaping.name(output)} cannot be written: {error.strerror or error}") from None
    if not known:
        raise CommandError(
            f"{escaping.name(output)} exists and is not a gradlint report; remove it or choose another file"
        )
