"""Why nothing is claimed of a source: the first premise on the way to it that code outside the view may break."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from gradlint.flow.graph.ways import parts
from gradlint.flow.values.values import Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradlint.flow.interpreter import Interpreter

_LOOKED_AT = 400
"""How many values are looked at for one gradient call."""


def first_open(machine: Interpreter, targets: Iterable[Value]) -> Unknown | None:
    """The value that keeps open what leads from the targets of a gradient call; None where all that is known."""
    nearest: Unknown | None = None
    waiting: deque[Value] = deque(targets)
    seen: set[int] = set()
    while waiting and len(seen) < _LOOKED_AT:
        node = waiting.popleft()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Unknown) and node is not machine.escaped:
            if node.premise is not None:
                return node
            if nearest is None or (node.anything and not nearest.anything):
                nearest = node
        waiting.extend(edge.parent for edge in node.edges if edge.cut is None)
        waiting.extend(parts(node, machine.captured))
    return nearest


def because(machine: Interpreter, value: Value | None) -> str:
    """What keeps a value open, as a clause; empty for one that is known, and for none."""
    return _clause(machine, value) if isinstance(value, Unknown) else ""


def _clause(machine: Interpreter, value: Unknown) -> str:
    if value.premise is not None:
        return str(value.premise)
    if value.why in {"call", "operation", "item"} and value.span is not None:
        return f"what `{machine.text(value.span)}` gives is not followed"
    return f"`{value.why}` may be anything" if value.anything else f"`{value.why}` is not followed"
