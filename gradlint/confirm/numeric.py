"""Claims that a gradient call alone cannot bear out: compared with what the target really does when things are moved.

A *partial* loss is compared with central differences of the very source, with and without the flagged value's part. A
gradient of *zeros* must stay zero when its source is moved. A gradient that is not finite must have become so in an
operation that was recorded at the flagged line.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradlint.confirm import evidence, marking, natures
from gradlint.confirm.judge import Seen, answer, indices, stand, vanishes
from gradlint.confirm.protocol import Trial
from gradlint.confirm.reasons import SETTLED, Judgement, reason

if TYPE_CHECKING:
    from gradlint.confirm.plan import Case, Plan, Want
    from gradlint.confirm.protocol import Event
    from gradlint.finding import Status

Runs = Generator[Trial, Seen, Judgement]

FILLS = (0.0, 1.0, -1.0, 1e4, -1e4, 1e-30)
"""Values that an input is filled with in the search for a NaN, besides the numbers that the program compares with."""
TRIALS = 24
"""How many inputs are tried in the search for a NaN."""
NOTHING = 1e-4
"""Up to what share of a derivative the rest of it counts as none."""
STEP, FINE = 2.0**-6, 2.0**-16
"""How far a source is moved, for numbers of single and of double precision."""
AGREES = 0.05
"""How far a derivative may lie beside the differences that it is compared with."""
NEAR = 0.2
"""How far a derivative may lie beside the differences, as a share of the part that is missing."""
CLOSER = 4
"""How many times closer the second differences lie than the first, which have to agree with them."""
STEPS = (0.37, -0.61, 5.0, -6.0, 90.0, -80.0)
"""How far a source is moved whose gradient is zero."""
HALVINGS = 8
"""How often the way between two of them is halved, in the search for what lies where the target changes."""
SMOOTH = 0.1
"""How far both may lie apart, as a share of the slope: they lie further apart where the target leaps."""
APART = 1e-5
"""How far differences must lie apart, beside their size, to show that a value has a part in them."""


@dataclass(slots=True)
class NumericClaim:
    """A claim, and what is looked at."""

    want: Want
    case: Case
    plan: Plan

    def event(self, seen: Seen, after: Event | None = None) -> Event | None:
        """The gradient call in a run: the one in the place of another run's, else the first that counts."""
        calls = seen.report.of("call", self.want.mark)
        if after is None:
            found = stand(self.want, self.case, self.plan, seen).event
            return found if found is not None and found["t"] == "call" else None
        return next((event for event in calls if event["seq"] == after["seq"]), None)


# A part of the derivative.


def partial(question: NumericClaim, base: Trial) -> Runs:
    """A partial loss: the flagged value carries a part of the derivative, and the gradient lacks that part.

    Yields:
        The runs that it takes.
    """
    case, want = question.case, question.want
    seen = yield replace(base, eager=True, keep=case.place)
    found = _carrier(question, seen)
    if isinstance(found, Judgement):
        return found
    event, places, turns = found
    moved = tuple((str(kind), int(one), int(two)) for kind, one, two in _origins(event, places))
    kept = [one["kept"] for one in seen.report.of("place", case.place)]
    frozen = tuple(text if turn in turns else None for turn, text in enumerate(kept))
    if not moved or not any(frozen):
        what = f"{want.source} could not be moved by itself" if not moved else "the flagged value could not be kept"
        return Judgement("inconclusive", what, SETTLED)
    step = FINE if event["precise"] else STEP
    slopes: list[Slopes] = []
    for by in (step, step / CLOSER):
        for freeze, values in ((None, ()), (case.place, frozen)):
            ahead = replace(base, eager=True, move=moved, step=by, freeze=freeze, frozen=values)
            ends = yield from _on_both_sides(question, event, ahead)
            if ends is None:
                return Judgement("inconclusive", f"the call did not run again with {want.source} moved", SETTLED)
            slopes.append(Slopes(event["total"], *ends, by))
        compared = _compared(want, event, places, slopes[-2].middle, slopes[-1].middle)
        if compared.status == "inconclusive" and case.assigns:
            follows = replace(base, eager=True, keep=case.place, move=moved, step=by)
            return (yield from _assigned_itself(question, event, places, follows, kept, slopes[-2].middle))
        if compared.status != "confirmed":
            return compared
    scale = max(abs(one.middle) for one in slopes)
    if not all(far.agrees(near, scale) for far, near in zip(slopes[:2], slopes[2:], strict=True)):
        what = f"the target leaps or bends where {want.source} stands, so that its derivative is a matter of convention"
        return Judgement("inconclusive", what, 8)
    rest = max(abs(one.middle) for one in slopes[1::2])
    doubt = yield from _not_a_part(question, event, places, replace(base, move=moved), nothing=rest <= scale * NOTHING)
    return doubt or compared


