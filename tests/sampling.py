"""Samples of what is too much for a quick run.

Of many things alike always the same ones are taken, in or out by a hash of their name. Single tests take turns by day.
"""

from __future__ import annotations

import os
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
DAY = int(os.environ.setdefault("GRADLINT_TEST_DAY", str(datetime.now(UTC).toordinal())))
"""The day, counted; processes that are started on one day and go on into the next keep the first."""


def chosen(name: str, every: int) -> bool:
    """Whether a name is among the one in so many that the sample holds."""
    return zlib.crc32(name.encode()) % every == 0


def due(name: str, every: int) -> bool:
    """Whether it is the turn of what comes once in so many days."""
    return (zlib.crc32(name.encode()) + DAY) % every == 0


def sample(things: Iterable[T], every: int, *, whole: bool, name: Callable[[T], str] = str) -> list[T]:
    """One in so many of some things, or all of them.

    Args:
        things: What to choose from.
        every: Of how many about one is taken.
        whole: Whether to take all.
        name: By what a thing is known.
    """
    return [thing for thing in things if whole or chosen(name(thing), every)]
