"""The layout of a drawing: one row for each node, and a lane for each value that is still used further down.

All pictures share this layout, as a version history is drawn: the code reads from the top down, however long it is, and
nothing is ever wider than the lanes that are in use at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradlint.picture.record import Drawing, DrawnEdge, Node, Way

RANK: dict[Way, int] = {"connected": 0, "reached": 1, "lost": 2, "stopped": 3, "unreached": 4}
"""Of several paths that share a lane, the one that counts: the lowest."""


@dataclass(frozen=True, slots=True)
class Joint:
    """An edge that ends in a row.

    Attributes:
        edge: The edge.
        lane: The lane that it comes down.
        ends: Whether nothing further down uses the lane.
    """

    edge: DrawnEdge
    lane: int
    ends: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A node's row.

    Attributes:
        node: The node.
        lane: Its lane.
        joints: The edges that end here.
        through: The paths that pass by, by lane.
        after: The paths that continue below, by lane.
    """

    node: Node
    lane: int
    joints: tuple[Joint, ...]
    through: dict[int, Way]
    after: dict[int, Way]


def rows(drawing: Drawing) -> list[Row]:
    """Lay out a drawing."""
    return _Rails(drawing).rows()


class _Rails:
    def __init__(self, drawing: Drawing) -> None:
        self.nodes = drawing.nodes
        self.below: dict[int, list[DrawnEdge]] = {index: [] for index in range(len(self.nodes))}
        self.users: dict[int, list[DrawnEdge]] = {index: [] for index in range(len(self.nodes))}
        for edge in drawing.edges:
            self.below[edge.above].append(edge)
            self.users[edge.below].append(edge)
        self.lanes: list[int | None] = []

    def rows(self) -> list[Row]:
        """The rows, from the top down."""
        return [self._row(index) for index in range(len(self.nodes))]

    def _row(self, index: int) -> Row:
        lane_of = {owner: lane for lane, owner in enumerate(self.lanes) if owner is not None}
        joints = [
            Joint(edge, lane_of[edge.below], all(user.above <= index for user in self.users[edge.below]))
            for edge in self.below[index]
        ]
        ended = [joint.lane for joint in joints if joint.ends]
        for lane in ended:
            self.lanes[lane] = None
        lane = min(ended) if ended else self._free()
        through = self._ways(index)
        if self.users[index]:
            self.lanes[lane] = index
        while self.lanes and self.lanes[-1] is None:
            self.lanes.pop()
        return Row(self.nodes[index], lane, tuple(joints), through, self._ways(index))

    def _free(self) -> int:
        if None in self.lanes:
            return self.lanes.index(None)
        self.lanes.append(None)
        return len(self.lanes) - 1

    def _ways(self, index: int) -> dict[int, Way]:
        """What each lane that is in use still leads to."""
        return {
            lane: min((user.way for user in self.users[owner] if user.above > index), key=RANK.__getitem__)
            for lane, owner in enumerate(self.lanes)
            if owner is not None
        }
