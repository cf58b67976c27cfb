"""From what a run showed to a verdict on the gradients that a finding claims lost.

This is decided here, outside of the process that ran the program. Confirmed: the very call gave what is claimed for the
very source, each time, and the flagged place had its part in it. Refuted: the call ran, the flagged place too, and the
gradient arrived. All else is inconclusive, with the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from gradlint.confirm import evidence, exceptions, natures
from gradlint.confirm.reasons import Judgement, first, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradlint.confirm.plan import Case, Plan, Want
    from gradlint.confirm.protocol import Event, RunReport

Answer = Literal["holds", "arrived", "other", "unclear"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A run, and how its lines lead back to the file's.

    Attributes:
        report: What was seen.
        line: The program's line for one of the probe's.
        text: The probe's program.
    """

    report: RunReport
    line: Callable[[int], int]
    text: str


@dataclass(frozen=True, slots=True)
class Stand:
    """How one claim stands after a run.

    Attributes:
        how: What was seen.
        detail: The same in words.
        event: A run of the call that shows it.
        targets: The runs of the call for the several targets that the claim is about, where one tape is asked for each.
    """

    how: Literal["holds", "arrived", "other", "elsewhere", "unrelated", "mixed", "unreached"]
    detail: str = ""
    event: Event | None = None
    targets: tuple[Event, ...] = ()


def indices(want: Want, event: Event) -> list[int] | None:
    """Where the claimed source stands among a call's flattened sources; None where that cannot be known."""
    counts: list[int] = event["counts"]
    names: list[str] = event["names"]
    found: list[int] | None = event["same"].get(want.base)
    if want.groups is not None and counts and max(want.groups, default=0) < len(counts):
        starts = [sum(counts[:place]) for place in range(len(counts))]
        found = [starts[place] + offset for place in want.groups for offset in range(counts[place])]
    elif not found and want.named:
        found = list(range(len(names)))
    if not found:
        return None
    if want.kind is None:
        return found
    some = [place for place in found if place < len(names) and _is_of_kind(names[place], want.kind)]
    return some or found


def _is_of_kind(name: str, kind: str) -> bool:
    """Whether a variable's path names a layer of a class, or one of a name."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()
    parts = re.split(r"[/:]", name)
    return any(part == kind or re.fullmatch(rf"{re.escape(snake)}(_\d+)?", part) for part in parts)


def answer(want: Want, event: Event) -> tuple[Answer, str]:
    """Whether a gradient call gave what is claimed, and what it gave."""
    if event["t"] == "failed":
        raised = f"{event['type']}: {first(event['text'])}"
        if want.outcome == "error" and exceptions.borne_out(want.exception, event):
            return "holds", raised
        return "other", f"the call raised {raised}"
    if not event["outs"]:
        if want.outcome == "none" and not event["sources"]:
            return "holds", "there are no sources: TensorFlow returns an empty list"
        return "other", "the gradient call has no sources"
    places = indices(want, event)
    if places is None:
        return "unclear", f"it is unclear which of the sources {want.source} is"
    outs = [event["outs"][place] for place in places if place < len(event["outs"])]
    if want.outcome == "none":
        return _none(want, event, places, outs)
    if want.outcome == "zero":
        return _zero(want, event, places, outs)
    if want.outcome == "nan" and "nan" in outs:
        return "holds", f"the gradient is {_shown(event, places, 'nan')}"
    return _arrived(want, event, places, outs)


def _none(want: Want, event: Event, places: list[int], outs: list[str]) -> tuple[Answer, str]:
    if "none" not in outs:
        return _arrived(want, event, places, outs)
    lost = [place for place in places if event["outs"][place] == "none"]
    if not _borne_out_below(event, lost):
        return "other", "the program got None, but TensorFlow's tape did not give it"
    is_clear = want.kind is None or any(_is_of_kind(event["names"][place], want.kind) for place in places)
    if not is_clear and len(lost) < len(places):
        return "unclear", f"it is unclear which of the sources {want.source} is"
    return "holds", _described(want, event, places, lost, "None")


def _borne_out_below(event: Event, places: Sequence[int]) -> bool:
    """Whether TensorFlow's own tape gave None for some sources, each time that it was asked."""
    asked = [one for one in event["tapes"] if len(one) == len(event["sources"])]
    if not asked:
        return bool(event["tapes"]) and all(all(one) for one in event["tapes"])
    return all(one[place] for one in asked for place in places)


