"""A run of ``gradlint check``: what is checked, fixed, confirmed and reported, and the exit status."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradlint import escaping
from gradlint.commands import output, terminal
from gradlint.commands.checked import Checked
from gradlint.commands.errors import CommandError
from gradlint.commands.request import STDIN, settings_here
from gradlint.commands.texts import Texts
from gradlint.garbage import left_lying
from gradlint.reporting.report import SEVERITIES, FileError, Report, counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradlint.commands.changed import Changes
    from gradlint.commands.request import Request
    from gradlint.finding import Finding
    from gradlint.fixing import KnownFinding
    from gradlint.reporting.report import RuleInfo
    from gradlint.settings import Resolver, Settings
    from gradlint.sources.source import Source

FOUND, FAILED, INTERRUPTED = 1, 2, 130


@dataclass(frozen=True, slots=True)
class FromBaseline:
    """What the baseline matched: how many findings, and the entries that nothing matches any more."""

    count: int = 0
    stale: tuple[KnownFinding, ...] = ()


_NONE_KNOWN = FromBaseline()


def run(request: Request) -> int:
    """Do what was asked.

    Returns:
        The exit status.

    Raises:
        CommandError: If it cannot be done.
    """
    resolver = request.resolver()
    settings = settings_here(resolver)
    if request.show_settings:
        return _show_settings(request, resolver)
    if request.show_files:
        return _show_files(request, resolver)
    if request.explain_silence is not None:
        from gradlint.commands.silence import explain

        return explain(request.explain_silence, resolver)
    if request.watch:
        from gradlint.commands.watch import watch

        return watch(request.paths, lambda: once(request, request.resolver(), settings))
    return once(request, resolver, settings)


def once(request: Request, resolver: Resolver, settings: Settings) -> int:
    """Check, fix, confirm and report, once.

    Raises:
        CommandError: If it cannot be done.
    """
    started = time.perf_counter()
    texts = Texts()
    changes = _changes(request, resolver, texts)
    checked = check(request, resolver, settings, texts)
    if not (request.quiet or request.silent):
        terminal.note_withheld(resolver)
    if request.write_baseline:
        return _write_baseline(request, checked, settings)
    known = _leave_known(checked, settings, resolver) if settings.baseline is not None else _NONE_KNOWN
    if changes is not None:
        checked.with_findings(changes.among(checked.findings))
    fixed = 0
    if request.applies_fixes:
        from gradlint.commands.fix import fix

        outcome = fix(request, checked, resolver, changes)
        if request.diff:
            return _status(request, checked, outcome.changes > 0)
        fixed = outcome.fixed
        if request.fix_only:
            return _status(request, checked, request.exit_non_zero_on_fix and fixed > 0)
    _withhold_unfixable(checked, resolver)
    if request.confirm:
        from gradlint.commands.confirming import confirm

        confirm(request, checked, settings)
    report = _report(request, checked, settings, fixed, known, time.perf_counter() - started)
    return _reported(request, checked, report, resolver, settings, known)


def _reported(
    request: Request, checked: Checked, report: Report, resolver: Resolver, settings: Settings, known: FromBaseline
) -> int:
    """Write what was found; returns the exit status."""
    if request.draws(settings):
        from gradlint.commands.drawing import drawn

        report = replace(report, drawings=drawn(checked, resolver, settings.jobs), listed=request.show_connected)
    output.write(request, settings, report)
    if request.verbose:
        _tell(checked, report, known)
    if checked.interrupted:
        return INTERRUPTED
    counts = SEVERITIES[: SEVERITIES.index(settings.severity_threshold) + 1]
    found = any(finding.severity in counts for finding in report.claims)
    return _status(request, checked, found or (request.exit_non_zero_on_fix and report.fixed > 0))


def check(request: Request, resolver: Resolver, settings: Settings, texts: Texts) -> Checked:
    """Check the named paths.

    Raises:
        CommandError: If settings cannot be used.
    """
    from gradlint.settings import SettingsError

    try:
        if request.paths == (STDIN,):
            return _check_stdin(request, resolver, texts)
        from gradlint.runner import run

        running = run(request.paths, resolver, jobs=settings.jobs, cache=settings.cache)
        with left_lying():
            results = list(running)
    except SettingsError as error:
        raise CommandError.of(error) from None
    checked = Checked(results, running.files, texts, running.paths)
    if request.facts is not None:
        from gradlint.commands.facts import observed

        observed(request.facts, checked, resolver, request.quiet)
    return checked


def _check_stdin(request: Request, resolver: Resolver, texts: Texts) -> Checked:
    import sys

    from gradlint.runner import check_bytes

    name = request.stdin_filename or "stdin.py"
    data = sys.stdin.buffer.read()
    result = check_bytes(data, name, resolver.for_file(name))
    texts.give(result.path, data)
    return Checked([result], 1, texts, lambda: frozenset({result.path}))


def _changes(request: Request, resolver: Resolver, texts: Texts) -> Changes | None:
    """The changed lines, if only those count.

    Raises:
        CommandError: If git cannot say what has changed.
    """
    if request.changed_since is None:
        return None
    from gradlint.checking import check as check_source
    from gradlint.commands.changed import Changes

    def found(source: Source) -> list[Finding]:
        return list(check_source(source, resolver.for_file(source.path)).findings)

    named = [request.stdin_filename or "."] if request.paths == (STDIN,) else request.paths
    return Changes(request.changed_since, named, texts.source, found)


def _withhold_unfixable(checked: Checked, resolver: Resolver) -> None:
    """Withhold fixes that `--fix` would not apply."""
    from gradlint.selection import is_fixable

    if any(finding.fix is not None for finding in checked.findings):
        checked.with_findings(
            finding
            if finding.fix is None or is_fixable(finding.code, finding.name, resolver.for_file(finding.path))
            else replace(finding, fix=None)
            for finding in checked.findings
        )


def _status(request: Request, checked: Checked, found: bool) -> int:
    if any(result.problems for result in checked.results):
        return FAILED
    return FOUND if found and not request.exit_zero else 0


def _report(
    request: Request, checked: Checked, settings: Settings, fixed: int, known: FromBaseline, elapsed: float
) -> Report:
    return Report(
        findings=tuple(checked.findings),
        errors=tuple(
            FileError(result.path, problem.message, problem.cell, problem.location)
            for result in checked.results
            for problem in result.problems
        ),
        paths=tuple(dict.fromkeys([*output.named(request), *(result.path for result in checked.results)])),
        files=checked.files,
        tapes=sum(result.tapes for result in checked.results),
        suppressed=sum(result.suppressed for result in checked.results),
        baselined=known.count,
        stale=len(known.stale),
        fixed=fixed,
        elapsed=elapsed,
        lines=checked.texts.lines,
        cells=checked.texts.cells,
        rules=lambda: _rules(settings),
    )


def _rules(settings: Settings) -> Mapping[str, RuleInfo]:
    from gradlint.commands.catalogue import infos, rules_in_force

    return infos(rules_in_force(settings))


def _tell(checked: Checked, report: Report, known: FromBaseline) -> None:
    for entry in known.stale:
        terminal.note(f"stale in the baseline: {entry.path}: {entry.code}: {entry.line}")
    summary = f"{counted(report.files, 'file')} looked at, {len(checked.results)} of them checked"
    terminal.note(f"{summary}, in {report.elapsed:.2f} s")


def _write_baseline(request: Request, checked: Checked, settings: Settings) -> int:
    from gradlint.fixing import Baseline, BaselineError

    path = settings.baseline or "gradlint-baseline.json"
    _refuse_elsewhere(request, path, settings)
    try:
        Baseline.of(checked.findings, checked.texts.source).save(path)
    except BaselineError as error:
        raise CommandError(str(error)) from None
    terminal.note(f"{counted(len(checked.findings), 'finding')} written to {escaping.name(path)}")
    return FAILED if any(result.problems for result in checked.results) else 0


def _refuse_elsewhere(request: Request, path: str, settings: Settings) -> None:
    """Refuse to write a baseline through a link out of the working directory, or outside it on a file's word alone.

    Raises:
        CommandError: If the path is such a place.
    """
    from gradlint.settings import COMMAND_LINE
    from gradlint.sources.inside import leads_out, within

    if leads_out(path):
        raise CommandError(f"{escaping.name(path)} is a link out of the working directory; name the file itself")
    origin = settings.origins.get("baseline", COMMAND_LINE)
    if origin != COMMAND_LINE and not request.trust and not within(path, settings.root):
        raise CommandError(
            f"{origin} puts the baseline elsewhere, at {escaping.name(path)}; give --baseline, or --trust"
        )


def _leave_known(checked: Checked, settings: Settings, resolver: Resolver) -> FromBaseline:
    """Remove the findings that the baseline knows; returns how many, and the stale entries."""
    from gradlint.fixing import Baseline, BaselineError

    path = settings.baseline or ""
    try:
        match = Baseline.load(path).match(checked.findings, checked.texts.source)
    except BaselineError as error:
        raise CommandError(str(error)) from None
    checked.with_findings(match.new)
    if not match.gone:
        return FromBaseline(len(match.known))
    from gradlint.commands.stale import stale

    return FromBaseline(len(match.known), tuple(stale(match.gone, checked, path, resolver)))


def _show_files(request: Request, resolver: Resolver) -> int:
    from gradlint.settings import SettingsError
    from gradlint.sources.discover import discover
    from gradlint.sources.project import shown

    try:
        found = discover(request.paths, resolver)
    except SettingsError as error:
        raise CommandError.of(error) from None
    terminal.write("".join(f"{escaping.name(shown(path))}\n" for path, _ in found.files))
    for path, problem in found.problems:
        terminal.note(f"gradlint: {problem.describe(shown(path))}")
    return FAILED if found.problems else 0


def _show_settings(request: Request, resolver: Resolver) -> int:
    import os

    from gradlint.commands.config import describe
    from gradlint.settings import SettingsError

    first = request.stdin_filename or "." if request.paths == (STDIN,) else request.paths[0]
    try:
        settings = resolver.for_folder(first) if os.path.isdir(first) else resolver.for_file(first)
    except SettingsError as error:
        raise CommandError.of(error) from None
    terminal.write(describe(settings))
    terminal.note_withheld(resolver)
    return 0
