"""Fixes applied to a source, round after round, until nothing is left that they would change.

A round applies the fixes that do not overlap; the source is then read and checked again, because a fix moves the
others and may make them unnecessary. A fix is withdrawn, with a report, if the program no longer parses with it or if
its finding remains after it. So fixing twice gives what fixing once gives.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from gradlint.finding import Finding, Gradient, Position
from gradlint.fixing.splices import overlap
from gradlint.fixing.text import EditError, Text, edited, shifted, splices, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gradlint.finding import Edit, Fix
    from gradlint.fixing.splices import Splice
    from gradlint.sources.source import Source

    Accept = Callable[[Source, Source, Finding], bool]
    """Whether a finding's fix is to be applied: the source, the source with the fix, the finding."""
    Check = Callable[[Source], Iterable[Finding]]
    Read = Callable[[str], Source]

ROUNDS = 50
"""How many rounds are made at most; each fixes at least one finding."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What running a fix showed.

    Attributes:
        holds: Whether the gradient came back; None where it could not be run.
        detail: The evidence in words: the gradient before, the tensor's norm after; or why it could not be run.
    """

    holds: bool | None
    detail: str


class Verify(Protocol):
    """Runs a fix: was the gradient lost before it, and is it there after?"""

    def __call__(self, before: Source, after: Source, finding: Finding, moved: Finding) -> Evidence:
        """Judge one fix.

        Args:
            before: The source as it was when the fix was applied: with the fixes of earlier rounds.
            after: The source with all fixes that are to be written.
            finding: The finding in ``before`` that is fixed.
            moved: The same finding with its places in ``after``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Applied:
    """A finding whose fix is in the new text, and the evidence where it was asked for."""

    finding: Finding
    fix: Fix
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A finding whose fix is not in the new text, and why."""

    finding: Finding
    fix: Fix
    reason: str


@dataclass(frozen=True, slots=True)
class FixResult:
    """What fixing a source came to.

    Attributes:
        before: The source as it was.
        after: The source with its fixes; ``before`` itself where none was applied.
        applied: The fixes in the order in which they were applied.
        withdrawn: The fixes that were tried and taken back.
        findings: What is found in ``after``.
    """

    before: Source
    after: Source
    applied: tuple[Applied, ...]
    withdrawn: tuple[Withdrawn, ...]
    findings: tuple[Finding, ...]

    @property
    def changed(self) -> bool:
        """Whether the text is another one."""
        return self.before.text != self.after.text


def fix_source(
    source: Source,
    check: Check,
    read: Read,
    *,
    unsafe: bool = False,
    verify: Verify | None = None,
    accept: Accept | None = None,
) -> FixResult:
    """Apply the fixes of a source's findings, to a fixpoint.

    Args:
        source: The source to fix; it is not changed.
        check: Gives the findings of a source, as selected and suppressed as they are to be fixed.
        read: Makes a source of the same path and kind out of a changed text.
        unsafe: Whether fixes that may change what the program does are applied as well.
        verify: Runs each fix; one that it does not bear out is not applied.
        accept: Asked once of each fix that is about to be applied, with the text that it is to change.

    Raises:
        SyntaxError: If the source's program is not Python.
    """
    refused: dict[_Identity, Withdrawn] = {}
    accepted: set[_Identity] = set()
    while True:
        run = _Run(source, check, read, unsafe, refused, accept, accepted)
        result = run.to_fixpoint()
        if verify is None or not result.applied:
            return result
        judged = [(one, verify(run.text(one), result.after, one.finding, run.moved(one))) for one in run.applied]
        failed = [(one, evidence) for one, evidence in judged if evidence.holds is not True]
        if not failed:
            return FixResult(
                source,
                result.after,
                tuple(Applied(one.finding, one.fix, evidence) for one, evidence in judged),
                result.withdrawn,
                result.findings,
            )
        for one, evidence in failed:
            refused[one.identity] = Withdrawn(one.finding, one.fix, evidence.detail)


