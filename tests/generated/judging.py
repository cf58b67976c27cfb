"""Holds what the analysis says of each gradient against what TensorFlow gave."""

from __future__ import annotations

import traceback
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.flow.analysis import analyse
from gradlint.flow.values.premises import Rests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradlint.flow.facts import Facts, LostGradient
    from tests.fixtures.observe import Observation
    from tests.generated.programs import Program

CAME = frozenset({"value", "zero"})
LOST = frozenset({"none", "error", "zero"})
"""The outcomes that no finding may claim, as certain, of a gradient that came."""


PROVIDED = Rests.HANDLED.value.partition(",")[0]
"""How the reason begins why nothing is said of a source."""


@dataclass(frozen=True)
class Verdict:
    """One source of one gradient call that the analysis judged wrongly.

    Attributes:
        sort: ``miss``, ``alarm`` or ``doubt``: a claim that says "on some way", of a gradient that came on all that ran.
        line: The line of the gradient call.
        position: The source's place among the sources, or -1 where the call is judged as a whole.
        truth: What TensorFlow gave in each run.
        said: What the analysis claims: kind and outcome.
    """

    sort: str
    line: int
    position: int
    truth: tuple[str, ...]
    said: tuple[str, ...]


@dataclass
class Judged:
    """What came out of one program."""

    program: Program
    calls: int = 0
    sources: int = 0
    broken: int = 0
    found: int = 0
    came: int = 0
    wrong: list[Verdict] = field(default_factory=list)
    crash: str = ""
    aside: bool = False


def outcome_of(runs: Iterable[str]) -> str:
    """One word for what a source got in all runs: ``value``, ``none``, ``error``, ``nan``, ``zero`` or ``mixed``."""
    words = {run.partition(":")[0] for run in runs}
    if words <= CAME:
        return "value" if "value" in words else "zero"
    return words.pop() if len(words) == 1 else "mixed"


def judge(program: Program, observation: Observation) -> Judged:
    """Hold one program's claims against its calls."""
    judged = Judged(program)
    if observation.raised and observation.raised_line not in {call.line for call in observation.calls}:
        # It breaks by a mistake that has nothing to do with a gradient: what it would have asked for is not known.
        judged.aside = True
        return judged
    try:
        facts = analyse(program.code)
    except Exception:
        judged.crash = traceback.format_exc(limit=-4)
        return judged
    runs: dict[int, list[list[str]]] = defaultdict(list)
    for call in observation.calls:
        runs[call.line].append(call.outcomes)
    lines = program.code.splitlines()
    for line, outcomes in sorted(runs.items()):
        judged.calls += 1
        silenced = "unconnected_gradients" in lines[line - 1]
        _call(judged, facts, line, outcomes, silenced=silenced)
    return judged


def _call(judged: Judged, facts: Facts, line: int, runs: list[list[str]], *, silenced: bool) -> None:
    claims = [
        (claim.kind.value, lost)
        for claim in facts.claims
        if claim.severity != "info"
        for lost in claim.gradients
        if lost.call.line == line
    ]
    loose = [
        claim.kind.value
        for claim in facts.claims
        if claim.severity != "info" and not claim.gradients and claim.span.line <= line <= claim.span.end_line
    ]
    questions = [question for call in facts.calls if call.span.line == line for question in call.questions]
    count = len(runs[0])
    truths = (
        [tuple(dict.fromkeys(run[index] for run in runs)) for index in range(count)]
        if all(len(run) == count for run in runs)
        else []
    )
    raised = any(run.startswith("error") for outcomes in runs for run in outcomes)
    written = len({question.span for question in questions}) == count
    if (
        truths
        and not raised
        and (written or len(runs) == 1)
        and len(questions) == count == len({question.source for question in questions})
    ):
        for index, (truth, question) in enumerate(zip(truths, questions, strict=True)):
            if (question.because or "").startswith(PROVIDED):
                continue  # the program takes each None of this list by itself, so that nothing is said on purpose
            mine = [(kind, lost) for kind, lost in claims if lost.source == question.source]
            _source(judged, line, index, truth, mine, loose, silenced=silenced)
        return
    every = tuple(dict.fromkeys(run for outcomes in runs for run in outcomes))
    words = {word.partition(":")[0] for word in every}
    if words <= CAME or words - CAME == words:
        _source(judged, line, -1, every, claims, loose, silenced=silenced)
    else:
        # Some sources got a gradient and others not: any claim names the call, and none is false.
        _source(judged, line, -1, (*every, "mixed"), claims, loose, silenced=silenced)