def _not_a_part(
    question: NumericClaim, event: Event, places: list[int], ahead: Trial, *, nothing: bool
) -> Generator[Trial, Seen, Judgement | None]:
    """Why a value that the gradient leaves out is no part that is lost: it is led back, or there is no other part."""
    source = question.want.source
    if all(_connected(term, places) for term in _evaluations(question.case, event)):
        return Judgement("inconclusive", f"a gradient leads from the flagged value to {source}", 8)
    if nothing and not (yield from _arrives(question, event, places, ahead)):
        what = f"all of the derivative along {source} goes through the flagged value, and the gradient is zero"
        return Judgement("inconclusive", what, 8)
    return None


def _arrives(question: NumericClaim, event: Event, places: list[int], ahead: Trial) -> Generator[Trial, Seen, bool]:
    """Whether a gradient that is not zero arrives: here, or else where the source is moved."""
    if any(event["outs"][place] != "zero" for place in places):
        return True
    other = question.event((yield replace(ahead, eager=True, step=STEPS[0])), event)
    return other is not None and any(other["outs"][place] == "value" for place in places)


def _on_both_sides(
    question: NumericClaim, event: Event, ahead: Trial
) -> Generator[Trial, Seen, tuple[float, float] | None]:
    """The target where a trial moves something, and where that is moved the other way; None where it is unknown."""
    totals: list[float] = []
    for trial in (ahead, replace(ahead, step=-ahead.step)):
        other = question.event((yield trial), event)
        if other is None or other["total"] is None:
            return None
        totals.append(other["total"])
    return totals[0], totals[1]


def _assigned_itself(
    question: NumericClaim, event: Event, places: list[int], follows: Trial, kept: list[str | None], whole: float
) -> Runs:
    """A source that is given a value made of itself: the gradient is that of what it holds afterwards."""
    case, want = question.case, question.want
    nothing = Judgement("inconclusive", f"the flagged value carries nothing of {want.source} to the target", 8)
    moved = yield follows
    if kept == [one["kept"] for one in moved.report.of("place", case.place)]:
        return nothing
    ends = yield from _on_both_sides(question, event, replace(follows, keep=None, move=(), nudge=case.place))
    if ends is None:
        return Judgement("inconclusive", f"the call did not run again with {want.source} assigned anew", SETTLED)
    given = sum(dot for place in places if place < len(event["dots"]) and (dot := event["dots"][place]))
    after = (ends[0] - ends[1]) / (2 * follows.step)
    missing = abs(whole - given)
    if missing <= AGREES * max(abs(whole), abs(given), 1e-6) or abs(after - given) > NEAR * missing:
        return nothing
    return Judgement(
        "confirmed",
        f"along {want.source} the target changes by {whole:.4g}, and the gradient says {given:.4g}: "
        "it is that of what is assigned there, and not of what that is made of",
    )


@dataclass(frozen=True, slots=True)
class Slopes:
    """How a target changes on both sides of a source.

    Attributes:
        here: The target.
        ahead: The target where the source is moved forth.
        behind: The target where it is moved back.
        step: How far it is moved.
    """

    here: float | None
    ahead: float
    behind: float
    step: float

    @property
    def middle(self) -> float:
        """The central difference."""
        return (self.ahead - self.behind) / (2 * self.step)

    @property
    def bend(self) -> float:
        """How far the slopes on the two sides lie apart."""
        return 0.0 if self.here is None else abs(self.ahead + self.behind - 2 * self.here) / self.step

    def agrees(self, nearer: Slopes, scale: float) -> bool:
        """Whether nearer differences give the same slope, and one without a bend: a smooth target's bend shrinks."""
        bends = nearer.bend > SMOOTH * scale and nearer.bend > 0.5 * self.bend
        return not bends and abs(self.middle - nearer.middle) <= SMOOTH * scale


