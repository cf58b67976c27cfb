"""Turns what was observed into findings: those of the reading where they say the same, else findings of their own."""

from __future__ import annotations

import linecache
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gradlint.finding import Confirmation, Finding, Gradient, Position, Step
from gradlint.message import fitted
from gradlint.runtime import wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.runtime.observed import Observed
    from gradlint.runtime.places import Place


class Findings:
    """Makes findings, and reads each file of the user's once.

    Args:
        version: TensorFlow's version, for the evidence.
        read: What reading a file finds.
        base: The folder in which the program began, which paths are relative to.
    """

    def __init__(
        self, version: str | None = None, read: Callable[[str], list[Finding]] | None = None, base: str | None = None
    ) -> None:
        self.base = os.getcwd() if base is None else base
        self.version = version
        self._reading = read or reading
        self._read: dict[str, list[Finding]] = {}

    def of(self, observed: Observed) -> Finding | None:
        """The finding that says what was observed.

        The reading's own is taken where it claims the same outcome for the same source of the same call: it has the
        rule's words and its fix.

        Returns:
            None where what was observed is weak and reading does not claim it.
        """
        read = self._matching(observed)
        if read is not None:
            read = replace(read, path=shown(read.path, self.base))
        evidence = Confirmation("confirmed", _evidence(observed), self.version)
        if read is not None and (read.severity == "error" or observed.weak or observed.outcome == "partial"):
            return read.with_confirmation(evidence)
        if read is not None:
            return replace(read, severity="error", confirmation=evidence, **_said(observed))
        if observed.weak:
            return None
        place = observed.cut.place or observed.place
        words = wording.of(observed)
        path = shown(place.path, self.base) if place is not None else "<unknown>"
        line = place.line if place is not None else 1
        start, end = _ends(place)
        return Finding(
            code=words.code,
            name=words.name,
            severity="warning" if observed.outcome == "partial" else "error",
            **_said(observed),
            path=path,
            cell=None,
            location=Position(line, start),
            end_location=Position(line, end),
            gradients=_gradients(observed, path, self.base),
            flow=tuple(_step(one, place, path, self.base) for one in observed.cut.way),
            confirmation=evidence,
        )

    def raised(self, place: Place, error: BaseException) -> Finding | None:
        """The reading's finding that claims the exception which ended the program, on the line that raised it."""
        name = type(error).__name__
        library = _in_library(error)
        for finding in self._findings(place.path) if place.path.endswith((".py", ".pyw")) else ():
            here = finding.location.line <= place.line <= max(finding.end_location.line, finding.location.line)
            claimed = name in finding.message or any(one.exception == name for one in finding.gradients) or library
            if here and claimed and finding.severity != "info":
                text = f"seen while the program ran: {name}: {str(error).partition(chr(10))[0][:300]}"
                return replace(
                    finding,
                    path=shown(finding.path, self.base),
                    confirmation=Confirmation("confirmed", text, self.version),
                )
        return None

    def _matching(self, observed: Observed) -> Finding | None:
        call = observed.place
        if call is None or not call.path.endswith((".py", ".pyw")):
            return None
        for finding in self._findings(call.path):
            if not finding.gradients and _of_the_list(finding, observed, call):
                return finding
            for gradient in finding.gradients:
                same = gradient.outcome == observed.outcome and _same(gradient.source, observed.source)
                if same and _at(gradient.line, call):
                    return finding
        return None

    def _findings(self, path: str) -> list[Finding]:
        found = self._read.get(path)
        if found is None:
            found = self._read[path] = self._reading(os.path.join(self.base, path))
        return found


def _said(observed: Observed) -> dict[str, Any]:
    """What is said of it: the sentence and its parts."""
    message = wording.message(observed)
    return {
        "message": message.sentence,
        "headline": fitted(message.headline),
        "happens": message.happens,
        "help": message.help,
    }


def _of_the_list(finding: Finding, observed: Observed, call: Place) -> bool:
    """Whether a finding says of a call that its list of sources is not what it is meant to be."""
    codes = {"no-sources": ("GT109", "GT111"), "left-out": ("GT111",)}.get(observed.cut.reason, ())
    return finding.code in codes and any(_at(one.line, call) and one.path is None for one in finding.flow)


def _in_library(error: BaseException) -> bool:
    """Whether TensorFlow or Keras raised an exception, rather than the user's own code."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    path = frame.tb_frame.f_code.co_filename if frame is not None else ""
    return any(f"{os.sep}{name}{os.sep}" in path for name in ("tensorflow", "keras", "tf_keras"))


def reading(path: str) -> list[Finding]:
    """What reading a file finds; nothing where it cannot be read."""
    from gradlint.api import check_paths

    try:
        return check_paths([path])
    except Exception:  # what is wrong with reading a file is for `check` to say, not for a running program
        return []


def shown(path: str, base: str) -> str:
    """A path as findings show it: relative to the folder in which the program began where it lies below, with ``/``."""
    if path.startswith("<"):
        return path
    relative = os.path.relpath(os.path.join(base, path), base)
    return (path if relative.startswith("..") else relative).replace(os.sep, "/")


def _same(read: str, seen: str) -> bool:
    return read == seen or read.startswith(seen) or seen.startswith(read)


def _at(line: int, call: Place) -> bool:
    """Whether a gradient call begins on a line."""
    from gradlint.runtime.calls import written_call

    node = written_call(call.path, call.line)
    return line == (call.line if node is None else node.lineno)


def _evidence(observed: Observed) -> str:
    if observed.outcome == "error":
        return f"seen while the program ran: {observed.exception}: {observed.text}"
    what = _EVIDENCE.get(observed.outcome, "is None")
    if observed.cut.reason == "no-sources":
        what = "is an empty list"
    return f"seen while the program ran: the gradient with respect to {observed.source} {what}"


_EVIDENCE = {"nan": "is not finite", "partial": "lacks the part that was computed there", "zero": "is zero"}
"""What was seen of a source that got something."""


def _ends(place: Place | None) -> tuple[int, int]:
    """The first and the last column of what stands on a line, from 1."""
    text = linecache.getline(place.path, place.line).rstrip("\r\n") if place is not None else ""
    begin = len(text) - len(text.lstrip())
    return begin + 1, max(len(text.rstrip()), begin) + 1


def _gradients(observed: Observed, path: str, base: str) -> tuple[Gradient, ...]:
    call = observed.place
    if call is None or shown(call.path, base) != path:
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


def _step(place: Place, cut: Place | None, path: str, base: str) -> Step:
    column, _ = _ends(place)
    text = linecache.getline(place.path, place.line).strip()
    file = shown(place.path, base)
    note = "the gradient is lost here" if place == cut else "on the way"
    return Step(None, place.line, column, text, note, None if file == path else file)
