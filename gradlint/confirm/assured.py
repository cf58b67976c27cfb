"""Whether a claim that one run bears out would stand in the rest of the program: further runs that could overturn it.

A loop that was cut short may take another way in a later turn; a value at which the gradient ends may have no part in
the target; and a target that was "computed without" a source may change with it. Each is tried where it may be so.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from gradlint.confirm import evidence
from gradlint.confirm.judge import Seen, indices, stand
from gradlint.confirm.protocol import Job, RunReport, Trial
from gradlint.confirm.reasons import SETTLED, Judgement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.confirm.plan import Case, Plan, Want
    from gradlint.confirm.protocol import Event

ENDS: frozenset[evidence.Sort] = frozenset({"break", "outside"})
"""The evidence that speaks of a value at which the gradient ends."""
NUDGES = (0.37, -5.3, 40.0)
"""How far such a value is moved, to see whether the target moves with it."""
STIRS = (-0.7, 0.9, -1.5, 2.1, -3.3, 40.0)
"""How far the source is moved where it alone does not move it."""
BY_CHANCE = ("time", "random", "uuid", "secrets", "urandom", "getpid", "monotonic", "perf_counter")
"""Words of programs that do not give the same numbers each time."""
NEVER_ASKED = frozenset({"GT403", "GT406"})
"""Rules whose findings claim how often a tape is asked."""
UNCONNECTED = frozenset({"GT108", "GT307"})
"""Rules whose findings claim that the target does not depend on the source at all."""
LATE = "GT106"
"""The rule whose findings claim that the gradient would arrive had the tape watched the source from its beginning."""


class Runs(Protocol):
    """The runs of one program.

    Attributes:
        plan: What is looked at in its file.
    """

    plan: Plan

    def run(self, trial: Trial) -> Generator[Job, RunReport, Seen]:
        """Run the program once."""


Doubts = Generator[Job, RunReport, Judgement | None]
"""Runs that end with what overturns a claim, or with None."""


def cut(seen: Seen) -> bool:
    """Whether a loop was ended before its end."""
    return any(event["cut"] for event in seen.report.of("turns"))


def turns_matter(case: Case, plan: Plan, wants: Sequence[Want]) -> bool:
    """Whether later turns of a loop may come to something else."""
    if wants:
        return plan.turning.chooses(frozenset().union(*(plan.needed(want.mark) for want in wants)))
    return case.finding.code in NEVER_ASKED and plan.turning.asks_by_choice()


def ran_through(seen: Seen) -> bool:
    """Whether a run came to the program's own end."""
    return seen.report.ending in {"completed", "raised", "exited"} and not cut(seen)


def doubts(runs: Runs, case: Case, want: Want, seen: Seen, trial: Trial) -> Doubts:
    """What overturns a claim of None that a run bears out.

    Args:
        runs: The runs of the program.
        case: The finding.
        want: The claim.
        seen: The run.
        trial: What that run changed.
    """
    standing = stand(want, case, runs.plan, seen)
    if standing.how != "holds" or standing.event is None or standing.event["t"] != "call":
        return None
    if case.finding.code in UNCONNECTED:
        return (yield from _all_connected(runs, want, standing.targets or (standing.event,), trial))
    if case.finding.code == LATE:
        return (yield from _lost_anyway(runs, want, trial))
    event, places = standing.event, indices(want, standing.event) or []
    leads = runs.plan.leads(case, want.mark)
    sorts = evidence.all_shown(case, event, places, seen.report, leads=leads, line=seen.line)
    if not sorts or not sorts <= ENDS or evidence.carried(case, event, places):
        return None
    return (yield from _idle(runs, want, case, event, trial))


def _all_connected(runs: Runs, want: Want, events: Sequence[Event], trial: Trial) -> Doubts:
    """Targets that all change with the source; of several one that does not is enough for the claim."""
    doubt = None
    for event in events:
        doubt = yield from _connected(runs, want, event, trial)
        if doubt is None:
            break
    return doubt