def _compared(want: Want, event: Event, places: list[int], whole: float, rest: float) -> Judgement:
    dots = [event["dots"][place] for place in places if place < len(event["dots"])]
    if any(dot is None for dot in dots):
        return Judgement("inconclusive", "the gradient is not finite, so that nothing can be compared with it", SETTLED)
    given = sum(dots)
    scale = max(abs(whole), abs(rest), abs(given), 1e-6)
    part = abs(whole - rest)
    if part <= APART * scale:
        return Judgement("inconclusive", f"the flagged value carries nothing of {want.source} to the target", 8)
    if abs(whole - given) <= NEAR * part:
        detail = f"the gradient is the whole derivative: {given:.4g}, and {whole:.4g} by differences"
        return Judgement("refuted", detail, 9)
    if abs(rest - given) > NEAR * part and not (abs(rest - given) <= AGREES * scale and part > 4 * AGREES * scale):
        detail = f"the gradient is {given:.4g}, the whole derivative {whole:.4g}, and {rest:.4g} without that value"
        return Judgement("inconclusive", f"more is missing than the flagged value's part: {detail}", 8)
    return Judgement(
        "confirmed",
        f"along {want.source} the target changes by {whole:.4g}, and the gradient says {given:.4g}: "
        "what goes through the flagged value is missing",
    )


def _carrier(question: NumericClaim, seen: Seen) -> tuple[Event, list[int], set[int]] | Judgement:
    """The gradient call whose tape saw the flagged value, unconnected; the source's places; the value's turns."""
    case, want, plan = question.case, question.want, question.plan
    calls = seen.report.of("call", want.mark)
    if not calls:
        return reason(seen.report, plan.line, seen.line)
    seqs = [one["seq"] for one in seen.report.of("place", case.place)] if case.place is not None else []
    for event in calls:
        places = indices(want, event)
        terms = _evaluations(case, event)
        if not terms or places is None:
            continue
        lost = [event["outs"][place] == "none" for place in places if place < len(event["outs"])]
        if any(lost):
            what = "the whole gradient" if all(lost) else "the gradient of some"
            return Judgement("inconclusive", f"{what} with respect to {want.source} is None", 8)
        under = {term["seq"] for term in terms}
        return event, places, {turn for turn, seq in enumerate(seqs) if seq in under}
    return Judgement("inconclusive", "the flagged value was not seen while the tape recorded", SETTLED)


def _evaluations(case: Case, event: Event) -> list[Event]:
    """The evaluations of the flagged place that a call's tape recorded; those outside of it where that is claimed."""
    terms: list[Event] = event["terms"].get(str(case.place), [])
    outside = [term for term in terms if not term["under"]]
    return (outside if case.finding.code == "GT205" else []) or [term for term in terms if term["under"]]


def _connected(term: Event, places: list[int]) -> bool:
    """Whether a gradient leads from a value to each of some sources."""
    return all(term["state"][place] == "value" for place in places if place < len(term["state"]))


def _origins(event: Event, places: list[int]) -> list[list[Any]]:
    found = [event["origins"][place] for place in places if place < len(event["origins"])]
    return [] if any(origin is None for origin in found) else found


# A value that the flagged place takes up by itself.


def hidden(question: NumericClaim, base: Trial) -> Runs:
    """A None whose source is taken up inside of what the flagged place calls: nothing that goes in there moves with it.

    Yields:
        The runs that it takes.
    """
    case, want = question.case, question.want
    unseen = Judgement("inconclusive", "", 0)
    first = yield replace(base, eager=True, keep=case.place)
    event = next((one for one in first.report.of("call", want.mark) if _cut(one, case, indices(want, one))), None)
    if event is None or answer(want, event)[0] != "holds":
        return unseen
    places = indices(want, event) or []
    moved = tuple((str(kind), int(one), int(two)) for kind, one, two in _origins(event, places))
    if not moved:
        return unseen
    second = yield replace(base, eager=True, keep=case.place, move=moved, step=0.25)
    other = question.event(second, event)
    if other is None or other["total"] in {None, event["total"]}:
        return unseen
    key = str(case.place)
    before, after = event["terms"][key], other["terms"].get(key, [])
    sums = [[operand["sum"] for term in terms for operand in term["operands"]] for terms in (before, after)]
    kept = [[one["kept"] for one in seen.report.of("place", case.place)] for seen in (first, second)]
    unread = [one for one in before[-1]["operands"] if one["sum"] is None and one["kind"] in {"tensor", "variable"}]
    if unread or sums[0] != sums[1] or kept[0] == kept[1] or None in [*kept[0], *kept[1]]:
        return unseen
    detail = answer(want, event)[1]
    return Judgement("confirmed", f"{detail}: the flagged value moves with it, and nothing that goes in there does")