_Identity = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A finding with a fix, and what identifies both when lines have moved."""

    finding: Finding
    fix: Fix
    key: _Identity
    round: int

    @property
    def identity(self) -> _Identity:
        return (self.key, tuple(edit.content for edit in self.fix.edits))


@dataclass
class _Run:
    """One way from a source to its fixpoint, without the fixes that are refused."""

    source: Source
    check: Check
    read: Read
    unsafe: bool
    refused: dict[_Identity, Withdrawn]
    accept: Accept | None
    accepted: set[_Identity]
    applied: list[_Candidate] = field(default_factory=list)
    _changes: list[tuple[Source, dict[int | None, list[Splice]], Source]] = field(default_factory=list)

    def to_fixpoint(self) -> FixResult:
        source, findings = self.source, list(self.check(self.source))
        parsed_by_libcst = _parses_with_libcst(source.code)
        history = [(source, findings, 0)]
        while len(self._changes) < ROUNDS:
            chosen = self._choose(source, findings)
            if not chosen:
                break
            chosen = self._that_parse(source, chosen, parsed_by_libcst)
            if not chosen:
                continue
            after = self._with(source, chosen)
            new_findings = list(self.check(after))
            if self._still_there(source, findings, after, new_findings, chosen):
                continue
            self.applied += chosen
            self._changes.append((source, splices(source, _edits(chosen)), after))
            again = next((number for number, (old, *_) in enumerate(history) if old.text == after.text), None)
            if again is not None:
                source, findings, kept = history[again]
                for one in self.applied[kept:]:
                    self._refuse(one, "it undoes another fix")
                del history[again + 1 :], self._changes[again:], self.applied[kept:]
                continue
            source, findings = after, new_findings
            history.append((source, findings, len(self.applied)))
        return FixResult(
            self.source,
            source,
            tuple(Applied(one.finding, one.fix) for one in self.applied),
            tuple(self.refused.values()),
            tuple(findings),
        )

    def text(self, one: _Candidate) -> Source:
        """The source that a fix was applied to."""
        return self._changes[one.round][0]

    def moved(self, one: _Candidate) -> Finding:
        """A finding with its places after the last round."""
        finding = one.finding
        return replace(
            finding,
            location=self._moved(finding.cell, finding.location, one.round),
            end_location=self._moved(finding.cell, finding.end_location, one.round),
            gradients=tuple(self._moved_gradient(gradient, one.round) for gradient in finding.gradients),
            flow=(),
            fix=None,
        )

    def _moved_gradient(self, gradient: Gradient, since: int) -> Gradient:
        place = self._moved(gradient.cell, Position(gradient.line, gradient.column), since)
        return replace(gradient, line=place.line, column=place.column)

    def _moved(self, cell: int | None, place: Position, since: int) -> Position:
        for before, changes, after in self._changes[since:]:
            place = shifted(before, changes.get(cell, []), after, cell, place)
        return place

    def _choose(self, source: Source, findings: Sequence[Finding]) -> list[_Candidate]:
        """The fixes of one round: in the order of the findings, those that overlap no earlier one."""
        of_cell = texts(source)
        taken: dict[int | None, list[Splice]] = {}
        chosen: list[_Candidate] = []
        for finding in findings:
            fix = finding.fix
            if fix is None or not fix.edits or (fix.applicability != "safe" and not self.unsafe):
                continue
            one = _Candidate(finding, fix, _key(of_cell, finding), len(self._changes))
            if one.identity in self.refused:
                continue
            try:
                wanted = splices(source, fix.edits)
            except EditError as error:
                self._refuse(one, f"its edits do not fit the text: {error}")
                continue
            if any(overlap(new, old) for cell, made in wanted.items() for new in made for old in taken.get(cell, [])):
                continue
            if not self._is_accepted(source, one):
                self._refuse(one, "it was declined")
                continue
            for cell, made in wanted.items():
                taken.setdefault(cell, []).extend(made)
            chosen.append(one)
        return chosen

    def _is_accepted(self, source: Source, one: _Candidate) -> bool:
        if self.accept is None or one.identity in self.accepted:
            return True
        if not self.accept(source, self._with(source, [one]), one.finding):
            return False
        self.accepted.add(one.identity)
        return True

    def _with(self, source: Source, chosen: Sequence[_Candidate]) -> Source:
        return self.read(edited(source, _edits(chosen)))

    def _that_parse(self, source: Source, chosen: list[_Candidate], by_libcst: bool) -> list[_Candidate]:
        """The fixes with which the program parses; one that breaks it by itself is refused, others wait a round."""

        def parses(fixes: Sequence[_Candidate]) -> bool:
            code = self._with(source, fixes).code
            return _parses(code) and (not by_libcst or _parses_with_libcst(code))

        if parses(chosen):
            return chosen
        kept: list[_Candidate] = []
        for one in chosen:
            if parses([*kept, one]):
                kept.append(one)
            elif not kept or not parses([one]):
                self._refuse(one, "with it, the program no longer parses")
        return kept

    def _still_there(
        self,
        before: Source,
        old: Sequence[Finding],
        after: Source,
        new: Sequence[Finding],
        chosen: Sequence[_Candidate],
    ) -> bool:
        """Whether a finding outlived its fix; the fix is then refused."""
        before_texts, after_texts = texts(before), texts(after)
        had = Counter(_key(before_texts, finding) for finding in old)
        has = Counter(_key(after_texts, finding) for finding in new)
        tried = Counter(one.key for one in chosen)
        outlived = [one for one in chosen if has[one.key] > had[one.key] - tried[one.key]]
        for one in outlived:
            self._refuse(one, "the finding remains after it")
        return bool(outlived)

    def _refuse(self, one: _Candidate, reason: str) -> None:
        self.refused[one.identity] = Withdrawn(one.finding, one.fix, reason)


def _edits(chosen: Iterable[_Candidate]) -> list[Edit]:
    return [edit for one in chosen for edit in one.fix.edits]


def _key(of_cell: dict[int | None, Text], finding: Finding) -> _Identity:
    """What a finding is about, wherever its line has gone: its code, its text and the gradients it names."""
    text = of_cell.get(finding.cell)
    said: str | None = None
    if text is not None:
        try:
            said = text.text[text.offset(finding.location) : text.offset(finding.end_location)]
        except EditError:
            said = text.line(finding.location.line).strip()
    gradients = tuple((one.method, one.target, one.source, one.outcome) for one in finding.gradients)
    return (finding.code, finding.cell, said, gradients)


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _parses_with_libcst(code: str) -> bool:
    import libcst

    try:
        libcst.parse_module(code)
    except (libcst.ParserSyntaxError, RecursionError, ValueError):
        return False
    return True
