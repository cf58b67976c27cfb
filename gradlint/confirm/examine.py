"""How one finding is examined: which probes are run, in which order, until there is a verdict.

An examination is a generator that gives jobs and is sent their reports, so that many can go on side by side.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradlint.confirm.judge import UNINVENTED, Judgement, judge, judge_evidence, reason
from gradlint.confirm.plan import FLAG, Attempt, Plan
from gradlint.confirm.protocol import Event, Job, Report, Trial, indices
from gradlint.sources.project import Project

if TYPE_CHECKING:
    from gradlint.confirm.options import Options
    from gradlint.finding import Finding
    from gradlint.sources.source import Source

Examination = Generator[Job, Report, "Verdict"]

FILLS = (0.0, 1.0, -1.0, 1e4, -1e4, 1e-30)
"""Values that an input is filled with in the search for a NaN, besides the numbers that the program compares with."""

APART = 24
"""How many sets of invented arguments are tried in a process of their own."""

TRIALS = 24
"""How many inputs are tried in the search for a NaN."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The probe that told most, for the program that is written out.

    Attributes:
        attempt: The program.
        plan: What was looked at in it.
        way: The invented call that reached the gradient, or None.
        trial: The trial that showed it.
        turns: How many turns the training loops took, by their marks.
    """

    attempt: Attempt
    plan: Plan
    way: str | None
    trial: Trial
    turns: dict[int, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement and the probe that it rests on."""

    judgement: Judgement
    probe: Probe | None = None


class Clock:
    """What is left of a finding's time."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def spend(self, report: Report) -> None:
        """Take off what a run took."""
        self.left -= report.seconds


def examine(source: Source, finding: Finding, options: Options) -> Examination:
    """Examine one finding.

    Args:
        source: The source that it was found in.
        finding: The finding.
        options: The bounds.

    Returns:
        The verdict, after as many jobs as it takes.
    """
    try:
        plan = Plan(finding, source, options)
    except (SyntaxError, ValueError, RecursionError) as error:
        return Verdict(Judgement("inconclusive", f"the program cannot be parsed: {error}"))
    if finding.gradients and not plan.wants:
        return Verdict(Judgement("inconclusive", f"the gradient call was not found: {', '.join(plan.missing)}"))
    if not plan.wants and plan.flagged is None:
        return Verdict(Judgement("inconclusive", "the place that the finding points at was not found"))
    clock = Clock(options.timeout)
    best: Verdict | None = None
    for attempt, only in _programs(plan):
        if only is not None and (best is None or best.judgement.weight > UNINVENTED):
            continue
        verdict = yield from _try(plan, attempt, clock, only)
        if verdict.judgement.status == "confirmed":
            return verdict
        if best is None or _rank(verdict) > _rank(best):
            best = verdict
        if clock.left <= 0:
            break
    return best or Verdict(Judgement("inconclusive", "input could not be invented"))


def _programs(plan: Plan) -> Iterator[tuple[Attempt, int | None]]:
    """The attempts; one with invented arguments goes through them in one process first, then in one for each."""
    for attempt in plan.attempts():
        yield attempt, None
        if len(attempt.ways) > 1:
            for place in range(min(len(attempt.ways), APART)):
                yield attempt, place


def _rank(verdict: Verdict) -> int:
    return 100 if verdict.judgement.status == "refuted" else verdict.judgement.weight


def _readable(runs: _Runs, trial: Trial, *, needed: bool) -> Generator[Job, Report, tuple[Report, Trial]]:
    """Run a trial; where values are needed and a graph hides them, run it once more with ``tf.function`` eager."""
    report = yield runs.job(trial)
    runs.clock.spend(report)
    if needed and runs.clock.left > 0 and any(event["symbolic"] for event in report.of("call")):
        trial = replace(trial, eager=True)
        report = yield runs.job(trial)
        runs.clock.spend(report)
    return report, trial


class _Runs:
    """The runs of one attempt."""

    def __init__(self, plan: Plan, attempt: Attempt, clock: Clock, only: int | None = None) -> None:
        self.plan = plan
        self.attempt = attempt
        self.clock = clock
        self.text, self.lines = attempt.rendered(only)

    def job(self, trial: Trial) -> Job:
        """A run of the attempt's program."""
        options, source = self.plan.options, self.plan.source
        project = source.project or Project(source.path)
        dots = levels(self.plan.program.tree)
        top, package = project.package(dots)
        return Job(
            self.text,
            os.path.abspath(source.path),
            tuple(dict.fromkeys((top, *project.above()))),
            project.inside(),
            package if dots else "",
            tuple(self.plan.wants),
            trial,
            max(1.0, self.clock.left),
            options.memory,
            options.output,
        )

    def line(self, line: int) -> str:
        """The user's name for a line of the probe."""
        return self.plan.line(self.lines.get(line, line))

    def verdict(self, judgement: Judgement, report: Report, trial: Trial) -> Verdict:
        """A judgement with the probe that it rests on."""
        places = [event["way"] for event in report.of("turns")]
        way = self.attempt.ways[places[0]] if places and places[0] is not None else None
        turns = {int(mark): count for event in report.of("turns") for mark, count in event["counts"].items()}
        return Verdict(judgement, Probe(self.attempt, self.plan, way, trial, turns))


