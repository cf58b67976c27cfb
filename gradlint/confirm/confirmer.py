"""The entry: findings go in, verdicts come out as they are reached."""

from __future__ import annotations

import importlib.util
import itertools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from gradlint.confirm import examine, observed
from gradlint.confirm.options import ConfirmUnavailable, Options
from gradlint.confirm.plan import Plan
from gradlint.confirm.pool import Pool, make_pool
from gradlint.confirm.reasons import Judgement, printable
from gradlint.confirm.repro import write
from gradlint.finding import Confirmation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from gradlint.confirm.protocol import Job, RunReport
    from gradlint.finding import Finding
    from gradlint.sources.source import Source

AHEAD = 64
"""How many jobs are got ready before their turn: the first of them while the worker imports TensorFlow."""

Work = tuple["Source", "Sequence[Finding]"]


class Confirmer:
    """Runs findings with TensorFlow; one object serves many files, so that TensorFlow is imported once.

    Raises:
        ConfirmUnavailable: On entering, if TensorFlow is not installed; while confirming, if it cannot be imported.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self._pool: Pool | None = None
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        if self.options.python is None and importlib.util.find_spec("tensorflow") is None:
            raise ConfirmUnavailable("it is not installed")
        if self._pool is None:
            self._pool = make_pool(self.options)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker and every probe that still runs; any thread may call it, and verdicts then cease to come."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def confirm(self, source: Source, findings: Sequence[Finding]) -> Iterator[tuple[int, Confirmation]]:
        """The verdicts on one source's findings, as they are reached: the finding's index and what TensorFlow said."""
        for _, index, confirmation in self.confirm_all([(source, findings)]):
            yield index, confirmation

    def confirm_all(self, work: Iterable[Work]) -> Iterator[tuple[int, int, Confirmation]]:
        """The verdicts on many sources' findings: the source's index, the finding's, and what TensorFlow said.

        A caller that stops iterating, on Ctrl-C say, keeps the verdicts that it was given.
        """
        pool = self._pool or self.__enter__()._pool
        assert pool is not None
        waiting = self._cases(work)
        ready: deque[_Shared] = deque()
        running: dict[int, _Shared] = {}
        while True:
            while len(ready) < AHEAD and (case := next(waiting, None)) is not None:
                yield from self._advance(pool, case, None, ready)
            while ready and len(running) < pool.room:
                self._submit(pool, ready.popleft(), running)
            if not running:
                return
            taken = pool.take()
            if taken is None:
                return
            number, report = taken
            shared = running.pop(number)
            shared.report = report
            for case in shared.cases:
                yield from self._advance(pool, case, report, ready)

    def _submit(self, pool: Pool, shared: _Shared, running: dict[int, _Shared]) -> None:
        number = next(self._numbers)
        running[number] = shared
        pool.submit(number, shared.job)

    def observe(self, work: Iterable[Work]) -> Iterator[tuple[int, list[Finding]]]:
        """Run whole files, and tell what their gradient calls lose of which no finding speaks.

        Gives for each source, by its index, a finding for each such call, in the order in which the runs end.
        """
        pool = self._pool or self.__enter__()._pool
        assert pool is not None
        waiting = iter(enumerate(work))
        running: dict[int, tuple[int, Plan]] = {}
        while True:
            while len(running) < pool.room and (item := next(waiting, None)) is not None:
                try:
                    plan = Plan(*item[1], self.options)
                    job = examine.plain(plan)
                except (SyntaxError, ValueError, RecursionError):
                    continue
                number = next(self._numbers)
                running[number] = (item[0], plan)
                pool.submit(number, job)
            if not running or (taken := pool.take()) is None:
                return
            index, plan = running.pop(taken[0])
            yield index, observed.findings(plan, taken[1], pool.tensorflow)

    def _cases(self, work: Iterable[Work]) -> Iterator[_Running]:
        """The findings one by one; those of a file share its plan, and the runs that they have in common."""
        for number, (source, findings) in enumerate(work):
            plan: Plan | str = "there are none"
            if findings:
                try:
                    plan = Plan(source, findings, self.options)
                except (SyntaxError, ValueError, RecursionError) as error:
                    plan = str(error)
            jobs: dict[Job, _Shared] = {}
            for index in range(len(findings)):
                yield _Running(number, index, source, findings[index], plan, jobs)

    def _advance(
        self, pool: Pool, case: _Running, report: RunReport | None, ready: deque[_Shared]
    ) -> Iterator[tuple[int, int, Confirmation]]:
        """Give a case its report; queue its next job, or wait for one that another case has; or yield its verdict."""
        while True:
            try:
                job = case.send(report)
            except StopIteration as stop:
                yield self._verdict(pool, case, stop.value)
                return
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                # What a program's process reports is of a known form, and may still make no sense.
                detail = f"what was seen makes no sense ({type(error).__name__})"
                yield self._verdict(pool, case, examine.Verdict(Judgement("inconclusive", detail)))
                return
            shared = case.jobs.get(job)
            if shared is None:
                break
            if shared.report is None:
                shared.cases.append(case)
                return
            report = shared.report
        case.jobs[job] = _Shared(job, [case])
        if report is None:
            ready.append(case.jobs[job])
        else:  # What was begun is finished first, so that verdicts come early.
            ready.appendleft(case.jobs[job])

    def _verdict(self, pool: Pool, case: _Running, verdict: examine.Verdict) -> tuple[int, int, Confirmation]:
        seconds = round(case.seconds, 3)
        if self.options.repro is not None and verdict.probe is not None and verdict.probe.attempt.leader is None:
            write(self.options.repro, case.source, case.finding, verdict, pool.tensorflow)
        judgement = verdict.judgement
        confirmation = Confirmation(
            judgement.status, printable(judgement.detail), pool.tensorflow, seconds, judgement.finite
        )
        return case.number, case.index, confirmation


@dataclass(slots=True)
class _Shared:
    """A job that runs, has run or will run, and the cases that wait for its report."""

    job: Job
    cases: list[_Running]
    report: RunReport | None = None


class _Running:
    """A finding under examination."""

    def __init__(
        self,
        number: int,
        index: int,
        source: Source,
        finding: Finding,
        plan: Plan | str,
        jobs: dict[Job, _Shared],
    ) -> None:
        self.number = number
        self.index = index
        self.source = source
        self.finding = finding
        self.jobs = jobs
        self.seconds = 0.0
        self.examination = _unparsed(plan) if isinstance(plan, str) else examine.examine(plan, plan.cases[index])

    def send(self, report: RunReport | None) -> Job:
        """The next job, after the report on the last one; StopIteration carries the verdict."""
        self.seconds += 0.0 if report is None else report.seconds
        return next(self.examination) if report is None else self.examination.send(report)


def _unparsed(reason: str) -> examine.Examination:
    """The examination of a finding in a program that is not Python."""
    return examine.Verdict(Judgement("inconclusive", f"the program cannot be parsed: {reason}"))
    yield  # It takes no job, and is a generator all the same.


def confirm(
    source: Source, findings: Sequence[Finding], options: Options | None = None
) -> Iterator[tuple[int, Confirmation]]:
    """The verdicts on one source's findings, with a worker of their own.

    Raises:
        ConfirmUnavailable: If TensorFlow is not installed.
    """
    with Confirmer(options) as confirmer:
        yield from confirmer.confirm(source, findings)
