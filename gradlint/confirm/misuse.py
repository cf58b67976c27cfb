"""The evidence for findings that name no lost gradient: each rule's is of its own kind."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.confirm import exceptions
from gradlint.confirm.judge import Seen, untrusted
from gradlint.confirm.reasons import Judgement, first, reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.confirm.plan import Case, Plan
    from gradlint.confirm.protocol import Event, RunReport

REFUSALS = frozenset({"TypeError", "ValueError", "AttributeError", "RuntimeError", "LookupError", "KeyError"})
"""What TensorFlow and Keras raise where they are used in a way that cannot be."""

TAPE = "GradientTape"
OF_TAPES = frozenset(
    {
        "__enter__",
        "__exit__",
        "__init__",
        "batch_jacobian",
        "gradient",
        "gradients",
        "gradients_v2",
        "jacobian",
        "watch",
    }
)
"""TensorFlow's functions that make a tape, enter it and ask it."""

EVIDENCE: dict[str, str] = {
    "GT109": "the flagged list is empty when it is read",
    "GT110": "TensorFlow's `watch` raises at the flagged statement",
    "GT111": "the object that is asked for its variables holds one that the flagged place made, which moves the target",
    "GT202": "TensorFlow or Python raises at the flagged statement",
    "GT402": "the flagged call asks a persistent tape that still records",
    "GT403": "the flagged tape is persistent and asked for one gradient at most, when the program had run to its end",
    "GT406": "the flagged tape was asked for no gradient when the program had run to its end",
    "GT407": "TensorFlow, or Python for want of an argument or a method, raises at the flagged statement",
    "GT501": "Keras raises at the flagged statement, or a gradient is seen going to another variable",
    "GT502": "gradients are seen going to another variable, or Keras raises at the flagged statement",
    "GT503": "the flagged statement computes with None, Keras raises for want of gradients, or it warns of them",
    "GT504": "Keras or TensorFlow raises at the flagged statement",
    "GT505": "the name held a Variable before the flagged line and something else after it",
    "GT701": "the target of the flagged call has more than one number",
}
"""For each rule whose findings name no gradient, what bears one out."""


def judge(case: Case, plan: Plan, seen: Seen) -> Judgement:
    """The verdict on a finding that names no lost gradient."""
    tampered = untrusted(seen.report)
    if tampered is not None:
        return tampered
    look = _LOOKS.get(case.finding.code, _raises)
    return look(case, seen) or _unreached(case, plan, seen)


def _unreached(case: Case, plan: Plan, seen: Seen) -> Judgement:
    if _ran(case, seen.report):
        return Judgement("inconclusive", "the line ran, and nothing was seen that bears the finding out", 5)
    end = seen.report.end
    if end is not None and end["how"] == "completed" and not seen.report.of("attempt"):
        return Judgement("inconclusive", "the line that the finding points at was never reached", 1)
    return reason(seen.report, plan.line, seen.line)


def _ran(case: Case, report: RunReport) -> bool:
    return case.place is not None and bool(report.of("entered", case.place) or report.of("place", case.place))


def _finished(case: Case, seen: Seen) -> bool:
    end = seen.report.end
    return _ran(case, seen.report) and end is not None and end["how"] == "completed"


def _refused(case: Case, seen: Seen, *, by: str = "") -> Event | None:
    """The exception of TensorFlow's or Python's that left the flagged statement, raised there."""
    if case.place is None:
        return None
    for event in seen.report.of("raised", case.place):
        functions = {function for owner, _, function in event["frames"] if owner == "tensorflow"}
        known = bool(REFUSALS & set(event["mro"])) or "OpError" in event["mro"]
        if known and exceptions.own(case, event, seen.line) and (not by or by in functions):
            return event
    return None


def _misfit(case: Case, seen: Seen, function: str) -> Event | None:
    """The TypeError of a call that does not fit a function, which Python's text names."""
    event = _refused(case, seen)
    return event if event is not None and event["type"] == "TypeError" and function in event["text"] else None


