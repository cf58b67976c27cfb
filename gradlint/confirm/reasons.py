"""Why a run did not reach a claim, in words."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.confirm.protocol import Event, RunReport
    from gradlint.finding import Status

DATA = frozenset({"FileNotFoundError", "NotFoundError", "IsADirectoryError", "NotADirectoryError", "EOFError"})
"""Exceptions that say that something to read is not there."""

SETTLED = 8
"""What a reason weighs from which on another program would tell no more: the call ran, and what it gave was seen."""

UNINVENTED = 2
"""What the reason weighs that no arguments could be invented."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and its reason.

    Attributes:
        status: The verdict.
        detail: The evidence, or the reason why there is none.
        weight: How much the reason tells; of several attempts' reasons the weightiest is given.
        finite: Whether every input was tried of a gradient that may not be finite, and it was finite at each.
    """

    status: Status
    detail: str
    weight: int = 0
    finite: bool = False


def reason(report: RunReport, named: Callable[[int], str], line: Callable[[int], int]) -> Judgement:
    """Why a run did not reach a claim.

    Args:
        report: The run.
        named: The user's name for a line of the program.
        line: The program's line for one of the probe's.
    """
    text, weight = _reason(report, lambda number: named(line(number)))
    return Judgement("inconclusive", text, weight)


def _reason(report: RunReport, line: Callable[[int], str]) -> tuple[str, int]:
    ending = report.end
    refused = report.of("refused")
    fixed = {
        "timeout": ("the time limit was reached before the gradient call", 8),
        "flooded": ("the program reported more than the worker takes", 4),
        "lost": ("the worker ended while the program ran", 4),
    }
    if report.ending in fixed:
        return fixed[report.ending]
    if refused and (ending is None or ending["how"] != "completed"):
        return f"refused: {refused[-1]['what']}", 7
    if report.ending == "killed":
        name = signal.Signals(-report.status).name if -report.status in set(signal.Signals) else str(-report.status)
        return f"the program ended the interpreter with signal {name}", 6
    if ending is None:
        return f"the program ended the interpreter with exit status {report.status}", 6
    if ending["how"] == "exited":
        return "the program called sys.exit before the gradient call", 6
    if ending["how"] == "raised":
        return _raised(ending, line)
    return _unreached(report, line)


def _unreached(report: RunReport, line: Callable[[int], str]) -> tuple[str, int]:
    attempts = report.of("attempt")
    if not attempts:
        return "the program ran to its end and never came there", 1
    wanting = [event for event in attempts if DATA & set(event["mro"]) or event["module"]]
    if wanting:
        return _raised(wanting[0], line)
    return f"no input could be invented for it: {attempts[-1]['type']}: {first(attempts[-1]['text'])}", UNINVENTED


def _raised(ending: Event, line: Callable[[int], str]) -> tuple[str, int]:
    lines = [number for owner, number, _ in ending["frames"] if owner == "program"] + ending["quoted"]
    where = line(lines[-1]) if lines else "the program"
    text = first(ending["text"])
    if "ModuleNotFoundError" in ending["mro"] or "ImportError" in ending["mro"]:
        missing = f"a module is not installed: {ending['module']}" if ending["module"] else f"an import failed: {text}"
        return f"{missing} ({where})", 7
    if DATA & set(ending["mro"]):
        return f"needs data that does not exist: {where}: {text}", 7
    if "MemoryError" in ending["mro"] or "ResourceExhaustedError" in ending["mro"]:
        return f"the memory limit was reached: {where}", 7
    return f"the program raised {ending['type']} before the gradient call: {where}: {text}", 4


def first(text: str) -> str:
    """The telling line of an exception's text, not too long, and with nothing in it that a terminal would obey."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "no text"
    telling = next((line for line in lines if re.match(r"\w*(Error|Exception)\b:", line)), lines[0])
    telling = printable(telling)
    return telling if len(telling) <= 160 else telling[:157] + "..."


def printable(text: str) -> str:
    """A text with a question mark for each letter that a terminal would not print but obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
