"""What a gradient call's questions begin with: the call, its answers, its claims, the ways below its targets."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.flow.facts import Answer, Asked, Cause, Kind, LostGradient, Note, Question, Span
from gradlint.flow.graph import ways as graph
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import Const, Join, Recording, Tape, Tensor, Unknown, Value

if TYPE_CHECKING:
    from gradlint.finding import Outcome, Severity
    from gradlint.flow.graph.ways import Break, Reach
    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.tapes.looped import Looped
    from gradlint.flow.tapes.outputs import Outputs


LEAVING = frozenset({Kind.NUMPY, Kind.PYTHON, Kind.OPAQUE, Kind.METRIC, Kind.REWRAPPED})
"""The breaks that are worth a word even where another way to the target holds."""
WAYS = LEAVING | {Kind.NON_DIFFERENTIABLE, Kind.CAST, Kind.COMPARISON}
"""The breaks that are worth a word where they stand on one branch only."""


def tape_name(node: ast.AST) -> str:
    """What the tape is called in a call of one of its methods."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return ast.unparse(node.func.value)
    return "tape"


@dataclass
class TapeCall:
    """A gradient call as the program runs it."""

    tape: Tape
    method: str
    node: ast.Call
    target: Value
    sources: Value
    target_node: ast.expr
    sources_node: ast.expr
    seed: Value | None = None
    seed_node: ast.expr | None = None
    silenced: bool | None = False
    known_seed: bool = True
    loops: bool = False

    @property
    def span(self) -> Span:
        """Where the call stands."""
        return span_of(self.node)


@dataclass
class Answered:
    """What the call gives: the sources that surely get None, and the exception that it surely raises.

    ``refused`` says that the arguments were refused, before the tape was used up.
    """

    lost: set[int] = field(default_factory=set)
    exception: str = ""
    refused: bool = False


@dataclass
class Loss:
    """What a source loses, and by what.

    Attributes:
        cause: Why.
        span: Where.
        outcome: What the source gets.
        exception: What the gradient call raises where the outcome is ``error``.
        severity: How sure it is.
        story: The way to it.
        branch: On which way through the program it holds.
    """

    cause: Cause
    span: Span
    outcome: Outcome = "none"
    exception: str | None = None
    severity: Severity = "error"
    story: list[Note] = field(default_factory=list)
    branch: str = ""

    @property
    def kind(self) -> Kind:
        """The sort of loss."""
        return self.cause.kind


