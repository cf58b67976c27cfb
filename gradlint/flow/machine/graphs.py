"""What runs while TensorFlow makes a graph: whether the running code does, and which loops become part of one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from gradlint.flow.machine.judged import Judged
from gradlint.flow.state.loops import GraphLoop
from gradlint.flow.values.values import Params, Tensor, Unknown, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.state.activation import Activation
    from gradlint.flow.values.values import Value


class InGraphs(Judged):
    """The functions that are traced into graphs, and their loops.

    Attributes:
        stack: The calls that are running.
        clock: What counts the values that are made.
        forks: How deep in undecided branches the running code stands.
        graph_loops: The loops that graphs were made of.
        open_graph_loops: Those of them that are running.
    """

    stack: list[Activation]
    clock: int
    forks: int
    graph_loops: list[GraphLoop]
    open_graph_loops: list[GraphLoop]

    @contextmanager
    def graph_loop(self, *, is_sure: bool) -> Iterator[GraphLoop]:
        """What is run inside is the turns of a loop that a graph is made of."""
        loop = GraphLoop(self.clock, self.forks, is_sure)
        self.open_graph_loops.append(loop)
        try:
            yield loop
            loop.ended = self.clock
            self.graph_loops.append(loop)
        finally:
            self.open_graph_loops.pop()

    def use_in_loops(self, values: list[Value]) -> None:
        """Let the running loops use what an operation is given."""
        for loop in self.open_graph_loops:
            loop.use(values, self.forks)

    @property
    def in_graph(self) -> bool:
        """Whether the running code is traced into a graph by ``tf.function``."""
        for activation in reversed(self.stack):
            if activation.eager or activation.graph:
                return activation.graph
        return False

    @property
    def converts(self) -> bool:
        """Whether AutoGraph converts the running code: that of a ``tf.function``, but not what Keras calls of it.

        Fact of TensorFlow 2.21 and Keras 3.15.
        """
        for activation in reversed(self.stack):
            function = activation.function
            extra = (function.extra or {}) if function is not None else {}
            if activation.eager or "unconverted" in extra or activation.unconverted:
                return False
            if activation.graph:
                return True
        return False

    def symbolic(self, value: Value) -> bool:
        """Whether a value surely is of the graph that is being traced, so that it has no number yet."""
        began: int | None = None
        for activation in reversed(self.stack):
            if activation.eager:
                break
            began = activation.began if activation.graph else began
        if began is None:
            return False
        if isinstance(value, Variable | Params):
            return True
        is_tensor = isinstance(value, Tensor) or (isinstance(value, Unknown) and value.computed)
        return is_tensor and value.born >= began

    @property
    def compiled(self) -> bool:
        """Whether the running code stands in a function that XLA compiles."""
        return any(
            activation.function is not None and "jit_compile" in (activation.function.extra or {})
            for activation in self.stack
        )

    @property
    def graphs(self) -> int:
        """How many functions being traced into graphs the running code stands in."""
        return sum(activation.graph for activation in self.stack)
