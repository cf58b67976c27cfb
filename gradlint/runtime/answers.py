"""What came of one gradient call, source by source, and why."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlint.runtime import slices, sources
from gradlint.runtime.observed import Observed, WayCut
from gradlint.runtime.partial import CUTTING, Terms
from gradlint.runtime.way import WaysBack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gradlint.finding import Outcome
    from gradlint.runtime.calls import ObservedCall, ObservedSource
    from gradlint.runtime.observed import Reason
    from gradlint.runtime.places import Place
    from gradlint.runtime.record import Operation, Record
    from gradlint.runtime.way import FoundWay
    from gradlint.runtime.windows import Window

_NAME = re.compile(r"(self\.)?\w+")
MOST_ORIGINS = 500
"""How many tensors that a source was made from are looked at."""


def judged(
    record: Record,
    window: Window,
    call: ObservedCall,
    result: Any,
    failure: Exception | None,
    known: Callable[[tuple[Place, ...], str, str], bool],
    others: Iterable[Window] = (),
) -> Iterator[Observed]:
    """What each source got that did not get the gradient of the whole target.

    Args:
        record: What was recorded.
        window: When its tape recorded.
        call: The call.
        result: What TensorFlow gave.
        failure: What it raised instead.
        known: Counts a loss and says whether it was seen before, so that it need not be explained again.
        others: When the tapes recorded that were asked before; empty where partial losses are not looked for.
    """
    if failure is not None:
        from gradlint.runtime.failures import explained

        yield explained(record, call, window, failure)
        return
    asked = call.sources()
    if not asked:
        yield from _nothing_asked(call, known)
        return
    answers = _Answers(record, window, call)
    for source, outcome in _outcomes(call, asked, result):
        if outcome == "zero" and not call.silenced and not answers.is_cut_off(source):
            continue
        if outcome is not None and not known(call.stack, source.text, outcome):
            yield answers.of(source, outcome)
    if others:
        yield from answers.partial(
            [source for source, outcome in _outcomes(call, asked, result) if outcome is None], known, others
        )


def _nothing_asked(call: ObservedCall, known: Callable[[tuple[Place, ...], str, str], bool]) -> Iterator[Observed]:
    """An empty list of sources, where the user's own code asks."""
    text = call.sources_text
    if call.written is None or known(call.stack, text, "none"):
        return
    place = slices.binding(call.stack[0], text) if _NAME.fullmatch(text) else None
    yield Observed(
        call.method, call.stack, call.target_text, text, "none", WayCut("no-sources", place or call.stack[0])
    )


class _Answers:
    """Says of one call why a source got what it got."""

    def __init__(self, record: Record, window: Window, call: ObservedCall) -> None:
        self.record = record
        self.window = window
        self.call = call

    @cached_property
    def ways(self) -> WaysBack:
        """All ways back from the target."""
        return WaysBack(self.record, self.window, sources.tensors(self.call.target), self.call.stack)

    def is_cut_off(self, source: ObservedSource) -> bool:
        """Whether every way from the target to a source is cut."""
        found = self.ways.to(source.identities)
        return found is not None and bool(found.cuts)

    def of(self, source: ObservedSource, outcome: Outcome) -> Observed:
        """What a source got, and why."""
        weak = False
        if outcome == "nan":
            from gradlint.runtime.nonfinite import first

            cut = first(self.window, self.call, self.ways)
        else:
            cut = why(self.record, self.window, self.ways, source, self.call)
        if outcome == "zero" and self.call.silenced:
            weak = cut.reason not in CUTTING
            cut = WayCut("silenced", _call_place(self.call)) if weak else cut
        return self._observed(source, outcome, cut, weak)

    def partial(
        self,
        given: list[ObservedSource],
        known: Callable[[tuple[Place, ...], str, str], bool],
        others: Iterable[Window],
    ) -> Iterator[Observed]:
        """Those of the sources that got a part of their gradient only."""
        if not given or not self.record.made:
            return
        if self.call.sources_text.endswith(("trainable_variables", "trainable_weights")) and self._left_out(given):
            yield self._observed(replace(given[0], text=self.call.sources_text), "none", WayCut("left-out", None), True)
        for source, cut in Terms(self.ways, self.window, others).lost(given):
            if not known(self.call.stack, source.text, "partial"):
                yield self._observed(source, "partial", cut)

    def _left_out(self, given: list[ObservedSource]) -> bool:
        """Whether the tape watched a Variable on the way to the target that is not among the sources."""
        asked = {one for source in given for one in source.identities}
        rest = [one.handle._id for one in self.call.tape.watched_variables() if one.handle._id not in asked]
        return any(self.ways.reaches(one) for one in rest)

    def _observed(self, source: ObservedSource, outcome: Outcome, cut: WayCut, weak: bool = False) -> Observed:
        call = self.call
        return Observed(call.method, call.stack, call.target_text, source.text, outcome, cut, weak=weak)


