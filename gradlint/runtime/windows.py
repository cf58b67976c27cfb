"""When a tape recorded, and what it was told to watch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradlint.runtime.places import Place
    from gradlint.runtime.record import Operation


@dataclass(slots=True, eq=False)
class Window:
    """When one tape recorded, and what it was told to watch.

    Attributes:
        spans: When it began and ended to record; the last may still be open.
        watched: When and where each tensor or variable handle was watched, by identity.
        stack: The user's lines on which it began to record first.
        asked: The user's lines of the calls that have asked it.
        operations: What ran while it recorded and still holds its values.
    """

    spans: list[list[int | None]] = field(default_factory=list)
    watched: dict[int, tuple[int, tuple[Place, ...]]] = field(default_factory=dict)
    stack: tuple[Place, ...] = ()
    asked: list[tuple[Place, ...]] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)

    def holds(self, sequence: int) -> bool:
        """Whether the tape recorded at a moment."""
        return any(begin <= sequence and (end is None or sequence < end) for begin, end in self.spans)  # type: ignore[operator]

    def paused(self, sequence: int) -> bool:
        """Whether a moment lies between two stretches of the recording, as under `stop_recording()`."""
        begins = [begin for begin, _ in self.spans if begin is not None]
        last = self.spans[-1][1] if self.spans else None
        return bool(begins) and begins[0] <= sequence and (last is None or sequence < last) and not self.holds(sequence)

    @property
    def open(self) -> bool:
        """Whether the tape records now."""
        return bool(self.spans) and self.spans[-1][1] is None
