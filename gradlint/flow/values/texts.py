"""The lines of programs, and a memory for what is told from a text alone, whichever program it is a part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Made = TypeVar("Made")


class Remembered(Generic[Made]):
    """What was made of texts, the last asked for at the end; the first go when there is too much.

    Args:
        make: What makes it.
        most: How many characters the texts may have together.
    """

    def __init__(self, make: Callable[[str], Made], most: int) -> None:
        self._make = make
        self._most = most
        self._held: dict[str, Made] = {}
        self._size = 0

    def of(self, text: str) -> Made:
        """What is made of a text, made now or before."""
        made = self._held.pop(text, None)
        if made is None:
            made = self._make(text)
            self._size += len(text)
        self._held[text] = made
        while self._size > self._most and len(self._held) > 1:
            first = next(iter(self._held))
            del self._held[first]
            self._size -= len(first)
        return made


def lines_of(code: str) -> tuple[bytes, ...]:
    """The lines of a program as UTF-8, as Python counts them."""
    return tuple(code.encode(errors="replace").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
