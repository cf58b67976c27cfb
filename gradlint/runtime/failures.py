"""Why a gradient call raised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gradlint.runtime import sources
from gradlint.runtime.calls import watched_text
from gradlint.runtime.observed import Observed, WayCut
from gradlint.runtime.way import WaysBack

if TYPE_CHECKING:
    from gradlint.runtime.calls import ObservedCall
    from gradlint.runtime.places import Place
    from gradlint.runtime.record import Record
    from gradlint.runtime.windows import Window

_UNREGISTERED = re.compile(r"no entry for: (\w+)")


def explained(record: Record, call: ObservedCall, window: Window, failure: Exception) -> Observed:
    """What a gradient call that raised comes of.

    Args:
        record: What was recorded.
        call: The call.
        window: When its tape recorded.
        failure: What TensorFlow raised.
    """
    cut = _cut(record, call, window, failure)
    flat = call.sources() if call.asked is not None else []
    source = flat[0].text if len(flat) == 1 else ", ".join(one.text for one in flat[:3]) + (", ..." if flat[3:] else "")
    return Observed(
        call.method,
        call.stack,
        call.target_text,
        source or "the sources",
        "error",
        cut,
        type(failure).__name__,
        str(failure).partition("\n")[0][:300],
    )


def refused(stack: tuple[Place, ...], refusal: Exception) -> Observed:
    """What a call of ``watch`` that raised comes of.

    Args:
        stack: The user's lines.
        refusal: What TensorFlow raised.
    """
    here = stack[0] if stack else None
    source = watched_text(here) if here is not None else None
    return Observed(
        "watch",
        stack,
        "",
        source or "the source",
        "error",
        WayCut("watch-refused", here),
        type(refusal).__name__,
        str(refusal).partition("\n")[0][:300],
    )


def _cut(record: Record, call: ObservedCall, window: Window, failure: Exception) -> WayCut:
    here = call.stack[0] if call.stack else None
    text = str(failure)
    if isinstance(failure, RuntimeError) and "non-persistent" in text:
        first = window.asked[0][:1] if window.asked else ()
        return WayCut("reused", here, way=first)
    if isinstance(failure, LookupError):
        return _unregistered(record, call, window, text) or WayCut("raised", here)
    if not all(_is_tensor(one) for one in sources.flattened(call.target)):
        return _left(record, call) or WayCut("target", here)
    if any(not _is_tensor(one) for one in sources.flattened(call.asked)):
        return WayCut("source", here)
    return WayCut("raised", here)


def _is_tensor(value: Any) -> bool:
    return bool(sources.identities(value)) or hasattr(value, "_type_spec")


def _unregistered(record: Record, call: ObservedCall, window: Window, text: str) -> WayCut | None:
    """The operation that has no gradient function, on the way from the target to a source."""
    ways = WaysBack(record, window, sources.tensors(call.target))
    named = _UNREGISTERED.search(text)
    for source in call.sources():
        found = ways.to(source.identities)
        for cut in found.cuts if found is not None else ():
            if cut.reason == "no-gradient" and (named is None or named[1] == cut.operation):
                return WayCut(cut.reason, cut.place, cut.operation, found.lines if found is not None else ())
    return None


def _left(record: Record, call: ObservedCall) -> WayCut | None:
    """Where a target that is an array or a number left TensorFlow: the last exit that its lines tell of."""
    from gradlint.runtime import slices

    if not call.stack:
        return None
    lines = slices.behind(call.stack[0])
    for exit_ in reversed(record.exits):
        for one in exit_.stack:
            if one.path == call.stack[0].path and one.function == call.stack[0].function and one.line in lines:
                return WayCut("target", exit_.stack[0], exit_.how)
    return None