def _zero(want: Want, event: Event, places: list[int], outs: list[str]) -> tuple[Answer, str]:
    if any(out != "zero" for out in outs):
        silenced = [place for place in places if event["outs"][place] == "zero"]
        if not (silenced and (event["silent"] and _borne_out_below(event, silenced))):
            return _arrived(want, event, places, outs)
        return "holds", _described(want, event, places, silenced, "None, silenced as zero")
    if _borne_out_below(event, places):
        silenced_by = "None, silenced as zero" if event["silent"] else "None, which TensorFlow gives as zero"
        return "holds", _described(want, event, places, places, silenced_by)
    return "holds", _described(want, event, places, places, "zero")


def vanishes(event: Event, want: Want) -> bool:
    """Whether zeros were really computed, so that they may be zero at the program's own input alone."""
    places = indices(want, event) or []
    return not _borne_out_below(event, [place for place in places if event["outs"][place] == "zero"])


def _arrived(want: Want, event: Event, places: list[int], outs: list[str]) -> tuple[Answer, str]:
    if want.outcome == "none" and outs and all(out in {"zero", "none"} for out in outs):
        return "other", f"the gradient with respect to {want.source} is zero, and not None"
    if outs and all(out == "none" for out in outs):
        missed = f"the call did not raise {want.exception}: " if want.outcome == "error" else ""
        return "other", f"{missed}the gradient with respect to {want.source} is None"
    return "arrived", f"the gradient with respect to {want.source} arrived: {_shown(event, places)}"


def _shown(event: Event, places: Sequence[int], out: str | None = None) -> str:
    for place in places:
        if place < len(event["shown"]) and event["outs"][place] in ({out} if out else {"value", "zero", "nan"}):
            return str(event["shown"][place])
    return "NaN" if out == "nan" else "a value"


def _described(want: Want, event: Event, places: Sequence[int], lost: Sequence[int], what: str) -> str:
    if len(places) == 1:
        return f"the gradient with respect to {want.source} is {what}"
    names = ", ".join(event["names"][place] for place in lost[:3] if place < len(event["names"]))
    more = ", ..." if len(lost) > 3 else ""
    return f"{len(lost)} of {len(places)} gradients with respect to {want.source} are {what} ({names}{more})"


def stand(want: Want, case: Case, plan: Plan, seen: Seen) -> Stand:
    """How one claim stands after a run: of the runs of its call, those that the flagged place had a part in count."""
    events = [e for e in seen.report.events if e["t"] in {"call", "failed"} and e["n"] == want.mark]
    if events and not want.named and not any(event["same"].get(want.base) for event in events):
        return Stand("other", f"the gradient call has no source {want.source}")
    if want.outcome == "error" and (want.named or events):
        raised = exceptions.at_place(want, case, seen.report, seen.line)
        if raised is not None and _explains(want, case, events):
            return Stand("holds", raised)
    if not events:
        return Stand("unreached")
    leads = plan.leads(case, want.mark)
    counted = []
    sorts: set[str] = set()
    for event in events:
        places = indices(want, event) or []
        sort = evidence.shown(case, event, places, seen.report, leads=leads, line=seen.line)
        if sort is not None:
            counted.append(event)
            sorts.add(sort)
    if not counted:
        return _elsewhere(want, case, events, seen)
    found = _weighed(want, counted)
    if found.how != "mixed" or not _each(plan, want.mark, counted):
        return found
    if sorts <= {"call", "target"}:
        held = tuple(event for event in counted if answer(want, event)[0] == "holds")
        return replace(found, how="holds", detail=found.detail.replace("runs of the call", "targets", 1), targets=held)
    reached = [event for event in counted if evidence.carried(case, event, indices(want, event) or [])]
    return _weighed(want, reached) if reached else found


def _explains(want: Want, case: Case, events: list[Event]) -> bool:
    """Whether an exception may come of what a rule's findings say of the source, where the call itself was made."""
    code = case.finding.code
    if want.exception is not None and not natures.of_exception(code, want.exception):
        return False
    known = [(event, places) for event in events if (places := indices(want, event)) is not None]
    return not known or any(natures.of_source(code, event, places) for event, places in known)


