"""Works out the fixes of what was found, and writes or shows them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradlint.commands import terminal
from gradlint.commands.errors import CommandError
from gradlint.commands.request import STDIN
from gradlint.reporting.report import counted

if TYPE_CHECKING:
    from gradlint.commands.checked import Checked
    from gradlint.commands.request import Request
    from gradlint.finding import Finding
    from gradlint.fixing import Result, Verify
    from gradlint.runner import FileResult
    from gradlint.settings import Resolver, Settings
    from gradlint.sources.source import Source


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many findings were mended, and how many files changed or would."""

    fixed: int
    changes: int


def mend(request: Request, checked: Checked, resolver: Resolver) -> Outcome:
    """Apply the fixes of every file, to a fixpoint; the findings become those that remain.

    Raises:
        CommandError: If TensorFlow was asked to verify and is not there.
    """
    from gradlint.fixing import diff, notes, summary

    if request.confirm:
        from gradlint.commands.confirming import verifier

        with verifier(request, resolver.for_folder(".")) as verify:
            results = _work_out(checked, resolver, verify)
    else:
        results = _work_out(checked, resolver, None)
    changed = [result for result in results if result.after is not result.before]
    if request.diff:
        terminal.write("".join(diff(result.before, result.after) for result in changed))
        count = sum(len(result.applied) for result in changed)
        terminal.note("\n".join([f"{counted(count, 'finding')} would be fixed", *notes(changed)]))
        return Outcome(0, len(changed))
    if request.paths == (STDIN,):
        return _to_stdout(checked, results)
    written = [result for result in changed if _write(result, checked)]
    if request.show_fixes and (text := summary(results)):
        terminal.note(text.rstrip("\n"))
    for note in notes(written):
        terminal.note(note)
    return Outcome(sum(len(result.applied) for result in written), len(written))


def _work_out(checked: Checked, resolver: Resolver, verify: Verify | None) -> list[Result]:
    return [
        result
        for file in checked.results
        if any(finding.fix is not None or finding.withheld is not None for finding in file.findings)
        and (result := _fixed(file, checked, resolver.for_file(file.path), verify)) is not None
    ]


def _fixed(file: FileResult, checked: Checked, settings: Settings, verify: Verify | None) -> Result | None:
    from gradlint.checking import check
    from gradlint.fixing import fix_source
    from gradlint.selection import is_fixable
    from gradlint.sources.read import from_text

    def fixable(source: Source) -> list[Finding]:
        return [
            finding if is_fixable(finding.code, finding.name, settings) else replace(finding, fix=None)
            for finding in check(source, settings).findings
        ]

    before = checked.texts.source(file.path)
    try:
        return fix_source(
            before,
            fixable,
            lambda text: from_text(text, before.path, before.encoding, before.project),
            unsafe=settings.unsafe_fixes,
            verify=verify,
        )
    except SyntaxError:
        return None


def _write(result: Result, checked: Checked) -> bool:
    """Write a file and take over what is found in its new text; a file that cannot be written is told and left."""
    from gradlint.fixing import WriteError, write

    try:
        write(result.before.path, result.before, result.after)
    except WriteError as error:
        terminal.note(f"gradlint: not fixed: {result.before.path}: {error}")
        return False
    _take_over(result, checked)
    return True


def _take_over(result: Result, checked: Checked) -> None:
    checked.texts.replace(result.after)
    path = result.after.path
    checked.results = [
        replace(one, findings=tuple(result.findings)) if one.path == path else one for one in checked.results
    ]


def _to_stdout(checked: Checked, results: list[Result]) -> Outcome:
    """What standard input became goes to standard output, and what remains to be said to standard error."""
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
