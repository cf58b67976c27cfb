"""Works out the fixes of what was found, and writes or shows them."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradlint import escaping
from gradlint.commands import terminal
from gradlint.commands.errors import CommandError
from gradlint.commands.request import STDIN
from gradlint.reporting.report import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from gradlint.commands.changed import Changes
    from gradlint.commands.checked import Checked
    from gradlint.commands.interactive import Chooser
    from gradlint.commands.request import Request
    from gradlint.finding import Finding
    from gradlint.fixing import Baseline, FixResult, Verify
    from gradlint.runner import FileResult
    from gradlint.settings import Resolver, Settings
    from gradlint.sources.source import Source


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many findings were fixed, and how many files changed or would change."""

    fixed: int
    changes: int


def fix(request: Request, checked: Checked, resolver: Resolver, changes: Changes | None = None) -> Outcome:
    """Apply the fixes of every file, to a fixpoint; the findings become those that remain.

    A file is written as soon as its fixes are worked out, so that an interrupted run keeps what was done.

    Args:
        request: What was asked for.
        checked: What was found.
        resolver: What finds each file's settings.
        changes: The changed lines, if only their findings are to be fixed.

    Raises:
        CommandError: If TensorFlow was asked to verify and is not installed, or the baseline cannot be used.
    """
    from gradlint.fixing import diff, notes, summary

    to_stdout = request.paths == (STDIN,)
    results: list[FixResult] = []
    written: list[FixResult] = []
    with _verifier(request, resolver) as verify:
        for result in _work_out(request, checked, resolver, verify, changes):
            results.append(result)
            if result.changed and not request.diff and not to_stdout and _write(result, checked):
                written.append(result)
    changed = [result for result in results if result.changed]
    if request.diff:
        terminal.write("".join(diff(result.before, result.after) for result in changed))
        count = sum(len(result.applied) for result in changed)
        for row in (f"{counted(count, 'finding')} would be fixed", *notes(changed)):
            terminal.note(row)
        return Outcome(0, len(changed))
    if to_stdout:
        return _to_stdout(checked, results)
    if resolver.for_folder(".").show_fixes and (text := summary(results)):
        terminal.show(text.rstrip("\n"))
    for note in notes(written):
        terminal.note(note)
    return Outcome(sum(len(result.applied) for result in written), len(written))


def _verifier(request: Request, resolver: Resolver) -> AbstractContextManager[Verify | None]:
    if not request.confirm:
        return nullcontext()
    from gradlint.commands.confirming import verifier

    return verifier(request, resolver.for_folder("."))


def _work_out(
    request: Request, checked: Checked, resolver: Resolver, verify: Verify | None, changes: Changes | None
) -> Iterator[FixResult]:
    """The fixes of each file; a file that several paths lead to is fixed once, by its first path."""
    from gradlint.commands.interactive import Chooser

    chooser = Chooser() if request.interactive else None
    done: dict[str, str] = {}
    for file in list(checked.results):
        if not any(finding.fix is not None or finding.withheld is not None for finding in file.findings):
            continue
        first = done.setdefault(os.path.realpath(file.path), file.path)
        if first != file.path:
            _same_as(checked, file.path, first)
            continue
        result = _fixed(file, checked, resolver.for_file(file.path), verify, chooser, changes)
        if result is not None:
            yield result


def _same_as(checked: Checked, path: str, first: str) -> None:
    """Give a path the findings of another path to the same file."""
    found = next(one.findings for one in checked.results if one.path == first)
    findings = tuple(replace(finding, path=path) for finding in found)
    checked.results = [replace(one, findings=findings) if one.path == path else one for one in checked.results]
    checked.texts.replace(replace(checked.texts.source(first), path=path))


def _fixed(
    file: FileResult,
    checked: Checked,
    settings: Settings,
    verify: Verify | None,
    chooser: Chooser | None,
    changes: Changes | None,
) -> FixResult | None:
    from gradlint.checking import check
    from gradlint.fixing import fix_source
    from gradlint.selection import is_fixable
    from gradlint.sources.read import from_text

    baseline = _baseline(settings)

    def fixable(source: Source) -> list[Finding]:
        found = list(check(source, settings).findings)
        if changes is not None:
            found = changes.among(found, source)
        known = () if baseline is None else baseline.match(found, lambda _: source).known
        return [
            finding if is_fixable(finding.code, finding.name, settings) else replace(finding, fix=None)
            for finding in found
            if finding not in known
        ]

    before = checked.texts.source(file.path)
    try:
        return fix_source(
            before,
            fixable,
            lambda text: from_text(text, before.path, before.encoding, before.project),
            unsafe=settings.unsafe_fixes,
            verify=verify,
            accept=chooser,
        )
    except SyntaxError:
        return None


def _baseline(settings: Settings) -> Baseline | None:
    """The known findings, which are left alone.

    Raises:
        CommandError: If the baseline cannot be used.
    """
    from gradlint.fixing import Baseline, BaselineError

    try:
        return None if settings.baseline is None else Baseline.load(settings.baseline)
    except BaselineError as error:
        raise CommandError(str(error)) from None


def _write(result: FixResult, checked: Checked) -> bool:
    """Write a file and take over the findings of its new text; a file that cannot be written is reported."""
    from gradlint.fixing import WriteError, write

    try:
        write(result.before.path, result.before, result.after)
    except WriteError as error:
        terminal.note(f"gradlint: not fixed: {escaping.name(result.before.path)}: {error}")
        return False
    _take_over(result, checked)
    return True


def _take_over(result: FixResult, checked: Checked) -> None:
    checked.texts.replace(result.after)
    path = result.after.path
    checked.results = [
        replace(one, findings=tuple(result.findings)) if one.path == path else one for one in checked.results
    ]


def _to_stdout(checked: Checked, results: list[FixResult]) -> Outcome:
    """Write the fixed text to standard output; everything else goes to standard error."""
    (file,) = checked.results
    try:
        source = results[0].after if results else checked.texts.source(file.path)
    except ValueError as error:
        raise CommandError(str(error)) from None
    sys.stdout.buffer.write(source.text.encode(source.encoding))
    sys.stdout.flush()
    for result in results:
        _take_over(result, checked)
    sys.stdout = sys.stderr
    return Outcome(sum(len(result.applied) for result in results), len(results))
