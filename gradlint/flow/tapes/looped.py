"""What the loops of a graph make of a gradient that is lost.

Such a loop is one operation, whose gradient has a value for all that its turns use: zeros where it would be None
otherwise, whether or not what uses it leads to the target (TensorFlow 2.21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.graph import ways as graph
from gradlint.flow.values.values import Array, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.flow.graph.ways import Reach
    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.state.loops import GraphLoop
    from gradlint.flow.values.values import Recording


class Looped:
    """The loops of graphs that some targets come from.

    Args:
        machine: The run.
        recording: The recording that gradients are asked of.
        targets: The targets.
        reaches: What a gradient of each reaches.
    """

    def __init__(
        self, machine: Interpreter, recording: Recording, targets: Sequence[Value], reaches: Sequence[Reach]
    ) -> None:
        self._machine = machine
        self._surely: list[GraphLoop] = []
        self._met: list[GraphLoop] = []
        self._used: set[int] | None = set()
        loops = [loop for loop in machine.graph_loops if loop.began >= recording.began]
        if loops:
            turns = self._meet(loops, recording, targets, reaches)
            self._used = self._held_by([*turns, *(value for loop in self._met for value in loop.used.values())])

    def may_make_zeros(self, source: Value) -> bool:
        """Whether a turn may use a source."""
        return self._used is None or id(source) in self._used

    def make_zeros(self, source: Value) -> bool:
        """Whether a turn surely uses a source, in a loop that a target surely comes from."""
        return not self._machine.mentions("run_functions_eagerly") and any(
            id(source) in loop.surely_used for loop in self._surely
        )

    def _meet(
        self, loops: list[GraphLoop], recording: Recording, targets: Sequence[Value], reaches: Sequence[Reach]
    ) -> list[Value]:
        """Find the loops from which a target comes; gives what was made in them that it comes from."""
        stack, seen, turns = list(targets), set[int](), list[Value]()
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            around = [loop for loop in loops if loop.holds(node)]
            turns += [node] if around else []
            self._met += [loop for loop in around if loop not in self._met]
            if any(id(node) in reach.sure for reach in reaches):
                self._surely += [loop for loop in around if loop.is_sure and loop not in self._surely]
            self._machine.spend(1 + len(node.edges))
            # What is cut above the loop, or computed unseen by the tape, hands nothing on to it.
            stack.extend(edge.parent for edge in node.edges if edge.cut is None and recording in edge.live)
        return turns

    def _held_by(self, values: list[Value]) -> set[int] | None:
        """The ids of all that some values were made from, cut or not; None where that may be anything."""
        stack, used = values, set[int]()
        while stack:
            node = stack.pop()
            if isinstance(node, Unknown) and node.anything:
                return None
            if id(node) in used:
                continue
            used.add(id(node))
            self._machine.spend(1 + len(node.edges))
            stack.extend(edge.parent for edge in node.edges)
            if not isinstance(node, Array):
                stack.extend(graph.parts(node, self._machine.captured))
        return used