def _try(plan: Plan, attempt: Attempt, clock: Clock, only: int | None) -> Examination:
    try:
        runs = _Runs(plan, attempt, clock, only)
    except (RecursionError, ValueError) as error:
        return Verdict(Judgement("inconclusive", f"the probe could not be written: {error}"))
    plain = [want for want in plan.wants if want.outcome not in {"partial", "nan"}]
    outcomes = {want.outcome for want in plan.wants}
    verdict: Verdict | None = None
    if plain or not (plan.wants or plan.numbers_only):
        report, trial = yield from _readable(runs, Trial(finish=not plan.wants), needed="zero" in outcomes)
        if plan.wants:
            judgement = judge(plain, report, runs.line, watched=plan.watched)
        else:
            judgement = judge_evidence(plan.finding.code, report, runs.line)
        verdict = runs.verdict(judgement, report, trial)
    if "partial" in outcomes and (verdict is None or verdict.judgement.status == "confirmed"):
        verdict = yield from _try_partial(runs)
    if ("nan" in outcomes or plan.numbers_only) and (verdict is None or verdict.judgement.status != "refuted"):
        verdict = yield from _search_nan(runs)
    assert verdict is not None
    return verdict


def _try_partial(runs: _Runs) -> Examination:
    """A partial loss: the flagged term feels the inputs, the target feels the term, the gradient feels neither."""
    plan = runs.plan
    wants = [want for want in plan.wants if want.outcome == "partial"]
    base = Trial(eager=True, persistent=True)
    reports = []
    for trial in (base, replace(base, shift="inputs"), replace(base, shift="term")):
        report = yield runs.job(trial)
        runs.clock.spend(report)
        reports.append(report)
        if not any(event["n"] in {want.mark for want in wants} for event in report.of("call")):
            text, weight = reason(report, runs.line)
            raised = report.of("raise")
            if raised:
                text, weight = f"the call raised {raised[-1]['type']}", 5
            return runs.verdict(Judgement("inconclusive", text, weight), report, trial)
    plain, moved, shifted = (
        [event for event in report.of("call") if event["n"] in {want.mark for want in wants}] for report in reports
    )
    judgement = _judge_partial(runs, plain, moved, shifted)
    return runs.verdict(judgement, reports[0], base)


def _judge_partial(runs: _Runs, plain: list[Event], moved: list[Event], shifted: list[Event]) -> Judgement:
    want = next(want for want in runs.plan.wants if want.outcome == "partial")
    key = str(FLAG)
    terms = [(event, event["terms"].get(key)) for event in plain if event["n"] == want.mark]
    seen = [(event, term) for event, term in terms if term is not None and term["connected"] is not None]
    if not seen:
        return Judgement("inconclusive", "the flagged value was not seen before the gradient call", 3)
    event, term = seen[0]
    places = indices(want, event)
    connected = [place for place in places if place < len(term["connected"]) and term["connected"][place]]
    if connected:
        return Judgement("refuted", f"the flagged value is connected to {want.source}")
    others = [other["terms"].get(key) for other in moved if other["n"] == want.mark]
    feels = any(
        one is not None and other is not None and one["sum"] != other["sum"]
        for (_, one), other in zip(terms, others, strict=False)
    )
    felt = any(one["target"] != other["target"] for one, other in zip(plain, shifted, strict=False))
    if not felt:
        return Judgement("inconclusive", "the target did not change when the flagged value was moved", 3)
    if not feels:
        return Judgement("inconclusive", "the flagged value did not change when the inputs were moved", 3)
    kind = term["type"]
    return Judgement(
        "confirmed",
        f"the flagged value ({kind}) changes with the inputs and changes the target, "
        f"but its gradient with respect to {want.source} is None",
    )


def _search_nan(runs: _Runs) -> Examination:
    """Run with the program's own input, then with its inputs filled, until a gradient is not finite."""
    plan = runs.plan
    wants = [want for want in plan.wants if want.outcome == "nan"]
    tried = 0
    first: tuple[Report, Trial] | None = None
    for trial, name in _trials(plan):
        report, trial = yield from _readable(runs, trial, needed=True)
        tried += 1
        broken = [event for event in report.of("call") if "nan" in event["outs"]]
        if any(want.mark == event["n"] for want in wants for event in broken) or (broken and not wants):
            shown = next(text for out, text in zip(broken[0]["outs"], broken[0]["shown"], strict=False) if out == "nan")
            where = f"at {name} = {trial.fill:g}" if name else "at the program's own input"
            return runs.verdict(Judgement("confirmed", f"{where} the gradient is {shown}"), report, trial)
        if first is None:
            first = report, trial
            if not report.of("call"):
                text, weight = reason(report, runs.line)
                return runs.verdict(Judgement("inconclusive", text, weight), report, trial)
        if runs.clock.left <= 0:
            break
    assert first is not None
    return runs.verdict(
        Judgement("inconclusive", f"no input was found for which the gradient is NaN or infinite ({tried} tried)", 3),
        *first,
    )


def _trials(plan: Plan) -> list[tuple[Trial, str]]:
    base = Trial(finish=not plan.wants)
    leaves = list(plan.leaves.items())
    sources = {want.source for want in plan.wants}
    leaves.sort(key=lambda leaf: leaf[1] not in sources)
    fills = dict.fromkeys((*FILLS, *compared(plan)))
    trials = [(base, "")]
    trials += [(replace(base, leaf=number, fill=fill), name) for number, name in leaves[:1] for fill in fills]
    if len(leaves) > 1:
        trials += [(replace(base, leaf=-1, fill=fill), "every input") for fill in (0.0, 1.0)]
        trials += [(replace(base, leaf=number, fill=fill), name) for number, name in leaves[1:] for fill in fills]
    return trials[:TRIALS]


def levels(tree: ast.AST) -> int:
    """With how many dots the relative imports of a program begin at most."""
    return max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)


def compared(plan: Plan) -> list[float]:
    """The numbers that the program compares something with: where ``tf.where`` changes sides."""
    found = []
    for node in ast.walk(plan.program.tree):
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
                found.append(float(value))
    return found