def _verdict(event: Event) -> Judgement:
    return Judgement("confirmed", f"{event['type']}: {first(event['text'])}")


def _raises(case: Case, seen: Seen) -> Judgement | None:
    event = _refused(case, seen)
    return _verdict(event) if event is not None else None


def _bad_call(case: Case, seen: Seen) -> Judgement | None:
    if any(event["scaled"] for mark in case.inside for event in seen.report.of("call", mark)):
        return Judgement("confirmed", "the third argument is a Variable, and TensorFlow takes it as output_gradients")
    event = _refused(case, seen)
    if event is not None:
        return _verdict(event) if _about_tapes(case, event) else None
    return Judgement("refuted", "the line ran and nothing went wrong", 9) if _finished(case, seen) else None


def _about_tapes(case: Case, event: Event) -> bool:
    """Whether a tape's own code raised, or Python for what was to be a tape, or an object does not have what is asked.

    A Tensor that lacks an attribute says nothing of tapes, optimizers and models.
    """
    functions = [function for owner, _, function in event["frames"] if owner == "tensorflow"]
    flagged = "" if case.expression is None else ast.unparse(case.expression)
    if not OF_TAPES.isdisjoint(functions) or TAPE in event["text"] or TAPE in flagged:
        return True
    return event["type"] == "AttributeError" and functions[-1:] != ["__getattr__"]


def _watch(case: Case, seen: Seen) -> Judgement | None:
    event = _refused(case, seen, by="watch") or _misfit(case, seen, "watch()")
    if event is not None:
        return _verdict(event)
    return Judgement("refuted", "the line ran and TensorFlow watches it", 9) if _finished(case, seen) else None


def _no_variables(case: Case, seen: Seen) -> Judgement | None:
    empty = [event for mark in case.inside for event in seen.report.of("call", mark) if not event["sources"]]
    places = seen.report.of("place", case.place) if case.place is not None else []
    counts = [event["count"] for event in places if event["count"] is not None]
    asked = [event for event in seen.report.of("call") if not event["sources"]]
    if empty or (asked and 0 in counts):
        return Judgement("confirmed", "there are no sources: TensorFlow returns an empty list")
    if counts and all(counts):
        return Judgement("refuted", f"the list has {counts[0]} variables", 9)
    return None


def _untracked(case: Case, seen: Seen) -> Judgement | None:
    events = seen.report.of("left", case.place) if case.place is not None else []
    for event in events:
        if event["moves"]:
            detail = f"{event['moves']} of the variables made there move the target, and the object leaves them out"
            return Judgement("confirmed", detail)
    if events and all(event["made"] and event["made"] == event["listed"] for event in events):
        return Judgement("refuted", "what is made there is among the variables of the object that is asked", 9)
    return None


def _inside(case: Case, seen: Seen) -> Judgement | None:
    calls = [event for mark in case.inside for event in seen.report.of("call", mark)]
    for event in calls:
        if event["recording"] and event["persistent"]:
            return Judgement("confirmed", "a persistent tape is asked while it records, and records its own gradient")
    return Judgement("refuted", "the tape that is asked does not record, or is not persistent", 9) if calls else None


def _tapes(case: Case, seen: Seen) -> list[Event]:
    if case.place is None or seen.report.ending not in {"completed", "raised"}:
        return []
    made = {event["object"] for event in seen.report.of("place", case.place)} - {0}
    return [event for event in seen.report.of("tape") if event["object"] in made]


def _never_asked(case: Case, seen: Seen) -> Judgement | None:
    tapes = _tapes(case, seen)
    asked = max((event["asked"] for event in tapes), default=0)
    if asked:
        return Judgement("refuted", f"the tape was asked for {asked} gradient{'s' if asked > 1 else ''}", 9)
    if tapes and seen.report.ending == "completed":
        return Judgement("confirmed", "the program ran to its end and no gradient was asked of the tape")
    return None


