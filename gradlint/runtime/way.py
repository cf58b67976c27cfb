"""The way from a target back to a source over what was recorded, and where it is cut.

The search looks for the way with the fewest cuts, so the cut that it names is one whose repair brings the
gradient back.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlint.runtime import gradients, slices
from gradlint.runtime.observed import WayCut
from gradlint.runtime.places import of_traceback
from gradlint.runtime.record import DIFFERENTIABLE, READING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.runtime.observed import Reason
    from gradlint.runtime.places import Place
    from gradlint.runtime.record import Operation, Record, Write
    from gradlint.runtime.windows import Window

SHAPE_ONLY = frozenset(
    {"Shape", "ShapeN", "Size", "Rank", "VariableShape", "ZerosLike", "OnesLike", "BroadcastGradientArgs"}
)
"""Operations whose result depends on the shape of what goes in and not on its value."""
COMPARISONS = frozenset(
    {
        "Greater",
        "GreaterEqual",
        "Less",
        "LessEqual",
        "Equal",
        "NotEqual",
        "ApproximateEqual",
        "IsNan",
        "IsInf",
        "IsFinite",
    }
)
STOPPING = frozenset({"StopGradient", "PreventGradient"})
OPAQUE = frozenset({"PyFunc", "PyFuncStateless"})
STEP = 1e-6
"""What a step without a cut costs, so that of two ways the shorter one is taken."""

GUESS = 10.0
"""What a cut costs that is only guessed, so that any other way is taken before it."""

State = tuple[int, bool]
"""A tensor by its identity, and whether it was used where the tape does not record."""


@dataclass(frozen=True, slots=True)
class StepBack:
    """A step back from a tensor to one that it was made from."""

    to: State
    cut: WayCut | None
    place: Place | None


@dataclass(frozen=True, slots=True)
class FoundWay:
    """The way to a source: its cuts from the target on, and its lines from the source on."""

    cuts: tuple[WayCut, ...]
    lines: tuple[Place, ...]
    first_use: int
    """When the source was first used on it."""
    constant: int | None = None
    """The tensor as which what had left TensorFlow came back first, seen from the target."""


class WaysBack:
    """All ways back from one target.

    Args:
        record: What was recorded.
        window: When the tape recorded.
        target: The target's tensors, or their identities.
        asked: The user's lines of the gradient call.
        above: The ways that these are a part of: what they know of traced functions is shared.
    """

    def __init__(
        self,
        record: Record,
        window: Window,
        target: Iterable[Any] | Iterable[int],
        asked: tuple[Place, ...] = (),
        above: WaysBack | None = None,
    ) -> None:
        self.record = record
        self.window = window
        self.symbols: dict[int, Any] = {} if above is None else above.symbols
        self.bound: dict[int, set[int]] = {} if above is None else above.bound
        self.called: set[Any] = set() if above is None else above.called
        self.fed: dict[tuple[tuple[Place, ...], tuple[Place, ...]], slices.Feeding | None] = (
            {} if above is None else above.fed
        )
        self.cost: dict[State, float] = {}
        self.back: dict[State, tuple[State | None, StepBack | None]] = {}
        self.used: dict[int, tuple[int, tuple[Place, ...]]] = {}
        """When and where each tensor was last used on the way."""
        self.forgotten = False
        """Whether the ways lead to what is no longer remembered."""
        self.starts = [self._key(one) for one in target]
        """The identities of the target's tensors."""
        if above is not None:
            self.used.update((one, above.used[one]) for one in self.starts if one in above.used)
        if asked:
            self.used.update((one, (record.clock, asked)) for one in self.starts)
        self._search(self.starts)

    def below(self, number: int) -> WaysBack:
        """All ways back from something on these ways."""
        return WaysBack(self.record, self.window, [number], above=self)

    def kind(self, number: int) -> str | None:
        """TensorFlow's name of the operation that made a tensor; None for a constant, a Variable or the unknown."""
        if number in self.record.writes:
            return None
        operation = self.record.made.get(number)
        if operation is not None:
            return operation.kind
        symbol = self.symbols.get(number)
        return None if symbol is None else str(symbol.op.type)

    def single(self, number: int) -> bool:
        """Whether a tensor is known to hold a single number."""
        tensor = self.symbols.get(number)
        operation = self.record.made.get(number)
        if operation is not None and operation.values is not None:
            tensor = operation.values[1][operation.outputs.index(number)]
        return tensor is not None and tensor.shape.rank == 0

    def is_call(self, kind: str) -> bool:
        """Whether an operation is the call of a traced function."""
        return kind.startswith("__") or "PartitionedCall" in kind

    def to(self, identities: Iterable[int]) -> FoundWay | None:
        """The way to a source with the fewest cuts, None where no way leads there."""
        ends = [state for one in identities for state in ((one, False), (one, True)) if state in self.cost]
        if not ends:
            return None
        nearest = min(ends, key=lambda one: self.cost[one])
        first_use = self.used.get(nearest[0], (0, ()))[0]
        state: State | None = nearest
        constant: int | None = None
        cuts: list[WayCut] = []
        lines: list[Place] = []
        while state is not None:
            state, edge = self.back[state]
            if edge is not None:
                if edge.cut is not None:
                    cuts.append(edge.cut)
                    constant = state[0] if state is not None and edge.cut.reason == "left" else constant
                if edge.place is not None and (not lines or lines[-1] != edge.place):
                    lines.append(edge.place)
        return FoundWay(tuple(reversed(cuts)), tuple(lines), first_use, constant)

    def reaches(self, identity: int) -> bool:
        """Whether the target was computed from a tensor."""
        return (identity, False) in self.cost or (identity, True) in self.cost

    def _key(self, tensor: Any) -> int:
        if isinstance(tensor, int):
            return tensor
        number: int = tensor._id
        if getattr(tensor, "graph", None) is not None and not hasattr(tensor, "numpy"):
            self.symbols[number] = tensor
        return number

    def _search(self, targets: list[int]) -> None:
        queue: list[tuple[float, int, State]] = []
        count = 0
        for one in targets:
            self.cost[one, False] = 0.0
            self.back[one, False] = (None, None)
            queue.append((0.0, count, (one, False)))
            count += 1
        done: set[State] = set()
        while queue:
            cost, _, state = heapq.heappop(queue)
            if state in done:
                continue
            done.add(state)
            for edge in self.edges(state):
                now = cost + _cost(edge.cut)
                if now < self.cost.get(edge.to, float("inf")):
                    self.cost[edge.to] = now
                    self.back[edge.to] = (state, edge)
                    count += 1
                    heapq.heappush(queue, (now, count, edge.to))

    def edges(self, state: State) -> Iterator[StepBack]:
        """The steps back from a tensor."""
        number = state[0]
        operation = self.record.made.get(number)
        if number in self.record.writes:
            yield from self._of_variable(number, state)
        elif operation is not None:
            yield from self._of_operation(operation, state)
        elif number in self.symbols:
            yield from self._of_symbol(self.symbols[number], state)
        else:
            yield from self._of_constant(number, state)

    def _of_operation(self, operation: Operation, state: State) -> Iterator[StepBack]:
        outside = not self.window.holds(operation.sequence)
        place = operation.stack[0] if operation.stack else None
        left = WayCut("outside", place, operation.kind) if outside and not state[1] else None
        graph = self.record.graph_of(operation.kind, len(operation.inputs), operation.inputs)
        index = operation.outputs.index(state[0])
        if graph is not None and index < len(graph.outputs):
            yield self._into(graph, index, operation.inputs, outside, left, place)
            return
        if operation.kind in SHAPE_ONLY:
            return
        if operation.kind == "EagerPyFunc":
            yield from self._of_callback(operation.token, index, outside, place)
        floats = self.record.differentiable(operation)
        answers = gradients.passages(operation, floats) if operation.dtypes[index] in DIFFERENTIABLE else None
        for position, one in enumerate(operation.inputs):
            self._note_use(one, operation.sequence, operation.stack)
            cut = left or _cut(
                operation.kind,
                floats[position],
                None if answers is None else answers[position],
                place,
            )
            yield StepBack((one, outside), cut, place)

    def _of_callback(self, token: str, index: int, outside: bool, place: Place | None) -> Iterator[StepBack]:
        """The step from a `tf.py_function` to what its Python function returned."""
        returned = self.record.returned.get(token, ())
        if index < len(returned):
            yield StepBack((returned[index], outside), WayCut("captured", place, "EagerPyFunc"), place)

    def _note_use(self, number: int, sequence: int, stack: tuple[Place, ...]) -> None:
        if sequence >= self.used.get(number, (0, ()))[0]:
            self.used[number] = (sequence, stack)

    def _into(
        self,
        graph: Any,
        index: int,
        inputs: Iterable[int],
        outside: bool,
        cut: WayCut | None,
        place: Place | None,
    ) -> StepBack:
        """The step from a call of a traced function to what it returns, its parameters tied to what it was given."""
        self.called.add(graph)
        for inner, outer in zip(graph.inputs, inputs, strict=False):
            self.bound.setdefault(inner._id, set()).add(outer)
        return StepBack((self._key(graph.outputs[index]), outside), cut, place)

    def _of_symbol(self, tensor: Any, state: State) -> Iterator[StepBack]:
        op = tensor.op
        graph = tensor.graph
        if op.type in ("Placeholder", "PlaceholderWithDefault"):
            yield from self._of_parameter(tensor, graph, state)
            return
        if op.type in SHAPE_ONLY:
            return
        places = of_traceback(op.traceback, 4)
        place = places[0] if places else None
        moment = self.record.created.get(graph, {}).get(tensor._id, 0)
        outside = state[1] if graph in self.called else not self.window.holds(moment)
        left = WayCut("outside", place, op.type) if outside and not state[1] else None
        if op.type == "Const":
            yield from self._of_exits(moment, places, state)
            return
        inner = list(self._inner(op, tensor, outside, left, place))
        if inner:
            yield from inner
            return
        index = _position(op, tensor)
        if op.type == "EagerPyFunc":
            yield from self._of_callback(op.get_attr("token").decode(), index, outside, place)
        floats = op.outputs[index].dtype.as_datatype_enum in DIFFERENTIABLE
        answers = gradients.graph_passages(op) if floats else None
        for position, one in enumerate(op.inputs):
            number = self._key(one)
            self._note_use(number, moment, places)
            cut = left or _cut(
                op.type,
                one.dtype.as_datatype_enum in DIFFERENTIABLE,
                None if answers is None else answers[position],
                place,
            )
            yield StepBack((number, outside), cut, place)

    def _of_parameter(self, tensor: Any, graph: Any, state: State) -> Iterator[StepBack]:
        for outer in self.bound.get(tensor._id, ()):
            yield StepBack((outer, state[1]), None, None)
        for outer, inner in getattr(graph, "captures", ()):
            if inner is tensor:
                yield StepBack((self._key(outer), state[1]), None, None)

    def _inner(
        self, op: Any, tensor: Any, outside: bool, cut: WayCut | None, place: Place | None
    ) -> Iterator[StepBack]:
        """The steps into the branches, the body or the function that an operation of a graph calls."""
        index = _position(op, tensor)
        inputs = [self._key(one) for one in op.inputs]
        for attribute, skipped in (("then_branch", 1), ("else_branch", 1), ("body", 0), ("f", 0)):
            if attribute not in op.node_def.attr:
                continue
            name = op.node_def.attr[attribute].func.name
            graph = self.record.graph_of(name, len(inputs) - skipped, None)
            if graph is None or index >= len(graph.outputs):
                return
            yield self._into(graph, index, inputs[skipped:], outside, cut, place)
            if skipped:
                yield StepBack((inputs[0], outside), cut or WayCut("condition", place, op.type), place)
            if attribute == "body":
                for given, made in zip(graph.inputs, graph.outputs, strict=False):
                    self.bound.setdefault(given._id, set()).add(self._key(made))

    def _of_variable(self, handle: int, state: State) -> Iterator[StepBack]:
        moment, stack = self.used.get(handle, (self.record.clock, ()))
        begin = min((span[0] for span in self.window.spans if span[0] is not None), default=0)
        for write in self.record.writes[handle]:
            if write.sequence <= moment and not self._of_update(write, begin):
                reason, place = _of_write(write, stack)
                if write.symbol is not None:
                    self.symbols[write.value] = write.symbol
                yield StepBack((write.value, state[1]), WayCut(reason, place), place)

    def _of_update(self, write: Write, begin: int) -> bool:
        """Whether a write before the block came from an earlier gradient: an optimizer's step."""
        if write.initial or write.sequence >= begin:
            return False
        pending = [write.value]
        seen: set[int] = set()
        while pending and len(seen) < 2000:
            operation = self.record.made.get(pending.pop())
            if operation is None or id(operation) in seen:
                continue
            seen.add(id(operation))
            if operation.backward:
                return True
            pending.extend(operation.inputs)
        return len(seen) >= 2000

    def _of_constant(self, number: int, state: State) -> Iterator[StepBack]:
        moment, stack = self.used.get(number, (0, ()))
        if moment and moment <= self.record.dropped:
            self.forgotten = True
        yield from self._of_exits(moment, stack, state)

    def _of_exits(self, moment: int, stack: tuple[Place, ...], state: State) -> Iterator[StepBack]:
        """The steps from a constant to what left TensorFlow on a line that its own line's values came from."""
        for exit_ in self.record.exits:
            found = None if exit_.sequence > moment else self._feeds(exit_.stack, stack)
            if found is not None:
                cut = WayCut("left", exit_.stack[0], exit_.how, guessed=found == "around")
                yield StepBack((exit_.tensor, state[1]), cut, exit_.stack[0])

    def _feeds(self, left: tuple[Place, ...], used: tuple[Place, ...]) -> slices.Feeding | None:
        if (left, used) not in self.fed:
            self.fed[left, used] = slices.feeds(left, used)
        return self.fed[left, used]


