"""From what a probe's run showed to a verdict on the claim.

Confirmed: TensorFlow did as claimed. Refuted: the very call that the claim is about ran, the flagged statement
too, and the gradient arrived. All else is inconclusive, with the reason.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gradlint.confirm.plan import FLAG
from gradlint.confirm.protocol import Event, Report, Want, indices, settles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradlint.finding import Status

Standing = Literal["holds", "arrived", "other", "unreached"]

DATA = frozenset({"FileNotFoundError", "NotFoundError", "IsADirectoryError", "NotADirectoryError", "EOFError"})
"""Exceptions that say that something to read is not there."""

INSIDE_WARNING = "persistent tape inside its context"
"""What TensorFlow logs when a persistent tape is differentiated while it records."""


NOTHING = "is None"

UNINVENTED = 2
"""What the reason weighs that no arguments could be invented."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and its reason.

    Attributes:
        status: The verdict.
        detail: The evidence, or the reason why there is none.
        weight: How much the reason tells; of several attempts' reasons the weightiest is given.
    """

    status: Status
    detail: str
    weight: int = 0


def standing(want: Want, report: Report) -> tuple[Standing, str]:
    """How one claim stands after a run, and the evidence."""
    events = [event for event in report.events if event["t"] in {"call", "raise"} and event["n"] == want.mark]
    for event in events:
        if settles(want, event):
            return "holds", _evidence(want, event)
    for event in report.of("raise", FLAG):
        if settles(want, {**event, "n": want.mark}):
            return "holds", f"{event['type']}: {_first(event['text'])}"
    last = next((event for event in report.events if event["t"] == "end"), None)
    if want.outcome == "error" and last is not None and last["how"] == "raised" and want.exception in last["mro"]:
        return "holds", f"{last['type']}: {_first(last['text'])}"
    arrived = [event for event in events if event["t"] == "call"]
    if arrived:
        detail = _arrived(want, arrived[-1])
        return "other" if detail.endswith(NOTHING) else "arrived", detail
    if events:
        return "other", f"the call raised {events[-1]['type']}: {_first(events[-1]['text'])}"
    return "unreached", ""


def _evidence(want: Want, event: Event) -> str:
    if event["t"] == "raise":
        return f"{event['type']}: {_first(event['text'])}"
    if not event["outs"]:
        return "there are no sources: TensorFlow returns an empty list"
    places = [place for place in indices(want, event) if place < len(event["outs"])]
    wanted = {"none": {"none"}, "zero": {"zero", "none"}, "nan": {"nan"}}[want.outcome]
    lost = [place for place in places if event["outs"][place] in wanted]
    if want.outcome == "none":
        what = "None"
    elif want.outcome == "zero":
        what = "zero" if any(event["outs"][place] == "zero" for place in lost) else "None, silenced as zero"
    else:
        what = f"not finite: {event['shown'][lost[0]] if lost[0] < len(event['shown']) else 'NaN'}"
    if len(places) == 1:
        return f"the gradient with respect to {want.source} is {what}"
    names = ", ".join(event["names"][place] for place in lost[:3] if place < len(event["names"]))
    more = ", ..." if len(lost) > 3 else ""
    return f"{len(lost)} of {len(places)} gradients with respect to {want.source} are {what} ({names}{more})"


def _arrived(want: Want, event: Event) -> str:
    places = [place for place in indices(want, event) if place < len(event["shown"])]
    if want.outcome == "error" and places and all(event["outs"][place] == "none" for place in places):
        return f"the call did not raise {want.exception}: the gradient with respect to {want.source} {NOTHING}"
    shown = event["shown"][places[0]] if places else "a value"
    return f"the gradient with respect to {want.source} arrived: {shown}"


def judge(wants: Sequence[Want], report: Report, line: Callable[[int], str], *, watched: bool) -> Judgement:
    """The verdict on the claims of one finding after one run.

    Args:
        wants: The claims, partial ones left out.
        report: The run.
        line: The user's name for a line of the probe.
        watched: Whether the flagged statement is marked, so that it is known whether it ran.
    """
    stands = [standing(want, report) for want in wants]
    held = [detail for how, detail in stands if how == "holds"]
    arrived = [detail for how, detail in stands if how == "arrived"]
    if held:
        rest = len(stands) - len(held)
        if arrived:
            return Judgement("refuted", arrived[0])
        more = f" (and {len(held) - 1} more)" if len(held) > 1 else ""
        unreached = f"; {rest} of {len(stands)} gradient calls not reached" if rest else ""
        return Judgement("confirmed", held[0] + more + unreached)
    if arrived:
        if not watched or report.of("passed", FLAG):
            return Judgement("refuted", arrived[0])
        return Judgement("inconclusive", "the gradient call ran, but not the line that the finding points at", 3)
    for how, detail in stands:
        if how == "other":
            return Judgement("inconclusive", detail, 8)
    return Judgement("inconclusive", *reason(report, line))


def reason(report: Report, line: Callable[[int], str]) -> tuple[str, int]:
    """Why a run did not reach the claim, and how much that tells."""
    ending = next((event for event in report.events if event["t"] == "end"), None)
    refused = report.of("refused")
    if report.ending == "timeout":
        return "the time limit was reached before the gradient call", 8
    if report.ending == "flooded":
        return "the program reported more than the worker takes", 4
    if report.ending == "lost":
        return "the worker ended while the program ran", 4
    if refused and (ending is None or ending["how"] != "completed"):
        return f"refused: {refused[-1]['what']}", 9
    if report.ending == "killed":
        name = signal.Signals(-report.status).name if -report.status in set(signal.Signals) else str(-report.status)
        return f"the program ended the interpreter with signal {name}", 6
    if ending is None:
        return f"the program ended the interpreter with exit status {report.status}", 6
    if ending["how"] == "exited":
        return "the program called sys.exit before the gradient call", 6
    if ending["how"] == "raised":
        return _raised(ending, line)
    attempts = report.of("attempt")
    if attempts:
        wanting = [event for event in attempts if DATA & set(event["mro"]) or event["module"]]
        if wanting:
            return _raised(wanting[0], line)
        return f"no input could be invented for it: {attempts[-1]['type']}: {_first(attempts[-1]['text'])}", UNINVENTED
    return "the gradient call was not reached", 1


def _raised(ending: Event, line: Callable[[int], str]) -> tuple[str, int]:
    where = line(ending["lines"][-1]) if ending["lines"] else "the program"
    text = _first(ending["text"])
    if "ModuleNotFoundError" in ending["mro"] or "ImportError" in ending["mro"]:
        missing = f"a module is not installed: {ending['module']}" if ending["module"] else f"an import failed: {text}"
        return f"{missing} ({where})", 7
    if DATA & set(ending["mro"]):
        return f"needs data that is not there: {where}: {text}", 7
    if "MemoryError" in ending["mro"] or "ResourceExhaustedError" in ending["mro"]:
        return f"the memory limit was reached: {where}", 7
    return f"the program raised {ending['type']} before the gradient call: {where}: {text}", 4


def _first(text: str) -> str:
    """The telling line of an exception's text, not too long."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "no text"
    telling = next((line for line in lines if re.match(r"\w*(Error|Exception)\b:", line)), lines[0])
    return telling if len(telling) <= 160 else telling[:157] + "..."


