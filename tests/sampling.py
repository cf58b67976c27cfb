"""Samples of what is too much for a quick run.

Always the same ones are taken, in or out by a hash of their name.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")


def chosen(name: str, every: int) -> bool:
    """Whether a name is among the one in so many that the sample holds."""
    return zlib.crc32(name.encode()) % every == 0


def sample(things: Iterable[T], every: int, *, whole: bool, name: Callable[[T], str] = str) -> list[T]:
    """One in so many of some things, or all of them.

    Args:
        things: What to choose from.
        every: Of how many about one is taken.
        whole: Whether to take all.
        name: By what a thing is known.
    """
    return [thing for thing in things if whole or chosen(name(thing), every)]
