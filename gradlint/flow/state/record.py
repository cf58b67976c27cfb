"""What the machine notes while it runs: raw claims, calls and events, put together into facts at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from gradlint.flow.facts import (
    LED_BY,
    Asked,
    CallAnswers,
    Cause,
    Claim,
    Facts,
    Kind,
    LostGradient,
    Note,
    Part,
    Question,
    Span,
    Withheld,
    merged,
    places,
)
from gradlint.flow.state.expected import Expected
from gradlint.flow.values.making import span_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Sequence

    from gradlint.finding import Severity

_RANK = {"error": 0, "warning": 1, "info": 2}


class Follower(Protocol):
    """Looks at the values of gradient calls."""

    def begin(self) -> None:
        """A program is run from its top; what was seen before does not count."""

    def judged(self, asking: Any, sources: Any) -> None:
        """A gradient call was judged: its :class:`~gradlint.flow.tapes.question.Asking` and its sources one by one."""


@dataclass
class _Gathered:
    """A claim that more gradients may still join."""

    cause: Cause
    span: Span
    severity: Severity
    gradients: dict[tuple[Span, str], LostGradient] = field(default_factory=dict)
    story: dict[tuple[Span, str], Note] = field(default_factory=dict)
    asked: Asked | None = None
    exception: str | None = None
    raising: Span | None = None
    branch: str = ""


class Recorder:
    """Collects claims by their cause, so that one cause gives one claim that lists every gradient it breaks."""

    def __init__(self) -> None:
        self.claims: dict[tuple[Kind, Span], _Gathered] = {}
        self.calls: dict[Span, CallAnswers] = {}
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
        self.withheld: dict[tuple[Kind, Span], Withheld] = {}
        self.doubt: Callable[[Cause], object | None] = lambda _cause: None
        """The premise by which a cause may not hold for the version of TensorFlow that is meant, as a sentence."""
        self.follower: Follower | None = None
        """What looks at the values of each gradient call when it was judged, for whoever draws its ways."""

    def come_from(self, calls: Sequence[ast.AST]) -> None:
        """Note the calls that have led into a function of the program, some of which may stand in another module."""
        lines = [line for call in calls if (line := getattr(call, "lineno", 0)) > self.own]
        if getattr(calls[-1], "lineno", 0) in lines:
            self.led_by = span_of(calls[-1])
        self.is_expected = any(first <= line <= last for line in lines for first, last in self.expecting)

    def extend(self, path: str, first: int, lines: tuple[bytes, ...]) -> None:
        """Note a module of the project whose lines follow those that are there already."""
        self.parts.append(Part(path, first, lines))

    def claim(
        self,
        cause: Cause,
        span: Span,
        severity: Severity = "error",
        gradients: tuple[LostGradient, ...] = (),
        story: tuple[Note, ...] = (),
        *,
        asked: Asked | None = None,
        exception: str | None = None,
        raising: Span | None = None,
        branch: str = "",
    ) -> None:
        """Note a claim; one with the same kind and place joins the earlier one."""
        unexpected = tuple(gradient for gradient in gradients if not self.expected.expects(gradient))
        if (gradients and not unexpected) or self.expected.catches(span, exception):
            return
        calls = [gradient.call for gradient in unexpected] or [span]
        if self.muted or self.is_expected or any(call.line > self.own for call in calls):
            return
        doubt = self.doubt(cause)
        if doubt is not None:
            about = (*calls, asked.span) if asked is not None else tuple(calls)
            self.withheld[cause.kind, span] = Withheld(cause.kind, span, about, str(doubt))
            return
        found = self.claims.get((cause.kind, span))
        if found is None:
            found = self.claims[cause.kind, span] = _Gathered(cause, span, severity)
        elif _RANK[severity] < _RANK[found.severity]:
            found.severity = severity
        found.cause = merged(found.cause, cause)
        found.asked = (
            merged(found.asked, asked) if found.asked is not None and asked is not None else (found.asked or asked)
        )
        found.exception = found.exception or exception
        found.raising = found.raising or raising
        found.branch = found.branch or branch
        for gradient in unexpected:
            found.gradients.setdefault((gradient.call, gradient.source), gradient)
        if self.led_by is not None:
            story = (*story, Note(self.led_by, LED_BY))
        for note in story:
            found.story.setdefault((note.span, note.text), note)

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
        self.calls[call] = CallAnswers(call, method, target, tuple(known.values()))

    def facts(self) -> Facts:
        """Everything noted, in the order of the program."""
        claims = [
            Claim(
                found.cause,
                found.span,
                found.severity,
                tuple(sorted(found.gradients.values(), key=lambda lost: (lost.call, lost.source))),
                tuple(sorted(found.story.values(), key=lambda note: note.span)),
                asked=found.asked,
                exception=found.exception,
                raising=found.raising,
                branch=found.branch,
                site=self._site(found),
                elsewhere=any(
                    place.line > self.own for place in (found.span, *places(found.cause), *places(found.asked))
                ),
            )
            for found in self.claims.values()
        ]
        claims.sort(key=lambda claim: (claim.site or claim.span, claim.span, claim.kind))
        calls = tuple(self.calls[span] for span in sorted(self.calls))
        tapes = sum(tape.line <= self.own for tape in self.tapes)
        withheld = tuple(self.withheld[key] for key in sorted(self.withheld, key=lambda key: (key[1], key[0])))
        return Facts(tuple(claims), calls, tapes, self.complete, tuple(self.parts), withheld)

    def _site(self, found: _Gathered) -> Span | None:
        """Where the program leads to a cause in another module: its call into it, or else the gradient call."""
        if found.span.line <= self.own:
            return None
        part = next(part for part in reversed(self.parts) if part.first < found.span.line)
        within = [line for line in self.entries if part.first < line <= found.span.line]
        first = min(found.gradients.values(), key=lambda lost: lost.call)
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
