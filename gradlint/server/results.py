"""What the analysis of one snapshot gave, with the gradient calls in the user's places."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gradlint.nodes.program import Program
from gradlint.places import Places

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from gradlint.engine import Place
    from gradlint.finding import Confirmation, Finding, Fix, Gradient, Position
    from gradlint.flow.facts import Answer, Facts, Span
    from gradlint.server.documents import Snapshot
    from gradlint.sources.source import Problem, Source


@dataclass(frozen=True, slots=True)
class LossPlace:
    """The expression that loses a gradient: its cell, its line, its text on one line, its file if it is another."""

    cell: int | None
    line: int
    text: str
    path: str | None = None

    @property
    def where(self) -> str:
        """The place as a phrase."""
        return f"line {self.line}" if self.path is None else f"line {self.line} of {self.path}"


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """One source of a gradient call and what the analysis says of it."""

    source: str
    answer: Answer
    cause: LossPlace | None
    because: str = ""
    proved: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A gradient call in the user's places."""

    cell: int | None
    start: Position
    end: Position
    method: str
    target: str
    answers: tuple[SourceAnswer, ...]

    def covers(self, cell: int | None, place: Position) -> bool:
        """Whether a place lies within the call."""
        return cell == self.cell and self.start <= place <= self.end


class Fixes:
    """The fixes of a snapshot's findings: each is worked out and proved when it is first asked for.

    A fix costs several times what its finding does, and most findings of most snapshots are never asked for theirs. May
    be used from any thread.

    Args:
        check: Gives the snapshot's findings, those that stand at the given places with their fixes; all with theirs
            where it gets None.
    """

    def __init__(self, check: Callable[[Container[Place] | None], Iterable[Finding]]) -> None:
        self._check = check
        self._known: dict[Finding, Fix | None] = {}
        self._every = False

    def of(self, finding: Finding) -> Fix | None:
        """The fix of a finding; None where it has none."""
        if finding.fix is not None:
            return finding.fix
        bare = _bare(finding)
        if bare not in self._known and not self._every:
            place = (finding.cell, finding.location)
            self._note(one for one in self._check((place,)) if (one.cell, one.location) == place)
        return self._known.get(bare)

    def any_safe(self) -> bool:
        """Whether a finding of the snapshot has a fix that is safe."""
        if not any(map(_is_safe, self._known.values())) and not self._every:
            self._note(self._check(None))
            self._every = True
        return any(map(_is_safe, self._known.values()))

    def _note(self, found: Iterable[Finding]) -> None:
        self._known |= {_bare(finding): finding.fix for finding in found}


def _bare(finding: Finding) -> Finding:
    return replace(finding, fix=None, withheld=None, confirmation=None)


def _is_safe(fix: Fix | None) -> bool:
    return fix is not None and fix.applicability == "safe"


@dataclass(frozen=True)
class Result:
    """The findings and gradient calls of one snapshot.

    Attributes:
        snapshot: What was analysed.
        source: The same as the engine takes it.
        findings: What is found in it, as the settings select it, without the fixes.
        calls: The gradient calls that the analysis reached.
        problems: What kept it, or a part of it, from being looked at.
        fixes: The findings' fixes.
    """

    snapshot: Snapshot
    source: Source
    findings: tuple[Finding, ...] = ()
    calls: tuple[Call, ...] = ()
    problems: tuple[Problem, ...] = ()
    fixes: Fixes = field(default_factory=lambda: Fixes(lambda _: ()), compare=False)

    def depends_on(self, path: str, text: str | None) -> bool:
        """Whether what was found may be another now that another file holds a text; see :meth:`Project.depends_on`."""
        return self.source.project is not None and self.source.project.depends_on(path, text)

    def lost(self, call: Call, source: str) -> tuple[Finding, Gradient] | None:
        """The finding that names this source of this call, with the gradient as it claims it."""
        for finding in self.findings:
            for gradient in finding.gradients:
                place = (gradient.cell, gradient.line, gradient.column)
                if place == (call.cell, call.start.line, call.start.column) and gradient.source == source:
                    return finding, gradient
        return None

    def with_confirmations(self, verdicts: Mapping[Finding, Confirmation]) -> Result:
        """The same result with TensorFlow's verdicts put into the findings that they were made for."""
        findings = tuple(
            finding.with_confirmation(verdicts[finding]) if finding in verdicts else finding
            for finding in self.findings
        )
        return replace(self, findings=findings)


def key_of(finding: Finding) -> str:
    """A name for a finding that no other finding of its snapshot has."""
    cell = "" if finding.cell is None else finding.cell
    return f"{finding.code}:{cell}:{finding.location.line}:{finding.location.column}"


def calls_of(source: Source, facts: Facts) -> tuple[Call, ...]:
    """The facts' gradient calls, in the user's places."""
    program, places = Program(source.code), Places(source, facts.parts)

    def cause(span: Span | None) -> LossPlace | None:
        if span is None:
            return None
        start = places.start(span)
        text = program.text(span) if start.path is None else places.text(span)
        return LossPlace(start.cell, start.position.line, " ".join(text.split()), start.path)

    calls = []
    for call in facts.calls:
        start, end = places.start(call.span), places.end(call.span)
        answers = tuple(
            SourceAnswer(question.source, question.answer, cause(question.cause), question.because, question.proved)
            for question in call.questions
        )
        calls.append(Call(start.cell, start.position, end.position, call.method, call.target, answers))
    return tuple(calls)
