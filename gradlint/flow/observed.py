"""The analysis with every expression's answer: what each would get as the target of the program's gradient calls."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gradlint.flow.account import ExhaustedError, opened
from gradlint.flow.facts import Cause, Claim, Facts, Question, Span
from gradlint.flow.graph import ways
from gradlint.flow.machine.entry import is_graph_code
from gradlint.flow.machine.machine import Machine
from gradlint.flow.machine.relevance import names_tape
from gradlint.flow.state.record import Recorder
from gradlint.flow.tapes.ask import Questions
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import (
    Array,
    Dict,
    Join,
    Number,
    Recording,
    Seq,
    Storage,
    Tape,
    Tensor,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from gradlint.flow.tapes.question import TapeCall
    from gradlint.flow.values.modules import Finder

ASKED = 50_000
"""How many times an expression is asked about at most; what comes after is unknown."""
NUMBERS = (Tensor, Variable, Array, Number, Storage, Join, Seq, Dict)
"""The values that hold numbers, and so may be connected to a source."""
_RANK = {"lost": 0, "partial": 1, "unknown": 2, "connected": 3}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one expression would get as the target of one gradient call.

    Attributes:
        call: The gradient call.
        question: A source of the call, and whether the expression is connected to it.
        claim: Why it is lost, where it is.
    """

    call: Span
    question: Question
    claim: Claim[Cause] | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What the analysis found out, and the answers for each expression that was evaluated."""

    facts: Facts = field(default_factory=Facts)
    answers: dict[Span, tuple[Answer, ...]] = field(default_factory=dict)


def observe(code: str, finder: Finder | None = None) -> Observation:
    """Analyse a program and answer for every expression that runs before one of its gradient calls.

    Args:
        code: A Python program.
        finder: Finds the modules of the project that the program imports; where None, they are unknown. Where
            following them takes more than the budget, they are unknown too.

    Raises:
        SyntaxError: If a program that names a tape is not one.
    """
    if not names_tape(code):
        return Observation()
    tree = ast.parse(code)
    if is_graph_code(code, tree):
        return Observation()
    with opened() as account:
        if finder is not None:
            with account.share(account.left):
                made = _observed(code, tree, finder)
            if made.facts.complete or not made.facts.parts:
                return made
        return _observed(code, tree, None)


def _observed(code: str, tree: ast.Module, finder: Finder | None) -> Observation:
    recorder = Recorder()
    machine = ObservingMachine(code, recorder, finder=finder)
    try:
        machine.run(tree)
    except (ExhaustedError, RecursionError):
        recorder.complete = False
    answers = {span: tuple(found.values()) for span, found in machine.answers.items()}
    return Observation(recorder.facts(), answers)


class ObservingMachine(Machine):
    """The machine, keeping the values of expressions and asking about each of them where the program asks for one."""

    def __init__(self, code: str, recorder: Recorder, *, finder: Finder | None = None) -> None:
        super().__init__(code, recorder, finder=finder)
        self.seen: dict[Span, dict[int, tuple[Value, ast.expr]]] = {}
        self.answers: dict[Span, dict[tuple[Span, str], Answer]] = {}
        self.tapes: dict[int, tuple[Tape, list[Any]]] = {}
        self.asked = 0

    def eval(self, node: ast.expr | None) -> Value:
        """The value of an expression, which is kept; where it asked a tape for gradients, each is asked about."""
        value = super().eval(node)
        if isinstance(value, Tape):
            self.tapes.setdefault(id(value), (value, []))
        if isinstance(node, ast.Call):
            self._follow_up()
        if node is not None and node.lineno <= self.recorder.own:
            self.seen.setdefault(span_of(node), {})[id(value)] = (value, node)
        return value

    def spend(self, visits: int) -> None:
        """Count work, but for that of the questions that the program does not ask."""
        if not self.recorder.muted:
            super().spend(visits)

    def _follow_up(self) -> None:
        """Ask about every expression so far in the place of the targets of new gradient calls."""
        for tape, known in self.tapes.values():
            for use in tape.uses[len(known) :]:
                known.append(use)
                _, _, recording, question = use
                own = question.span.line <= self.recorder.own and not self.recorder.muted
                if isinstance(recording, Recording) and own:
                    self._ask_about_all(question, recording)

    def _ask_about_all(self, question: TapeCall, recording: Recording) -> None:
        known: dict[int, list[Answer]] = {}
        kept, self.recorder = self.recorder, _Listening(self.recorder)
        try:
            for span, values in self.seen.items():
                for value, node in values.values():
                    if id(value) not in known and self.asked < ASKED:
                        self.asked += 1
                        known[id(value)] = self._ask_about(replace(question, target=value, target_node=node), recording)
                    for answer in known.get(id(value), ()):
                        self._note(span, answer)
        finally:
            self.recorder = kept

    def _ask_about(self, question: TapeCall, recording: Recording) -> list[Answer]:
        """The answers for one expression in the place of a gradient call's target."""
        if not isinstance(question.target, NUMBERS):
            return []
        recorder = self.recorder
        assert isinstance(recorder, _Listening)
        recorder.clear()
        asking = Questions(self, question)
        sources = asking.flat(question.sources, question.sources_node)
        asking.reaches = [ways.reach(one, recording, self.captured, self.spend) for one in asking.targets]
        asking.asked = [
            option
            for source, _, _ in sources
            for option in (source, *(source.options if isinstance(source, Join) else ()))
        ]
        for source, node, text in sources:
            asking.question(recording, source, node, text)
        claims = recorder.facts().claims
        return [
            Answer(question.span, one, next((claim for claim in claims if _is_about(claim, one)), None))
            for one in asking.questions
        ]

    def _note(self, span: Span, answer: Answer) -> None:
        """Keep an answer; a worse one replaces a better one, as where a loop runs twice."""
        found = self.answers.setdefault(span, {})
        key = (answer.call, answer.question.source)
        before = found.get(key)
        if before is None or _RANK[answer.question.answer] < _RANK[before.question.answer]:
            found[key] = answer


def _is_about(claim: Claim[Cause], question: Question) -> bool:
    """Whether a claim says why a question's source is lost."""
    named = any(lost.source == question.source for lost in claim.gradients)
    return named and claim.kind == question.kind and claim.span == question.cause


class _Listening(Recorder):
    """Notes what is said of one expression, and nothing else."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.own, self.parts = recorder.own, recorder.parts
        self._leading = recorder.leading
        self.clear()

    def clear(self) -> None:
        """Forget what was noted."""
        self.notes = list(self._leading)

    def asked(self, *_: Any) -> None:
        """A question that the program does not ask is no gradient call."""
