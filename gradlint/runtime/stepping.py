"""Gradient calls inside traced functions: whether a run of such a function made a gradient NaN, and where.

The gradients of a traced function are seen only by what becomes of them. So each run's outputs, and the variables that
it trains, are looked at; where one is not finite for the first time, the graph is run once more with the variables as
they were before. They are kept for that: TensorFlow shares their memory until it writes them. So is what an iterator
gave last, as in Keras' ``fit``.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from gradlint.runtime import sources
from gradlint.runtime.frames import MOST_WAYS, Batches, Beginning, GraphRun, calls_of
from gradlint.runtime.observed import Observed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gradlint.runtime.calls import ObservedCall, ObservedSource
    from gradlint.runtime.frames import Way

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
        batches: What the iterators gave last, of this graph and of those around it.
    """

    graph: Any
    calls: list[tuple[ObservedCall, list[ObservedSource], list[Any]]] = field(default_factory=list)
    before: dict[int, Any] = field(default_factory=dict)
    batches: Batches = field(default_factory=Batches)

    def keep(self) -> None:
        """Keep the variables as they are now."""
        import tensorflow as tf
        from tensorflow.python.eager import record as tapes
        from tensorflow.python.framework import ops

        with ops.init_scope(), tapes.stop_recording():
            found = {
                one.handle._id: (one.handle, tf.as_dtype(one.dtype), one.shape)
                for _, asked, _ in self.calls
                for source in asked
                if (one := sources.variable(source.value)) is not None and hasattr(one.handle, "numpy")
            }
            size = sum(dtype.size * math.prod(shape) for _, dtype, shape in found.values())
            if size <= MOST_BYTES:
                self.before = {
                    number: tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype)
                    for number, (handle, dtype, _) in found.items()
                }

    def ran(self, outer: Any, ways: Sequence[Way], inputs: Sequence[Any], outputs: Sequence[Any]) -> Iterator[Observed]:
        """What a run of the function lost to NaN; then it is looked at no more.

        Args:
            outer: The graph that ran: the function's own, or one that calls it.
            ways: The ways from that graph to the function's.
            inputs: What went in.
            outputs: What came out.

        Raises:
            Exception: Whatever TensorFlow raises.
        """
        from gradlint.runtime.nonfinite import inside

        before = self.before
        self.keep()
        if all(map(sources.finite, outputs)) and all(map(sources.finite, self.before.values())):
            return
        began = GraphRun.of(outer, inputs, Beginning(before, self.batches.last()))
        for way in ways:
            frame = began.reached(way)
            if frame is None:
                continue
            for call, asked, gradients in self.calls:
                bad, cut = inside(frame, call, gradients)
                for source, lost in zip(asked, bad, strict=False):
                    if lost:
                        yield Observed(call.method, call.stack, call.target_text, source.text, "nan", cut)
        self.calls.clear()


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
        self._ways: WeakKeyDictionary[Any, list[tuple[AskedInside, list[Way]]]] = WeakKeyDictionary()

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
        self._ways.clear()
        try:
            inside.keep()
        except Exception:  # variables of every make, those of strategies too: what cannot be kept is not looked at
            inside.calls.clear()
            return
        with contextlib.suppress(Exception):  # graphs that are finished, or that take no more operations
            inside.batches.keep(graph)

    def ran(self, graph: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        """A traced function ran."""
        for inside, ways in self._reached(graph):
            if not inside.calls:
                continue
            try:
                found = list(inside.ran(graph, ways, inputs, outputs))
            except Exception:  # a graph that cannot be run once more tells nothing, and is asked no more
                inside.calls.clear()
                continue
            for observed in found:
                if not self.counted(observed.call, observed.source, "nan"):
                    self.observe(observed)

    def _reached(self, graph: Any) -> list[tuple[AskedInside, list[Way]]]:
        """The functions that ask for gradients when a graph runs, each with the ways there."""
        if graph is None:
            return []
        known = self._ways.get(graph)
        if known is None:
            own = self.by_graph.get(id(graph))
            known = self._ways[graph] = [] if own is None else [(own, [()])]
            called: dict[int, list[Way]] = {}
            for way in islice(calls_of(graph, lambda one: id(one) in self.by_graph), MOST_WAYS):
                called.setdefault(id(way[-1][1]), []).append(way)
            known += [(self.by_graph[number], ways) for number, ways in called.items()]
        return known
