"""What tells whether stubs have changed, without reading them."""

from __future__ import annotations

import contextlib
import os

MOST = 20_000
"""How many files and folders are looked at below a folder of stubs."""


def stamps(models: tuple[str, ...]) -> tuple[tuple[str, int, int], ...]:
    """Each stub's path, size and time of its last change.

    Args:
        models: Stub files, and folders of them.
    """
    found = []
    for path in models:
        for file in below(path)[0] if os.path.isdir(path) else [path]:
            with contextlib.suppress(OSError, ValueError):
                facts = os.stat(file)
                found.append((file, facts.st_size, facts.st_mtime_ns))
    return tuple(found)


def below(folder: str) -> tuple[list[str], bool]:
    """The stub files below a folder by their paths, and whether they are all: a folder of no end is not walked.

    Links to folders are not followed, and what is no regular file is left out.
    """
    found: list[str] = []
    looked_at = 0
    waiting = [folder]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as scan:
            for entry in scan:
                looked_at += 1
                if looked_at > MOST:
                    return sorted(found), False
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name.endswith(".pyi") and os.path.isfile(entry.path):
                    found.append(entry.path)
    return sorted(found), True
