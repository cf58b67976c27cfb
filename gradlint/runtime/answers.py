"""What came of one gradient call, source by source, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.runtime import sources
from gradlint.runtime.observed import Cut, Observed
from gradlint.runtime.way import Ways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.runtime.calls import Call, Source
    from gradlint.runtime.observed import Reason
    from gradlint.runtime.watcher import Watcher, Window
    from gradlint.runtime.way import Found


def judged(watcher: Watcher, call: Call, result: Any, failure: Exception | None) -> Iterator[Observed]:
    """What each source got that did not get the gradient of the whole target.

    Args:
        watcher: Who looked on.
        call: The call.
        result: What TensorFlow gave.
        failure: What it raised instead.
    """
    window = watcher.window(call.tape)
    if failure is not None:
        from gradlint.runtime.failures import explained

        yield explained(watcher, call, window, failure)
        return
    lost = [(source, outcome) for source, outcome in _outcomes(call, result) if outcome is not None]
    if not lost:
        return
    ways: Ways | None = None
    for source, outcome in lost:
        if watcher.counted(call, source, outcome):
            continue
        if outcome == "none":
            if ways is None:
                ways = Ways(watcher.record, window, sources.tensors(call.target))
            cut = why(watcher, window, ways, source, call)
        else:
            from gradlint.runtime.nonfinite import first

            cut = first(watcher, window, call, source)
        yield Observed(call.method, call.stack, call.target_text, source.text, outcome, cut)


def _outcomes(call: Call, result: Any) -> Iterator[tuple[Source, Any]]:
    asked = call.sources()
    given = sources.flattened_with_none(result)
    if len(given) != len(asked):
        return
    for source, gradient in zip(asked, given, strict=True):
        if gradient is None:
            yield source, "none"
        elif not sources.finite(gradient):
            yield source, "nan"
        else:
            yield source, None


def why(watcher: Watcher, window: Window, ways: Ways, source: Source, call: Call) -> Cut:
    """Why a source gets None."""
    found = ways.to(source.identities)
    if found is None:
        return _no_way(watcher, ways, source, call)
    if found.cuts:
        cut = found.cuts[0]
        return Cut(cut.reason, cut.place or _call_place(call), cut.operation, found.lines)
    return Cut(_unwatched(window, source, found, call), _call_place(call), "", found.lines)


def _call_place(call: Call) -> Any:
    return call.stack[0] if call.stack else None


def _no_way(watcher: Watcher, ways: Ways, source: Source, call: Call) -> Cut:
    if ways.forgotten:
        return Cut("unknown", _call_place(call))
    for identity in source.identities:
        made = watcher.record.made.get(identity)
        if made is not None and any(ways.reaches(one) for one in made.inputs):
            return Cut("copy", made.stack[0] if made.stack else _call_place(call), made.kind)
    return Cut("unconnected", _call_place(call))


def _unwatched(window: Window, source: Source, found: Found, call: Call) -> Reason:
    """Why nothing is recorded for a source whose way to the target is whole."""
    watched = [window.watched[one] for one in source.identities if one in window.watched]
    variable = sources.variable(source.value)
    if not sources.differentiable(source.value):
        return "integer-source"
    if watched:
        return "watched-late" if found.first_use and min(watched) > found.first_use else "unknown"
    if variable is None:
        return "not-watched"
    if not call.tape._watch_accessed_variables:
        return "not-accessed"
    return "unknown" if variable.trainable else "non-trainable"
