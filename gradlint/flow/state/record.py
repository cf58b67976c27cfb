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
    from collections.abc import Callable, Iterable, Sequence

    from gradlint.finding import Severity

_RANK = {"error": 0, "warning": 1, "info": 2}
_ANSWERS = {"lost": 0, "partial": 1, "unknown": 2, "connected": 3}


class Follower(Protocol):
    """Looks at the values of gradient calls."""

    def begin(self) -> None:
        """A program is run from its top; what was seen before does not count."""

    def judged(self, asking: Any, sources: Any) -> None:
        """A gradient call was judged: its :class:`~gradlint.flow.tapes.question.Asking` and its sources one by one."""


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A claim as it was noted once, with what it rests on."""

    cause: Cause
    span: Span
    severity: Severity
    gradients: tuple[LostGradient, ...]
    story: tuple[Note, ...]
    asked: Asked | None
    exception: str | None
    raising: Span | None
    branch: str


@dataclass(frozen=True, slots=True)
class _Answered:
    """A gradient call and the answers to its questions as they were noted once."""

    call: Span
    method: str
    target: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    """A tape that is made."""

    span: Span


@dataclass(frozen=True, slots=True)
class _Led:
    """A call of the program that leads to a line of another module."""

    line: int
    call: Span


Noted = _Claimed | _Answered | _Made | _Led | Withheld
"""One thing that was noted."""


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

    def join(self, noted: _Claimed) -> None:
        """Take in what was noted of the same cause at the same place."""
        if _RANK[noted.severity] < _RANK[self.severity]:
            self.severity = noted.severity
        self.cause = merged(self.cause, noted.cause)
        if self.asked is not None and noted.asked is not None:
            self.asked = merged(self.asked, noted.asked)
        self.asked = self.asked or noted.asked
        self.exception = self.exception or noted.exception
        self.raising = self.raising or noted.raising
        self.branch = self.branch or noted.branch
        for gradient in noted.gradients:
            self.gradients.setdefault((gradient.call, gradient.source), gradient)
        for note in noted.story:
            self.story.setdefault((note.span, note.text), note)


class Recorder:
    """Notes what is found out in the order of the run; :meth:`facts` puts it together."""

    def __init__(self) -> None:
        self.notes: list[Noted] = []
        self.complete = True
        self.muted = 0
        self.expected = Expected()
        self.own = 0
        """How many lines the program itself has; those of the project's modules follow."""
        self.parts: list[Part] = []
        self.led_by: Span | None = None
        """The call of another module that led into the program's function that is running."""
        self.is_expected = False
        """Whether what runs was called by code that says that a gradient is lost."""
        self.expecting: tuple[tuple[int, int], ...] = ()
        """The lines of other modules that say that a gradient is lost: what they call is not judged."""
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
        """Note a claim."""
        unexpected = tuple(gradient for gradient in gradients if not self.expected.expects(gradient))
        if (gradients and not unexpected) or self.expected.catches(span, exception):
            return
        calls = [gradient.call for gradient in unexpected] or [span]
        if self.muted or self.is_expected or any(call.line > self.own for call in calls):
            return
        doubt = self.doubt(cause)
        if doubt is not None:
            about = (*calls, asked.span) if asked is not None else tuple(calls)
            self.notes.append(Withheld(cause.kind, span, about, str(doubt)))
            return
        if self.led_by is not None:
            story = (*story, Note(self.led_by, LED_BY))
        self.notes.append(_Claimed(cause, span, severity, unexpected, story, asked, exception, raising, branch))

    def asked(self, call: Span, method: str, target: str, questions: list[Question]) -> None:
        """Note a gradient call and the answers to its questions."""
        if call.line <= self.own and not self.is_expected:
            self.notes.append(_Answered(call, method, target, tuple(questions)))

    def made(self, tape: Span) -> None:
        """Note that a tape is made."""
        self.notes.append(_Made(tape))

    def enter(self, line: int, call: Span) -> None:
        """Note that a call of the program leads to a line of another module."""
        self.notes.append(_Led(line, call))

    @property
    def leading(self) -> list[Noted]:
        """What was noted of calls that lead to other modules."""
        return [note for note in self.notes if isinstance(note, _Led)]

    def facts(self) -> Facts:
        """Everything noted, in the order of the program."""
        entries = self._entries()
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
                site=self._site(found, entries),
                elsewhere=any(
                    place.line > self.own for place in (found.span, *places(found.cause), *places(found.asked))
                ),
            )
            for found in self._gathered()
        ]
        claims.sort(key=lambda claim: (claim.site or claim.span, claim.span, claim.kind))
        tapes = {note.span for note in self.notes if isinstance(note, _Made) and note.span.line <= self.own}
        parts = tuple(self.parts)
        return Facts(tuple(claims), self._calls(), len(tapes), self.complete, parts, self._withheld())

    def _withheld(self) -> tuple[Withheld, ...]:
        """What is not claimed for the version of TensorFlow that is meant; the last of those of a place."""
        found = {(note.span, note.kind): note for note in self.notes if isinstance(note, Withheld)}
        return tuple(found[key] for key in sorted(found))

    def _gathered(self) -> Iterable[_Gathered]:
        """The claims by their cause: one lists every gradient that it breaks, wherever that was noted."""
        claims: dict[tuple[Kind, Span], _Gathered] = {}
        for noted in self.notes:
            if not isinstance(noted, _Claimed):
                continue
            key = noted.cause.kind, noted.span
            found = claims.get(key)
            if found is None:
                found = claims[key] = _Gathered(noted.cause, noted.span, noted.severity)
            found.join(noted)
        return claims.values()

    def _calls(self) -> tuple[CallAnswers, ...]:
        """The gradient calls; for each source the worst of its answers."""
        calls: dict[Span, tuple[_Answered, dict[str, Question]]] = {}
        for noted in self.notes:
            if not isinstance(noted, _Answered):
                continue
            known = calls[noted.call][1] if noted.call in calls else {}
            calls[noted.call] = noted, known
            for question in noted.questions:
                before = known.get(question.source)
                if before is None or _is_worse(question, before):
                    known[question.source] = question
        return tuple(
            CallAnswers(span, one.method, one.target, tuple(known.values()))
            for span, (one, known) in sorted(calls.items(), key=lambda item: item[0])
        )

    def _entries(self) -> dict[int, list[Span]]:
        """For lines of other modules, the program's own calls that led there, in the order of the run."""
        entries: dict[int, list[Span]] = {}
        for noted in self.notes:
            if isinstance(noted, _Led):
                led = entries.setdefault(noted.line, [])
                if noted.call not in led:
                    led.append(noted.call)
        return entries

    def _site(self, found: _Gathered, entries: dict[int, list[Span]]) -> Span | None:
        """Where the program leads to a cause in another module: its call into it, or else the gradient call."""
        if found.span.line <= self.own:
            return None
        part = next(part for part in reversed(self.parts) if part.first < found.span.line)
        within = [line for line in entries if part.first < line <= found.span.line]
        first = min(found.gradients.values(), key=lambda lost: lost.call)
        if within:
            led = entries[max(within)]
            last = (first.call.end_line, first.call.end_column)
            return max((span for span in led if (span.line, span.column) < last), default=led[0])
        return first.source_span or first.call


def _is_worse(question: Question, before: Question) -> bool:
    """Whether an answer says less good of a source than one before, or the same with more doubt."""
    if question.answer == before.answer:
        return before.proved > question.proved
    return _ANSWERS[question.answer] < _ANSWERS[before.answer]
