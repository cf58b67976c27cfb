"""Where a path really leads: a link in a tree may lead out of it."""

from __future__ import annotations

import os


def within(path: str, folder: str) -> bool:
    """Whether a path really lies in a folder, or is it, once every link on the way is followed."""
    try:
        real, around = os.path.realpath(path), os.path.realpath(folder)
    except ValueError:  # No file has such a name.
        return False
    return real == around or real.startswith(around.rstrip(os.sep) + os.sep)


def leads_out(path: str, folder: str | None = None) -> bool:
    """Whether a path seems to lie in a folder and a link on the way leads out of it.

    Args:
        path: The path; it need not exist.
        folder: The folder; the working directory where None.
    """
    around = os.getcwd() if folder is None else os.path.abspath(folder)
    seems = os.path.abspath(path)
    return seems.startswith(around.rstrip(os.sep) + os.sep) and not within(seems, around)
