"""Which lines the gradient calls of a file touch, and how: what the gutter beside the source shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.picture.record import Drawing, Node

Key = tuple[int, int]
"""A line: the cell's index, -1 where there is none, and the line in it."""
LANES = 5
"""The most gradient calls that are shown side by side; others share the last lane."""
_LOOKS = {"lost": "x", "connected": "c", "reached": "r", "unreached": "u", "stopped": "r"}
_FIRST = ("x", "c", "r", "u")
WORDS = {
    "x": "the gradient is lost here",
    "c": "the gradient gets here",
    "r": "the gradient gets here, but leads to no source",
    "u": "the gradient never gets here",
}


@dataclass(frozen=True, slots=True)
class Touch:
    """A gradient call on a line: its lane in the gutter, its index, and how far the gradient gets."""

    lane: int
    call: int
    look: str


@dataclass(frozen=True)
class Gutter:
    """The gutter of a file.

    Attributes:
        lanes: How many lanes it has.
        lines: By line, the gradient calls on it.
    """

    lanes: int
    lines: dict[Key, list[Touch]]


def gutter(calls: Sequence[Drawing]) -> Gutter:
    """Work the gutter out; calls whose lines do not meet share a lane."""
    touched = [dict(touches(call)) for call in calls]
    order = sorted(
        (index for index, lines in enumerate(touched) if lines), key=lambda index: (min(touched[index]), index)
    )
    ends: list[Key] = []
    lines: dict[Key, list[Touch]] = {}
    for index in order:
        first, last = min(touched[index]), max(touched[index])
        lane = next((lane for lane, end in enumerate(ends) if end < first), len(ends))
        lane = min(lane, LANES - 1)
        if lane == len(ends):
            ends.append(last)
        ends[lane] = max(ends[lane], last)
        for key, look in touched[index].items():
            lines.setdefault(key, []).append(Touch(lane, index, look))
    return Gutter(len(ends), lines)


def touches(call: Drawing, number: int | None = None) -> Iterator[tuple[Key, str]]:
    """The lines of the file that a gradient call touches, each once; only those on a source's path if one is named."""
    found: dict[Key, str] = {}
    for node in call.nodes:
        look = _look(node, number)
        if node.spot is None or node.spot.path or look is None:
            continue
        for row in node.spot.rows():
            key = (node.spot.cell, row)
            if key not in found or _FIRST.index(look) < _FIRST.index(found[key]):
                found[key] = look
    yield from found.items()


def _look(node: Node, number: int | None) -> str | None:
    """What a node is to a gradient, or to that of one source; None if it is on no path to it."""
    if number is None:
        return _LOOKS[node.way]
    if number not in node.leads and number not in node.sources:
        return None
    if any(number in mark.sources for mark in node.marks):
        return "x"
    if not node.reached:
        return "u"
    return "c" if number in node.live else "r"
