"""Edits of one text, in offsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, order=True)
class Splice:
    """An edit of one text in offsets: the characters from ``start`` up to ``end`` become ``content``."""

    start: int
    end: int
    content: str


def overlap(one: Splice, other: Splice) -> bool:
    """Whether two splices touch the same characters; two insertions at one place do, since their order is open."""
    if one.start == other.start:
        return True
    first, second = sorted((one, other))
    return second.start < first.end


def splice(text: str, changes: Sequence[Splice]) -> str:
    """A text with sorted splices applied."""
    parts, at = [], 0
    for change in changes:
        parts += [text[at : change.start], change.content]
        at = change.end
    return "".join([*parts, text[at:]])
