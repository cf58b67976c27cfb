"""Loops: what the ways out of one leave behind that stand in undecided branches, and what a graph's loop uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gradlint.flow.causes import NonDifferentiable

if TYPE_CHECKING:
    from gradlint.flow.state.store import Changes, Store
    from gradlint.flow.values.values import Value


def by_reduce(dataset: str, of: Literal["loop", "whole"] = "whole") -> NonDifferentiable:
    """Why what ``Dataset.reduce`` makes is lost, by which a graph also runs a loop over a dataset.

    Neither what it begins with nor what its turns use gets a gradient (TensorFlow 2.21).

    Args:
        dataset: The canonical name of the dataset's class.
        of: Whether the program calls it, or AutoGraph does in a loop's place.
    """
    return NonDifferentiable("Dataset.reduce", f"{dataset}.reduce", of=of)


LEFT = "left"
"""How a block ends whose ways all went elsewhere: their states are kept by the loop."""


@dataclass(eq=False)
class GraphLoop:
    """A loop that is one operation of a graph, as of ``tf.while_loop``, with all that its turns use.

    Attributes:
        began: When it began, by the machine's clock.
        forks: How deep in undecided branches it stands.
        is_sure: Whether it surely is a loop of the graph, and not one that Python runs while the graph is made.
        ended: When it ended.
        used: What the operations of its turns were given, by ids.
        surely_used: The ids of what was given to operations of a turn that no undecided branch leaves out.
    """

    began: int
    forks: int
    is_sure: bool
    ended: int = 0
    used: dict[int, Value] = field(default_factory=dict)
    surely_used: set[int] = field(default_factory=set)

    def use(self, values: list[Value], forks: int) -> None:
        """Note what an operation is given."""
        self.used.update((id(value), value) for value in values)
        if forks == self.forks:
            self.surely_used.update(map(id, values))

    def holds(self, value: Value) -> bool:
        """Whether a value was made in one of its turns."""
        return self.began < value.born <= self.ended


@dataclass
class Loop:
    """A running loop and the states of the ways that left a turn early, as returns are kept by a function.

    Attributes:
        forks: How deep in undecided branches the loop stands; a ``break`` at that depth is decided.
        mark: Where the loop began in the journal.
        turn: Where the running turn began.
        broken: What had changed since ``mark`` on each way that broke off.
        continued: What had changed since ``turn`` on each way that went on to the next turn.
    """

    forks: int
    mark: int
    turn: int
    broken: list[Changes] = field(default_factory=list)
    continued: list[Changes] = field(default_factory=list)

    def leave(self, store: Store, forks: int, end: str) -> str:
        """A ``break`` or ``continue`` is met; gives how the block ends."""
        if forks == self.forks:
            return end
        if end == "break":
            self.broken.append(store.since(self.mark))
        else:
            self.continued.append(store.since(self.turn))
        return LEFT

    def next_turn(self, store: Store, end: str) -> bool:
        """Join the states in which a turn ended; gives whether there is a next one."""
        ways = self.continued
        self.continued = []
        if end in {"normal", "continue"}:
            if ways:
                join(store, self.turn, [*ways, store.since(self.turn)])
            return True
        if not ways:
            return False
        join(store, self.turn, ways)
        return True

    def finish(self, store: Store, end: str) -> str:
        """Join the states in which the loop was left; gives how its statement ends."""
        if not self.broken:
            return end
        ways = self.broken if end != "normal" else [*self.broken, store.since(self.mark)]
        join(store, self.mark, ways)
        return "normal"


def join(store: Store, mark: int, ways: list[Changes]) -> None:
    """Go back to a mark and write what holds after one of several ways from there."""
    store.undo(mark)
    if len(ways) == 1:
        store.apply(ways[0])
    else:
        store.merge(ways, [""] * len(ways))