def _cut(event: Event, case: Case, places: list[int] | None) -> bool:
    terms = event["terms"].get(str(case.place), [])
    return bool(terms and places) and all(
        terms[-1]["under"] and place < len(terms[-1]["state"]) and terms[-1]["state"][place] == "none"
        for place in places or ()
    )


# Zeros.


def zero(question: NumericClaim, base: Trial) -> Runs:
    """A gradient of zeros: it stays zero where the source is moved, unless TensorFlow's tape gave None anyway.

    Yields:
        The runs that it takes.
    """
    want = question.want
    seen = yield base
    standing = stand(want, question.case, question.plan, seen)
    event = standing.event
    if standing.how == "unreached":
        return reason(seen.report, question.plan.line, seen.line)
    if standing.how != "holds" or event is None or not vanishes(event, want):
        status: dict[str, Status] = {"holds": "confirmed", "arrived": "refuted"}
        return Judgement(status.get(standing.how, "inconclusive"), standing.detail, 8)
    moved = tuple((str(kind), int(one), int(two)) for kind, one, two in _origins(event, indices(want, event) or []))
    if not moved:
        return Judgement(
            "inconclusive", f"{standing.detail} at the program's own input, and {want.source} cannot be moved", 8
        )
    if question.case.finding.code == "GT405":
        return Judgement(
            "inconclusive", f"{standing.detail}, as TensorFlow computed it, and not for want of a connection", 8
        )
    return (yield from _flat(question, base, moved, event))


def _flat(question: NumericClaim, base: Trial, moved: tuple[tuple[str, int, int], ...], event: Event) -> Runs:
    """Zeros that were computed are lost only where the target changes all the same: followed to where it leaps."""
    want = question.want
    totals: dict[float, float | None] = {0.0: event["total"]}
    waiting, left = list(STEPS), HALVINGS
    values: set[tuple[str | None, ...]] = set()
    while waiting:
        step = waiting.pop(0)
        seen = yield replace(base, move=moved, step=step, keep=question.case.place)
        values.add(tuple(one["kept"] for one in seen.report.of("place", question.case.place)))
        other = question.event(seen, event)
        if other is None:
            return Judgement("inconclusive", f"the call did not run again with {want.source} moved", SETTLED)
        if "nan" not in other["outs"]:
            if answer(want, other)[0] != "holds":
                alone = "the gradient is zero at the program's own input alone"
                once = len(seen.report.of("call", want.mark)) == 1
                return Judgement("refuted", alone, 9) if once else Judgement("inconclusive", alone, 8)
            totals[step] = other["total"]
        if not waiting and (left := left - 1) >= 0:
            between = _leap(totals)
            if between is None:
                return _flat_place(question, event, values)
            waiting.append(between)
    return Judgement(
        "confirmed",
        f"the gradient with respect to {want.source} is zero wherever {want.source} is moved, and the target changes",
    )


def _flat_place(question: NumericClaim, event: Event, values: set[tuple[str | None, ...]]) -> Judgement:
    """A target that stays the same: its gradient is lost where the flagged value, that it is made of, changes."""
    want = question.want
    changes = len(values) > 1 and not any(None in kept for kept in values)
    if changes and evidence.carried(question.case, event, indices(want, event) or []):
        detail = f"{want.source} is moved, and what the finding points at changes"
        return Judgement("confirmed", f"the gradient with respect to {want.source} is zero wherever {detail}")
    return Judgement("inconclusive", f"{want.source} was moved, and the target stayed the same", 8)