def _cost(cut: WayCut | None) -> float:
    return STEP if cut is None else GUESS if cut.guessed else 1.0


def _of_write(write: Write, used: tuple[Place, ...]) -> tuple[Reason, Place | None]:
    """How a write cuts the way, and where: a metric where its state is read, anything else where it is written."""
    if write.metric and used:
        return "metric", used[0]
    reason: Reason = "data" if write.data else "rewrapped" if write.initial else "assigned"
    return reason, write.stack[0] if write.stack else None


def _position(op: Any, tensor: Any) -> int:
    """Which of an operation's outputs a tensor is; tensors compare by value, so identities are compared."""
    return next((number for number, one in enumerate(op.outputs) if one._id == tensor._id), 0)


def _cut(kind: str, float_in: bool, passage: gradients.Passage | None, place: Place | None) -> WayCut | None:
    """How an operation cuts the way from one of its inputs to one of its outputs; None where it does not.

    Args:
        kind: The operation.
        float_in: Whether the input has gradients at all.
        passage: What its gradient does; None where the output has no gradients.
        place: The user's line.
    """
    if not float_in or passage == "passes" or kind in READING:
        return None
    if passage == "unregistered":
        return WayCut("no-gradient", place, kind)
    if kind in STOPPING:
        return WayCut("stopped", place, kind)
    if kind in OPAQUE:
        return WayCut("opaque", place, kind)
    if kind == "Cast":
        return WayCut("cast", place, kind)
    if kind in COMPARISONS:
        return WayCut("comparison", place, kind)
    return WayCut("non-differentiable", place, kind)
