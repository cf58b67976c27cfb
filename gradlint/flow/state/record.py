"""What the machine notes while it runs: raw claims, calls and events, put together into facts at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.flow.facts import LED_BY, Claim, Facts, GradientCall, Kind, LostGradient, Note, Part, Question, Span
from gradlint.flow.state.expected import Expected
from gradlint.flow.values.making import span_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from gradlint.finding import Severity

_RANK = {"error": 0, "warning": 1, "info": 2}


@dataclass
class _Cause:
    kind: Kind
    span: Span
    severity: Severity
    gradients: dict[tuple[Span, str], LostGradient] = field(default_factory=dict)
    story: dict[tuple[Span, str], Note] = field(default_factory=dict)
    detail: dict[str, str] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)


class Recorder:
    """Collects claims by their cause, so that one cause gives one claim that lists every gradient it breaks."""

    def __init__(self) -> None:
        self.causes: dict[tuple[Kind, Span], _Cause] = {}
        self.calls: dict[Span, GradientCall] = {}
        self.tapes: set[Span] = set()
        self.complete = True
        self.muted = 0
        self.expected = Expected()
        self.questions: dict[Span, dict[str, Question]] = {}
        self.own = 0
        """How many lines the program itself has; those of the project's modules follow."""
        self.parts: list[Part] = []
        self.led_by: Span | None = None
        """The call of another module that led into the program's function that is running."""
        self.is_expected = False
        """Whether what runs was called by code that says that a gradient is lost."""
        self.expecting: tuple[tuple[int, int], ...] = ()
        """The lines of other modules that say that a gradient is lost: what they call is not judged."""
        self.entries: dict[int, list[Span]] = {}
        """For lines of other modules, the program's own calls that led there, in the order of the run."""

    def come_from(self, calls: Sequence[ast.AST]) -> None:
        """Note the calls that have led into a function of the program, some of which may stand in another module."""
        lines = [line for call in calls if (line := getattr(call, "lineno", 0)) > self.own]
        if getattr(calls[-1], "lineno", 0) in lines:
            self.led_by = span_of(calls[-1])
        self.is_expected = any(first <= line <= last for line in lines for first, last in self.expecting)

    def extend(self, path: str, first: int, lines: list[bytes]) -> None:
        """Note a module of the project whose lines follow those that are there already."""
        self.parts.append(Part(path, first, tuple(lines)))

    def claim(
        self,
        kind: Kind,
        span: Span,
        severity: Severity,
        gradients: tuple[LostGradient, ...] = (),
        story: tuple[Note, ...] = (),
        detail: dict[str, str] | None = None,
        places: dict[str, Span] | None = None,
    ) -> None:
        """Note a claim; one with the same kind and place joins the earlier one."""
        kept = tuple(gradient for gradient in gradients if not self.expected.expects(gradient))
        if (gradients and not kept) or self.expected.catches(span, (detail or {}).get("exception")):
            return
        gradients = kept
        calls = [gradient.call for gradient in gradients] or [span]
        if self.muted or self.is_expected or any(call.line > self.own for call in calls):
            return
        cause = self.causes.get((kind, span))
        if cause is None:
            cause = self.causes[kind, span] = _Cause(kind, span, severity)
        elif _RANK[severity] < _RANK[cause.severity]:
            cause.severity = severity
        for gradient in gradients:
            cause.gradients.setdefault((gradient.call, gradient.source), gradient)
        if self.led_by is not None:
            story = (*story, Note(self.led_by, LED_BY))
        for note in story:
            cause.story.setdefault((note.span, note.text), note)
        for key, value in (detail or {}).items():
            cause.detail.setdefault(key, value)
        for key, place in (places or {}).items():
            cause.places.setdefault(key, place)

    def asked(self, call: Span, method: str, target: str, questions: list[Question]) -> None:
        """Note a gradient call and the answers to its questions; a worse answer replaces a better one."""
        if call.line > self.own or self.is_expected:
            return
        rank = {"lost": 0, "partial": 1, "unknown": 2, "connected": 3}
        known = self.questions.setdefault(call, {})
        for question in questions:
            before = known.get(question.source)
            worse = before is not None and rank[question.answer] < rank[before.answer]
            doubted = before is not None and question.answer == before.answer and before.proved > question.proved
            if before is None or worse or doubted:
                known[question.source] = question
        self.calls[call] = GradientCall(call, method, target, tuple(known.values()))

    def facts(self) -> Facts:
        """Everything noted, in the order of the program."""
        claims = [
            Claim(
                cause.kind,
                cause.span,
                cause.severity,
                tuple(sorted(cause.gradients.values(), key=lambda lost: (lost.call, lost.source))),
                tuple(sorted(cause.story.values(), key=lambda note: note.span)),
                cause.detail,
                cause.places,
                self._site(cause),
                any(place.line > self.own for place in (cause.span, *cause.places.values())),
            )
            for cause in self.causes.values()
        ]
        claims.sort(key=lambda claim: (claim.site or claim.span, claim.span, claim.kind))
        calls = tuple(self.calls[span] for span in sorted(self.calls))
        tapes = sum(tape.line <= self.own for tape in self.tapes)
        return Facts(tuple(claims), calls, tapes, self.complete, tuple(self.parts))

    def _site(self, cause: _Cause) -> Span | None:
        """Where the program leads to a cause in another module: its call into it, or else the gradient call."""
        if cause.span.line <= self.own:
            return None
        part = next(part for part in reversed(self.parts) if part.first < cause.span.line)
        within = [line for line in self.entries if part.first < line <= cause.span.line]
        first = min(cause.gradients.values(), key=lambda lost: lost.call)
        if within:
            led = self.entries[max(within)]
            last = (first.call.end_line, first.call.end_column)
            return max((span for span in led if (span.line, span.column) < last), default=led[0])
        return first.source_span or first.call

    def enter(self, line: int, call: Span) -> None:
        """Note that a call of the program leads to a line of another module."""
        led = self.entries.setdefault(line, [])
        if call not in led:
            led.append(call)
