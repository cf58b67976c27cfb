"""Questions to the graph of values: what a gradient can reach, and where a way to a source is cut.

The graph over-approximates what may be connected, so that "not reached" is a proof and "reached" is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradlint.flow.facts import Kind
from gradlint.flow.values.kinds import ByKind
from gradlint.flow.values.program import Bound, ClassValue, Function, Generator, Instance, Partial
from gradlint.flow.values.values import Array, Dict, Join, LibObject, Method, Params, Seq, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from gradlint.flow.facts import Cut
    from gradlint.flow.values.values import Edge, Recording

    Captured = Callable[[Function | Generator], Iterator[Value]]
    """Gives the values that a function sees in the frames around it."""


def parts(value: Value, captured: Captured) -> Iterator[Value]:
    """The values that a container, an object or a function holds, so that they go where it goes."""
    return PARTS.for_value(value)(value, captured)


def _no_parts(_value: Value, _captured: Captured) -> Iterator[Value]:
    return iter(())


PARTS: ByKind[Callable[[Any, Captured], Iterator[Value]]] = ByKind(_no_parts)
"""What gives the parts of a value, by its class."""


@PARTS.of(Seq)
def _of_sequence(value: Seq, _captured: Captured) -> Iterator[Value]:
    return iter(value.items.values)


@PARTS.of(Dict)
def _of_dict(value: Dict, _captured: Captured) -> Iterator[Value]:
    for key, entry in value.pairs.entries:
        if isinstance(key, Value):
            yield key
        yield entry
    yield from value.pairs.rest


@PARTS.of(Instance)
def _of_instance(value: Instance, _captured: Captured) -> Iterator[Value]:
    yield value.cls
    yield from (attr for attr in value.attrs.values() if isinstance(attr, Value))
    yield from (entry for entry in value.state.values() if isinstance(entry, Value))


@PARTS.of(LibObject)
def _of_library_object(value: LibObject, _captured: Captured) -> Iterator[Value]:
    yield from value.arguments
    for entry in value.state.values():
        held = entry if isinstance(entry, tuple) else (entry,)
        yield from (part for part in held if isinstance(part, Value))


@PARTS.of(Bound)
def _of_bound(value: Bound, _captured: Captured) -> Iterator[Value]:
    return iter((value.owner, value.function))


@PARTS.of(Method, Params)
def _of_owned(value: Method | Params, _captured: Captured) -> Iterator[Value]:
    return iter((value.owner,))


@PARTS.of(Partial)
def _of_partial(value: Partial, _captured: Captured) -> Iterator[Value]:
    return iter((value.function, *value.args, *value.kwargs.values()))


@PARTS.of(Function, Generator)
def _of_function(value: Function | Generator, captured: Captured) -> Iterator[Value]:
    return captured(value)


@PARTS.of(ClassValue)
def _of_class(value: ClassValue, _captured: Captured) -> Iterator[Value]:
    return (held for held in value.frame.names.values() if isinstance(held, Value))


@dataclass
class Reach:
    """What a gradient can reach from a target, for one recording."""

    nodes: dict[int, Value] = field(default_factory=dict)
    sure: set[int] = field(default_factory=set)
    opaque: bool = False
    anything: bool = False
    missing: list[tuple[Cut, bool]] = field(default_factory=list)

    def __contains__(self, value: Value) -> bool:
        return id(value) in self.nodes


def reach(
    target: Value,
    recording: Recording,
    captured: Captured,
    spend: Callable[[int], None],
    ends: Collection[int] = frozenset(),
) -> Reach:
    """Everything that a gradient of the target may reach on one recording, not going on below the values ``ends``.

    ``missing`` lists the operations without a registered gradient that it meets, each with whether it surely does.
    """
    result = Reach()
    stack: list[tuple[Value, bool]] = [(target, True)]
    while stack:
        value, sure = stack.pop()
        key = id(value)
        if key in result.nodes and (not sure or key in result.sure):
            continue
        result.nodes[key] = value
        if sure:
            result.sure.add(key)
        if isinstance(value, Unknown) and (not value.computed or recording in value.tracked):
            result.opaque = True
            result.anything = result.anything or value.anything
        spend(1 + len(value.edges))
        for edge in () if key in ends else value.edges:
            cut = edge.cut
            if cut is None:
                if recording in edge.live:
                    stack.append((edge.parent, sure and edge.sure))
            elif cut.kind is Kind.NO_GRADIENT and recording in edge.live:
                result.missing.append((cut, sure and edge.sure))
        parts_of = PARTS.for_value(value)
        if parts_of is not _no_parts and not isinstance(value, Array):
            before = len(stack)
            stack.extend([(part, False) for part in parts_of(value, captured)])
            spend(len(stack) - before)
    return result


@dataclass(frozen=True, slots=True)
class Break:
    """An edge at which the way from the target to a source is lost.

    Attributes:
        node: The value that is no longer connected.
        edge: Its edge to the value that still is.
        sure: Whether the value above surely depends on the source.
    """

    node: Value
    edge: Edge
    sure: bool


class Ways:
    """Everything below a value, whether or not a gradient passes, walked once for all sources of a recording.

    Each source is one bit of a mask, so that one pass over the graph answers for all of them.

    Args:
        target: The value to look below.
        sources: The sources that will be asked about.
        recording: The recording that gradients are asked of.
        captured: What a function holds.
        spend: Told how much work is about to be done.
    """

    def __init__(
        self,
        target: Value,
        sources: list[Value],
        recording: Recording,
        captured: Captured,
        spend: Callable[[int], None],
    ) -> None:
        self._target = target
        self._recording = recording
        self._spend = spend
        self._bits: dict[int, int] = {}
        for source in sources:
            self._bits.setdefault(id(source), 1 << len(self._bits))
        self._nodes: dict[int, Value] = {}
        self._parts: dict[int, tuple[Value, ...]] = {}
        self._broken: list[tuple[Value, Edge]] = []
        self._order: list[Value] = []
        self._places: dict[int, int] = {}
        self._walk(target, captured)
        self._goes_round = False
        self._live = [self._live_below(place, node) for place, node in enumerate(self._order)]
        self._found, self._sure = self._reach()
        self._proved: dict[int, int] | None = None
        self._beside: dict[int, int] = {}

    def _walk(self, target: Value, captured: Captured) -> None:
        """Look at every value below the target; in the order each comes after all that it was computed from.

        Where values go round in a circle, one of them comes first.
        """
        stack: list[tuple[Value, bool]] = [(target, False)]
        nodes, order = self._nodes, self._order
        while stack:
            node, done = stack.pop()
            key = id(node)
            if done:
                self._places[key] = len(order)
                order.append(node)
            elif key not in nodes:
                nodes[key] = node
                stack.append((node, True))
                stack.extend((below, False) for below in self._below(node, captured) if id(below) not in nodes)

    def _below(self, node: Value, captured: Captured) -> list[Value]:
        """What a value was computed from and what it holds; the edges at which a gradient stops are noted."""
        recording, below = self._recording, []
        for edge in node.edges:
            below.append(edge.parent)
            if edge.cut is not None or recording not in edge.live:
                self._broken.append((node, edge))
        parts_of = PARTS.for_value(node)
        if parts_of is not _no_parts:
            held = tuple(parts_of(node, captured))
            if held:
                self._parts[id(node)] = held
                below += held
        self._spend(1 + len(below))
        return below

    def _live_below(self, place: int, node: Value) -> tuple[list[int], list[int], list[int]]:
        """The places of what a gradient passes to from a value: surely, along an edge only, and as to a part."""
        recording, places = self._recording, self._places
        sure: list[int] = []
        edges: list[int] = []
        for edge in node.edges:
            below = places[id(edge.parent)]
            if below >= place:
                self._goes_round = True
            if edge.cut is None and recording in edge.live:
                (sure if edge.sure else edges).append(below)
        held = [places[id(part)] for part in self._parts.get(id(node), ())]
        if held and max(held) >= place:
            self._goes_round = True
        return sure, edges, [] if isinstance(node, Array) else held

    def _reach(self) -> tuple[dict[int, int], dict[int, int]]:
        """By each value's id, the sources that a gradient of it may reach, and those that it surely does."""
        found, sure = [0] * len(self._order), [0] * len(self._order)
        own = [self._bits.get(id(node), 0) for node in self._order]
        changed = True
        while changed:
            changed = False
            self._spend(len(self._order))
            for place, (surely, edges, held) in enumerate(self._live):
                may = must = own[place]
                for below in surely:
                    may |= found[below]
                    must |= sure[below]
                for below in edges:
                    may |= found[below]
                for below in held:
                    may |= found[below]
                if may != found[place] or must != sure[place]:
                    found[place], sure[place] = may, must
                    changed = self._goes_round
        return self._by_id(found), self._by_id(sure)

    def _by_id(self, masks: list[int]) -> dict[int, int]:
        return {id(node): mask for node, mask in zip(self._order, masks, strict=True) if mask}

    def proves(self, source: Value) -> bool:
        """Whether a gradient of the target surely reaches a source, whichever of several values a join holds."""
        if self._proved is None:
            self._proved = self._prove()
        return bool(self._proved.get(id(self._target), 0) & self._bits[id(source)])

    def _prove(self) -> dict[int, int]:
        proved = [0] * len(self._order)
        changed = True
        while changed:
            changed = False
            self._spend(len(self._order))
            for place, node in enumerate(self._order):
                must = self._bits.get(id(node), 0)
                if isinstance(node, Join):
                    must |= _in_all(self._at(proved, option) for option in node.options)
                for below in self._live[place][0]:
                    must |= proved[below]
                if must != proved[place]:
                    proved[place] = must
                    changed = self._goes_round
        return self._by_id(proved)

    def _at(self, masks: list[int], value: Value) -> int:
        """A value's mask; none for one that is not below the target."""
        place = self._places.get(id(value))
        return 0 if place is None else masks[place]

    def values(self) -> Iterable[Value]:
        """The target and everything below it."""
        return self._nodes.values()

    def reaches(self, value: Value, source: Value) -> bool:
        """Whether a gradient of a value below the target may reach a source."""
        return bool(self._found.get(id(value), 0) & self._bits[id(source)])

    def reaches_beside(self, value: Value, source: Value) -> bool:
        """Whether a gradient of the target may reach a source without passing a value."""
        known = self._beside.get(id(value))
        if known is None:
            known = self._beside[id(value)] = self._reached_past(value)
        return bool(known & self._bits[id(source)])

    def _reached_past(self, value: Value) -> int:
        """The sources that a gradient of the target may reach without passing a value."""
        found = [0] * len(self._order)
        changed = True
        while changed:
            changed = False
            self._spend(len(self._order))
            for place, (surely, edges, held) in enumerate(self._live):
                may = self._bits.get(id(self._order[place]), 0)
                for below in (*surely, *edges, *held):
                    may |= found[below]
                if may != found[place] and self._order[place] is not value:
                    found[place] = may
                    changed = self._goes_round
        return found[self._places[id(self._target)]]

    def breaks(self, source: Value) -> list[Break]:
        """The edges on the ways from the target to a source at which the gradient is lost, nearest to the source.

        An edge counts where what lies above it still reaches the source on the recording.
        """
        bit = self._bits[id(source)]
        found = [
            Break(node, edge, bool(self._sure.get(id(edge.parent), 0) & bit))
            for node, edge in self._broken
            if self._found.get(id(edge.parent), 0) & bit
        ]
        found.sort(key=lambda item: item.node.born)
        return found

    def front(self, source: Value) -> set[int]:
        """The ids of the edges at which the ways from the target to a source are lost first, seen from the target.

        To fix one that stands behind such an edge alone brings no gradient back.
        """
        bit, seen, found = self._bits[id(source)], set[int](), set[int]()
        broken = {id(edge) for _, edge in self._broken if self._found.get(id(edge.parent), 0) & bit}
        stack = [self._target]
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            self._spend(1 + len(node.edges))
            found.update(id(edge) for edge in node.edges if id(edge) in broken)
            stack.extend(edge.parent for edge in node.edges if id(edge) not in broken)
            stack.extend(self._parts.get(id(node), ()))
        return found

    def lost_below(self, counts: Callable[[Edge], bool], *, surely: bool) -> dict[int, int]:
        """By each value's id, the mask of the sources that are lost at some edge below it.

        Args:
            counts: Which edges count.
            surely: Whether what lies above the edge has to reach the source surely.
        """
        recording = self._recording
        reached = self._sure if surely else self._found
        below: dict[int, int] = {}
        changed = True
        while changed:
            changed = False
            self._spend(len(self._order))
            for node in self._order:
                mask = 0
                for edge in node.edges:
                    key = id(edge.parent)
                    mask |= below.get(key, 0)
                    is_live = edge.cut is None and recording in edge.live
                    if not is_live and key in reached and counts(edge):
                        mask |= reached[key]
                for part in self._parts.get(id(node), ()):
                    mask |= below.get(id(part), 0)
                if mask != below.get(id(node), 0):
                    below[id(node)] = mask
                    changed = self._goes_round
        return below

    def is_in(self, source: Value, mask: int) -> bool:
        """Whether a mask of :meth:`lost_below` names a source."""
        return bool(mask & self._bits[id(source)])


