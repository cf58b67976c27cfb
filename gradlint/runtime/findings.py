"""Turns what was observed into findings: those of the reading where they say the same, else findings of their own."""

from __future__ import annotations

import linecache
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from gradlint.finding import Confirmation, Finding, Gradient, Position, Step
from gradlint.runtime import wording

if TYPE_CHECKING:
    from gradlint.runtime.observed import Observed
    from gradlint.runtime.places import Place


class Findings:
    """Makes findings, and reads each file of the user's once.

    Args:
        version: TensorFlow's version, for the evidence.
    """

    def __init__(self, version: str | None = None) -> None:
        self.version = version
        self._read: dict[str, list[Finding]] = {}

    def of(self, observed: Observed) -> Finding:
        """The finding that says what was observed.

        The reading's own is taken where it claims the same outcome for the same source of the same call: it has the
        rule's words and its fix.
        """
        read = self._matching(observed)
        evidence = Confirmation("confirmed", _evidence(observed), self.version)
        if read is not None and read.severity == "error":
            return read.with_confirmation(evidence)
        if read is not None:
            return replace(read, severity="error", message=wording.message(observed), confirmation=evidence)
        place = observed.cut.place or observed.place
        words = wording.of(observed)
        path = shown(place.path) if place is not None else "<unknown>"
        line = place.line if place is not None else 1
        start, end = _ends(place)
        return Finding(
            code=words.code,
            name=words.name,
            severity="error",
            message=wording.message(observed),
            path=path,
            cell=None,
            location=Position(line, start),
            end_location=Position(line, end),
            gradients=_gradients(observed, path),
            flow=tuple(_step(one, place, path) for one in observed.cut.way),
            confirmation=evidence,
        )

    def _matching(self, observed: Observed) -> Finding | None:
        call = observed.place
        if call is None or not call.path.endswith((".py", ".pyw")):
            return None
        for finding in self._findings(call.path):
            for gradient in finding.gradients:
                same = gradient.outcome == observed.outcome and _same(gradient.source, observed.source)
                if same and _within(gradient, call):
                    return finding
        return None

    def _findings(self, path: str) -> list[Finding]:
        found = self._read.get(path)
        if found is None:
            from gradlint.api import check_paths

            try:
                found = check_paths([path])
            except Exception:
                found = []
            self._read[path] = found
        return found


def shown(path: str) -> str:
    """A path as findings show it: relative to the working directory where it lies below that, with ``/``."""
    if path.startswith("<"):
        return path
    relative = os.path.relpath(path)
    return (path if relative.startswith("..") else relative).replace(os.sep, "/")


def _same(read: str, seen: str) -> bool:
    return read == seen or read.startswith(seen) or seen.startswith(read)


def _within(gradient: Gradient, call: Place) -> bool:
    from gradlint.runtime.calls import written_call

    node = written_call(call.path, call.line)
    return gradient.line == (call.line if node is None else node.lineno)


def _evidence(observed: Observed) -> str:
    if observed.outcome == "error":
        return f"seen while the program ran: {observed.exception}: {observed.text}"
    what = "not finite" if observed.outcome == "nan" else "None"
    return f"seen while the program ran: the gradient with respect to {observed.source} is {what}"


def _ends(place: Place | None) -> tuple[int, int]:
    """The first and the last column of what stands on a line, from 1."""
    text = linecache.getline(place.path, place.line).rstrip("\r\n") if place is not None else ""
    begin = len(text) - len(text.lstrip())
    return begin + 1, max(len(text.rstrip()), begin) + 1


def _gradients(observed: Observed, path: str) -> tuple[Gradient, ...]:
    call = observed.place
    if call is None or shown(call.path) != path:
        return ()
    column, _ = _ends(call)
    return (
        Gradient(
            None,
            call.line,
            column,
            observed.method,
            observed.target,
            observed.source,
            observed.outcome,
            observed.exception,
        ),
    )


def _step(place: Place, cut: Place | None, path: str) -> Step:
    column, _ = _ends(place)
    text = linecache.getline(place.path, place.line).strip()
    file = shown(place.path)
    note = "the gradient is lost here" if place == cut else "on the way"
    return Step(None, place.line, column, text, note, None if file == path else file)
