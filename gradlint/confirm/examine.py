"""How one finding is examined: which programs are run, in which order, until there is a verdict.

The file itself speaks first: what its own run shows of a gradient call stands. Where it does not come there and the
finding is about a call of another file of the project, that file is run. Only where this does not come there either,
for want of data or time, is a slice of it run; and only where the file itself never makes the call are arguments
invented.
An examination is a generator that gives jobs and is sent their reports, so that many can go on side by side.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gradlint.confirm import assured, attempts, evidence, judge, misuse, numeric
from gradlint.confirm.judge import Seen
from gradlint.confirm.protocol import Job, RunReport, Trial
from gradlint.confirm.reasons import SETTLED, UNINVENTED, Judgement
from gradlint.flow.facts import LED_BY
from gradlint.sources.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.confirm.attempts import Attempt
    from gradlint.confirm.plan import Case, Plan, Want

Examination = Generator[Job, RunReport, "Verdict"]

APART = 24
"""How many sets of invented arguments are tried in a process of their own."""

INVENTED = "with invented arguments"


@dataclass(frozen=True, slots=True)
class BestProbe:
    """The probe that saw most, for the program that is written out.

    Attributes:
        attempt: The program.
        plan: What was looked at in its file.
        case: The finding.
        way: The invented call that reached the gradient, or None.
        trial: The trial that showed it.
        turns: How many turns the training loops took, by their marks.
    """

    attempt: Attempt
    plan: Plan
    case: Case
    way: str | None
    trial: Trial
    turns: dict[int, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement and the probe that it rests on."""

    judgement: Judgement
    probe: BestProbe | None = None


@dataclass(slots=True)
class Clock:
    """What is left of a finding's time."""

    left: float

    def spend(self, report: RunReport) -> None:
        """Take off what a run took."""
        self.left -= report.seconds


def examine(plan: Plan, case: Case) -> Examination:
    """Examine one finding.

    Args:
        plan: What is looked at in its file.
        case: The finding.

    Returns:
        The verdict, after as many jobs as it takes.
    """
    if case.finding.gradients and not case.wants:
        return Verdict(Judgement("inconclusive", f"the gradient call was not found: {', '.join(case.missing)}"))
    if plan.meddles is not None:
        detail = f"the program refers to what observes it: {plan.meddles}"
        return Verdict(Judgement("inconclusive", detail))
    if case.statement is None:
        return Verdict(Judgement("inconclusive", "the place that the finding points at was not found"))
    clock = Clock(plan.options.timeout)
    best: Verdict | None = None
    for attempt in _programs(plan, case):
        verdict = yield from _tried(plan, case, attempt, clock)
        best = verdict if best is None or verdict.judgement.weight > best.judgement.weight else best
        if verdict.judgement.status != "inconclusive":
            return verdict
        if verdict.judgement.weight >= SETTLED or clock.left <= 0:
            break
    return best or Verdict(Judgement("inconclusive", "input could not be invented"))


def _programs(plan: Plan, case: Case) -> Iterator[Attempt]:
    yield attempts.whole(plan)
    for make in (attempts.led, attempts.sliced, attempts.invented):
        attempt = make(plan, case)
        if attempt is not None:
            yield attempt


def _tried(plan: Plan, case: Case, attempt: Attempt, clock: Clock) -> Examination:
    """A program's verdict; one with invented arguments goes through them in one process first, then in one for each."""
    try:
        verdict = yield from _try(_Runs(plan, case, attempt, clock))
        if attempt.kind == "slice" and verdict.judgement.status != "inconclusive":
            return (yield from _borne_out(plan, case, verdict, clock))
        if attempt.kind != "invented":
            return verdict if attempt.leader is None else _by_leader(verdict, attempt.leader[0])
        for place in range(min(len(attempt.ways), APART)):
            if verdict.judgement.weight > UNINVENTED or verdict.judgement.status != "inconclusive" or clock.left <= 0:
                break
            verdict = yield from _try(_Runs(plan, case, attempt, clock, place))
    except (RecursionError, ValueError) as error:
        return Verdict(Judgement("inconclusive", f"the probe could not be written: {error}"))
    return _named(verdict, case)


