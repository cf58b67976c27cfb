"""The drawing of a gradient call: its sources, what leads from them to its target, how far the gradient gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from gradlint.finding import Position

Verdict = Literal["connected", "maybe", "partial", "lost", "unknown"]
"""What a source gets: surely its gradient; that or None; a part of it; not its gradient; not known."""
Sort = Literal["variable", "operation", "array", "number", "unknown"]
Way = Literal["connected", "reached", "unreached", "stopped", "lost"]
"""What an edge is: on a connected way; a way that the gradient passes but that leads to no source; a way that it
never passes; a break that the program may mean; the break that a source is lost by."""

WORDS: dict[Verdict, str] = {
    "connected": "connected",
    "maybe": "may be connected",
    "partial": "partly lost",
    "lost": "lost",
    "unknown": "unknown",
}
"""The verdicts in words."""


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A range of code in the user's line numbers.

    Attributes:
        path: The file; empty for the one that is drawn.
        cell: The notebook cell's index over all cells, from 0; -1 in other files.
        line: Its first line.
        column: Where it begins.
        end_line: Its last line.
    """

    path: str
    cell: int
    line: int
    column: int
    end_line: int

    def rows(self) -> range:
        """Its lines."""
        return range(self.line, self.end_line + 1)


@dataclass(frozen=True, slots=True)
class LossMark:
    """The place where a gradient is lost.

    Attributes:
        code: The rule's code; empty where no rule is known for it.
        name: The rule's name; else the kind of loss.
        sources: The indices of the sources that are lost here.
        partial: Whether another path to them remains.
    """

    code: str
    name: str
    sources: tuple[int, ...]
    partial: bool = False

    @property
    def text(self) -> str:
        """The rule by code and name."""
        return f"{self.code} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class Node:
    """An expression on the path between a target and its sources.

    Attributes:
        label: The code there, shortened to one line.
        spot: Where it is; None for something unknown that has no place.
        sort: What it gives.
        target: Whether it is the target, or one of several.
        sources: The indices of the sources that it is.
        leads: The indices of the sources that it was computed from.
        live: Those of them that a gradient reaches from here.
        reached: Whether a gradient gets here from the target.
        marks: What is lost here.
        note: What stops here, perhaps intentionally, in a word or two.
        folded: How many earlier steps it stands for, where a long chain was folded.
    """

    label: str
    spot: Spot | None
    sort: Sort
    target: bool = False
    sources: tuple[int, ...] = ()
    leads: frozenset[int] = frozenset()
    live: frozenset[int] = frozenset()
    reached: bool = False
    marks: tuple[LossMark, ...] = ()
    note: str = ""
    folded: int = 0

    @property
    def way(self) -> Way:
        """What it is to a gradient."""
        if self.marks:
            return "lost"
        if not self.reached:
            return "unreached"
        return "connected" if self.live else "reached"


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """One expression's dependence on another.

    Attributes:
        above: The index of the node that is computed.
        below: The index of the node that it is computed from.
        way: What the edge is to a gradient.
        sure: False where the dependence is only possible.
    """

    above: int
    below: int
    way: Way
    sure: bool = True


@dataclass(frozen=True, slots=True)
class DrawnSource:
    """One source of a gradient call, and what it gets.

    Attributes:
        text: The source as it is written.
        spot: Where it is written in the call.
        verdict: What it gets.
        outcome: What it gets, in words.
        because: Why it cannot be decided, as a clause; empty if it is decided.
    """

    text: str
    spot: Spot
    verdict: Verdict
    outcome: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A gradient call with the paths between its target and its sources.

    Attributes:
        path: The file.
        spot: Where the call is.
        column: The column, in characters from 1, where it begins.
        text: The call as it is written, shortened to one line.
        method: ``gradient``, ``jacobian`` or ``batch_jacobian``.
        target: The target as it is written.
        sources: The sources.
        nodes: The expressions, each after everything that it was computed from.
        edges: How they depend on one another.
        whole: Whether the paths are drawn: False if there are too many values.
    """

    path: str
    spot: Spot
    text: str
    method: str
    target: str
    sources: tuple[DrawnSource, ...]
    nodes: tuple[Node, ...] = ()
    edges: tuple[DrawnEdge, ...] = ()
    whole: bool = True

    def covers(self, cell: int | None, position: Position) -> bool:
        """Whether a place lies on the lines of the call."""
        return self.spot.cell == _cell(cell) and position.line in self.spot.rows()

    def to_json(self) -> dict[str, Any]:
        """The call and its sources, as the JSON formats print them: without the paths between them."""
        return {
            "path": self.path,
            "cell": None if self.spot.cell < 0 else self.spot.cell,
            "line": self.spot.line,
            "column": self.spot.column,
            "method": self.method,
            "target": self.target,
            "sources": [
                {
                    "source": one.text,
                    "line": one.spot.line,
                    "answer": WORDS[one.verdict],
                    "outcome": one.outcome,
                    "because": one.because or None,
                    "lost_at": self._lost_at(number),
                }
                for number, one in enumerate(self.sources)
            ],
        }

    def loss(self, number: int) -> tuple[Node, LossMark] | None:
        """Where a source is lost."""
        found = ((node, mark) for node in self.nodes for mark in node.marks if number in mark.sources)
        return next(found, None)

    def _lost_at(self, number: int) -> dict[str, Any] | None:
        found = self.loss(number)
        if found is None or found[0].spot is None:
            return None
        spot = found[0].spot
        return {
            "path": spot.path or self.path,
            "cell": None if spot.cell < 0 else spot.cell,
            "line": spot.line,
            "code": found[1].code or None,
        }


def _cell(cell: int | None) -> int:
    return -1 if cell is None else cell
