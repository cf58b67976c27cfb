"""What the analysis of one snapshot gave, with the gradient calls in the user's places."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradlint.nodes.program import Program
from gradlint.places import Places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradlint.finding import Confirmation, Finding, Gradient, Position
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


@dataclass(frozen=True)
class Result:
    """The findings and gradient calls of one snapshot.

    Attributes:
        snapshot: What was analysed.
        source: The same as the engine takes it.
        findings: What is found in it, as the settings select it.
        calls: The gradient calls that the analysis reached.
        problems: What kept it, or a part of it, from being looked at.
    """

    snapshot: Snapshot
    source: Source
    findings: tuple[Finding, ...] = ()
    calls: tuple[Call, ...] = ()
    problems: tuple[Problem, ...] = ()

    def depends_on(self, path: str) -> bool:
        """Whether another file, by its whole path, counts for what was found: it was read, or looked for in vain."""
        seen = {} if self.source.project is None else self.source.project.seen
        return path in seen or os.path.dirname(path) in seen

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
    """A name for a finding that tells it from the others of its snapshot."""
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