def _in_all(masks: Iterable[int]) -> int:
    """The bits that all of some masks have."""
    found = -1
    for mask in masks:
        found &= mask
    return max(found, 0)


def above(wanted: Iterable[Value], roots: Iterable[Value], spend: Callable[[int], None]) -> set[int]:
    """The ids of the values below some roots from which a chain of edges leads to a wanted one, those included."""
    users: dict[int, list[int]] = {}
    seen: set[int] = set()
    stack: list[Value] = list(roots)
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        spend(1 + len(node.edges))
        for edge in node.edges:
            users.setdefault(id(edge.parent), []).append(id(node))
            stack.append(edge.parent)
    found = {id(value) for value in wanted}
    waiting = list(found)
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in found:
                found.add(user)
                waiting.append(user)
    return found


def below(roots: Iterable[Value], step: Callable[[Value], Iterable[Value]]) -> Iterator[Value]:
    """Some values and all that leads on from them, each once.

    Args:
        roots: The values to begin with.
        step: Gives what leads on from a value.
    """
    stack: list[Value] = list(roots)
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            stack.extend(step(node))


def joins_above(target: Value, recording: Recording, spend: Callable[[int], None], beyond: Value) -> list[Join]:
    """The joins that a gradient of the target meets on its live ways, short of what lies below ``beyond``."""
    found: list[Join] = []
    seen = {id(beyond)}
    stack: list[Value] = [target]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        spend(1 + len(node.edges))
        if isinstance(node, Join):
            found.append(node)
        stack.extend(edge.parent for edge in node.edges if edge.cut is None and recording in edge.live)
    return found
