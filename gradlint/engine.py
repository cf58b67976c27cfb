"""From a source to its findings: the flow's facts, the rules' diagnostics, the user's places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradlint import registry
from gradlint.consequences import joined
from gradlint.finding import LOST_HERE, Edit, Finding, Fix, Gradient, Step
from gradlint.flow.account import opened, running
from gradlint.flow.analysis import analyse
from gradlint.flow.facts import Note
from gradlint.message import fitted
from gradlint.nodes.edits import replacements
from gradlint.pages import address
from gradlint.places import Places
from gradlint.rule import TOO_MANY, Program
from gradlint.sources.read import code_matters

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from gradlint.consequences import Told
    from gradlint.finding import Position
    from gradlint.flow.facts import Cause, Claim, Facts, LostGradient, Span
    from gradlint.rule import Proposal, Rule
    from gradlint.sources.source import Source

    Place = tuple[int | None, Position]
    """Where a finding stands: its cell's index, None outside notebooks, and where it begins."""


def check(source: Source, rules: Iterable[Rule] | None = None) -> list[Finding]:
    """Everything that the rules find in a source, in order; nothing is selected or suppressed here.

    Args:
        source: The text to lint.
        rules: The rules to ask; all built-in ones where None.

    Raises:
        SyntaxError: If the source's program looks as if it asked for gradients and is not Python; ``lineno`` and
            ``offset`` are the program's.
    """
    if not code_matters(source.code):
        return []
    with opened():
        facts = _facts(source)
        return findings(source, facts, registry.load() if rules is None else rules)


def _facts(source: Source) -> Facts:
    return analyse(source.code, finder=source.project)


def findings(
    source: Source,
    facts: Facts,
    rules: Iterable[Rule],
    again: Callable[[Source], Facts] = _facts,
    fixed: Container[Place] | None = None,
) -> list[Finding]:
    """The findings that the rules make of a program's facts, with the fixes that are proved.

    Args:
        source: The text.
        facts: What the analysis found out of it.
        rules: The rules to ask.
        again: Analyses a text with a fix in it, in the same way.
        fixed: The places whose findings have their fixes worked out; all of them where None.
    """
    places = Places(source, facts.parts)

    def wanted(span: Span) -> bool:
        start = places.start(span)
        return fixed is None or (start.cell, start.position) in fixed

    program, rules = Program(source.code, _cells(source), wanted), list(rules)
    account = running()
    cost = account.spent
    with account.share(account.left * 2 // 3):  # the rest is for the proof
        said = [(rule, diagnostic) for rule in rules for diagnostic in rule.check(facts, program)]
        made = [(told.diagnostic.claim, _finding(places, program, told)) for told in joined(said)]
    made.sort(key=lambda one: one[1].sort_key)
    if all(finding.fix is None for _, finding in made):
        return [finding for _, finding in made]
    return _proved(source, facts, made, again, _Fixable(rules), cost)


@dataclass(frozen=True, slots=True)
class _Fixable:
    """Whether a rule has a fix for a claim that is made only after another fix."""

    rules: list[Rule]

    def __call__(self, source: Source, facts: Facts, claim: Claim[Cause]) -> bool:
        program, alone = Program(source.code, _cells(source)), replace(facts, claims=(claim,))
        return any(diagnostic.fix is not None for rule in self.rules for diagnostic in rule.check(alone, program))


def _cells(source: Source) -> frozenset[int]:
    """The lines on which a notebook's cells begin."""
    return frozenset(one.first for one in source.segments if one.cell is not None)


def _proved(
    source: Source,
    facts: Facts,
    made: list[tuple[Claim[Cause], Finding]],
    again: Callable[[Source], Facts],
    fixable: _Fixable,
    cost: int,
) -> list[Finding]:
    """The findings with those fixes alone that bear being looked at."""
    from gradlint.fixing.proof import Claimed, proved
    from gradlint.sources.read import with_text

    def read(text: str) -> Source:
        return with_text(source, text)

    return proved(source, facts, [Claimed(finding, claim) for claim, finding in made], again, read, fixable, cost)


def _finding(places: Places, program: Program, told: Told) -> Finding:
    rule, diagnostic = told.rule, told.diagnostic
    claim: Claim[Cause] = diagnostic.claim
    span = claim.site or claim.span
    start = places.start(span)
    fix, withheld = _fix(places, program, diagnostic.fix if program.wants_fix(span) else None)
    message = told.message.mapped(places.named)
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=rule.severity or claim.severity,
        message=places.sentence(message, claim),
        path=places.source.path,
        cell=start.cell,
        location=start.position,
        end_location=places.end(span).position,
        gradients=tuple(_gradient(places, gradient) for gradient in claim.gradients),
        flow=tuple(_story(places, program, claim, told.story)),
        fix=fix,
        withheld=withheld or diagnostic.withheld,
        url=address(rule),
        headline=fitted(message.headline),
        happens=message.happens,
        help=message.help,
    )


def _gradient(places: Places, lost: LostGradient) -> Gradient:
    start = places.start(lost.call)
    line, column = start.position.line, start.position.column
    return Gradient(start.cell, line, column, lost.method, lost.target, lost.source, lost.outcome, lost.exception)


def _story(places: Places, program: Program, claim: Claim[Cause], story: tuple[Note, ...]) -> Iterator[Step]:
    """The steps of a claim's story; what happens in another module stands where the program leads there."""
    notes = list(story)
    if claim.site is not None:
        if all(note.span != claim.span for note in notes):
            notes.append(Note(claim.span, LOST_HERE))
        site = claim.site
        notes.sort(key=lambda note: (site, 1, note.span) if places.is_elsewhere(note.span) else (note.span, 0))
    for note in notes:
        start = places.start(note.span)
        text = places.text(note.span) if places.is_elsewhere(note.span) else program.text(note.span)
        line, column = start.position.line, start.position.column
        yield Step(start.cell, line, column, " ".join(text.split()), places.named(note.text), start.path)


def _fix(places: Places, program: Program, proposal: Proposal | None) -> tuple[Fix | None, str | None]:
    """The edits that make a proposal's changes, or why there are none."""
    if proposal is None:
        return None, None
    if not running().left:
        return None, TOO_MANY
    made = replacements(program, proposal.changes)
    if not made:
        return None, "its changes do not fit the layout of these lines"
    edits = []
    for replacement in made:
        span = replacement.span
        start, end = places.start(span), places.end(span)
        last = end.position
        if end.cell != start.cell and not span.end_column:
            last = places.end_of_line(span.end_line - 1)
        edits.append(Edit(start.cell, start.position, last, replacement.content))
    return Fix(proposal.applicability, proposal.message, tuple(edits)), None
