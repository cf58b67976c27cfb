"""What a ``tf.function`` of several results makes of a gradient that is lost.

A function is one operation, whose gradient has a value for all that any of its results came from: zeros where it would
be None otherwise (TensorFlow 2.21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.graph import ways as graph
from gradlint.flow.values.values import Array, Join, Tensor, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.values.values import Edge, Recording


class Outputs:
    """The results of functions of graphs of which some targets come from one.

    Args:
        machine: The run.
        recording: The recording that gradients are asked of.
        targets: The targets.
    """

    def __init__(self, machine: Interpreter, recording: Recording, targets: Sequence[Value]) -> None:
        self._machine = machine
        self._recording = recording
        self._targets = targets
        self._found: dict[bool, set[int]] = {}

    def may_make_zeros(self, source: Value) -> bool:
        """Whether a source may lead to another result."""
        return id(source) in self._below(surely=False)

    def make_zeros(self, source: Value) -> bool:
        """Whether a source surely leads to another result of a function that a target surely comes from."""
        return not self._machine.mentions("run_functions_eagerly") and id(source) in self._below(surely=True)

    def _below(self, *, surely: bool) -> set[int]:
        found = self._found.get(surely)
        if found is None:
            found = self._found[surely] = self._led_to(surely=surely) if self._machine.graph_outputs else set()
        return found

    def _led_to(self, *, surely: bool) -> set[int]:
        """The ids of what the results lead to.

        A result that the function made is none of them unless another one was made from it: the operation takes it
        from nowhere, and gives it no value.
        """
        came = self._came_from(surely=surely)
        stack: list[Value] = []
        made: set[int] = set()
        for began, outputs in self._machine.graph_outputs:
            self._machine.spend(len(outputs))
            if any(id(output) in came for output in outputs):
                stack.extend(outputs)
                made |= {id(output) for output in outputs if isinstance(output, Tensor) and output.born > began}
        seen: set[int] = set()
        entered: set[int] = set()
        while stack:
            node = stack.pop()
            if id(node) in entered:
                seen.add(id(node))
                continue
            entered.add(id(node))
            if id(node) not in made:
                seen.add(id(node))
            live = (edge for edge in node.edges if self._recording in edge.live)
            stack.extend(self._next(node, live, surely=surely))
        return seen

    def _came_from(self, *, surely: bool) -> set[int]:
        """The ids of what the targets were made from while the tape ran, by operations that have a gradient.

        Whether what they were made from can be followed further is not asked: one result of a function is recorded as
        soon as another one can.
        """

        def step(node: Value) -> list[Value]:
            recorded = (edge for edge in node.edges if self._recording in edge.seen)
            return self._next(node, recorded, surely=surely)

        return {id(node) for node in graph.below(self._targets, step)}

    def _next(self, node: Value, edges: Iterable[Edge], *, surely: bool) -> list[Value]:
        """What a value leads to along some edges of its own, and as what it holds."""
        self._machine.spend(1 + len(node.edges))
        below = [edge.parent for edge in edges if edge.cut is None and (edge.sure or not surely)]
        if isinstance(node, Array) or (surely and isinstance(node, Join)):
            return below
        return [*below, *graph.parts(node, self._machine.captured)]