def _borne_out(plan: Plan, case: Case, verdict: Verdict, clock: Clock) -> Examination:
    """A slice's verdict, where the file comes to the same with nothing left out but what fails in it."""
    runs = _Runs(plan, case, attempts.lenient(plan), clock)
    seen = yield from runs.run(runs.base)
    again = yield from _try(runs)
    if again.judgement.status != verdict.judgement.status:
        detail = f'a part of the file gives "{verdict.judgement.detail}", and the rest speaks against it: '
        return replace(verdict, judgement=Judgement("inconclusive", detail + again.judgement.detail, SETTLED))
    needed = frozenset().union(*(plan.needed(want.mark) for want in case.wants))
    for event in seen.report.of("skipped"):
        if event["line"] in needed or event["dirty"]:
            detail = f"{plan.line(event['line'])} cannot be run, and may have a part in it: {event['type']}"
            return replace(verdict, judgement=Judgement("inconclusive", detail, SETTLED))
    return verdict


def _by_leader(verdict: Verdict, leader: str) -> Verdict:
    """A verdict that rests on the run of another file says so."""
    judgement = verdict.judgement
    detail = f"when {os.path.basename(leader)} runs: {judgement.detail}"
    return replace(verdict, judgement=replace(judgement, detail=detail))


def _named(verdict: Verdict, case: Case) -> Verdict:
    """A verdict that rests on invented arguments says so."""
    judgement = verdict.judgement
    if judgement.status == "inconclusive":
        return verdict
    if judgement.status == "refuted" and any(step.note == LED_BY for step in case.finding.flow):
        reason = "the gradient call of the finding is in another file"
        return replace(verdict, judgement=Judgement("inconclusive", reason))
    way = verdict.probe.way if verdict.probe is not None else None
    detail = f"{INVENTED}: {way}: {judgement.detail}" if way else f"{INVENTED}: {judgement.detail}"
    return replace(verdict, judgement=replace(judgement, detail=detail))


@dataclass(slots=True)
class _Runs:
    """The runs of one program."""

    plan: Plan
    case: Case | None
    attempt: Attempt
    clock: Clock
    only: int | None = None
    text: str = field(init=False)
    lines: dict[int, int] = field(init=False)
    seen: Seen = field(init=False)

    def __post_init__(self) -> None:
        self.text, self.lines = self.attempt.rendered(self.only)

    @property
    def base(self) -> Trial:
        """What every run of the file has in common."""
        native = any(want.exception == "InternalError" for case in self.plan.cases for want in case.wants)
        return Trial(native=native)

    def line(self, line: int) -> int:
        """The program's line for one of the probe's."""
        return self.lines.get(line, line)

    def run(self, trial: Trial) -> Generator[Job, RunReport, Seen]:
        """Run the program once."""
        report = yield self.job(trial)
        self.clock.spend(report)
        return Seen(report, self.line, self.text)

    def job(self, trial: Trial) -> Job:
        """A run of the program."""
        plan, options = self.plan, self.plan.options
        project = plan.source.project or Project(plan.source.path)
        dots = levels(plan.program.tree)
        leader = self.attempt.leader
        if leader is not None:
            project, dots = Project(leader[0]), levels(ast.parse(leader[1]))
        top, package = project.package(dots)
        share = 0.6 if self.attempt.kind == "whole" else 1.0
        return Job(
            self.text,
            os.path.abspath(plan.source.path),
            tuple(dict.fromkeys((top, *project.above()))),
            project.inside(),
            package if dots else "",
            plan.texts(),
            plan.held(),
            tuple(dict.fromkeys(case.place for case in plan.cases if case.wants and case.place is not None)),
            trial,
            share * options.timeout if trial == self.base else max(1.0, self.clock.left),
            options.memory,
            options.output,
            leader,
        )

    def verdict(self, judgement: Judgement, seen: Seen, trial: Trial) -> Verdict:
        """A judgement with the probe that it rests on."""
        assert self.case is not None
        report = seen.report
        ways = [event["way"] for event in report.of("turns") if event["way"] is not None]
        way = self.attempt.ways[ways[0]] if ways and 0 <= ways[0] < len(self.attempt.ways) else None
        turns = {
            int(mark): count
            for event in report.of("turns")
            for mark, count in event["counts"].items()
            if mark.isdigit()
        }
        return Verdict(judgement, BestProbe(self.attempt, self.plan, self.case, way, trial, turns))


