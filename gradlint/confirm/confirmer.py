"""The entry: findings go in, verdicts come out as they are reached."""

from __future__ import annotations

import importlib.util
import itertools
import time
from typing import TYPE_CHECKING, Self

from gradlint.confirm import examine
from gradlint.confirm.options import ConfirmUnavailable, Options
from gradlint.confirm.pool import Pool, make_pool
from gradlint.confirm.repro import write
from gradlint.finding import Confirmation

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from types import TracebackType

    from gradlint.confirm.protocol import Job, Report
    from gradlint.finding import Finding
    from gradlint.sources.source import Source

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
        waiting = (
            (number, index, source, finding)
            for number, (source, findings) in enumerate(work)
            for index, finding in enumerate(findings)
        )
        running: dict[int, _Running] = {}
        while True:
            while len(running) < self.options.workers and (item := next(waiting, None)) is not None:
                case = _Running(item[0], item[1], item[2], item[3], self.options)
                yield from self._advance(pool, case, None, running)
            if not running:
                return
            taken = pool.take()
            if taken is None:
                return
            number, report = taken
            yield from self._advance(pool, running.pop(number), report, running)

    def _advance(
        self, pool: Pool, case: _Running, report: Report | None, running: dict[int, _Running]
    ) -> Iterator[tuple[int, int, Confirmation]]:
        """Give a case its report; submit its next job or yield its verdict."""
        try:
            job = case.send(report)
        except StopIteration as stop:
            verdict: examine.Verdict = stop.value
            seconds = round(time.monotonic() - case.started, 3)
            if self.options.repro is not None and verdict.probe is not None:
                write(self.options.repro, case.source, case.finding, verdict, pool.tensorflow)
            yield (
                case.number,
                case.index,
                Confirmation(verdict.judgement.status, verdict.judgement.detail, pool.tensorflow, seconds),
            )
            return
        number = next(self._numbers)
        running[number] = case
        pool.submit(number, job)
        if case.jobs == 1:
            case.started = time.monotonic()


class _Running:
    """A finding under examination."""

    def __init__(self, number: int, index: int, source: Source, finding: Finding, options: Options) -> None:
        self.number = number
        self.index = index
        self.source = source
        self.finding = finding
        self.jobs = 0
        self.started = time.monotonic()
        self.examination: Generator[Job, Report, examine.Verdict] = examine.examine(source, finding, options)

    def send(self, report: Report | None) -> Job:
        """The next job, after the report on the last one; StopIteration carries the verdict."""
        self.jobs += 1
        return next(self.examination) if report is None else self.examination.send(report)


def confirm(
    source: Source, findings: Sequence[Finding], options: Options | None = None
) -> Iterator[tuple[int, Confirmation]]:
    """The verdicts on one source's findings, with a worker of their own.

    Raises:
        ConfirmUnavailable: If TensorFlow is not installed.
    """
    with Confirmer(options) as confirmer:
        yield from confirmer.confirm(source, findings)
