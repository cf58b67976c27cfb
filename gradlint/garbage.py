"""When garbage is collected: not while a file is checked, and between two files only where much has been left lying."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MUCH = 400_000
"""How many objects may be left lying before they are collected: some 50 MB."""


@contextmanager
def left_lying() -> Iterator[None]:
    """Let the collector rest while something is done; :func:`tidy` is to be called from time to time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def tidy() -> None:
    """Where the collector rests, collect what has been left lying since this was last done, if it is much."""
    if not gc.isenabled() and gc.get_count()[0] > MUCH:
        gc.collect(0)