def _leap(totals: dict[float, float | None]) -> float | None:
    """The middle of the two nearest steps between which a target changes; None where it never does."""
    steps = sorted(totals)
    gaps = [(far - near, near, far) for near, far in itertools.pairwise(steps) if totals[near] != totals[far]]
    return sum(min(gaps)[1:]) / 2 if gaps else None


# What is not finite.


def with_births(base: Trial) -> Trial:
    """A trial in which it is seen where gradients cease to be finite."""
    return replace(base, births=True, eager=True)


def nan(question: NumericClaim, base: Trial) -> Generator[Trial, Seen, tuple[Judgement, Trial]]:
    """Run with the program's own input, then with its inputs filled, until the claimed gradient is not finite.

    A rule whose findings name a lost connection speaks of the program's own input alone, and no other is tried.

    Yields:
        The runs that it takes.
    """
    plan, want = question.plan, question.want
    tried, other = 0, ""
    trials = _trials(plan, want.base, with_births(base))
    for trial, name in trials[:1] if question.case.finding.code in evidence.EVIDENCE else trials:
        seen = yield trial
        tried += 1
        if tried == 1 and not seen.report.of("call", want.mark):
            return reason(seen.report, plan.line, seen.line), trial
        found = _broken(question, seen, trial, name)
        if found is not None and found.status == "confirmed":
            return found, trial
        other = found.detail if found is not None else other
    detail = other or f"no input was found for which the gradient is NaN or infinite ({tried} tried)"
    return Judgement("inconclusive", detail, SETTLED, finite=not other), base


def _broken(question: NumericClaim, seen: Seen, trial: Trial, name: str) -> Judgement | None:
    case, want = question.case, question.want
    where = f"at {name} = {trial.fill:g}" if name else "at the program's own input"
    for event in seen.report.of("call", want.mark):
        how, detail = answer(want, event)
        if how != "holds":
            continue
        if trial.leaf is not None and event["finite"] is False and case.finding.code != "GT603":
            return Judgement("inconclusive", f"{where} the target itself is not finite", 3)
        if not _born_there(case, seen) or _apart(case, event, indices(want, event) or []):
            return Judgement("inconclusive", f"{where} {detail}, but not by what the finding points at", 8)
        return Judgement("confirmed", f"{where} {detail}")
    return None


def _born_there(case: Case, seen: Seen) -> bool:
    """Whether a gradient ceased to be finite in an operation of the flagged expression, or of the flagged statement."""
    named = natures.OPERATIONS.get(case.finding.code)
    births = [birth for birth in seen.report.of("birth") if named is None or birth["op"] in named]
    if case.expression is None or case.place is None:
        return any(seen.line(birth["lines"][0]) in case.lines for birth in births if birth["lines"])
    spans = marking.spans(seen.text, case.place)
    return any(marking.holds(span, birth["span"]) for span in spans for birth in births)


def _apart(case: Case, event: Event, places: list[int]) -> bool:
    """Whether no gradient leads from the flagged value to the source: what is on its line has nothing to do with it."""
    terms = event["terms"].get(str(case.place), [])
    found = [term["state"][place] for term in terms for place in places if place < len(term["state"])]
    return bool(found) and all(state == "none" for state in found)


def _trials(plan: Plan, source: str, base: Trial) -> list[tuple[Trial, str]]:
    leaves = list(plan.leaves.items())
    leaves.sort(key=lambda leaf: leaf[1] != source)
    fills = dict.fromkeys((*FILLS, *compared(plan.program.tree)))
    trials = [(base, "")]
    trials += [(replace(base, leaf=number, fill=fill), name) for number, name in leaves[:1] for fill in fills]
    if len(leaves) > 1:
        trials += [(replace(base, leaf=-1, fill=fill), "every input") for fill in (0.0, 1.0)]
        trials += [(replace(base, leaf=number, fill=fill), name) for number, name in leaves[1:] for fill in fills]
    return trials[:TRIALS]


def compared(tree: ast.AST) -> Iterator[float]:
    """The numbers that a program compares something with: where ``tf.where`` changes sides."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"greater", "less", "equal"}:
            parts = node.args
        else:
            continue
        for part in parts:
            try:
                value = ast.literal_eval(part)
            except (ValueError, TypeError):
                continue
            if isinstance(value, (int, float)):
                yield float(value)