def _persistent(case: Case, seen: Seen) -> Judgement | None:
    tapes = _tapes(case, seen)
    if not tapes:
        return None
    if not any(event["persistent"] for event in tapes):
        return Judgement("refuted", "the tape is not persistent", 9)
    asked = max(event["asked"] for event in tapes)
    if asked > 1:
        return Judgement("refuted", f"one tape was asked for {asked} gradients", 9)
    if seen.report.ending != "completed":
        return None
    return Judgement("confirmed", f"the tape is persistent and was asked for {'one gradient' if asked else 'none'}")


def _pairs(case: Case, seen: Seen) -> Judgement | None:
    for event in seen.report.of("pairs", case.place) if case.place is not None else ():
        if event["mismatched"]:
            detail = f"{event['mismatched']} of {event['pairs']} gradients are applied to another variable"
            return Judgement("confirmed", detail)
    found = _raises(case, seen)
    if found is None and _finished(case, seen):
        return Judgement("refuted", "each gradient is applied to its own variable", 9)
    return found


def _none_applied(case: Case, seen: Seen) -> Judgement | None:
    if case.place is None:
        return None
    for event in seen.report.of("pairs", case.place):
        if event["none"]:
            return Judgement("confirmed", f"{event['none']} of {event['pairs']} gradients that are applied are None")
    for event in seen.report.of("warning"):
        if event["n"] == case.place and "Gradients do not exist" in event["text"]:
            return Judgement("confirmed", f"Keras warns: {first(event['text'])}")
    refused = _refused(case, seen)
    if refused is not None and (_speaks_of_none(refused) or _lost_before(refused, seen.report)):
        return _verdict(refused)
    if refused is None and _finished(case, seen):
        return Judgement("refuted", "the line ran and no gradient there is None", 9)
    return None


def _speaks_of_none(event: Event) -> bool:
    return bool(event["nothing"]) or "None" in event["text"] or "No gradients" in event["text"]


def _lost_before(event: Event, report: RunReport) -> bool:
    """Whether the last gradient call before an exception gave None."""
    calls = [call for call in report.of("call") if call["seq"] < event["seq"]]
    return bool(calls) and "none" in calls[-1]["outs"]


def _rebound(case: Case, seen: Seen) -> Judgement | None:
    bound = seen.report.of("bound", case.place) if case.place is not None else []
    before = [event for event in bound if event["when"] == "before"]
    after = [event for event in bound if event["when"] == "after"]
    refused = _refused(case, seen)
    if refused is not None:
        return _verdict(refused)
    if not after:
        return None
    for old, new in zip(before, after, strict=False):
        if old["kind"] == "variable" and new["kind"] != "variable":
            detail = f"the name held a Variable before the line and holds a {_spoken(new['kind'])} after it"
            return Judgement("confirmed", detail)
    return Judgement("refuted", f"the name holds a {_spoken(after[0]['kind'])} after the line, as before it", 9)


def _spoken(kind: str) -> str:
    return {"variable": "Variable", "tensor": "Tensor"}.get(kind, kind)


def _summed(case: Case, seen: Seen) -> Judgement | None:
    calls = [event for mark in case.inside for event in seen.report.of("call", mark)]
    sizes = [event["size"] for event in calls if event["size"] is not None]
    if any(size > 1 for size in sizes):
        return Judgement("confirmed", f"the target has {max(sizes)} elements and the gradient is that of their sum")
    return Judgement("refuted", "the target is a single number", 9) if sizes else None


_LOOKS: dict[str, Callable[[Case, Seen], Judgement | None]] = {
    "GT109": _no_variables,
    "GT110": _watch,
    "GT111": _untracked,
    "GT402": _inside,
    "GT403": _persistent,
    "GT406": _never_asked,
    "GT407": _bad_call,
    "GT501": _pairs,
    "GT502": _pairs,
    "GT503": _none_applied,
    "GT504": _raises,
    "GT505": _rebound,
    "GT701": _summed,
}