class Asking:
    """One gradient call, and what is noted of it."""

    def __init__(self, machine: Interpreter, call: TapeCall) -> None:
        self.machine = machine
        self.call = call
        self.answered = Answered()
        self.questions: list[Question] = []
        self.targets = list(machine.leaves(call.target))
        self.reaches: list[Reach] = []
        self.asked: list[Value] = []
        self.known_ways: dict[int, graph.Ways] = {}
        self.known_own_ways: set[int] | None = None
        self.known_uncut: set[int] | None = None
        self.known_leaks: dict[int, dict[int, tuple[Value, ...]]] = {}
        self.known_joins: dict[int, list[Join]] = {}
        self.known_branches: dict[int, dict[int, int]] = {}
        self.known_markers: tuple[graph.Ways, dict[int, int]] | None = None
        self.known_numbers: set[int] | None = None
        self.known_frontiers: dict[int, Loss | None] = {}
        self.known_loops: dict[int, Looped] = {}
        self.known_around: tuple[list[Tensor], list[graph.Reach]] | None = None
        self.known_outputs: dict[int, Outputs] = {}
        self.refuses = False
        self.known_constants: dict[int, dict[int, Break]] = {}
        self.doom = self.doomed_by()

    # -- claims ----------------------------------------------------------------------------------------------------

    def lost(self, text: str, node: ast.expr, loss: Loss) -> LostGradient:
        """One lost gradient of this call."""
        return LostGradient(
            self.call.span,
            self.call.method,
            self.machine.text(self.call.target_node),
            text,
            loss.outcome,
            loss.exception,
            span_of(node),
            span_of(self.call.target_node),
            loss.severity == "error",
        )

    def doomed_by(self) -> tuple[str, Span] | None:
        """The exception that surely ends the program while it computes a target, and where; None where none does."""
        doomed = self.machine.doomed
        stack, seen = list(self.targets) if doomed else [], set[int]()
        while stack:
            node = stack.pop()
            if id(node) in doomed:
                return doomed[id(node)]
            if id(node) in seen or isinstance(node, Join | Unknown):
                continue
            seen.add(id(node))
            stack.extend(edge.parent for edge in node.edges if edge.sure)
        return None

    def claim(self, source: Value | None, node: ast.expr, text: str, loss: Loss) -> None:
        """Note a claim about one source; where the program never comes to the call, that is what the source gets."""
        raising = None
        if self.doom is not None:
            exception, raising = self.doom
            loss.outcome, loss.exception, loss.severity = "error", exception, "error"
            self.answered.exception = exception
        self.machine.recorder.claim(
            loss.cause,
            loss.span,
            loss.severity,
            (self.lost(text, node, loss),),
            (*loss.story, Note(self.call.span, f"asks for the gradient with respect to `{text}`")),
            asked=self.written(text, node, source.span if source is not None else None),
            exception=loss.exception,
            raising=raising,
            branch=loss.branch,
        )

    def written(self, text: str, node: ast.expr, definition: Span | None = None) -> Asked:
        """The gradient call and one of its sources, as the program writes them."""
        call = self.call
        return Asked(
            call.span,
            call.method,
            tape_name(call.node),
            self.machine.text(call.target_node),
            text,
            span_of(node),
            call.tape.call,
            definition,
        )

    def note(
        self,
        text: str,
        node: ast.expr,
        answer: Answer,
        loss: Loss | None = None,
        because: str = "",
        *,
        proved: bool = False,
    ) -> None:
        """Note the answer to one question."""
        self.questions.append(
            Question(
                text,
                span_of(node),
                answer,
                loss.kind if loss else None,
                loss.span if loss else None,
                because,
                proved,
            )
        )

    def note_all(self, sources: list[tuple[Value, ast.expr, str]], answer: Answer, because: str = "") -> None:
        """Note the same answer for every source."""
        for _, node, text in sources:
            self.note(text, node, answer, because=because)

    def claim_all(self, sources: list[tuple[Value, ast.expr, str]], loss: Loss) -> None:
        """Note one claim that holds for every source of the call."""
        everything = sources or [(Const(None), self.call.sources_node, self.machine.text(self.call.sources_node))]
        for source, node, text in everything:
            self.claim(None if isinstance(source, Const) else source, node, text, loss)
            self.note(text, node, "lost", loss)
        self.answered.exception = loss.exception or ""

    def called(self, span: Span) -> str:
        """What is called at a place, or what is computed there."""
        text = self.machine.text(span)
        head, bracket, _ = text.partition("(")
        return head if bracket and head.replace(".", "").replace("_", "").isalnum() else text

    # -- what is worked out once for all sources -------------------------------------------------------------------

    def below(self, target: Value, value: Value, recording: Recording) -> list[Break]:
        """The breaks on the ways from a target to a value that is no source of the call itself."""
        machine = self.machine
        return graph.Ways(target, [value], recording, machine.captured, machine.spend).breaks(value)

    def ways(self, target: Value, recording: Recording) -> graph.Ways:
        """What lies below a target, for all sources of this call."""
        known = self.known_ways.get(id(target))
        if known is None:
            machine = self.machine
            known = graph.Ways(target, self.asked, recording, machine.captured, machine.spend)
            self.known_ways[id(target)] = known
        return known

    def marker_of(self, recording: Recording, source: Value) -> Value | None:
        """The first condition of the program that a source decides."""
        markers = self.machine.controls
        self.machine.looked_at.add(id(markers))
        if not markers:
            return None
        if self.known_markers is None:
            everything = Join(tuple(markers))
            machine = self.machine
            ways = graph.Ways(everything, self.asked, recording, machine.captured, machine.spend)
            self.known_markers = ways, ways.lost_below(lambda _: True, surely=False)
        ways, lost = self.known_markers
        return next((one for one in markers if ways.is_in(source, lost.get(id(one), 0))), None)
