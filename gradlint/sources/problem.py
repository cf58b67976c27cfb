"""What keeps a text, or a part of it, from being linted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gradlint import escaping, lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradlint.finding import Position


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that kept a text, or a part of it, from being linted.

    Attributes:
        kind: ``read`` (no text could be had), ``settings`` (those that hold for it cannot be used), ``syntax`` (it is
            not Python) or ``internal`` (gradlint failed).
        message: What is wrong, as a phrase without a place.
        cell: The notebook cell's index over all cells, from 0, or None.
        location: The place as the user counts it, where there is one.
    """

    kind: Literal["read", "settings", "syntax", "internal"]
    message: str
    cell: int | None = None
    location: Position | None = None

    def describe(self, path: str) -> str:
        """The problem as one line that begins with its place."""
        place = escaping.name(path)
        if self.cell is not None:
            place += f":{lines.cell(self.cell)}"
        if self.location is not None:
            place += f":{self.location.line}:{self.location.column}"
        return f"{place}: {escaping.line(self.message)}"

    def to_json(self) -> dict[str, Any]:
        """The problem as JSON."""
        where = None if self.location is None else [self.location.line, self.location.column]
        return {"kind": self.kind, "message": self.message, "cell": self.cell, "location": where}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Problem:
        """The problem that :meth:`to_json` gave a record of.

        Raises:
            KeyError, TypeError: If the record is not one.
        """
        from gradlint.finding import Position

        where = record["location"]
        return cls(record["kind"], record["message"], record["cell"], None if where is None else Position(*where))