def _each(plan: Plan, mark: int, events: list[Event]) -> bool:
    """Whether a call asks one tape for each of several targets.

    The claim is about those that lead nowhere, or, where the place gave a value, about those that this value leads to.
    """
    targets = {tuple(event["targets"]) for event in events}
    return plan.each(mark) and len({event["tape"] for event in events}) == 1 and len(targets) == len(events)


def _weighed(want: Want, events: list[Event]) -> Stand:
    answers = [(answer(want, event), event) for event in events]
    held = [(detail, event) for (how, detail), event in answers if how == "holds"]
    for context in {tuple(event["context"]) for event in events}:
        here = [(how, detail, event) for (how, detail), event in answers if tuple(event["context"]) == context]
        if all(how == "holds" for how, _, _ in here):
            return Stand("holds", here[0][1], here[0][2])
    rest = [(how, detail, event) for (how, detail), event in answers if how != "holds"]
    if held and want.outcome in {"error", "nan"}:
        return Stand("holds", held[0][0], held[0][1])
    if held:
        return Stand("mixed", f"in {len(held)} of {len(answers)} runs of the call: {held[0][0]}", held[0][1])
    how, detail, event = rest[-1]
    if all(one == "arrived" for one, _, _ in rest):
        return Stand("arrived", detail, event)
    return Stand("other", detail if how != "arrived" else rest[0][1], event)


def _elsewhere(want: Want, case: Case, events: list[Event], seen: Seen) -> Stand:
    """The call ran, and the flagged place had no part in it."""
    answers = [answer(want, event) for event in events]
    kinds = ("place",) if case.expression is not None else ("entered", "place", "bound")
    ran = case.place is not None and any(
        one["seq"] < events[-1]["seq"] for kind in kinds for one in seen.report.of(kind, case.place)
    )
    if all(how == "arrived" for how, _ in answers):
        if ran or events[-1]["n"] in case.inside:
            return Stand("arrived", answers[-1][1], events[-1])
        return Stand("elsewhere", "the gradient call ran, but not the line that the finding points at")
    if not ran:
        return Stand("elsewhere", "the gradient call ran, but not the line that the finding points at")
    detail = next(detail for how, detail in answers if how != "arrived")
    return Stand("unrelated", f"{detail}, but it was not seen to be lost where the finding points")


def judge(case: Case, plan: Plan, seen: Seen, wants: Sequence[Want] | None = None) -> Judgement:
    """The verdict on the claims of one finding after one run.

    Args:
        case: The finding.
        plan: What is looked at in its file.
        seen: The run.
        wants: The claims to judge; all of them where None.
    """
    tampered = untrusted(seen.report)
    if tampered is not None:
        return tampered
    stands = [stand(want, case, plan, seen) for want in (case.wants if wants is None else wants)]
    held = [one for one in stands if one.how == "holds"]
    against = [one for one in stands if one.how in {"arrived", "mixed", "other", "elsewhere", "unrelated"}]
    if held and not against:
        rest = len(stands) - len(held)
        more = f" (and {len(held) - 1} more)" if len(held) > 1 else ""
        unreached = f"; {rest} of {len(stands)} gradient calls not reached" if rest else ""
        return Judgement("confirmed", held[0].detail + more + unreached)
    if held:
        worst = against[0]
        return Judgement("inconclusive", f"{len(held)} of {len(stands)} claims hold; {worst.detail}", 9)
    if against and all(one.how == "arrived" for one in against):
        return Judgement("refuted", against[0].detail, 9)
    for one in against:
        if one.how != "arrived":
            return Judgement("inconclusive", one.detail, 3 if one.how == "elsewhere" else 8)
    return reason(seen.report, plan.line, seen.line)


def untrusted(report: RunReport) -> Judgement | None:
    """An inconclusive verdict where the program has meddled with what looks on at it."""
    tampered = report.of("tampered")
    if tampered:
        return Judgement("inconclusive", f"the program tampers with what observes it: {tampered[0]['what']}", 10)
    if report.strays:
        return Judgement("inconclusive", "the program wrote into the pipe through which it is looked at", 10)
    return None
