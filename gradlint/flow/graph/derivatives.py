"""What a gradient itself is computed from: a derivative of a linear operation does not depend on what went in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.values.values import Array, Join, Tensor, Unknown, Value
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.values.values import Recording

READ = "read"
"""The operation that reads a Variable."""
FACTORS = "factors"
"""Under what a tensor notes the values that a gradient is multiplied by on its way, where the program says so."""


def depends_on(
    targets: list[Value], sources: list[Value], recording: Recording, spend: Callable[[int], None]
) -> dict[int, list[Value]]:
    """By each source's id, the values that the gradient of the targets by it is computed from.

    A source of which that is not known is left out.
    """
    order, way = _below(targets, recording, spend)
    if not way:
        return _gather(order, sources, recording, spend)
    found: dict[int, list[Value]] = {}
    on_the_way = {id(node) for node in way}  # A source beside the way leaves what cannot be followed in reach.
    for source in sources:
        if id(source) in on_the_way:
            order, way = _below(targets, recording, spend, stop=source)
            found |= {} if way else _gather(order, [source], recording, spend)
    return found


def _below(
    targets: list[Value], recording: Recording, spend: Callable[[int], None], stop: Value | None = None
) -> tuple[list[Value], list[Value]]:
    """The values below some targets on a recording, each after those that it was computed from.

    It ends at the first value that cannot be followed, and looks at nothing below ``stop``.

    Returns:
        The values; and where one cannot be followed, those on a way to it, itself included.
    """
    order: list[Value] = []
    seen: set[int] = set()
    stack: list[tuple[Value, bool]] = [(target, False) for target in targets]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
            continue
        if id(node) in seen:
            continue
        seen.add(id(node))
        spend(1 + len(node.edges))
        if isinstance(node, Unknown | Join):
            return order, [*(above for above, is_done in stack if is_done), node]
        stack.append((node, True))
        if node is not stop and not isinstance(node, Array):
            stack.extend((edge.parent, False) for edge in node.edges if edge.cut is None and recording in edge.live)
    return order, []


def _gather(
    order: list[Value], sources: list[Value], recording: Recording, spend: Callable[[int], None]
) -> dict[int, list[Value]]:
    """For each source, what the operations on the ways to it add to its gradient."""
    bits: dict[int, int] = {}
    for source in sources:
        bits.setdefault(id(source), 1 << len(bits))
    leads: dict[int, int] = {}
    blind = 0
    found: dict[int, dict[int, Value]] = {bit: {} for bit in bits.values()}
    for node in order:
        own = bits.get(id(node), 0)
        once, more = _led_to(node, leads, recording)
        leads[id(node)] = once | own
        ways = once & ~own
        if not ways:
            continue
        factors = (node.extra or {}).get(FACTORS) if isinstance(node, Tensor) else None
        if factors is not None:
            _add(found, ways, factors, spend)
        elif not isinstance(node, Tensor) or any(not edge.sure for edge in node.edges if edge.cut is None):
            blind |= ways
        elif node.op != READ and not behaviours.has(node.op, "linear"):
            _add_factors(found, node, ways, more, leads, recording, spend)
    return {key: list(found[bit].values()) for key, bit in bits.items() if not bit & blind}


def _led_to(node: Value, leads: dict[int, int], recording: Recording) -> tuple[int, int]:
    """The sources that a value leads to, as bits, and those to which more than one of its edges does."""
    once = more = 0
    if not isinstance(node, Array):
        for edge in node.edges:
            if edge.cut is None and recording in edge.live:
                mask = leads.get(id(edge.parent), 0)
                more |= once & mask
                once |= mask
    return once, more


def _add_factors(
    found: dict[int, dict[int, Value]],
    node: Tensor,
    ways: int,
    more: int,
    leads: dict[int, int],
    recording: Recording,
    spend: Callable[[int], None],
) -> None:
    """Add what one operation multiplies a gradient by on its way to each of some sources.

    Args:
        found: What has been added, by the source's bit and the value's id.
        node: What the operation makes.
        ways: The sources that it leads to, as bits.
        more: Those to which more than one of its edges leads.
        leads: The sources that each value leads to.
        recording: The recording.
        spend: Counts the work.
    """
    parents = [edge.parent for edge in node.edges]
    simple = ways & ~more if _pair(node) else 0
    for index, edge in enumerate(node.edges):
        mine = leads.get(id(edge.parent), 0) & simple
        if not mine or edge.cut is not None or recording not in edge.live:
            continue
        if behaviours.has(node.op, "bilinear"):
            _add(found, mine, [parent for parent in parents if parent is not edge.parent], spend)
            ways &= ~mine
        elif index == 0 and behaviours.has(node.op, "linear-in-first"):
            _add(found, mine, parents[1:], spend)
            ways &= ~mine
    _add(found, ways, [*parents, node], spend)


def _add(found: dict[int, dict[int, Value]], mask: int, values: list[Value], spend: Callable[[int], None]) -> None:
    """Note values for each source of a mask."""
    while mask:
        bit = mask & -mask
        mask ^= bit
        spend(len(values))
        found[bit].update((id(value), value) for value in values)


def _pair(node: Tensor) -> bool:
    """Whether an operation has two different operands, or one and a constant."""
    return len({id(edge.parent) for edge in node.edges}) == len(node.edges)