def _outcomes(
    call: ObservedCall, asked: list[ObservedSource], result: Any
) -> Iterator[tuple[ObservedSource, Outcome | None]]:
    """What each source got, None for a gradient that is there."""
    given = sources.flattened_with_none(result)
    if len(given) != len(asked):
        return
    for source, gradient in zip(asked, given, strict=True):
        if gradient is None:
            yield source, "none"
        elif not sources.finite(gradient):
            yield source, "nan"
        else:
            # A batch Jacobian gives zeros for a source that the target does not depend on (TensorFlow 2.21).
            zeros = call.silenced or call.method == "batch_jacobian"
            yield source, "zero" if zeros and sources.zero(gradient) else None


def why(record: Record, window: Window, ways: WaysBack, source: ObservedSource, call: ObservedCall) -> WayCut:
    """Why a source gets None."""
    found = ways.to(source.identities)
    if found is None:
        return _no_way(record, window, ways, source, call)
    if found.cuts:
        cut = found.cuts[0]
        return WayCut(cut.reason, cut.place or _call_place(call), cut.operation, found.lines)
    reason = _unwatched(window, source, found, call)
    place = _blamed(record, window, reason, source, call)
    if reason == "not-watched" and place is not None and slices.rebinds(place, source.text):
        reason = "rebound"
    return WayCut(reason, place or _call_place(call), "", found.lines)


def _blamed(record: Record, window: Window, reason: Reason, source: ObservedSource, call: ObservedCall) -> Place | None:
    """The line to point at where the way is whole: the late `watch`, the tape, else where the source was made."""
    if reason == "watched-late":
        stack = min(window.watched[one] for one in source.identities if one in window.watched)[1]
        return stack[0] if stack else None
    if reason == "not-accessed":
        return window.stack[0] if window.stack else None
    return _made(record, source, call)


def _made(record: Record, source: ObservedSource, call: ObservedCall) -> Place | None:
    """Where a source was made, else where its name was bound."""
    for identity in source.identities:
        made = record.made.get(identity)
        if made is not None and made.stack:
            return made.stack[0]
    return slices.binding(call.stack[0], source.text) if call.stack else None


def _call_place(call: ObservedCall) -> Any:
    return call.stack[0] if call.stack else None


def _no_way(record: Record, window: Window, ways: WaysBack, source: ObservedSource, call: ObservedCall) -> WayCut:
    if ways.forgotten:
        return WayCut("unknown", _call_place(call))
    made = next((record.made[one] for one in source.identities if one in record.made), None)
    if made is not None and _shares_origin(record, ways, made):
        return WayCut("copy", made.stack[0] if made.stack else _call_place(call), made.kind)
    return _condition(record, window, source) or WayCut("unconnected", _call_place(call))


def _shares_origin(record: Record, ways: WaysBack, operation: Operation) -> bool:
    """Whether a tensor was made from something that the target was computed from too."""
    pending = list(operation.inputs)
    seen: set[int] = set()
    while pending and len(seen) < MOST_ORIGINS:
        number = pending.pop()
        if number in seen:
            continue
        seen.add(number)
        made = record.made.get(number)
        known = made is not None or record.written(number)
        if known and ways.reaches(number):
            return True
        if made is not None:
            pending.extend(made.inputs)
    return False


def _condition(record: Record, window: Window, source: ObservedSource) -> WayCut | None:
    """Where a source decided while the tape recorded which way the program takes."""
    for exit_ in reversed(record.exits):
        decides = exit_.how == "__bool__" and exit_.stack and window.holds(exit_.sequence)
        if decides and WaysBack(record, window, [exit_.tensor]).to(source.identities) is not None:
            return WayCut("condition", exit_.stack[0], exit_.how)
    return None


def _unwatched(window: Window, source: ObservedSource, found: FoundWay, call: ObservedCall) -> Reason:
    """Why nothing is recorded for a source whose way to the target is whole."""
    watched = [window.watched[one] for one in source.identities if one in window.watched]
    variable = sources.variable(source.value)
    if not sources.differentiable(source.value):
        return "integer-source"
    if watched:
        return "watched-late" if found.first_use and min(watched)[0] > found.first_use else "unknown"
    if variable is None:
        return "not-watched"
    if not call.tape._watch_accessed_variables:
        return "not-accessed"
    return "unknown" if variable.trainable else "non-trainable"