def _connected(runs: Runs, want: Want, event: Event, trial: Trial) -> Doubts:
    if event["total"] is None:
        trial = replace(trial, eager=True)
        event = next(iter((yield from runs.run(trial)).report.of("call", event["n"])), event)
    moved = _movable(want, event)
    if not moved or event["total"] is None:
        return None
    alone = [((one,), step) for one in moved[:3] for step in NUDGES[:2]] if len(moved) > 1 else []
    for some, step in [*((moved, step) for step in NUDGES[:2]), *alone]:
        other = _same((yield from runs.run(replace(trial, move=some, step=step))), event)
        if other is not None and other["total"] not in {None, event["total"]}:
            what = f"the target changes where {want.source} is moved, so that it is lost on the way and not unconnected"
            return Judgement("inconclusive", what, SETTLED)
    return None


def _lost_anyway(runs: Runs, want: Want, trial: Trial) -> Doubts:
    """A gradient that would not have arrived by an earlier watch, of a source that was used after it was watched."""
    seen = yield from runs.run(replace(trial, eager=True, early=True))
    for event in seen.report.of("call", want.mark):
        for place in indices(want, event) or []:
            if event["outs"][place] != "none" or not _used_after_watching(event, event["sources"][place], seen):
                return None
    what = f"the tape watched {want.source}, and then saw it used: the gradient is lost on the way"
    return Judgement("inconclusive", what, SETTLED)


def _used_after_watching(event: Event, source: int, seen: Seen) -> bool:
    watches = [one for one in seen.report.of("watch") if one["source"] == source and one["tape"] == event["tape"]]
    used = [one for one in seen.report.of("used") if one["source"] == source]
    return not watches or any(watches[0]["seq"] < one["seq"] < event["seq"] for one in used)


def _idle(runs: Runs, want: Want, case: Case, event: Event, trial: Trial) -> Doubts:
    """A value that was moved, and a target that stayed the same wherever the call was made again."""
    readable = trial if event["total"] is not None else replace(trial, eager=True)
    total = event["total"]
    words = runs.plan.source.code
    if readable is not trial or any(word in words for word in BY_CHANCE):
        again = _same((yield from runs.run(replace(readable, nudge=case.place, step=0.0))), event)
        if again is None or total not in {None, again["total"]}:
            return Judgement("inconclusive", "two runs of the program did not give the same numbers", SETTLED)
        total = again["total"]
    for step in NUDGES:
        seen = yield from runs.run(replace(readable, nudge=case.place, step=step))
        other = _same(seen, event)
        moved = any(one["moved"] for one in seen.report.of("nudged", case.place))
        if not moved or (other is None and step == NUDGES[0]) or (other is not None and other["total"] != total):
            return None
    if (yield from _stirs(runs, want, case, event, readable)):
        return None
    return Judgement("inconclusive", "what the finding points at was changed, and the target stayed the same", SETTLED)


def _stirs(runs: Runs, want: Want, case: Case, event: Event, trial: Trial) -> Generator[Job, RunReport, bool]:
    """Whether a value moves the target where the source stands elsewhere: one of two truth values may decide here."""
    moved = _movable(want, event)
    for step in STIRS if moved else ():
        ahead = replace(trial, move=moved, step=step)
        plain = _same((yield from runs.run(ahead)), event)
        other = _same((yield from runs.run(replace(ahead, nudge=case.place))), event)
        if plain is not None and other is not None and len({plain["total"], other["total"]} - {None}) == 2:
            return True
    return False


def _movable(want: Want, event: Event) -> tuple[tuple[str, int, int], ...]:
    """What is moved with a source, by where it comes from; nothing where a part of it cannot be moved."""
    places = indices(want, event) or []
    origins = [event["origins"][place] for place in places if place < len(event["origins"])]
    return () if None in origins else tuple((str(kind), int(one), int(two)) for kind, one, two in origins)


def _same(seen: Seen, event: Event) -> Event | None:
    """The run of a call that comes in the place of another run's."""
    calls = seen.report.of("call", event["n"])
    return next((one for one in calls if one["seq"] == event["seq"]), None)
