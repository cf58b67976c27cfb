"""A term of a sum that has no gradient, while the other terms do: the source gets a part of its gradient in silence.

Only what a sum of single numbers consists of is looked at: there a term is for nothing but its gradient. What the code
cuts on purpose is none of it: `tf.stop_gradient`, `stop_recording()`, numbers that were made before the block, values
of a Variable from before it was updated, and terms whose own tape was asked for their gradient.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.runtime.calls import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.runtime.calls import ObservedSource
    from gradlint.runtime.observed import WayCut
    from gradlint.runtime.places import Place
    from gradlint.runtime.way import FoundWay, WaysBack
    from gradlint.runtime.windows import Window

SUMMING = frozenset({"AddV2", "Add", "AddN", "AccumulateNV2", "Pack"})
"""Operations that hand each of their inputs on as a term."""
HANDING = frozenset({"Identity", "Sum", "Mean", "Reshape", "Squeeze", "ExpandDims", "Placeholder", "Cast"})
"""Operations that hand their first input on, whole or summed."""
SCALING = frozenset({"Mul", "RealDiv", "MulNoNan", "DivNoNan"})
"""Operations that hand a term on as it is where the other input is a number of its own."""
CUTTING = frozenset({"left", "outside", "opaque", "captured"})
"""How a term may have been cut without the code saying so."""
MEANT = frozenset({"stopped", "assigned", "rewrapped", "condition", "comparison"})
"""How code cuts a term's way on purpose, or makes something else of a value."""
MOST_TERMS = 40
"""How many terms are looked at."""


class Terms:
    """The terms of one target.

    Args:
        ways: All ways back from the target.
        window: When the tape recorded.
        others: When the tapes recorded that were asked before.
    """

    def __init__(self, ways: WaysBack, window: Window, others: Iterable[Window]) -> None:
        self.ways = ways
        self.window = window
        self.others = [one for one in others if one.spans is not window.spans]
        self.looked = 0

    def lost(self, wanted: list[ObservedSource]) -> Iterator[tuple[ObservedSource, WayCut]]:
        """Those of the sources that a term of the target was computed from without a gradient, and where it was cut."""
        said: set[int] = set()
        for term in self._terms():
            for index, source in enumerate(wanted):
                found = term.to(source.identities)
                if index not in said and found is not None and self._by_accident(found, source):
                    said.add(index)
                    cut = found.cuts[0]
                    yield source, type(cut)(cut.reason, cut.place, cut.operation, found.lines)

    def _terms(self) -> Iterator[WaysBack]:
        """The ways back from each term of each sum."""
        pending = list(self.ways.starts)
        seen = set(pending)
        while pending and self.looked < MOST_TERMS:
            number = pending.pop()
            kind = self.ways.kind(number)
            inputs = [edge.to[0] for edge in self.ways.edges((number, False)) if edge.cut is None]
            if kind in SUMMING and self.ways.single(number):
                for one in inputs:
                    self.looked += 1
                    yield self.ways.below(one)
            elif kind in SCALING:
                inputs = self._scaled(inputs)
            elif kind is None or not (kind in HANDING or self.ways.is_call(kind)):
                continue
            else:
                inputs = inputs[:1]
            pending += [one for one in inputs if one not in seen]
            seen.update(inputs)

    def _scaled(self, inputs: list[int]) -> list[int]:
        """The input of a product that is not made from a Variable, where there is only one such product of numbers."""
        made = [one for one in inputs if self.ways.kind(one) not in (None, "Const")]
        return made if len(made) == 1 else []

    def _by_accident(self, found: FoundWay, source: ObservedSource) -> bool:
        """Whether a term was cut in a way that no code means."""
        if not found.cuts or found.cuts[0].reason not in CUTTING:
            return False
        if any(one.reason in MEANT or one.guessed for one in found.cuts):
            return False
        cut = found.cuts[0]
        if cut.place is None:
            return False
        if cut.reason != "outside":
            number = None if found.constant is None else self._number(found.constant)
            return self.window.holds(found.first_use) and not _is_literal(cut.place, number)
        return self._before(found.first_use, source)

    def _number(self, constant: int) -> float | None:
        """What a constant holds, where it is a single number that is still there."""
        for operation in reversed(self.window.operations):
            for one in operation.values[0] if operation.values is not None else ():
                if one._id == constant:
                    return float(one._numpy()) if one._rank() == 0 else None
        return None

    def _before(self, moment: int, source: ObservedSource) -> bool:
        """Whether a term was computed from the source as it is now, where no tape that was asked looked on."""
        if not moment or moment <= self.ways.record.dropped or self.window.paused(moment):
            return False
        if any(other.holds(moment) for other in self.others):
            return False
        writes = [write for one in source.identities for write in self.ways.record.writes.get(one, ())]
        return all(write.sequence < moment for write in writes)


def _is_literal(place: Place, constant: float | None) -> bool:
    """Whether a constant stands on its line as a number."""
    tree = parsed(place.path)
    if tree is None or constant is None:
        return False
    numbers = {
        float(node.value)
        for statement in ast.walk(tree)
        if isinstance(statement, ast.stmt) and statement.lineno <= place.line <= (statement.end_lineno or 0)
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float))
    }
    return any(abs(one - constant) <= 1e-6 * max(1.0, abs(one)) for one in numbers)
