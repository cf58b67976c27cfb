"""Gradient calls inside traced functions: whether a run of such a function made a gradient NaN, and where.

The gradients of a traced function are seen only by what becomes of them. So each run's outputs, and the variables that
it trains, are looked at; where one is not finite for the first time, the graph is run once more with the variables as
they were before. They are kept for that: TensorFlow shares their memory until it writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradlint.runtime import sources
from gradlint.runtime.observed import Observed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradlint.runtime.calls import ObservedCall, ObservedSource

MOST_BYTES = 1 << 30
"""How much memory the variables may take that are kept."""

MOST_GRAPHS = 32
"""How many traced functions are looked at: the latest."""


@dataclass(slots=True)
class AskedInside:
    """The gradient calls of one traced function.

    Attributes:
        graph: The function's graph.
        calls: The calls, each with its sources and the gradients that it gave, as tensors of the graph.
        before: The variables as they were before the next run, by the identities of their handles.
    """

    graph: Any
    calls: list[tuple[ObservedCall, list[ObservedSource], list[Any]]] = field(default_factory=list)
    before: dict[int, Any] = field(default_factory=dict)

    def keep(self) -> None:
        """Keep the variables as they are now."""
        from tensorflow.python.eager import record as tapes
        from tensorflow.python.framework import ops

        with ops.init_scope(), tapes.stop_recording():
            found = {
                one.handle._id: one
                for _, asked, _ in self.calls
                for source in asked
                if (one := sources.variable(source.value)) is not None and hasattr(one.handle, "numpy")
            }
            if sum(one.shape.num_elements() * one.dtype.size for one in found.values()) <= MOST_BYTES:
                self.before = {number: one.read_value() for number, one in found.items()}

    def ran(self, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> Iterator[Observed]:
        """What a run of the function lost to NaN; then it is looked at no more.

        Raises:
            Exception: Whatever TensorFlow raises.
        """
        from gradlint.runtime.nonfinite import inside

        before = self.before
        self.keep()
        if all(map(sources.finite, outputs)) and all(map(sources.finite, self.before.values())):
            return
        given = self._given(inputs, before)
        for call, asked, gradients in self.calls:
            bad, cut = inside(self.graph, call, gradients, given)
            for source, lost in zip(asked, bad, strict=False):
                if lost:
                    yield Observed(call.method, call.stack, call.target_text, source.text, "nan", cut)
        self.calls.clear()

    def _given(self, inputs: tuple[Any, ...], before: dict[int, Any]) -> dict[int, Any]:
        """The values of the graph's inputs, and of the variables that it read, by the tensors' identities."""
        given = {inner._id: value for inner, value in zip(self.graph.inputs, inputs, strict=False)}
        handles = {inner._id: value for inner, value in zip(self.graph.inputs, inputs, strict=False)}
        for operation in self.graph.get_operations():
            if operation.type == "ReadVariableOp":
                handle = handles.get(operation.inputs[0]._id)
                value = before.get(getattr(handle, "_id", -1))
                if value is not None:
                    given[operation.outputs[0]._id] = value
        return given


class AskedInsides:
    """The traced functions that ask for gradients.

    Args:
        observe: Called with what came of a gradient.
        counted: Counts a loss, and says whether it was seen before.
    """

    def __init__(self, observe: Callable[[Observed], None], counted: Callable[..., bool]) -> None:
        self.observe = observe
        self.counted = counted
        self.by_graph: dict[int, AskedInside] = {}

    def add(self, call: ObservedCall, result: Any) -> None:
        """Remember a gradient call whose gradients are tensors of a graph."""
        given = sources.flattened_with_none(result)
        first = next((getattr(one, "values", one) for one in given if one is not None), None)
        if first is None or hasattr(first, "numpy"):
            return
        asked, graph = call.sources(), getattr(first, "graph", None)
        if graph is None or len(given) != len(asked):
            return
        inside = self.by_graph.setdefault(id(graph), AskedInside(graph))
        if len(self.by_graph) > MOST_GRAPHS:
            del self.by_graph[next(iter(self.by_graph))]
        inside.calls.append((call, asked, given))
        try:
            inside.keep()
        except Exception:  # variables of every make, those of strategies too: what cannot be kept is not looked at
            inside.calls.clear()

    def ran(self, graph: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        """A traced function ran."""
        inside = self.by_graph.get(id(graph))
        if inside is None or not inside.calls:
            return
        try:
            found = list(inside.ran(inputs, outputs))
        except Exception:  # a graph that cannot be run once more tells nothing, and is asked no more
            inside.calls.clear()
            return
        for observed in found:
            if not self.counted(observed.call, observed.source, "nan"):
                self.observe(observed)