def plain(plan: Plan) -> Job:
    """The run of a file that all its findings share."""
    runs = _Runs(plan, None, attempts.whole(plan), Clock(plan.options.timeout))
    return runs.job(runs.base)


def _try(runs: _Runs) -> Examination:
    case, plan, trial = runs.case, runs.plan, runs.base
    assert case is not None
    if case.wants and all(want.outcome == "nan" for want in case.wants):
        trial = numeric.with_births(trial)  # The first of the runs that such a claim takes shows all that others show.
    seen = yield from runs.run(trial)
    if not case.wants and not case.finding.code.startswith("GT6"):
        judgement = misuse.judge(case, plan, seen)
        return (yield from _to_the_end(runs, runs.verdict(judgement, seen, trial), seen, trial, []))
    plain = [want for want in case.wants if want.outcome in {"none", "error"}]
    verdict = (yield from _plainly(runs, plain, seen)) if plain else None
    for want in case.wants:
        if verdict is not None and verdict.judgement.status != "confirmed":
            break
        if want.outcome in {"partial", "zero", "nan"}:
            verdict = yield from _measured(runs, want, seen, trial)
    if verdict is None:
        verdict = yield from _any_nan(runs, seen)
    return verdict


def _plainly(runs: _Runs, wants: list[Want], seen: Seen) -> Examination:
    """The verdict on gradients that are claimed to be None, or to raise: one run shows it, and the doubts are tried."""
    case, plan, trial = runs.case, runs.plan, runs.base
    assert case is not None
    judgement = judge.judge(case, plan, seen, wants)
    if judgement.status == "inconclusive" and _hidden(case, seen) and runs.clock.left > 0:
        again = yield from runs.run(replace(trial, eager=True))
        readable = judge.judge(case, plan, again, wants)
        if readable.status != "inconclusive":
            judgement, seen, trial = readable, again, replace(trial, eager=True)
    verdict = runs.verdict(judgement, seen, trial)
    if judgement.status == "confirmed":
        return (yield from _assured(runs, verdict, seen, trial, wants))
    if judgement.status == "inconclusive" and _may_hide(case, wants, seen):
        found = yield from _measured(runs, wants[0], seen)
        return found if found.judgement.status == "confirmed" else verdict
    return verdict


def _assured(runs: _Runs, verdict: Verdict, seen: Seen, trial: Trial, wants: Sequence[Want]) -> Examination:
    """A verdict that gradients are lost, where nothing overturns it."""
    assert runs.case is not None
    verdict = yield from _to_the_end(runs, verdict, seen, trial, wants)
    for want in wants:
        if verdict.judgement.status != "confirmed":
            break
        if want.outcome == "none":
            doubt = yield from assured.doubts(runs, runs.case, want, seen, trial)
            verdict = verdict if doubt is None else runs.verdict(doubt, seen, trial)
    return verdict


def _to_the_end(runs: _Runs, verdict: Verdict, seen: Seen, trial: Trial, wants: Sequence[Want]) -> Examination:
    """A verdict on a run whose loops were cut short: where they might go another way they are run to their end."""
    case, plan = runs.case, runs.plan
    assert case is not None
    if verdict.judgement.status == "inconclusive" or not assured.cut(seen):
        return verdict
    if not assured.turns_matter(case, plan, wants):
        return verdict
    trial = replace(trial, full=True)
    whole = yield from runs.run(trial)
    judgement = judge.judge(case, plan, whole, wants) if wants else misuse.judge(case, plan, whole)
    if judgement.status == "confirmed" and not assured.ran_through(whole):
        detail = "a loop was not run to its end, and may take another way later"
        judgement = Judgement("inconclusive", detail, SETTLED)
    return runs.verdict(judgement, whole, trial)


