"""Has TensorFlow judge the findings, with progress on a terminal."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint import escaping
from gradlint.commands import terminal
from gradlint.commands.errors import CommandError
from gradlint.finding import Confirmation, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradlint.commands.checked import Checked
    from gradlint.commands.request import Request
    from gradlint.confirm import Confirmer, Options
    from gradlint.finding import Finding
    from gradlint.fixing import Verify
    from gradlint.settings import Settings
    from gradlint.sources.source import Source


def confirm(request: Request, checked: Checked, settings: Settings) -> None:
    """Give every finding TensorFlow's verdict; after an interrupt, findings without one are reported as not run.

    Raises:
        CommandError: If TensorFlow is not installed.
    """
    from gradlint.confirm import Confirmer, ConfirmUnavailable

    files = [result for result in checked.results if result.findings]
    total = sum(len(file.findings) for file in files)
    if not total and not request.confirm_all:
        return
    verdicts: dict[tuple[int, int], Confirmation] = {}
    seen: list[Finding] = []
    work = [(checked.texts.source(file.path), file.findings) for file in files]
    try:
        with _ended_cleanly(), _progress(total) as progress, Confirmer(_options(request, settings)) as confirmer:
            for number, index, confirmation in confirmer.confirm_all(work):
                verdicts[(number, index)] = confirmation
                progress(confirmation)
            seen = _observe(confirmer, checked) if request.confirm_all else []
    except ConfirmUnavailable as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(
            f"{escaping.name(str(error.filename or request.repro))} cannot be written: {error.strerror or error}"
        ) from None
    except KeyboardInterrupt:
        terminal.note(f"gradlint: interrupted after {len(verdicts)} of {total} verdicts")
        checked.interrupted = True
    missing = Confirmation("inconclusive", "not run: interrupted")
    judged = [
        finding.with_confirmation(verdicts.get((number, index), missing))
        for number, file in enumerate(files)
        for index, finding in enumerate(file.findings)
    ]
    checked.with_findings(sorted([*judged, *seen], key=lambda finding: finding.sort_key) if seen else judged)


@contextmanager
def _ended_cleanly() -> Iterator[None]:
    """While programs run, SIGTERM leaves nothing behind: neither processes nor the scratch folder."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    try:
        kept = signal.signal(signal.SIGTERM, leave)
    except ValueError:  # Only the main thread may say what a signal does.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, kept)


def _observe(confirmer: Confirmer, checked: Checked) -> list[Finding]:
    """What the files that make tapes lose when they are run and no finding mentions."""
    work = [(checked.texts.source(file.path), file.findings) for file in checked.results if file.tapes]
    return [finding for _, found in confirmer.observe(work) for finding in found]


@contextmanager
def verifier(request: Request, settings: Settings) -> Iterator[Verify]:
    """What tests a fix by running it: the gradient must be lost before it and arrive after it.

    Raises:
        CommandError: If TensorFlow is not installed.
    """
    from gradlint.confirm import Confirmer, ConfirmUnavailable
    from gradlint.confirm.places import asked_instead
    from gradlint.fixing import Evidence

    def verify(before: Source, after: Source, finding: Finding, moved: Finding) -> Evidence:
        fixed = moved
        if finding.gradients and all(one.outcome in {"none", "error"} for one in finding.gradients):
            first = moved.gradients[0]
            place = Position(first.line, first.column)
            asked = tuple(
                replace(new, source=asked_instead(before, old, after, new) or new.source)
                for old, new in zip(finding.gradients, moved.gradients, strict=True)
            )
            fixed = replace(moved, cell=first.cell, location=place, end_location=place, gradients=asked)
        ((_, lost),) = confirmer.confirm(before, [finding])
        if lost.status != "confirmed":
            return Evidence(None, f"before the fix: {lost.detail}")
        ((_, found),) = confirmer.confirm(after, [fixed])
        holds = {"refuted": True, "confirmed": False}.get(found.status, found.finite or None)
        return Evidence(holds, f"before: {lost.detail}; after: {found.detail}")

    try:
        with Confirmer(_options(request, settings)) as confirmer:
            yield verify
    except ConfirmUnavailable as error:
        raise CommandError(str(error)) from None


def _options(request: Request, settings: Settings) -> Options:
    from gradlint.confirm import Options
    from gradlint.trust import of_user

    return Options(
        timeout=settings.confirm_timeout,
        memory=settings.confirm_memory << 20,
        repro=Path(request.repro) if request.repro is not None else None,
        python=settings.confirm_python,
        trusted=request.trust or of_user().everything,
    )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Confirmation], None]]:
    """A line on standard error that counts verdicts, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda confirmation: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    counts: Counter[str] = Counter()
    columns = (TextColumn("Confirming"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[verdicts]}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, verdicts="")

        def advance(confirmation: Confirmation) -> None:
            counts[confirmation.status] += 1
            tally = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
            bar.update(task, advance=1, verdicts=tally)

        yield advance
