"""One run of a traced function: what went in, what its variables held, and which batch its iterator gave.

A traced function that another one calls is reached through the calls: what went into each is worked out by running the
part of the outer graph that leads to it once more.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlint.runtime.replay import HANDLES, Replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
"""The operations that call a traced function."""
GIVING = frozenset({"IteratorGetNext", "IteratorGetNextSync"})
"""The operations by which an iterator gives its next element."""
DEPTH = 4
"""How many calls deep a function is looked for."""
MOST_WAYS = 16
"""How many ways to functions that ask for gradients are followed."""
_WRITING = ("Assign", "Scatter", "Apply")
_ANYTHING = frozenset({"StatefulPartitionedCall", "If", "While", "Case"})

Way = tuple[tuple[Any, Any], ...]
"""From a graph to one that it runs: the operations that call, each with the graph that is called."""


class Beginning:
    """The state in which a run began, and what iterators gave in it.

    Args:
        before: What variables held, by the identities of their handles.
        batches: What iterators gave, by the identities of the graphs' tensors.
    """

    def __init__(self, before: Mapping[int, Any], batches: Mapping[int, Any]) -> None:
        self.before = before
        self.batches = batches
        self._copies: dict[int, Any] = {}

    def of(self, handle: Any) -> Any:
        """A variable that holds what another held before the run; its own handle where that is not known."""
        value = self.before.get(getattr(handle, "_id", -1))
        if value is None:
            return handle
        if handle._id not in self._copies:
            self._copies[handle._id] = new_variable(value.dtype, value)
        return self._copies[handle._id]


@dataclass(frozen=True, slots=True)
class GraphRun:
    """What a run of a graph was given.

    Attributes:
        graph: The graph.
        given: The values of its inputs, of the variables that it read and of what its iterators gave, by the
            identities of the graph's tensors.
        handles: The handles of the variables that it captures, by the identities of its inputs.
        beginning: The state in which it began.
    """

    graph: Any
    given: Mapping[int, Any]
    handles: Mapping[int, Any]
    beginning: Beginning

    @classmethod
    def of(cls, graph: Any, inputs: Sequence[Any], beginning: Beginning) -> GraphRun:
        """The run of a graph.

        Args:
            graph: The graph.
            inputs: What its inputs were, handles of variables among them; None for what is not known.
            beginning: The state in which it began.
        """
        before, batches = beginning.before, beginning.batches
        passed = [(inner, value) for inner, value in zip(graph.inputs, inputs, strict=False) if value is not None]
        handles = {inner._id: value for inner, value in passed if inner.dtype.name in HANDLES}
        given = {inner._id: value for inner, value in passed if inner.dtype.name not in HANDLES}
        for operation in graph.get_operations():
            if operation.type == "ReadVariableOp" and not any(map(_changes, operation.control_inputs)):
                value = before.get(getattr(handles.get(operation.inputs[0]._id), "_id", -1))
                if value is not None:
                    given[operation.outputs[0]._id] = value
            elif operation.type in GIVING:
                given |= {one._id: batches[one._id] for one in operation.outputs if one._id in batches}
        return cls(graph, given, handles, beginning)

    def replay(self, wanted: Iterable[Any]) -> Replay:
        """One more run of the part that leads to some tensors."""
        handles = {number: self.beginning.of(one) for number, one in self.handles.items()}
        return Replay(self.graph, wanted, self.given, handles)

    def reached(self, way: Way) -> GraphRun | None:
        """The run of the function at the end of a way; None where what went in cannot be worked out.

        Raises:
            Exception: Whatever TensorFlow raises.
        """
        frame: GraphRun | None = self
        for call, graph in way:
            frame = None if frame is None else frame._entered(call, graph)
        return frame

    def _entered(self, call: Any, graph: Any) -> GraphRun | None:
        """The run of a function that this one called."""
        wanted = [one for one in call.inputs if one.dtype.name not in HANDLES]
        values = dict(self.given)
        if any(one._id not in values for one in wanted):
            again = self.replay(wanted)
            if not again.run():
                return None
            values = again.values
        inputs = [self.handles.get(one._id, values.get(one._id)) for one in call.inputs]
        return GraphRun.of(graph, inputs, self.beginning)


def new_variable(dtype: Any, value: Any) -> Any:
    """The handle of a new variable that lives as long as it, outside of all graphs; of any shape."""
    from tensorflow.python.eager import context
    from tensorflow.python.eager import record as tapes
    from tensorflow.python.framework import ops, tensor_shape
    from tensorflow.python.ops import gen_resource_variable_ops as raw

    with ops.init_scope(), tapes.stop_recording():
        name = context.anonymous_name()
        handle = raw.var_handle_op(dtype=dtype, shape=tensor_shape.unknown_shape(), shared_name=name, container="")
        if value is not None:
            raw.assign_variable_op(handle, value)
    return handle


class Batches:
    """What the iterators of traced functions gave last: each value is written into a variable of its own.

    Nothing else of the function changes: the write is one more reader of the value.
    """

    def __init__(self) -> None:
        self.handles: dict[int, tuple[Any, Any]] = {}
        """By the identities of the graphs' tensors: the variable, and its dtype."""

    def keep(self, graph: Any) -> None:
        """Keep what the iterators of a graph that is being traced give, and those of the graphs around it.

        Raises:
            Exception: Whatever TensorFlow raises.
        """
        from tensorflow.python.ops import gen_resource_variable_ops as raw

        while hasattr(graph, "outer_graph"):
            for operation in graph.get_operations():
                if operation.type not in GIVING:
                    continue
                for one in operation.outputs:
                    if one._id not in self.handles and one.dtype.name not in ("resource", "variant"):
                        handle = new_variable(one.dtype, None)
                        with graph.as_default():
                            raw.assign_variable_op(handle, one)
                        self.handles[one._id] = (handle, one.dtype)
            graph = graph.outer_graph

    def last(self) -> dict[int, Any]:
        """What was given last, by the identities of the graphs' tensors; nothing where an iterator has not run."""
        from tensorflow.python.eager import record as tapes
        from tensorflow.python.framework import errors
        from tensorflow.python.ops import gen_resource_variable_ops as raw

        found = {}
        with tapes.stop_recording():
            for number, (handle, dtype) in self.handles.items():
                with contextlib.suppress(errors.OpError):
                    found[number] = raw.read_variable_op(handle, dtype)
        return found


def calls_of(graph: Any, wanted: Callable[[Any], bool], depth: int = DEPTH) -> Iterator[Way]:
    """The ways from a graph to those that are wanted: the operations that call, each with the graph that it runs.

    A call that runs after another change of the program's state is left out: what it began with is not known.
    """
    for operation in graph.get_operations():
        if operation.type not in CALLS or any(map(_changes, operation.control_inputs)):
            continue
        called = _called(graph, operation)
        if called is None:
            continue
        if wanted(called):
            yield ((operation, called),)
        elif depth > 1:
            for rest in calls_of(called, wanted, depth - 1):
                yield ((operation, called), *rest)


def _called(graph: Any, operation: Any) -> Any:
    """The graph that a call runs, as it was traced.

    Source: ``tensorflow.python.eager.polymorphic_function.atomic_function`` (TensorFlow 2.16 to 2.21).
    """
    functions = getattr(graph, "_functions", {})
    found = functions.get(operation.get_attr("f").name)
    return getattr(found, "_cached_graph", None)


def _changes(operation: Any) -> bool:
    """Whether an operation may write variables."""
    return operation.type in _ANYTHING or any(part in operation.type for part in _WRITING)