def _may_hide(case: Case, wants: Sequence[Want], seen: Seen) -> bool:
    """Whether a value may take up its source by itself: the one claim is of a break, and the call gave None at all."""
    if "break" not in evidence.EVIDENCE.get(case.finding.code, evidence.ANY):
        return False
    if [want.outcome for want in wants] != ["none"]:
        return False
    return any("none" in event["outs"] for event in seen.report.of("call", wants[0].mark))


def _hidden(case: Case, seen: Seen) -> bool:
    """Whether a graph hides what is to be seen: values without numbers, tensors that another tape knows."""
    for event in [*seen.report.of("call"), *seen.report.of("failed")]:
        if event.get("symbolic"):
            return True
        for term in event["terms"].get(str(case.place), []):
            if "unknown" in term["state"] or any("unknown" in operand["state"] for operand in term["operands"]):
                return True
    end = seen.report.end
    claimed = {want.exception for want in case.wants if want.outcome == "error"}
    return end is not None and end["how"] == "raised" and end["type"] in claimed and not seen.report.of("call")


def _measured(runs: _Runs, want: Want, first: Seen, shown: Trial | None = None) -> Examination:
    """A claim that needs runs of its own, of which one was made: the trial that is given, or else the base of all."""
    start = shown or runs.base
    tampered = judge.untrusted(first.report)
    if tampered is not None:
        return runs.verdict(tampered, first, start)
    assert runs.case is not None
    question = numeric.NumericClaim(want, runs.case, runs.plan)
    if want.outcome == "nan" and not _recorded(runs.case, first):
        judgement = judge.judge(runs.case, runs.plan, first, [want])
        return runs.verdict(_weaker(judgement), first, start)
    made: dict[str, Any] = {
        "none": numeric.hidden,
        "partial": numeric.partial,
        "zero": numeric.zero,
        "nan": numeric.nan,
    }
    steps = made[want.outcome](question, runs.base)
    trial, seen = start, first
    try:
        asked: Trial = next(steps)
        while True:
            trial = asked
            seen = first if trial == start else (yield from runs.run(trial))
            asked = steps.send(seen)
            if runs.clock.left <= 0:
                return runs.verdict(Judgement("inconclusive", "the time limit was reached", 4), seen, trial)
    except StopIteration as stop:
        if isinstance(stop.value, tuple):
            judgement, trial = stop.value
        else:
            judgement = stop.value
    return runs.verdict(judgement, seen, trial)


def _weaker(judgement: Judgement) -> Judgement:
    """A NaN that was seen without its cause is no evidence; a value that arrived refutes no claim about an input."""
    if judgement.status == "inconclusive":
        return judgement
    return Judgement("inconclusive", f"what the finding points at was not recorded by the tape; {judgement.detail}", 8)


def _recorded(case: Case, seen: Seen) -> bool:
    """Whether a tape that was then asked recorded the flagged place, or the run did not come so far."""
    calls = [event for event in seen.report.of("call") if str(case.place) in event["terms"]]
    terms = [term for event in calls for term in event["terms"][str(case.place)]]
    return (
        not seen.report.of("call") or any(term["under"] for term in terms) or any(event["symbolic"] for event in calls)
    )


def _any_nan(runs: _Runs, first: Seen) -> Examination:
    """A finding about numbers that names no gradient: that of any call of the program bears it out."""
    from gradlint.confirm.plan import Want

    verdict = runs.verdict(Judgement("inconclusive", "no gradient was asked for", 1), first, runs.base)
    for event in first.report.of("call"):
        if event["sources"]:
            source = (
                f"the sources on {runs.plan.line(runs.plan.calls[event['n']].lineno)}"
                if event["n"] in runs.plan.calls
                else "x"
            )
            want = Want(event["n"], "nan", source, source, None, None, named=True, exception=None)
            verdict = yield from _measured(runs, want, first)
            if verdict.judgement.status == "confirmed":
                break
    return verdict


def levels(tree: ast.AST) -> int:
    """With how many dots the relative imports of a program begin at most."""
    return max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)
