"""Makes a facts file's content of a session that has ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from gradlint.runtime.calls import written_call
from gradlint.runtime.facts import ObservedFacts, OfFile, SeenCall, digest
from gradlint.runtime.values import by_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.finding import Finding
    from gradlint.runtime.places import Place
    from gradlint.runtime.session import Session

    Values = dict[str, dict[int, list[dict[str, Any]]]]


def facts(session: Session, run: str, began: float) -> ObservedFacts:
    """What a session has seen, file by file.

    Args:
        session: The session; it has ended.
        run: How the program was called.
        began: When it began, as ``time.time()`` has it; files that were written later are left out.
    """
    watcher, base = session.watcher, session.base
    values = by_place(watcher.record, watcher.named)
    calls: dict[str, list[SeenCall]] = {}
    for (place, method), sources in watcher.seen.items():
        calls.setdefault(place.path, []).append(_call(session, place, method, sources))
    findings: dict[str, list[tuple[Finding, tuple[str, ...]]]] = {}
    for finding in session.findings.values():
        findings.setdefault(os.path.join(base, finding.path), []).append((finding, tuple(_needs(session, finding))))
    paths = {os.path.join(base, path) for path in (*values, *calls, *findings)}
    paths |= {path for found in findings.values() for _, needs in found for path in needs}
    return ObservedFacts(
        run,
        session.version,
        {
            path: OfFile(
                known,
                tuple(_at(calls, path, base)),
                dict(_at_line(values, path, base)),
                tuple(findings.get(path, ())),
            )
            for path in paths
            for known in [digest(path)]
            if known is not None and _unchanged(path, began)
        },
    )


def _unchanged(path: str, began: float) -> bool:
    try:
        return os.path.getmtime(path) <= began
    except OSError:
        return False


def _at(calls: dict[str, list[SeenCall]], path: str, base: str) -> Iterator[SeenCall]:
    for name, found in calls.items():
        if os.path.join(base, name) == path:
            yield from found


def _at_line(values: Values, path: str, base: str) -> Iterator[tuple[int, tuple[dict[str, Any], ...]]]:
    for name, found in values.items():
        if os.path.join(base, name) == path:
            for line, of_line in found.items():
                yield line, tuple(of_line)


def _call(session: Session, place: Place, method: str, sources: tuple[str, ...]) -> SeenCall:
    node = written_call(place.path, place.line)
    lost: dict[str, dict[str, int]] = {}
    for (stack, source, outcome), times in session.watcher.times.items():
        if stack == (place,):
            lost.setdefault(source, {})[outcome] = times
    times = session.watcher.asked.get((place,), 0)
    return SeenCall(place.line if node is None else node.lineno, method, times, sources, lost)


def _needs(session: Session, finding: Finding) -> Iterable[str]:
    """The files that a finding speaks of: its own, those on the way, and that of the call."""
    needs = {finding.path, *(step.path for step in finding.flow if step.path is not None)}
    needs |= {seen.place.path for seen, one in session.seen if one is finding and seen.place is not None}
    return sorted(os.path.join(session.base, path) for path in needs)
