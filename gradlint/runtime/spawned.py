"""The beginning of a process that a watched one has started by ``multiprocessing``."""

from __future__ import annotations

import sys

from gradlint.runtime.session import Session


def watch(folder: str, base: str, eagerly: bool) -> None:
    """Watch this process, which another has started.

    Args:
        folder: Where it writes what it saw.
        base: The folder in which the first process began.
        eagerly: Whether every ``tf.function`` runs eagerly.
    """
    if Session.current is not None:
        return
    session = Session(lambda finding: None, _failed, folder)
    session.base = base
    session.start()
    if eagerly:
        session.run_eagerly()


def _failed(text: str) -> None:
    last = text.strip().splitlines()[-1]
    sys.stderr.write(f"gradlint: the watcher failed, so the process continues unwatched: {last}\n")
