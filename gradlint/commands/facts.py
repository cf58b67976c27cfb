"""``check --facts``: facts seen in a run of the program decide what the analysis left unknown."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from gradlint import escaping
from gradlint.commands import terminal
from gradlint.commands.errors import CommandError
from gradlint.finding import Confirmation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.commands.checked import Checked
    from gradlint.finding import Finding
    from gradlint.runtime.facts import ObservedFacts, OfFile
    from gradlint.settings import Resolver


def observed(path: str, checked: Checked, resolver: Resolver, quiet: bool = False) -> None:
    """Add what a run lost and the analysis does not report, and give the analysis's own findings the run's verdict.

    Args:
        path: The facts file.
        checked: What the analysis has found; the findings are put into it.
        resolver: The settings of each file.
        quiet: Whether to omit the note about facts that are out of date.

    Raises:
        CommandError: If the facts file cannot be read.
    """
    from gradlint.runtime.facts import FactsError, load

    try:
        facts = load(path)
    except FactsError as error:
        raise CommandError(escaping.name(str(error))) from None
    _add_files(checked, facts)
    stale = []
    for index, result in enumerate(checked.results):
        absolute = os.path.abspath(result.path)
        known = facts.files.get(absolute)
        if known is None:
            continue
        if not facts.holds([absolute]):
            stale.append(result.path)
            continue
        found = [_judged(finding, known, facts) for finding in result.findings]
        new = [finding for finding in _new(result.path, known, facts) if not _is_known(finding, found)]
        kept, suppressed = _kept(result.path, new, checked, resolver)
        checked.results[index] = replace(
            result,
            findings=tuple(sorted([*found, *kept], key=lambda one: one.sort_key)),
            suppressed=result.suppressed + suppressed,
        )
    if stale and not quiet:
        names = ", ".join(escaping.name(one) for one in stale[:3]) + (", ..." if stale[3:] else "")
        terminal.note(f"gradlint: changed since the run recorded in {escaping.name(path)}, so ignored: {names}")


def _add_files(checked: Checked, facts: ObservedFacts) -> None:
    """Add results for checked files in which the run saw a loss and the analysis saw no tape."""
    from gradlint.runner import FileResult

    there = {os.path.abspath(one.path) for one in checked.results}
    looked_at = {os.path.abspath(path): path for path in checked.looked_at()}
    missing = [path for path, one in facts.files.items() if one.findings and path not in there and path in looked_at]
    checked.results = sorted(
        [*checked.results, *(FileResult(looked_at[path]) for path in missing)], key=lambda one: one.path
    )


def _evidence(facts: ObservedFacts, what: str) -> str:
    return f"observed in a run of {facts.run}: {what}"


def _new(path: str, known: OfFile, facts: ObservedFacts) -> Iterator[Finding]:
    """The run's findings in a file, if none of the files that they mention has changed."""
    for finding, needs in known.findings:
        if facts.holds(needs):
            detail = finding.confirmation.detail if finding.confirmation is not None else ""
            what = detail.removeprefix("seen while the program ran: ") or "the gradient is lost"
            evidence = Confirmation("confirmed", _evidence(facts, what), facts.tensorflow)
            yield replace(finding, path=path, confirmation=evidence, fix=None)


def _is_known(finding: Finding, found: list[Finding]) -> bool:
    """Whether the analysis has a finding for the same place and rule, or for the same gradient."""
    claimed = {(one.line, one.source) for one in finding.gradients}
    return any(
        (other.code, other.location.line) == (finding.code, finding.location.line)
        or any((one.line, one.source) in claimed for one in other.gradients)
        for other in found
    )


def _judged(finding: Finding, known: OfFile, facts: ObservedFacts) -> Finding:
    """A finding of the analysis with what the run has shown of its gradients."""
    shown = [_shown(one.line, one.source, one.outcome, known) for one in finding.gradients]
    if finding.confirmation is not None or not shown or None in shown:
        return finding
    if any(shown):
        evidence = _evidence(
            facts, f"the gradient with respect to {finding.gradients[shown.index(True)].source} is lost"
        )
        return finding.with_confirmation(Confirmation("confirmed", evidence, facts.tensorflow))
    evidence = _evidence(facts, f"{finding.gradients[0].source} got its gradient each time")
    return finding.with_confirmation(Confirmation("refuted", evidence, facts.tensorflow))


def _shown(line: int, source: str, outcome: str, known: OfFile) -> bool | None:
    """Whether a run lost a gradient as claimed; None where it did not ask or cannot decide."""
    for call in known.calls:
        if call.line == line and source in call.sources:
            lost = call.lost.get(source, {})
            if outcome in lost:
                return True
            return False if outcome == "none" and not lost and call.times else None
    return None


def _kept(path: str, new: list[Finding], checked: Checked, resolver: Resolver) -> tuple[list[Finding], int]:
    """The findings that the rules in force and the file's comments let through, and how many comments suppressed."""
    from gradlint import selection, suppressions
    from gradlint.checking import rules_for

    if not new:
        return [], 0
    settings = resolver.for_file(path)
    rules = rules_for(settings)
    on = {one.code for one in selection.enabled(settings, rules, path)}
    chosen = [one for one in new if one.code in on]
    if not settings.respect_suppressions:
        return list(selection.with_severity(chosen, settings)), 0
    comments = suppressions.Suppressions(
        checked.texts.source(path), lambda word: any(word in (one.code, one.name) for one in rules)
    )
    kept, suppressed = comments.apply(chosen, selection.fits)
    return list(selection.with_severity(kept, settings)), suppressed
