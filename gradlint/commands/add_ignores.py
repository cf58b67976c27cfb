"""``gradlint add-ignores``: add a comment to each finding that suppresses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gradlint import escaping
from gradlint.commands import terminal
from gradlint.commands.errors import CommandError
from gradlint.commands.options import Command
from gradlint.commands.selecting import selection_options
from gradlint.reporting.report import counted

if TYPE_CHECKING:
    from gradlint.fixing import Ignored
    from gradlint.settings import Settings
    from gradlint.sources.source import Source


HELP = """\
Suppress the findings that PATHS have today, so that only new ones are reported from now on.

Exit status: 0: written, or nothing to write; 1: with --diff, something would change, or there is no room for a
finding's comment; 2: a file could not be checked or written.
"""


@click.command("add-ignores", cls=Command, help=HELP)
@click.argument("paths", nargs=-1, metavar="[PATHS]...", type=click.Path(readable=False))
@selection_options
@click.option("--reason", metavar="TEXT", help="The reason to write in each comment.")
@click.option("--diff", is_flag=True, help="Print what would change; write nothing.")
def command(
    paths: tuple[str, ...],
    reason: str | None,
    diff: bool,
    config: tuple[str, ...],
    isolated: bool,
    trust: bool,
    **options: Any,
) -> int:
    """Write the comments."""
    from gradlint.commands.request import overrides, resolver, settings_here
    from gradlint.fixing import diff as difference
    from gradlint.runner import run
    from gradlint.settings import SettingsError

    find = resolver(config, isolated, overrides(options), trust)
    settings_here(find)
    try:
        results = list(run(paths or (".",), find))
    except SettingsError as error:
        raise CommandError.of(error) from None
    terminal.note_withheld(find)
    failed = [problem.describe(result.path) for result in results for problem in result.problems]
    done = [
        ignored
        for result in results
        if result.findings and (ignored := _ignored(result.path, find.for_file(result.path), reason)) is not None
    ]
    changed = [one for one in done if one.after is not one.before]
    if diff:
        terminal.write("".join(difference(one.before, one.after) for one in changed))
    else:
        failed += [message for one in changed if (message := _write(one)) is not None]
    for message in failed:
        terminal.note(f"gradlint: {message}")
    left = [finding for one in done for finding in one.left]
    for finding in left:
        terminal.note(
            f"gradlint: {escaping.name(finding.path)}:{finding.location.line}: there is no room for a comment"
        )
    count = sum(len(one.added) for one in changed)
    verb = "would be suppressed" if diff else "suppressed"
    terminal.note(f"{counted(count, 'finding')} {verb} in {counted(len(changed), 'file')}")
    if failed:
        return 2
    return 1 if left or (diff and changed) else 0


def _ignored(path: str, settings: Settings, reason: str | None) -> Ignored | None:
    from gradlint.checking import check
    from gradlint.fixing import add_ignores
    from gradlint.sources.files import SourceError
    from gradlint.sources.read import from_text, read_path

    def read(text: str) -> Source:
        return from_text(text, source.path, source.encoding, source.project)

    try:
        source = read_path(path, path)
        return add_ignores(source, lambda one: check(one, settings).findings, read, reason)
    except (SourceError, SyntaxError):
        return None


def _write(ignored: Ignored) -> str | None:
    """Write a file; returns why it could not be written, or None."""
    from gradlint.fixing import WriteError, write

    try:
        write(ignored.before.path, ignored.before, ignored.after)
    except WriteError as error:
        return str(error)
    return None
