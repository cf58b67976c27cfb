"""``gradlint --watch``: check again whenever a file changes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gradlint import escaping
from gradlint.commands import terminal
from gradlint.commands.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CLEAR = "\x1b[2J\x1b[3J\x1b[H"


def watch(paths: Sequence[str], check: Callable[[], int]) -> int:
    """Check, and again after every change below the paths, until interrupted.

    Args:
        paths: Files and folders.
        check: Checks and reports.

    Raises:
        CommandError: If watchfiles is not installed, or a path does not exist.
    """
    try:
        from watchfiles import PythonFilter, watch
    except ImportError:
        raise CommandError('--watch needs watchfiles; install it with: pip install "tf-gradlint[watch]"') from None
    relevant = PythonFilter(extra_extensions=(".ipynb", ".md", ".markdown", ".toml"))
    try:
        _once(check)
        for _ in watch(*paths, watch_filter=relevant, raise_interrupt=True):
            _once(check)
    except FileNotFoundError as error:
        raise CommandError(f"{escaping.name(str(error.filename or error))}: no such file or folder") from None
    except KeyboardInterrupt:
        return 0
    return 0


def _once(check: Callable[[], int]) -> None:
    if sys.stdout.isatty():
        terminal.write(_CLEAR)
    try:
        check()
    except CommandError as failure:
        terminal.note(f"gradlint: {failure}")
    terminal.note("Watching for changes; press Ctrl-C to stop.")