def _source(
    judged: Judged,
    line: int,
    position: int,
    truth: tuple[str, ...],
    claims: list[tuple[str, LostGradient]],
    loose: list[str],
    *,
    silenced: bool,
) -> None:
    judged.sources += 1
    word = outcome_of(truth)
    said = tuple(f"{kind}:{lost.outcome}{'' if lost.certain else '?'}" for kind, lost in claims)
    if word in CAME:
        judged.came += 1
        if silenced and word == "zero":
            return
        false = [one for one in said if one.rpartition(":")[2].rstrip("?") in LOST]
        if word == "zero":
            false = [one for one in false if not one.rstrip("?").endswith(":zero")]
        sure = [one for one in false if not one.endswith("?")]
        if false:
            judged.wrong.append(Verdict("alarm" if sure else "doubt", line, position, truth, tuple(false)))
        return
    judged.broken += 1
    if said or (loose and word != "none"):
        judged.found += 1
    else:
        judged.wrong.append(Verdict("miss", line, position, truth, tuple(loose)))


@dataclass
class Total:
    """What came out of many programs."""

    programs: int = 0
    aside: int = 0
    raised: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    sources: int = 0
    broken: int = 0
    found: int = 0
    came: int = 0
    sorts: Counter[str] = field(default_factory=Counter)
    features: dict[str, list[int]] = field(default_factory=dict)
    judged: list[Judged] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """The share of lost gradients that a finding names."""
        return self.found / self.broken if self.broken else 1.0

    def add(self, judged: Judged, observation: Observation) -> None:
        """Count one program."""
        self.programs += 1
        self.aside += judged.aside
        if observation.raised:
            self.raised[observation.raised] += 1
        self.calls += judged.calls
        self.sources += judged.sources
        self.broken += judged.broken
        self.found += judged.found
        self.came += judged.came
        alarms = sum(verdict.sort == "alarm" for verdict in judged.wrong)
        self.sorts.update(verdict.sort for verdict in judged.wrong)
        if judged.crash:
            self.sorts["crash"] += 1
        for feature in judged.program.features:
            row = self.features.setdefault(feature, [0, 0, 0, 0])
            for index, number in enumerate((judged.found, judged.broken, alarms, judged.came)):
                row[index] += number
        if judged.wrong or judged.crash:
            self.judged.append(judged)

    def table(self) -> str:
        """Recall and false claims by feature, the weakest first."""
        rows = sorted(self.features.items(), key=lambda row: (row[1][0] / row[1][1] if row[1][1] else 1.0, row[0]))
        lines = [
            f"{name:24} recall {row[0]:5}/{row[1]:5}  {100 * row[0] / row[1] if row[1] else 100:5.1f} %"
            f"  false claims {row[2]:3}/{row[3]:5}"
            for name, row in rows
        ]
        lines.append(
            f"{'all':24} recall {self.found:5}/{self.broken:5}  {100 * self.recall:5.1f} %"
            f"  false claims {self.sorts['alarm']:3}/{self.came:5}"
        )
        lines.append(
            f"{self.programs} programs ({sum(self.raised.values())} raised, {self.aside} of them set aside), "
            f"{self.calls} calls, {self.sources} sources; {self.sorts['doubt']} conditional claims of gradients that came, "
            f"{self.sorts['crash']} crashes"
        )
        return "\n".join(lines)
