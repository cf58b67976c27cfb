"""Questions to the graph of values: what a gradient can reach, and where a way to a source is cut.

The graph over-approximates what may be connected, so that "not reached" is a proof and "reached" is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.flow.values import (
    Array,
    Bound,
    Dict,
    Edge,
    Function,
    Instance,
    Join,
    LibObject,
    Method,
    Params,
    Partial,
    Seq,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from gradlint.flow.values import Cut, Recording

Inside = "Callable[[Function], Iterator[Value]]"


def parts(value: Value, captured: Callable[[Function], Iterator[Value]]) -> Iterator[Value]:
    """The values that a container, an object or a function holds, so that they go where it goes."""
    if isinstance(value, Seq):
        yield from value.items.values
    elif isinstance(value, Dict):
        for key, entry in value.pairs.entries:
            if isinstance(key, Value):
                yield key
            yield entry
        yield from value.pairs.rest
    elif isinstance(value, Instance):
        yield from (attr for attr in value.attrs.values() if isinstance(attr, Value))
        for entry in value.state.values():
            if isinstance(entry, Value):
                yield entry
    elif isinstance(value, LibObject):
        yield from value.arguments
        for entry in value.state.values():
            if isinstance(entry, Value):
                yield entry
            elif isinstance(entry, tuple):
                yield from (part for part in entry if isinstance(part, Value))
    elif isinstance(value, Bound):
        yield value.owner
        yield value.function
    elif isinstance(value, Method):
        yield value.owner
    elif isinstance(value, Partial):
        yield value.function
        yield from value.args
        yield from value.kwargs.values()
    elif isinstance(value, Function):
        yield from captured(value)
    elif isinstance(value, Params):
        yield value.owner


@dataclass
class Reach:
    """What a gradient can reach from a target, for one recording."""

    nodes: dict[int, Value] = field(default_factory=dict)
    sure: set[int] = field(default_factory=set)
    opaque: bool = False
    missing: list[tuple[Cut, bool]] = field(default_factory=list)

    def __contains__(self, value: Value) -> bool:
        return id(value) in self.nodes


def reach(target: Value, recording: Recording, captured: Callable[[Function], Iterator[Value]]) -> Reach:
    """Everything that a gradient of the target may reach on one recording.

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
        for edge in value.edges:
            if edge.cut is not None:
                if edge.cut.kind is Kind.NO_GRADIENT and recording in edge.live:
                    result.missing.append((edge.cut, sure and edge.sure))
                continue
            if recording in edge.live:
                stack.append((edge.parent, sure and edge.sure))
        if not isinstance(value, Array):
            stack.extend((part, False) for part in parts(value, captured))
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


Reaches = Callable[[Value], tuple[bool, bool]]
"""Tells of a value whether a gradient gets from it to one source, and whether it surely does."""


def reaching(source: Value, recording: Recording, captured: Callable[[Function], Iterator[Value]]) -> Reaches:
    """What gets to a source on one recording; what was found out of one value is kept for the next."""
    connected: dict[int, tuple[bool, bool]] = {}

    def reaches(value: Value) -> tuple[bool, bool]:
        order: list[tuple[Value, bool]] = [(value, False)]
        while order:
            node, done = order.pop()
            key = id(node)
            if done:
                found = sure = False
                for edge in node.edges:
                    if edge.cut is None and recording in edge.live:
                        got = connected.get(id(edge.parent), (False, False))
                        found |= got[0]
                        sure |= got[1] and edge.sure
                if not isinstance(node, Array):
                    for part in parts(node, captured):
                        found |= connected.get(id(part), (False, False))[0]
                connected[key] = (found, sure)
                continue
            if key in connected:
                continue
            if node is source:
                connected[key] = (True, True)
                continue
            connected[key] = (False, False)
            order.append((node, True))
            for edge in node.edges:
                if edge.cut is None and recording in edge.live and id(edge.parent) not in connected:
                    order.append((edge.parent, False))
            if not isinstance(node, Array):
                order.extend((part, False) for part in parts(node, captured) if id(part) not in connected)
        return connected[id(value)]

    return reaches


def breaks(
    target: Value,
    source: Value,
    recording: Recording,
    captured: Callable[[Function], Iterator[Value]],
) -> list[Break]:
    """The edges on the ways from a target to a source at which the gradient is lost, nearest to the source.

    An edge counts where what lies above it still reaches the source on the recording.
    """
    reaches = reaching(source, recording, captured)
    found: list[Break] = []
    seen: set[int] = set()
    stack: list[Value] = [target]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        for edge in node.edges:
            stack.append(edge.parent)
            if edge.cut is None and recording in edge.live:
                continue
            hit, sure = reaches(edge.parent)
            if hit:
                found.append(Break(node, edge, sure))
        stack.extend(parts(node, captured))
    found.sort(key=lambda item: item.node.born)
    return found


def sure_breaks(losing: list[tuple[Value, Edge]], reaches: Reaches) -> list[Break]:
    """Those of some edges at which the gradient is lost whose other end surely gets to a source."""
    found = [Break(node, edge, True) for node, edge in losing if reaches(edge.parent)[1]]
    found.sort(key=lambda item: item.node.born)
    return found


def joins_above(target: Value, recording: Recording, beyond: Value) -> list[Join]:
    """The joins that a gradient of the target meets on its live ways, short of what lies below ``beyond``."""
    found: list[Join] = []
    seen = {id(beyond)}
    stack: list[Value] = [target]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Join):
            found.append(node)
        stack.extend(edge.parent for edge in node.edges if edge.cut is None and recording in edge.live)
    return found


def losing(
    target: Value, kinds: frozenset[Kind], captured: Callable[[Function], Iterator[Value]], beyond: Value
) -> list[tuple[Value, Edge]]:
    """Every edge below a value at which a gradient is lost in one of several manners, with the value above it.

    What lies below ``beyond``, which stands for all that code of others has seen, does not count.
    """
    found: list[tuple[Value, Edge]] = []
    seen = {id(beyond)}
    stack: list[Value] = [target]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        for edge in node.edges:
            if edge.cut is not None and edge.cut.kind in kinds:
                found.append((node, edge))
            stack.append(edge.parent)
        stack.extend(parts(node, captured))
    return found


def is_leaf(value: Value) -> bool:
    """Whether a value is one that a program differentiates by itself: a Variable or a layer's variables."""
    return isinstance(value, Variable | Params)
