"""Fewer nodes for the same paths: what one statement computes is one node, and long straight chains fold."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from gradlint.picture.record import Drawing, DrawnEdge, Node

_BEST = {"connected": 0, "reached": 1, "lost": 2, "stopped": 3, "unreached": 4}


def fold(
    nodes: list[Node], edges: list[DrawnEdge], statements: Sequence[Hashable | None]
) -> tuple[list[Node], list[DrawnEdge]]:
    """Fold what is computed within one statement for its own use alone, and put the nodes in the program's order.

    Args:
        nodes: The nodes.
        edges: The edges between them.
        statements: By each node's index, the statement that it belongs to; None where that is not known.
    """
    order = _order(nodes, edges)
    sorted_statements = [statements[index] for index in order]

    def joins(above: int, below: int) -> bool:
        return sorted_statements[above] is not None and sorted_statements[above] == sorted_statements[below]

    made, ways = _in_order(*_merged(*_arranged(nodes, edges, order), joins))
    return [replace(node, folded=0) for node in made], ways


def condensed(drawing: Drawing, most: int) -> Drawing:
    """The same drawing with fewer nodes if it has too many: straight chains fold, then everything but the ends.

    If there are still too many, sources that are used alike and get the same become one node.
    """
    if len(drawing.nodes) <= most:
        return drawing
    nodes, edges = _in_order(*_chains(list(drawing.nodes), list(drawing.edges)))
    if len(nodes) > most:
        nodes, edges = _in_order(*_ends(nodes, edges))
    if len(nodes) > most:
        nodes, edges = _in_order(*_gathered(drawing, nodes, edges))
    return replace(drawing, nodes=tuple(nodes), edges=tuple(edges))


def _chains(nodes: list[Node], edges: list[DrawnEdge]) -> tuple[list[Node], list[DrawnEdge]]:
    """Straight chains as one node."""
    parents = Counter(edge.above for edge in edges)

    def joins(above: int, below: int) -> bool:
        return parents[above] == 1 and parents[below] == 1 and not nodes[above].target

    return _merged(nodes, edges, joins)


def _ends(nodes: list[Node], edges: list[DrawnEdge]) -> tuple[list[Node], list[DrawnEdge]]:
    """The sources, the targets, the losses and what is unknown, with the paths between them."""
    inner = {edge.above for edge in edges}
    kept = [
        index
        for index, node in enumerate(nodes)
        if not _is_plain(node) and not (node.sort == "unknown" and index in inner and _has_no_part(node))
    ]
    number = {index: place for place, index in enumerate(kept)}
    below: dict[int, list[DrawnEdge]] = {}
    for edge in edges:
        below.setdefault(edge.above, []).append(edge)
    ways: dict[tuple[int, int], DrawnEdge] = {}
    made = [nodes[index] for index in kept]
    for index in kept:
        passed: set[tuple[int, str]] = set()
        waiting = list(below.get(index, ()))
        while waiting:
            edge = waiting.pop()
            if edge.below in number:
                key = number[index], number[edge.below]
                if key not in ways or _BEST[edge.way] < _BEST[ways[key].way]:
                    ways[key] = replace(edge, above=key[0], below=key[1])
            elif (edge.below, edge.way) not in passed:
                passed.add((edge.below, edge.way))
                waiting += [_after(edge, then) for then in below.get(edge.below, ())]
        steps = len({at for at, _ in passed})
        made[number[index]] = replace(nodes[index], folded=nodes[index].folded + steps)
    return made, list(ways.values())


def _gathered(drawing: Drawing, nodes: list[Node], edges: list[DrawnEdge]) -> tuple[list[Node], list[DrawnEdge]]:
    """Sources with the same outcome, as one node that names the first of them."""
    users: dict[int, set[tuple[int, str]]] = {}
    for edge in edges:
        users.setdefault(edge.below, set()).add((edge.above, edge.way))
    used = {edge.above for edge in edges}
    first: dict[Hashable, int] = {}
    into: dict[int, int] = {}
    for index, node in enumerate(nodes):
        if node.sources and not node.target and index not in used:
            outcomes = frozenset(drawing.sources[number].outcome for number in node.sources)
            losses = frozenset(mark.text for mark in node.marks)
            into[index] = first.setdefault((frozenset(users.get(index, ())), outcomes, losses), index)
    members: dict[int, list[Node]] = {}
    for index, home in into.items():
        members.setdefault(home, []).append(nodes[index])
    kept = [index for index in range(len(nodes)) if into.get(index, index) == index]
    number = {index: place for place, index in enumerate(kept)}
    made = [_together(drawing, members.get(index, [nodes[index]])) for index in kept]
    ways = {
        (edge.above, edge.below): replace(edge, above=number[edge.above], below=number[edge.below])
        for edge in edges
        if edge.below in number
    }
    return made, list(ways.values())


def _together(drawing: Drawing, members: list[Node]) -> Node:
    """Several sources as one node."""
    node = members[0]
    if len(members) == 1:
        return node
    sources = tuple(number for one in members for number in one.sources)
    marks = tuple(
        replace(mark, sources=tuple(number for one in members for each in one.marks for number in each.sources))
        for mark in node.marks[:1]
    )
    label = f"{drawing.sources[sources[0]].text} and {len(sources) - 1:,} more"
    leads = frozenset[int]().union(*(one.leads for one in members))
    live = frozenset[int]().union(*(one.live for one in members))
    return replace(node, label=label, sources=sources, marks=marks, leads=leads, live=live)


def _after(first: DrawnEdge, then: DrawnEdge) -> DrawnEdge:
    """A path that continues; what stops it counts."""
    way = first.way if first.way in ("lost", "stopped", "unreached") else then.way
    return replace(then, way=way, sure=first.sure and then.sure)


def _merged(
    nodes: list[Node], edges: list[DrawnEdge], joins: Callable[[int, int], bool]
) -> tuple[list[Node], list[DrawnEdge]]:
    """Let each node that only one other uses, and that the gradient treats alike, be a part of that one.

    Each node comes after everything that it was computed from.
    """
    users: dict[int, list[DrawnEdge]] = {}
    for edge in edges:
        users.setdefault(edge.below, []).append(edge)
    into: dict[int, int] = {}

    def home(index: int) -> int:
        while index in into:
            index = into[index]
        return index

    for index in range(len(nodes) - 1, -1, -1):  # What uses a node stands behind it, so it is settled by now.
        used = users.get(index, [])
        homes = {home(edge.above) for edge in used}
        if len(homes) == 1 and _is_plain(nodes[index]):
            above = homes.pop()
            if joins(above, index) and all(_is_alike(nodes[above], nodes[index], edge) for edge in used):
                into[index] = above

    kept = {index: number for number, index in enumerate(one for one in range(len(nodes)) if one not in into)}
    made = [nodes[index] for index in kept]
    for index in into:
        number = kept[home(index)]
        notes = [one for one in (made[number].note, nodes[index].note) if one]
        made[number] = replace(
            made[number],
            folded=made[number].folded + 1 + nodes[index].folded,
            note=", ".join(dict.fromkeys(notes)),
        )
    ways: dict[tuple[int, int], DrawnEdge] = {}
    for edge in edges:
        above, below = kept[home(edge.above)], kept[home(edge.below)]
        known = ways.get((above, below))
        if above != below and (known is None or _BEST[edge.way] < _BEST[known.way]):
            ways[above, below] = replace(edge, above=above, below=below)
    return made, list(ways.values())


def _is_plain(node: Node) -> bool:
    return _has_no_part(node) and node.sort in ("operation", "array", "number")


def _has_no_part(node: Node) -> bool:
    """Whether a node is neither a target nor a source, and nothing is lost there."""
    return not (node.target or node.sources or node.marks)


def _is_alike(above: Node, below: Node, edge: DrawnEdge) -> bool:
    """Whether a gradient that reaches the one reaches the other in the same way."""
    if edge.way in ("lost", "stopped") or not edge.sure:
        return False
    return above.reached == below.reached and bool(above.live) == bool(below.live)


def _in_order(nodes: list[Node], edges: list[DrawnEdge]) -> tuple[list[Node], list[DrawnEdge]]:
    """The nodes in the order of :func:`_order`, and the edges between them."""
    return _arranged(nodes, edges, _order(nodes, edges))


def _arranged(nodes: list[Node], edges: list[DrawnEdge], order: list[int]) -> tuple[list[Node], list[DrawnEdge]]:
    """The nodes in an order, and the edges between them."""
    number = {index: place for place, index in enumerate(order)}
    return [nodes[index] for index in order], sorted(
        (replace(edge, above=number[edge.above], below=number[edge.below]) for edge in edges),
        key=lambda edge: (edge.above, edge.below),
    )


def _order(nodes: list[Node], edges: list[DrawnEdge]) -> list[int]:
    """The indices of the nodes, each after what it was computed from, else in program order; targets last."""
    below: dict[int, set[int]] = {index: set() for index in range(len(nodes))}
    above: dict[int, set[int]] = {index: set() for index in range(len(nodes))}
    for edge in edges:
        below[edge.above].add(edge.below)
        above[edge.below].add(edge.above)

    def key(index: int) -> tuple[bool, str, int, int, int, int]:
        spot = nodes[index].spot
        if spot is None:
            return False, "", -1, 0, 0, index
        return nodes[index].target, spot.path, spot.cell, spot.line, spot.column, index

    ready = [key(index) for index in below if not below[index]]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        index = heapq.heappop(ready)[-1]
        order.append(index)
        for user in above[index]:
            below[user].discard(index)
            if not below[user]:
                heapq.heappush(ready, key(user))
    return order