def judge_evidence(code: str, report: Report, line: Callable[[int], str]) -> Judgement:
    """The verdict on a finding that claims no gradient lost: each sort has evidence of its own."""
    ran = bool(report.of("passed", FLAG))
    raised = report.of("raise", FLAG)
    unreached = Judgement("inconclusive", *reason(report, line))
    if code == "GT402":
        warned = [event["text"] for event in report.of("warning") if INSIDE_WARNING in event["text"]]
        if warned:
            return Judgement("confirmed", f"TensorFlow warns: {_first(warned[0])}")
        return Judgement("refuted", "TensorFlow did not warn") if ran else unreached
    if code in {"GT403", "GT406"}:
        return _judge_tape(code, report) or unreached
    if raised:
        return Judgement("confirmed", f"{raised[-1]['type']}: {_first(raised[-1]['text'])}")
    if code == "GT505":
        return _judge_rebound(report) or unreached
    if code == "GT109":
        return _judge_empty(report) or unreached
    if code == "GT701":
        sizes = [event["size"] for event in report.of("call") if event["size"] is not None]
        if any(size > 1 for size in sizes):
            return Judgement("confirmed", f"the target has {max(sizes)} elements and the gradient is that of their sum")
        return Judgement("refuted", "the target is a single number") if sizes else unreached
    if any(event["scaled"] for event in report.of("call")):
        return Judgement("confirmed", "the third argument is a Variable, and TensorFlow takes it as output_gradients")
    for event in report.of("pairs"):
        if event["none"]:
            return Judgement("confirmed", f"{event['none']} of {event['pairs']} gradients that are applied are None")
        if event["mismatched"]:
            return Judgement(
                "confirmed", f"{event['mismatched']} of {event['pairs']} gradients are applied to another variable"
            )
    for event in report.of("warning"):
        if "Gradients do not exist" in event["text"]:
            return Judgement("confirmed", f"Keras warns: {_first(event['text'])}")
    ending = next((event for event in report.events if event["t"] == "end"), None)
    if ran and ending is not None and ending["how"] == "completed":
        return Judgement("refuted", "the line ran and nothing went wrong")
    return unreached


def _judge_tape(code: str, report: Report) -> Judgement | None:
    counts = [count for event in report.of("tapes", FLAG + 2) for count in event["counts"]]
    if not counts or report.ending not in {"completed", "raised"}:
        return None
    asked = max(count["asked"] for count in counts)
    if code == "GT406":
        if asked:
            return Judgement("refuted", f"the tape was asked for {asked} gradients")
        return Judgement("confirmed", "the program ran to its end and no gradient was asked of the tape")
    if not any(count["persistent"] for count in counts):
        return Judgement("refuted", "the tape is not persistent")
    if asked > 1:
        return Judgement("refuted", f"one tape was asked for {asked} gradients")
    return Judgement("confirmed", f"the tape is persistent and was asked for {'one gradient' if asked else 'none'}")


def _judge_empty(report: Report) -> Judgement | None:
    counts = [len(event["outs"]) for event in report.of("call")]
    if not counts:
        return None
    if 0 in counts:
        return Judgement("confirmed", "there are no sources: TensorFlow returns an empty list")
    return Judgement("refuted", f"the gradient call has {counts[0]} sources")


def _spoken(kind: str) -> str:
    return {"variable": "Variable", "tensor": "Tensor"}.get(kind, kind)


def _judge_rebound(report: Report) -> Judgement | None:
    before = [event["kind"] for event in report.of("bound") if event["when"] == "before"]
    after = [event["kind"] for event in report.of("bound") if event["when"] == "after"]
    if not after:
        return None
    for old, new in zip(before, after, strict=False):
        if old == "variable" and new != "variable":
            return Judgement(
                "confirmed", f"the name held a Variable before the line and holds a {_spoken(new)} after it"
            )
    return Judgement("refuted", f"the name holds a {_spoken(after[0])} after the line, as before it")
