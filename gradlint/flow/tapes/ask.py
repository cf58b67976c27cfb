"""Answers a gradient call's questions: does the gradient of this target reach this source, and if not, why."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Answer, Kind, Note, Span
from gradlint.flow.graph import singular
from gradlint.flow.graph import ways as graph
from gradlint.flow.tapes import untracked
from gradlint.flow.tapes.partial import Partial
from gradlint.flow.tapes.question import INDICES, UNREGISTERED, Answered, Call, Cause, tape_name
from gradlint.flow.tapes.refusals import Refusals
from gradlint.flow.tapes.silences import because
from gradlint.flow.values import dtypes, numbers
from gradlint.flow.values.making import span_of
from gradlint.flow.values.premises import Premise, Rests
from gradlint.flow.values.values import (
    Dict,
    Join,
    LibObject,
    Params,
    Recording,
    Seq,
    Storage,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter


def ask(machine: Interpreter, call: Call) -> Answered:
    """Ask and answer every question of a gradient call, and note the claims."""
    return Questions(machine, call).run()


class Questions(Refusals, Partial):
    """The questions of one gradient call, in the order in which they are judged."""

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
                self.refuses = self.optimizer_refuses(recording, sources)
                for source, node, text in sources:
                    self.question(recording, source, node, text)
                self.numbers(recording, sources)
                self.summed()
                untracked.note(self, self.asked)
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
                before = value.items.values[:index]
                if plain:
                    found += self.flat(item, written[index])
                else:
                    known = value.items.exact and all(isinstance(one, Variable | Tensor) for one in before)
                    name = self.item_name(item, text, index if known else None) if many else text
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

    def item_name(self, item: Value, text: str, index: int | None) -> str:
        """How one item of a list of sources is called; the index is None where what stands before it is not known."""
        if isinstance(item, Params) and isinstance(item.owner, LibObject):
            label = item.owner.state.get("name") or item.owner.name.rpartition(".")[2]
            return f"{text} ({label})"
        if isinstance(item, Unknown) and item.span is None:
            return text
        named = self.machine.named(item) if isinstance(item, Variable | Tensor) else None
        if named and named not in self.machine.loop_names:
            return named
        if index is not None:
            return f"{text}[{index}]"
        attribute = self.machine.attribute_of(item)
        return f"{text} ({attribute})" if attribute else text

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
            "tape": tape_name(self.call.node),
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

    def optimizer_refuses(self, recording: Recording, sources: list[tuple[Value, ast.expr, str]]) -> bool:
        """Whether the library itself asks and gets nothing at all, which its optimizer refuses with a ValueError."""
        if not self.call.tape.state.get("implicit") or not sources:
            return False
        return all(self.lost_cause(recording, source, node, text) is not None for source, node, text in sources)

    # -- one question ----------------------------------------------------------------------------------------------

    def question(self, recording: Recording, source: Value, node: ast.expr, text: str) -> None:
        """Answer whether the gradient of the target reaches one source."""
        options = source.options if isinstance(source, Join) else (source,)
        causes: list[Cause] = []
        for option in options:
            if any(target is option for target in self.targets):
                self.note(text, node, "connected", proved=True)
                return
            cause = self.lost_cause(recording, option, node, text)
            if cause is None:
                self.reached(recording, source, node, text)
                return
            causes.append(cause)
        cause = causes[0]
        zeroed = self.zeroed(recording, source) if cause.outcome == "none" else None
        if zeroed is not None:
            self.note(text, node, "unknown", because=str(Premise(zeroed, text)))
        else:
            self.judge_lost(recording, source, node, text, cause)

    def judge_lost(self, recording: Recording, source: Value, node: ast.expr, text: str, cause: Cause) -> None:
        """Claim that a source is surely not reached."""
        listed = cause.kind in {Kind.UNCONNECTED, Kind.NON_TRAINABLE} and cause.outcome == "none"
        means_it = self.call.silenced or self.call.span in self.machine.recorder.expected.handled
        if listed and means_it and self.reaches_some():
            # The list holds more than the target uses, and the program says itself what becomes of the rest.
            self.answered.lost.discard(id(source))
            self.note(text, node, "unknown", because=str(Premise(Rests.HANDLED, text)))
            return
        if cause.outcome != "zero":
            self.answered.lost.add(id(source))
        if self.call.silenced:
            self.silence(source, node, text, cause)
            return
        if self.call.silenced is None:
            self.note(text, node, "unknown")
            self.answered.lost.discard(id(source))
            return
        if self.refuses and cause.outcome == "none":
            cause.outcome, cause.exception = "error", "ValueError"
        if cause.outcome == "none":
            self.unfloating(recording, source, cause)
        if self.call.method == "batch_jacobian" and cause.outcome == "none":
            cause.outcome = "zero"
            self.answered.lost.discard(id(source))
        self.claim(source, node, text, cause)
        self.note(text, node, "lost", cause)

    def reaches_some(self) -> bool:
        """Whether a gradient may reach any of the call's sources."""
        return any(source in reach for source in self.machine.leaves(self.call.sources) for reach in self.reaches)

    def zeroed(self, recording: Recording, source: Value) -> Rests | None:
        """What in a graph makes zeros of the None that a source would get otherwise, as far as it may."""
        if self.looped(recording):
            return Rests.GRAPH_LOOP
        return Rests.GRAPH_CALL if self.beside_another_output(recording, source) else None

    def beside_another_output(self, recording: Recording, source: Value) -> bool:
        """Whether a target comes from one result of a ``tf.function``, and the source leads to another one.

        A function is one operation, whose gradient has a value for all that any of its results came from
        (TensorFlow 2.21).
        """
        for outputs in self.machine.graph_outputs:
            if not any(output in reach for reach in self.reaches for output in outputs):
                continue
            for output in outputs:
                if source in graph.reach(output, recording, self.machine.captured, self.machine.spend):
                    return True
        return False

    def looped(self, recording: Recording) -> bool:
        """Whether a target was computed in a loop of a graph since the recording began.

        Such a loop gives zeros for what its turns use, where the gradient would be None otherwise (TensorFlow 2.21).
        """
        loops = [loop for loop in self.machine.graph_loops if loop[0] >= recording.began]
        if not loops:
            return False
        stack: list[Value] = list(self.targets)
        seen: set[int] = set()
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            if any(began < node.born <= ended for began, ended in loops):
                return True
            seen.add(id(node))
            self.machine.spend(1 + len(node.edges))
            stack.extend(edge.parent for edge in node.edges)
        return False

    def unfloating(self, recording: Recording, source: Value, cause: Cause) -> None:
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
            elif recorded and self.call.method == "gradient" and _are_indices(target):
                cause.outcome, cause.detail = "zero", {**cause.detail, "reason": "index"}
                self.answered.lost.discard(id(source))

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
        answer: Answer = "connected" if any(source in reach for reach in self.reaches) else "unknown"
        cause = (
            self.partial(recording, source)
            or self.branch_loss(recording, source)
            or self.constant_term(recording, source)
        )
        if cause is not None and self.doom is None:
            self.claim(source, node, text, cause)
            self.note(text, node, "partial", cause)
            return
        why = "" if sure else because(self.machine, source, self.targets)
        self.note(text, node, answer, because=why, proved=sure)


def _are_indices(target: Tensor) -> bool:
    """Whether a tensor is what an operation that gives floats gives beside them, and not a transpose of it."""
    return target.op in INDICES and numbers.axis_of(target) in {(True, None), (True, -1)}
