"""What a gradient call's questions begin with: the call, its answers, its claims, the ways below its targets."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.flow.facts import Answer, Kind, LostGradient, Note, Question, Span
from gradlint.flow.graph import ways as graph
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import Const, Join, Recording, Tape, Unknown, Value

if TYPE_CHECKING:
    from gradlint.finding import Outcome, Severity
    from gradlint.flow.graph.ways import Break, Reach
    from gradlint.flow.interpreter import Interpreter


LEAVING = frozenset({Kind.NUMPY, Kind.PYTHON, Kind.OPAQUE, Kind.METRIC, Kind.REWRAPPED})
"""The breaks that are worth a word even where another way to the target holds."""
WAYS = LEAVING | {Kind.NON_DIFFERENTIABLE, Kind.CAST, Kind.COMPARISON}
"""The breaks that are worth a word where they stand on one branch only."""


UNREGISTERED = frozenset({
    "bitcast", "histogram_fixed_width", "in_top_k", "is_finite", "is_inf", "is_nan", "non_max_suppression", "unique",
})  # fmt: skip
"""Functions that give no float by an operation without a registered gradient: as the very target they raise
LookupError, and further below they are passed by in silence (TensorFlow 2.21)."""


INDICES = frozenset({
    "keras.ops.argsort", "keras.ops.top_k", "tensorflow.argsort", "tensorflow.math.approx_max_k",
    "tensorflow.math.approx_min_k", "tensorflow.math.top_k", "tensorflow.nn.max_pool_with_argmax",
})  # fmt: skip
"""Functions that give indices by an operation that gives floats, too: as the very target of `gradient` they are asked
by way of those floats, and the gradient is zero where that of other integers is None; that of `jacobian` is None as
well (TensorFlow 2.21). Along another axis than the last, `argsort` transposes the indices, which gives None."""


def tape_name(node: ast.AST) -> str:
    """What the tape is called in a call of one of its methods."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return ast.unparse(node.func.value)
    return "tape"


@dataclass
class Call:
    """A gradient call as the program runs it."""

    tape: Tape
    method: str
    node: ast.Call
    target: Value
    sources: Value
    target_node: ast.expr
    sources_node: ast.expr
    seed: Value | None
    seed_node: ast.expr | None
    silenced: bool | None
    known_seed: bool
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
class Cause:
    """Why a source is lost."""

    kind: Kind
    span: Span
    outcome: Outcome = "none"
    exception: str | None = None
    severity: Severity = "error"
    story: list[Note] = field(default_factory=list)
    detail: dict[str, str] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)


class Asking:
    """One gradient call, and what is noted of it."""

    def __init__(self, machine: Interpreter, call: Call) -> None:
        self.machine = machine
        self.call = call
        self.answered = Answered()
        self.questions: list[Question] = []
        self.targets = list(machine.leaves(call.target))
        self.reaches: list[Reach] = []
        self.asked: list[Value] = []
        self.known_ways: dict[int, graph.Ways] = {}
        self.known_own_ways: set[int] | None = None
        self.known_leaks: dict[int, set[int]] = {}
        self.known_joins: dict[int, list[Join]] = {}
        self.known_branches: dict[int, dict[int, int]] = {}
        self.known_markers: tuple[graph.Ways, dict[int, int]] | None = None
        self.known_numbers: set[int] | None = None
        self.known_frontiers: dict[int, Cause | None] = {}
        self.refuses = False
        self.known_constants: dict[int, dict[int, Break]] = {}
        self.doom = self.doomed_by()

    # -- claims ----------------------------------------------------------------------------------------------------

    def lost(self, text: str, node: ast.expr, cause: Cause) -> LostGradient:
        """One lost gradient of this call."""
        return LostGradient(
            self.call.span,
            self.call.method,
            self.machine.text(self.call.target_node),
            text,
            cause.outcome,
            cause.exception,
            span_of(node),
            span_of(self.call.target_node),
            cause.severity == "error",
        )

    def doomed_by(self) -> tuple[str, Span] | None:
        """The exception that surely ends the program while it computes a target, and where; None where none does."""
        doomed = self.machine.doomed
        stack, seen = list(self.targets) if doomed else [], set[int]()
        while stack:
            node = stack.pop()
            if id(node) in seen or isinstance(node, Join | Unknown):
                continue
            seen.add(id(node))
            if id(node) in doomed:
                return doomed[id(node)]
            stack.extend(edge.parent for edge in node.edges if edge.sure)
        return None

    def claim(self, source: Value | None, node: ast.expr, text: str, cause: Cause) -> None:
        """Note a claim about one source; where the program never comes to the call, that is what the source gets."""
        call = self.call
        if self.doom is not None:
            exception, span = self.doom
            cause.outcome, cause.exception, cause.severity = "error", exception, "error"
            cause.detail["raising_line"] = str(span.line)
            self.answered.exception = exception
        detail = {
            "source": text,
            "target": self.machine.text(call.target_node),
            "tape": tape_name(call.node),
            "call_line": str(call.span.line),
            "method": call.method,
            **cause.detail,
        }
        if cause.exception:
            detail["exception"] = cause.exception
        if source is not None and source.span is not None:
            detail.setdefault("source_line", str(source.span.line))
        places = {
            "call": call.span,
            "source": span_of(node),
            "sources": span_of(call.sources_node),
            "target": span_of(call.target_node),
            "tape_call": call.tape.call,
            **cause.places,
        }
        if source is not None and source.span is not None:
            places.setdefault("source_definition", source.span)
        story = [*cause.story, Note(call.span, f"asks for the gradient with respect to `{text}`")]
        self.machine.recorder.claim(
            cause.kind, cause.span, cause.severity, (self.lost(text, node, cause),), tuple(story), detail, places
        )

    def note(
        self,
        text: str,
        node: ast.expr,
        answer: Answer,
        cause: Cause | None = None,
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
                cause.kind if cause else None,
                cause.span if cause else None,
                because,
                proved,
            )
        )

    def note_all(self, sources: list[tuple[Value, ast.expr, str]], answer: Answer) -> None:
        """Note the same answer for every source."""
        for _, node, text in sources:
            self.note(text, node, answer)

    def claim_all(self, sources: list[tuple[Value, ast.expr, str]], cause: Cause) -> None:
        """Note one claim that holds for every source of the call."""
        everything = sources or [(Const(None), self.call.sources_node, self.machine.text(self.call.sources_node))]
        for source, node, text in everything:
            self.claim(None if isinstance(source, Const) else source, node, text, cause)
            self.note(text, node, "lost", cause)
        self.answered.exception = cause.exception or ""

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
        if not markers:
            return None
        if self.known_markers is None:
            everything = Join(tuple(markers))
            machine = self.machine
            ways = graph.Ways(everything, self.asked, recording, machine.captured, machine.spend)
            self.known_markers = ways, ways.lost_below(lambda _: True, surely=False)
        ways, lost = self.known_markers
        return next((one for one in markers if ways.is_in(source, lost.get(id(one), 0))), None)
