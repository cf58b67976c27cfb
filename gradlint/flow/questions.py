"""Answers a gradient call's questions: does the gradient of this target reach this source, and if not, why."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.flow import dtypes, graph, keras, singular
from gradlint.flow.core import span_of
from gradlint.flow.facts import Kind, LostGradient, Note, Question, Span
from gradlint.flow.store import MISSING
from gradlint.flow.values import (
    Array,
    Bound,
    ClassValue,
    Const,
    Dict,
    Edge,
    Function,
    Generator,
    Instance,
    Join,
    LibObject,
    LostNone,
    Method,
    Number,
    Params,
    Recording,
    Seq,
    Storage,
    Symbolic,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from gradlint.finding import Outcome, Severity
    from gradlint.flow.core import Activation
    from gradlint.flow.graph import Break, Reach
    from gradlint.flow.tapes import Tapes

LEAVING = frozenset({Kind.NUMPY, Kind.PYTHON, Kind.OPAQUE, Kind.METRIC, Kind.REWRAPPED})
"""The breaks that are worth a word even where another way to the target holds."""
WAYS = LEAVING | {Kind.NON_DIFFERENTIABLE, Kind.CAST, Kind.COMPARISON}
"""The breaks that are worth a word where they stand on one branch only."""


UNREGISTERED = frozenset({
    "bitcast", "histogram_fixed_width", "in_top_k", "is_finite", "is_inf", "is_nan", "non_max_suppression", "unique",
})  # fmt: skip
"""Functions that give no float by an operation without a registered gradient: as the very target they raise
LookupError, and further below they are passed by in silence (TensorFlow 2.21)."""


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


def ask(machine: Tapes, call: Call) -> Answered:
    """Ask and answer every question of a gradient call, and note the claims."""
    return _Asking(machine, call).run()


class _Asking:
    def __init__(self, machine: Tapes, call: Call) -> None:
        self.machine = machine
        self.call = call
        self.answered = Answered()
        self.questions: list[Question] = []
        self.targets = list(machine.leaves(call.target))
        self.reaches: list[Reach] = []
        self.asked: list[Value] = []
        self.known_ways: dict[int, graph.Ways] = {}
        self.known_leaks: dict[int, set[int]] = {}
        self.known_joins: dict[int, list[Join]] = {}
        self.known_branches: dict[int, dict[int, int]] = {}
        self.known_markers: tuple[graph.Ways, dict[int, int]] | None = None
        self.known_numbers: set[int] | None = None
        self.known_frontiers: dict[int, Cause | None] = {}
        self.doom = self.doomed_by()

    # -- the order of the judgement --------------------------------------------------------------------------------

    def run(self) -> Answered:
        """Judge the tape, the target, and then each source."""
        call = self.call
        sources = self.flat(call.sources, call.sources_node)
        recording = call.tape.state["recording"]
        if self.tape_refuses(sources, recording):
            pass
        elif not isinstance(recording, Recording):
            self.note_all(sources, "unknown")
        elif (self.doom is None and self.target_refuses(sources)) or self.sources_refuse(sources):
            self.answered.refused = True
        else:
            machine = self.machine
            self.reaches = [graph.reach(one, recording, machine.captured, machine.spend) for one in self.targets]
            self.asked = [
                option
                for source, _, _ in sources
                for option in (source, *(source.options if isinstance(source, Join) else ()))
            ]
            if not self.lookup_error(sources, recording):
                if not sources and isinstance(call.sources, Seq) and call.sources.items.exact:
                    self.no_sources(call.sources)
                for source, node, text in sources:
                    self.question(recording, source, node, text)
                self.numbers(recording, sources)
                self.summed()
        self.machine.recorder.asked(call.span, call.method, self.machine.text(call.target_node), self.questions)
        return self.answered

    def flat(self, value: Value, node: ast.expr, text: str | None = None) -> list[tuple[Value, ast.expr, str]]:
        """The sources one by one, each with the expression and the text that name it."""
        text = text if text is not None else self.machine.text(node)
        if isinstance(value, Seq):
            found: list[tuple[Value, ast.expr, str]] = []
            written = node.elts if isinstance(node, ast.List | ast.Tuple) else []
            plain = len(written) == len(value.items.values) and not any(isinstance(n, ast.Starred) for n in written)
            many = len(value.items.values) > 1
            for index, item in enumerate(value.items.values):
                if plain:
                    found += self.flat(item, written[index])
                else:
                    name = self.item_name(item, text, index) if many else text
                    found += self.flat(item, node, name)
            return found
        if isinstance(value, Dict):
            found = []
            written_values = node.values if isinstance(node, ast.Dict) else []
            plain = len(written_values) == len(value.pairs.entries) and isinstance(node, ast.Dict)
            for index, (key, item) in enumerate(value.pairs.entries):
                if plain:
                    found += self.flat(item, written_values[index])
                else:
                    found += self.flat(item, node, f"{text}[{key!r}]")
            return found
        if isinstance(value, Storage):
            value = value.base
        return [(value, node, text)]

    def item_name(self, item: Value, text: str, index: int) -> str:
        """How one item of a list of sources is called."""
        if isinstance(item, Params) and isinstance(item.owner, LibObject):
            label = item.owner.state.get("name") or item.owner.name.rpartition(".")[2]
            return f"{text} ({label})"
        if isinstance(item, Unknown) and item.span is None:
            return text
        named = self.machine.named(item) if isinstance(item, Variable | Tensor) else None
        return named or f"{text}[{index}]"

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
            "tape": self.machine.tape_name(call.node),
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

    def note(self, text: str, node: ast.expr, answer: str, cause: Cause | None = None) -> None:
        """Note the answer to one question."""
        self.questions.append(
            Question(
                text,
                span_of(node),
                answer,  # type: ignore[arg-type]
                cause.kind if cause else None,
                cause.span if cause else None,
            )
        )

    def note_all(self, sources: list[tuple[Value, ast.expr, str]], answer: str) -> None:
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

    # -- the tape --------------------------------------------------------------------------------------------------

    def tape_refuses(self, sources: list[tuple[Value, ast.expr, str]], recording: object) -> bool:
        """Whether the tape surely cannot answer: used up, or never entered."""
        tape, call = self.call.tape, self.call
        if call.loops and tape.persistent is False and any(singular.several(target) for target in self.targets):
            cause = Cause(
                Kind.TAPE_REUSED,
                call.span,
                "error",
                "RuntimeError",
                detail={"reason": "jacobian"},
                places={"tape_call": tape.call},
            )
            self.claim_all(sources, cause)
            return True
        used = tape.state["used"]
        if tape.state["entered"] is False and recording is None:
            cause = Cause(
                Kind.TAPE_REUSED,
                call.span,
                "error",
                "RuntimeError",
                detail={"reason": "never-entered"},
                places={"tape_call": tape.call},
            )
            self.claim_all(sources, cause)
            return True
        if isinstance(used, ast.AST) and tape.persistent is False:
            odd = tape.state.get("odd")
            broken = (odd and tape.persistent_text) or tape.state.get("failed")
            exception = "InternalError" if broken else "RuntimeError"
            first = span_of(used)
            reason = "second-call"
            if used is call.node:
                reason = "second-turn"
            cause = Cause(
                Kind.TAPE_REUSED,
                call.span,
                "error",
                exception,
                detail={"reason": reason, "first_call_line": str(first.line)},
                places={"first_call": first, "tape_call": tape.call},
                story=[
                    Note(tape.call, "the tape is not persistent"),
                    Note(first, "the first gradient call uses it up"),
                ],
            )
            self.claim_all(sources, cause)
            return True
        if used is not None and not isinstance(used, ast.AST) and tape.persistent is not True:
            self.note_all(sources, "unknown")
            return True
        return tape.persistent is None and bool(tape.uses) and self.unknown_all(sources)

    def unknown_all(self, sources: list[tuple[Value, ast.expr, str]]) -> bool:
        """Answer "unknown" for every source."""
        self.note_all(sources, "unknown")
        return True

    # -- the target ------------------------------------------------------------------------------------------------

    def target_refuses(self, sources: list[tuple[Value, ast.expr, str]]) -> bool:
        """Whether the target surely is nothing that TensorFlow differentiates."""
        for target in [*self.targets, *([self.call.target] if self.call.method != "gradient" else [])]:
            reason, exception = _no_target(target)
            if isinstance(target, Seq | Dict):
                reason, exception = "list", "AttributeError"
            if not reason:
                continue
            span = span_of(self.call.target_node)
            cause = Cause(
                Kind.TARGET_NOT_TENSOR,
                span,
                "error",
                exception,
                detail={"reason": reason},
                places={"argument": span},
            )
            broken = self.break_of(target)
            if broken is not None and broken.edge.cut is not None:
                cause.detail["callee"] = broken.edge.cut.callee
                cause.detail["canonical"] = broken.edge.cut.name
                cause.detail["bound_line"] = str(broken.edge.cut.span.line)
                cause.places["break"] = broken.edge.cut.span
                cause.story.append(Note(broken.edge.cut.span, f"`{broken.edge.cut.callee}` gives no tensor"))
            self.claim_all(sources, cause)
            return True
        return False

    def break_of(self, target: Value) -> Break | None:
        """The first cut below a target."""
        stack, seen = [target], set()
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for edge in node.edges:
                if edge.cut is not None:
                    return graph.Break(node, edge, True)
                stack.append(edge.parent)
        return None

    # -- the sources -----------------------------------------------------------------------------------------------

    def sources_refuse(self, sources: list[tuple[Value, ast.expr, str]]) -> bool:
        """Whether a source surely is nothing that TensorFlow differentiates by: the whole call raises."""
        for source, node, text in sources:
            reason, exception = _no_source(source)
            if not reason:
                continue
            if self.machine.refused_watch(self.call.tape, source):
                self.note_all(sources, "unknown")
                self.answered.exception = exception
                return True
            span = span_of(node)
            kind = Kind.COPY if reason == "symbolic" else Kind.NOT_A_TENSOR
            cause = Cause(kind, span, "error", exception, detail={"reason": reason}, places={"argument": span})
            if source.span is not None:
                cause.story.append(Note(source.span, f"`{text}` is made here"))
            self.claim(source, node, text, cause)
            self.note(text, node, "lost", cause)
            self.answered.exception = exception
            return True
        return False

    def no_sources(self, sources: Seq) -> None:
        """An empty list of sources that should have held variables."""
        reason = (sources.extra or {}).get("reason")
        if not reason:
            return
        node = self.call.sources_node
        span = sources.span or span_of(node)
        cause = Cause(Kind.NO_VARIABLES, span, "none", detail={"reason": reason})
        owner = (sources.extra or {}).get("owner")
        if isinstance(owner, Value) and owner.span is not None:
            cause.places["source_definition"] = owner.span
            cause.story.append(Note(owner.span, "the model is made here"))
        machine, call = self.machine, self.call
        detail = {
            **cause.detail,
            "source": machine.text(node),
            "target": machine.text(call.target_node),
            "method": call.method,
            "tape": machine.tape_name(call.node),
            "call_line": str(call.span.line),
        }
        places = {"call": call.span, "source": span_of(node), **cause.places}
        story = (*cause.story, Note(call.span, "gives an empty list"))
        machine.recorder.claim(cause.kind, span, "error", (), story, detail, places)

    def lookup_error(self, sources: list[tuple[Value, ast.expr, str]], recording: Recording) -> bool:
        """Whether the call surely meets an operation without a registered gradient."""
        for reach in self.reaches:
            for cut, sure in reach.missing:
                if not sure and any(source in reach for source, _, _ in sources):
                    continue
                if not sure and reach.opaque:
                    continue
                detail = {"callee": cut.callee, "canonical": cut.name, **dict(cut.detail)}
                cause = Cause(
                    Kind.NO_GRADIENT,
                    cut.span,
                    "error",
                    detail.pop("exception", "LookupError"),
                    detail=detail,
                    story=[Note(cut.span, "this operation has no registered gradient")],
                )
                self.claim_all(sources, cause)
                return True
        return False

    # -- numbers ---------------------------------------------------------------------------------------------------

    def numbers(self, recording: Recording, sources: list[tuple[Value, ast.expr, str]]) -> None:
        """Gradients that arrive and are infinite or no numbers."""
        for reached in self.reaches:
            for danger in singular.dangers(reached):
                below = graph.reach(danger.node, recording, self.machine.captured, self.machine.spend)
                operand = danger.variable
                detail = {"canonical": danger.canonical, "callee": self.called(danger.span), "reason": danger.reason}
                if danger.kind is Kind.LOG_OF_SOFTMAX:
                    detail["callee"] = "tf.nn.softmax" if danger.canonical.endswith("softmax") else "tf.sigmoid"
                if operand is not None and operand.span is not None:
                    detail["variable"] = self.machine.name_of(operand)
                for source, node, text in sources:
                    if source in below and id(source) not in self.answered.lost and not isinstance(source, Unknown):
                        cause = Cause(danger.kind, danger.span, "nan", severity="warning", detail=detail)
                        cause.story.append(Note(danger.span, "the slope is infinite or no number here"))
                        self.claim(source, node, text, cause)

    def called(self, span: Span) -> str:
        """What is called at a place, or what is computed there."""
        text = self.machine.text(span)
        head, bracket, _ = text.partition("(")
        return head if bracket and head.replace(".", "").replace("_", "").isalnum() else text

    def summed(self) -> None:
        """A target that is no scalar: the gradient is that of its sum."""
        if self.call.method != "gradient" or self.call.known_seed or len(self.answered.lost) > 0:
            return
        target = self.call.target
        items = (
            target.items.values if isinstance(target, Seq) else target.pairs.entries if isinstance(target, Dict) else ()
        )
        detail = {
            "target": self.machine.text(self.call.target_node),
            "method": self.call.method,
            "tape": self.machine.tape_name(self.call.node),
        }
        if len(items) > 1:
            detail["reason"] = "several"
        elif not any(singular.several(leaf) for leaf in self.targets):
            return
        self.machine.recorder.claim(
            Kind.SUMMED,
            self.call.span,
            "info",
            detail=detail,
            places={"call": self.call.span, "target": span_of(self.call.target_node)},
        )

    # -- one question ----------------------------------------------------------------------------------------------

    def question(self, recording: Recording, source: Value, node: ast.expr, text: str) -> None:
        """Answer whether the gradient of the target reaches one source."""
        options = source.options if isinstance(source, Join) else (source,)
        causes: list[Cause] = []
        for option in options:
            if any(target is option for target in self.targets):
                self.note(text, node, "connected")
                return
            cause = self.lost_cause(recording, option, node, text)
            if cause is None:
                self.reached(recording, source, node, text)
                return
            causes.append(cause)
        cause = causes[0]
        if cause.outcome != "zero":
            self.answered.lost.add(id(source))
        if self.call.silenced:
            self.silence(source, node, text, cause)
            return
        if self.call.silenced is None:
            self.note(text, node, "unknown")
            self.answered.lost.discard(id(source))
            return
        if cause.outcome == "none":
            self.unfloating(recording, cause)
        if self.call.method == "batch_jacobian" and cause.outcome == "none":
            cause.outcome = "zero"
            self.answered.lost.discard(id(source))
        self.claim(source, node, text, cause)
        self.note(text, node, "lost", cause)

    def unfloating(self, recording: Recording, cause: Cause) -> None:
        """An operation that gives no float, as the very target: TensorFlow still asks it for its gradient."""
        for target in self.targets:
            if not isinstance(target, Tensor) or target.span != cause.span or not dtypes.is_discrete(target.dtype):
                continue
            recorded = any(
                recording in edge.seen
                and (recording in edge.parent.tracked or self.is_root(recording, edge.parent))
                and not isinstance(edge.parent, Unknown)
                for edge in target.edges
            )
            if recorded and target.op.rpartition(".")[2] in UNREGISTERED:
                cause.outcome, cause.exception = "error", "LookupError"
                self.answered.exception = "LookupError"

    def silence(self, source: Value, node: ast.expr, text: str, cause: Cause) -> None:
        """A gradient that is always lost, turned into zeros by the call."""
        self.answered.lost.discard(id(source))
        silenced = Cause(
            Kind.SILENCED,
            self.call.span,
            "zero",
            severity="warning",
            detail={"cause": cause.kind.value, "cause_line": str(cause.span.line), **cause.detail},
            places={"break": cause.span},
            story=cause.story,
        )
        self.claim(source, node, text, silenced)
        self.note(text, node, "lost", silenced)

    def reached(self, recording: Recording, source: Value, node: ast.expr, text: str) -> None:
        """A source that may be reached: is anything lost on another way, or on some branch only?"""
        sure = any(source in reach and id(source) in reach.sure for reach in self.reaches)
        answer = "connected" if any(source in reach for reach in self.reaches) else "unknown"
        cause = self.partial(recording, source) or self.branch_loss(recording, source)
        if cause is not None and self.doom is None:
            self.claim(source, node, text, cause)
            self.note(text, node, "partial", cause)
            return
        self.note(text, node, answer if sure or answer == "unknown" else "connected")

    def lost_cause(self, recording: Recording, source: Value, node: ast.expr, text: str) -> Cause | None:
        """Why the gradient cannot reach a source, or None where it may."""
        closed = isinstance(source, Variable | Tensor | Params)
        reached = any(source in reach for reach in self.reaches)
        if reached and not (closed and self.unfollowed(recording, source)):
            return None
        if not closed:
            return self.dead_cause(recording, source, node) or self.left_cause(recording, source)
        for reach in self.reaches:
            if reach.top:
                if not self.unfollowed(recording, source):
                    return None
                if isinstance(source, Tensor) and source.edges and self.may_alias(source):
                    return None
        return self.source_cause(recording, source, node, text) or self.way_cause(recording, source, node, text)

    def may_alias(self, source: Tensor) -> bool:
        """Whether a tensor might be the very object that unknown code watched or used."""
        return any(isinstance(edge.parent, Unknown) and not edge.sure for edge in source.edges)

    def unfollowed(self, recording: Recording, source: Value) -> bool:
        """Whether the recording surely never followed a source back, whatever used it."""
        watch = recording.watched.get(id(source), MISSING)
        if watch is not MISSING and (watch is None or watch[3]):
            return False
        if isinstance(source, Variable | Params):
            return not self.machine.follows(recording, source)
        if isinstance(source, Tensor):
            if dtypes.is_discrete(source.dtype):
                return True
            return recording not in source.tracked
        return False

    def dead_cause(self, recording: Recording, source: Value, node: ast.expr) -> Cause | None:
        """Why no source at all is reached, for a source that cannot be followed itself."""
        if not isinstance(source, Unknown | Instance | LibObject | Seq):
            return None
        causes: list[Cause] = []
        for target in self.targets:
            cause = self.target_is_dead(recording, target)
            if cause is None:
                return None
            causes.append(cause)
        return causes[0] if causes else None

    def left_cause(self, recording: Recording, source: Value) -> Cause | None:
        """Why the variables of an unknown model are not reached: all that it gave left on the way.

        The model is taken to be no part of the other unknown values: not of a parameter that stands beside it.
        """
        if not isinstance(source, Unknown) or source.why not in keras.VARIABLES:
            return None
        owners: list[Value] = [source]
        while len(owners) < 8 and isinstance(owners[-1], Unknown) and owners[-1].edges:
            owners.append(owners[-1].edges[0].parent)
        if any(owner in reach for reach in self.reaches for owner in owners) or len(owners) < 2:
            return None
        if any(self.machine.pool in reach for reach in self.reaches):
            return None
        found = [
            item
            for target in self.targets
            for item in self.below(target, owners[1], recording)
            if (item.edge.cut is not None and item.edge.cut.kind in WAYS and recording in item.edge.seen)
            or (item.edge.cut is None and called_before(item.node, owners[1], recording))
        ]
        if not found:
            return None
        return self.cause_of(recording, min(found, key=lambda item: _preference(recording, item)), None)

    def target_is_dead(self, recording: Recording, target: Value) -> Cause | None:
        """Why nothing leads back from a target on this recording, or None where something may."""
        options = target.options if isinstance(target, Join) else (target,)
        causes = []
        for option in options:
            computed = isinstance(option, Tensor | Array) or (isinstance(option, Unknown) and option.computed)
            if not computed or recording in option.tracked:
                return None
            if recording.watched.get(id(option), MISSING) is not MISSING:
                return None
            if id(option) not in self.known_frontiers:
                self.known_frontiers[id(option)] = self.frontier(recording, option)
            found = self.known_frontiers[id(option)]
            if found is None:
                return None
            causes.append(found)
        return causes[0] if causes else None

    def frontier(self, recording: Recording, target: Value) -> Cause | None:
        """The break nearest to what was still followed, below a target from which nothing leads back."""
        stack: list[Value] = [target]
        seen: set[int] = set()
        found: list[Break] = []
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            self.machine.spend(1 + len(node.edges))
            for edge in node.edges:
                alive = recording in edge.parent.tracked or self.is_root(recording, edge.parent)
                if alive and (edge.cut is not None or recording not in edge.live):
                    found.append(graph.Break(node, edge, True))
                elif not alive or edge.cut is not None:
                    stack.append(edge.parent)
        if not found:
            return None
        found.sort(key=lambda item: item.node.born)
        return self.cause_of(recording, found[0], None)

    def is_root(self, recording: Recording, value: Value) -> bool:
        """Whether a value is one that a recording follows by itself."""
        if isinstance(value, Variable | Params):
            return self.machine.follows(recording, value)
        if isinstance(value, Unknown) and not value.computed:
            return True
        return recording.watched.get(id(value), MISSING) is not MISSING

    # -- causes at the source --------------------------------------------------------------------------------------

    def source_cause(self, recording: Recording, source: Value, node: ast.expr, text: str) -> Cause | None:
        """Why a source was never followed, whatever the target does with it."""
        span = source.span or span_of(node)
        story = [Note(source.span, f"`{text}` is made here")] if source.span is not None else []
        if isinstance(source, Variable | Tensor) and dtypes.is_discrete(source.dtype):
            detail = {"dtype": str(source.dtype)}
            return Cause(Kind.INTEGER_SOURCE, span, detail=detail, story=story)
        watch = recording.watched.get(id(source), MISSING)
        if watch is not MISSING and watch is not None and not watch[3] and recording not in source.tracked:
            place = span_of(watch[2])
            story.append(Note(place, "the tape has stopped recording by now"))
            detail = {"reason": "after-block", "watch_line": str(place.line)}
            return Cause(Kind.WATCHED_LATE, place, story=story, detail=detail, places={"watch": place})
        if watch is not MISSING:
            return None
        rebound = self.machine.replaced.get(id(source))
        if isinstance(source, Tensor) and recording not in source.tracked:
            if rebound is not None:
                return self.rebound_cause(source, text)
            inner = self.inner_variable(source)
            if inner is not None and source.span is not None:
                note = Note(inner, "a Variable, which only this expression sees")
                detail = {"reason": "expression", "variable": text, "bound_line": str(source.span.line)}
                return Cause(Kind.REBOUND, source.span, story=[note, *story], detail=detail)
            copied = self.copy_cause(recording, source, node)
            if copied is not None:
                return copied
            detail = {"reason": "constant" if not source.edges else "computed"}
            if source.gradient_of is not None:
                detail["reason"] = "gradient"
            return Cause(Kind.UNWATCHED, span, detail=detail, story=story)
        if isinstance(source, Variable | Params) and not self.machine.follows(recording, source):
            if recording.tape.accessed is False:
                tape_call = recording.tape.call
                note = Note(tape_call, "the tape watches no Variable by itself")
                return Cause(Kind.NOT_ACCESSED, tape_call, story=[*story, note])
            return Cause(Kind.NON_TRAINABLE, span, story=story)
        return None

    @staticmethod
    def inner_variable(source: Tensor) -> Span | None:
        """The Variable that is made inside the very expression that makes a tensor, so that nothing else holds it."""
        for edge in source.edges:
            parent = edge.parent
            if isinstance(parent, Variable) and parent.span is not None and source.span is not None:
                inside, outside = parent.span, source.span
                starts = (outside.line, outside.column) <= (inside.line, inside.column)
                if starts and (inside.end_line, inside.end_column) <= (outside.end_line, outside.end_column):
                    return inside
        return None

    def rebound_cause(self, source: Value, text: str) -> Cause:
        """A name that held a Variable holds a tensor now."""
        _, variable, name, statement = self.machine.replaced[id(source)]
        span = span_of(statement)
        story = []
        if variable.span is not None:
            story.append(Note(variable.span, f"`{name}` is a Variable here"))
        story.append(Note(span, f"`{name}` becomes a Tensor here"))
        detail = {"variable": name, "bound_line": str(span.line)}
        if source.span is not None and source.born and self.machine.in_later_turn(statement):
            detail["turn"] = "from the second turn of the loop on"
        places = {"binding": span}
        if variable.span is not None:
            places["source_definition"] = variable.span
            detail["source_line"] = str(variable.span.line)
        if made_of_gradient(source):
            self.machine.recorder.claim(Kind.UPDATE_REBINDS, span, "error", (), tuple(story), detail, places)
        return Cause(Kind.REBOUND, span, story=story, detail=detail, places=places)

    def copy_cause(self, recording: Recording, source: Tensor, node: ast.expr) -> Cause | None:
        """A source that is a fresh copy or slice of the value that was used."""
        base: Value | None = source.copy_of
        first = base
        while base is not None:
            used = any(base in reach for reach in self.reaches)
            if used and (
                not isinstance(base, Tensor)
                or recording in base.tracked
                or recording.watched.get(id(base), MISSING) is not MISSING
            ):
                reason = "slice" if source.op == "tensorflow.strided_slice" else "identity"
                if source.op in {"tensorflow.convert_to_tensor", "tensorflow.cast"}:
                    reason = "conversion"
                if source.op == "read":
                    reason = "read"
                span = source.span or span_of(node)
                cause = Cause(Kind.COPY, span, detail={"reason": reason})
                if first is not None and isinstance(first, Variable | Tensor | Params):
                    cause.detail["original"] = self.machine.name_of(base)
                cause.story.append(Note(span, "a new tensor, which the target was not computed from"))
                return cause
            base = base.copy_of if isinstance(base, Tensor) else None
        return None

    # -- causes on the way -----------------------------------------------------------------------------------------

    def way_cause(self, recording: Recording, source: Value, node: ast.expr, text: str) -> Cause:
        """Where the way from the target to a followed source is lost."""
        found: list[Break] = []
        for target in self.targets:
            found += self.ways(target, recording).breaks(source)
        found = [item for item in found if item.edge.parent is not self.machine.pool]
        plain = self.value_ways()
        real = [item for item in found if not _steers(item.edge) and not self.only_compared(item, plain)]
        steering = [item for item in found if item not in real]
        real = [item for item in real if item.edge.cut is None or recording in item.edge.seen] or real
        chosen = min(real, key=lambda item: _preference(recording, item)) if real else None
        if chosen is not None and _preference(recording, chosen)[0] < 4:
            if chosen.edge.cut is None:
                chosen = self.outer_gradient(recording, chosen)
            return self.cause_of(recording, chosen, text)
        if isinstance(source, Tensor):
            copied = self.copy_cause(recording, source, node)
            if copied is not None:
                return copied
        if steering:
            return self.steering_cause(recording, steering, text)
        marker = self.marker_of(recording, source)
        if marker is not None:
            cut = marker.edges[0].cut
            if cut is not None:
                note = Note(cut.span, f"`{text}` only decides which way is taken")
                return Cause(Kind.CONDITION, cut.span, story=[note], detail={"reason": "branch"})
        if chosen is not None:
            return self.cause_of(recording, chosen, text)
        span = span_of(node)
        detail = {}
        if self.depends(source, self.targets):
            detail["reason"] = "swapped"
        return Cause(Kind.UNCONNECTED, span, detail=detail)

    @staticmethod
    def only_compared(item: Break, plain: set[int]) -> bool:
        """Whether a break is a comparison whose outcome only chooses, as in ``tf.where(x > t, ...)``."""
        cut = item.edge.cut
        return id(item.node) not in plain and (cut is None or cut.kind in {Kind.COMPARISON, Kind.NON_DIFFERENTIABLE})

    def outer_gradient(self, recording: Recording, item: Break) -> Break:
        """Where an operation outside the tape went into a gradient taken outside it, that gradient is what to name."""
        stack: list[Value] = list(self.targets)
        seen: set[int] = set()
        leading = graph.above([item.edge.parent], self.targets, self.machine.spend)
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, Tensor) and node.gradient_of is not None and node.born < recording.began:
                for edge in node.edges:
                    outside = recording not in edge.seen and edge.cut is None
                    if outside and (edge.parent is item.node or id(edge.parent) in leading):
                        return graph.Break(node, edge, item.sure)
            stack.extend(edge.parent for edge in node.edges if edge.cut is None)
        return item

    def value_ways(self) -> set[int]:
        """The values whose numbers go into the targets, and not only into an index or a condition."""
        if self.known_numbers is not None:
            return self.known_numbers
        self.known_numbers = seen = set()
        stack: list[Value] = list(self.targets)
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            self.machine.spend(1 + len(node.edges))
            stack.extend(edge.parent for edge in node.edges if not _steers(edge))
            stack.extend(graph.parts(node, self.machine.captured))
        return seen

    def steering_cause(self, recording: Recording, steering: list[Break], text: str) -> Cause:
        """A source that only decides: which element, which branch of ``tf.where``."""
        below = {id(item.node) for item in steering}
        plain = self.value_ways()
        everything = [value for target in self.targets for value in self.ways(target, recording).values()]
        leading = graph.above([item.node for item in steering], everything, self.machine.spend)
        stack: list[Value] = list(self.targets)
        seen: set[int] = set()
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for edge in node.edges:
                leads = id(node) in below or id(edge.parent) in leading
                if _steers(edge) and id(node) in plain and leads:
                    return self.cause_of(recording, graph.Break(node, edge, True), text)
                stack.append(edge.parent)
            stack.extend(graph.parts(node, self.machine.captured))
        return self.cause_of(recording, steering[0], text)

    def depends(self, value: Value, on: list[Value]) -> bool:
        """Whether a value was computed from one of others, or is one of them."""
        wanted = {id(one) for one in on}
        stack, seen = [value], set()
        while stack:
            node = stack.pop()
            if id(node) in wanted:
                return True
            if id(node) not in seen:
                seen.add(id(node))
                self.machine.spend(1 + len(node.edges))
                stack.extend(edge.parent for edge in node.edges)
        return False

    def cause_of(self, recording: Recording, item: Break, text: str | None) -> Cause:
        """The cause that a break is."""
        node, edge = item.node, item.edge
        story = []
        if edge.parent.span is not None and edge.parent.born:
            note = f"connected to `{text}`" if text else "still connected"
            story.append(Note(edge.parent.span, note))
        if edge.cut is not None:
            cut = edge.cut
            story.append(Note(cut.span, "the gradient is lost here"))
            detail = {"callee": cut.callee, "canonical": cut.name, **dict(cut.detail)}
            # What a py_function is given gets zeros where its body loses the gradient (TensorFlow 2.21).
            outcome: Outcome = "zero" if detail.get("reason") == "py-function-converts" else "none"
            return Cause(cut.kind, cut.span, outcome, story=story, detail=detail)
        span = node.span or self.call.span
        if recording in edge.seen and isinstance(edge.parent, Tensor | Variable):
            watched = recording.watched.get(id(edge.parent), MISSING)
            if watched is not MISSING and watched is not None:
                watch_span = span_of(watched[2])
                story.append(Note(span, "computed before the tape watches it"))
                detail = {"watch_line": str(watch_span.line), "used_line": str(span.line)}
                return Cause(Kind.WATCHED_LATE, watch_span, story=story, detail=detail, places={"watch": watch_span})
        taken = (isinstance(node, Unknown) and node.computed) or (
            isinstance(node, Tensor) and node.gradient_of is not None
        )
        if taken and recording not in edge.seen:
            story.append(Note(span, "this gradient is taken where the tape does not record"))
            return Cause(Kind.INNER_GRADIENT, span, story=story, detail=self.window(recording, node))
        span = self.machine.site_of(node, recording) or span
        story.append(Note(span, "computed where the tape does not record"))
        detail = self.window(recording, node)
        detail["callee"] = self.machine.text(span)
        return Cause(Kind.OUTSIDE, span, story=story, detail=detail)

    def window(self, recording: Recording, node: Value) -> dict[str, str]:
        """Where an operation ran that the recording did not see."""
        tape = recording.tape
        detail = {"callee": self.machine.text(node.span), "tape_line": str(tape.call.line)}
        if node.born < recording.began:
            detail["where"] = "in __init__" if self.constructed(recording, node) else "before the tape"
            forgotten = (seen for edge in node.edges for seen in edge.seen if seen.tape is tape)
            if tape.state.get("reset") and any(seen is not recording for seen in forgotten):
                detail["where"] = "before the reset"
        elif tape.state["open"] and not tape.state["paused"]:
            detail["where"] = "while recording is stopped"
        else:
            detail["where"] = "after the tape"
        stopped = self.machine.paused_spans
        if any(begin <= node.born <= end for begin, end in stopped):
            detail["where"] = "while recording is stopped"
        return detail

    @staticmethod
    def constructed(recording: Recording, node: Value) -> bool:
        """Whether a value was made by a constructor that had ended before the tape was made."""
        around: set[int] = set()
        running: Activation | None = recording.where
        while running is not None:
            around.add(id(running))
            running = running.caller
        made: Activation | None = node.where
        while made is not None and id(made) not in around:
            if made.function is not None and made.function.name == "__init__" and made.function.owner is not None:
                return True
            made = made.caller
        return False

    # -- partial losses --------------------------------------------------------------------------------------------

    def partial(self, recording: Recording, source: Value) -> Cause | None:
        """A term of the target that left TensorFlow while another way to the source holds."""
        found: list[Break] = []
        if isinstance(source, Variable | Tensor | Params):
            found = [item for target in self.targets for item in self.leaks(target, source, recording)]
        elif isinstance(source, Unknown) and source.why in keras.VARIABLES and source.edges:
            model = source.edges[0].parent
            found = [
                graph.Break(node, edge, True)
                for target in self.targets
                for leaving in [self.leaving(target, recording)]
                for node in (self.ways(target, recording).values() if leaving else ())
                for edge in node.edges
                if id(edge) in leaving and given_by(edge.parent, model)
            ]
        if not found:
            return None
        cause = self.cause_of(recording, found[0], None)
        cause.outcome = "partial"
        cause.severity = "warning"
        return cause

    def leaks(self, target: Value, source: Value, recording: Recording) -> list[Break]:
        """Breaks at which a value that is surely connected to the source leaves TensorFlow on a way to the target."""
        leaving = self.known_leaks.get(id(target))
        if leaving is None:
            leaving = self.known_leaks[id(target)] = self.leaving(target, recording)
        if not leaving:
            return []
        breaks = self.ways(target, recording).breaks(source)
        return [item for item in breaks if item.sure and id(item.edge) in leaving]

    def leaving(self, target: Value, recording: Recording) -> set[int]:
        """The edges by which a number leaves TensorFlow and still goes into the target as a number.

        What goes into it as an index, a mask or a state does not count.
        """
        found: set[int] = set()
        seen: set[int] = set()
        stack: list[Value] = [target]
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            self.machine.spend(1 + len(node.edges))
            discrete: bool | None = None
            for edge in node.edges:
                leaves = edge.cut is not None and edge.cut.kind in LEAVING
                if edge.cut is not None and leaves and recording in edge.seen:
                    if discrete is None:
                        discrete = dtypes.is_discrete(dtypes.of(node))
                    if not discrete and dict(edge.cut.detail).get("reason") != "dataset":
                        found.add(id(edge))
                if (edge.cut is None or leaves) and not isinstance(edge.parent, Join | Unknown | Variable):
                    stack.append(edge.parent)
        return found

    def branch_loss(self, recording: Recording, source: Value) -> Cause | None:
        """A loss that holds on one branch only."""
        if not isinstance(source, Variable | Tensor | Params):
            return None
        for target in self.targets:
            for join in self.joins(target, recording):
                for index, option in enumerate(join.options):
                    if not self.lost_on_branch(target, option, source, recording):
                        continue
                    for item in self.ways(option, recording).breaks(source):
                        cut = item.edge.cut
                        if cut is None or cut.kind not in WAYS or not item.sure:
                            continue
                        cause = self.cause_of(recording, item, None)
                        cause.severity = "warning"
                        label = join.labels[index] if index < len(join.labels) else ""
                        if label:
                            cause.detail["branch"] = label
                        return cause
        return None

    def joins(self, target: Value, recording: Recording) -> list[Join]:
        """The joins that a gradient of the target meets."""
        known = self.known_joins.get(id(target))
        if known is None:
            known = self.known_joins[id(target)] = graph.joins_above(
                target, recording, self.machine.spend, self.machine.pool
            )
        return known

    def lost_on_branch(self, target: Value, option: Value, source: Value, recording: Recording) -> bool:
        """Whether one option of a join below the target surely loses a source that it does not reach otherwise."""
        ways = self.ways(target, recording)
        if ways.reaches(option, source):
            return False
        lost = self.known_branches.get(id(target))
        if lost is None:
            lost = self.known_branches[id(target)] = ways.lost_below(_is_way, surely=True)
        return ways.is_in(source, lost.get(id(option), 0))

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


def _is_way(edge: Edge) -> bool:
    """Whether an edge is a break that is worth a word on one branch."""
    return edge.cut is not None and edge.cut.kind in WAYS


def _steers(edge: Edge) -> bool:
    """Whether a value only decides something for the one above it."""
    return edge.cut is not None and edge.cut.kind is Kind.CONDITION


def made_of_gradient(value: Value, depth: int = 5) -> bool:
    """Whether a value was computed from a gradient, as an update by hand is."""
    if isinstance(value, Tensor) and value.gradient_of is not None:
        return True
    return depth > 0 and any(made_of_gradient(edge.parent, depth - 1) for edge in value.edges)


def called_before(value: Value, model: Value, recording: Recording) -> bool:
    """Whether a value is what calling a model gave before a recording began."""
    called = isinstance(value, Unknown) and value.why == "call" and bool(value.edges)
    return called and value.edges[0].parent is model and value.born < recording.began


def given_by(value: Value, model: Value, depth: int = 12) -> bool:
    """Whether a value surely was computed from what calling a model gave."""
    if not value.edges or not depth:
        return False
    if isinstance(value, Unknown):
        if value.why == "call":
            return value.edges[0].parent is model
        return value.why in {"item", "operation"} and any(
            given_by(edge.parent, model, depth - 1) for edge in value.edges
        )
    return any(edge.cut is None and given_by(edge.parent, model, depth - 1) for edge in value.edges)


def _preference(recording: Recording, item: Break) -> tuple[int, int]:
    """Of several breaks, the one to name: inside the recording before after it, and that before an older one."""
    cut = item.edge.cut
    if cut is not None and recording in item.edge.seen:
        rank = 1 if cut.kind in {Kind.COMPARISON, Kind.ASSIGNED} else 0
    elif item.node.born > recording.began:
        rank = 2
    else:
        rank = 3 if cut is None else 4
    return rank, item.node.born


def number_error(value: object) -> str:
    """The exception for a Python number: it is taken for a dtype, and there are dtypes of these numbers (2.21)."""
    is_dtype = isinstance(value, int | float) and value in {*range(1, 31), *range(101, 131)}
    return "AttributeError" if is_dtype else "TypeError"


def _no_target(target: Value) -> tuple[str, str]:
    """Why a target cannot be differentiated, and the exception that says so; empty where it can."""
    if isinstance(target, Join):
        answers = {_no_target(option) for option in target.options}
        return answers.pop() if len(answers) == 1 else ("", "")
    if isinstance(target, Array):
        return "ndarray", "AttributeError"
    if isinstance(target, Number) and target.kind in {"float", "int", "bool"}:
        return "number", number_error(target.known)
    if isinstance(target, Const):
        if target.value is None:
            return "none", "TypeError"
        if isinstance(target.value, int | float) and not isinstance(target, LostNone):
            return "number", number_error(target.value)
        if isinstance(target.value, str):
            return "string", "AttributeError"
    if isinstance(target, Function):
        return "function", "TypeError"
    if isinstance(target, Symbolic):
        return "symbolic", "AttributeError"
    return "", ""


def _no_source(source: Value) -> tuple[str, str]:
    """Why a source cannot be differentiated by, and the exception that says so; empty where it can."""
    if isinstance(source, Join):
        answers = {_no_source(option) for option in source.options}
        return answers.pop() if len(answers) == 1 else ("", "")
    if isinstance(source, Array):
        return "ndarray", "AttributeError"
    if isinstance(source, Number) and source.kind in {"float", "int", "bool"}:
        return "number", number_error(source.known)
    if isinstance(source, Const):
        if source.value is None:
            return "none", "TypeError"
        if isinstance(source.value, str):
            return "string", "TypeError"
        return "number", number_error(source.value)
    if isinstance(source, LibObject) and source.family == "reference":
        return "reference", "TypeError"
    if isinstance(source, Instance) and source.library == "tensorflow.experimental.ExtensionType":
        return "extension", "ValueError"
    if isinstance(source, LibObject) and source.family in {"layer", "model"}:
        return "model" if source.family == "model" else "layer", "AttributeError"
    if isinstance(source, Instance) and source.library.startswith(("keras.", "tensorflow.Module")) and not source.open:
        return "model", "AttributeError"
    if isinstance(source, Symbolic):
        return "symbolic", "AttributeError"
    if isinstance(source, Generator):
        return "generator", "TypeError"
    if isinstance(source, Method) and not isinstance(source.owner, Unknown):
        return "method", "TypeError"
    if isinstance(source, Function | ClassValue | Bound):
        return "function", "TypeError"
    if isinstance(source, Tensor) and source.extra and "composite" in source.extra:
        return str(source.extra["composite"]), "ValueError" if source.extra[
            "composite"
        ] == "sparse" else "AttributeError"
    return "", ""
