"""``gradlint clean``: remove cached results."""

from __future__ import annotations

import os

import click

from gradlint import escaping
from gradlint.commands import terminal
from gradlint.commands.errors import CommandError
from gradlint.commands.selecting import trust_option


@click.command("clean")
@click.option("--cache-dir", metavar="DIR", help="Where the cache is.")
@trust_option
def command(cache_dir: str | None, trust: bool) -> None:
    """Remove the cached results of the working directory."""
    from gradlint.cache import clean
    from gradlint.commands.request import resolver
    from gradlint.runner import cache_folder
    from gradlint.settings import SettingsError
    from gradlint.sources.project import shown

    try:
        find = resolver((), False, {"cache_dir": cache_dir}, trust)
        folder = cache_folder(find.for_folder("."))
        removed = clean(folder)
    except SettingsError as error:
        raise CommandError.of(error) from None
    except OSError as error:
        raise CommandError(
            f"{escaping.name(str(error.filename or folder))} cannot be removed: {error.strerror or error}"
        ) from None
    terminal.note_withheld(find)
    if not removed:
        terminal.note("there is no cache here")
    elif os.path.lexists(folder):
        terminal.note(f"removed the cache in {escaping.name(shown(folder))}; other files in it were left alone")
    else:
        terminal.note(f"removed {escaping.name(shown(folder))}")
