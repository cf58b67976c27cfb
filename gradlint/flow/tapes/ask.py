"""Answers a gradient call's questions: does the gradient of this target reach this source, and if not, why."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from gradlint.flow.causes import HiddenSlope, InfiniteSlope, NonDifferentiable, Silenced, Summed, Unconnected, Underflow
from gradlint.flow.facts import Answer, Cause, Kind, Note
from gradlint.flow.graph import singular
from gradlint.flow.graph import ways as graph
from gradlint.flow.tapes import untracked
from gradlint.flow.tapes.looped import Looped
from gradlint.flow.tapes.outputs import Outputs
from gradlint.flow.tapes.partial import PartialLosses
from gradlint.flow.tapes.question import Answered, Loss, TapeCall
from gradlint.flow.tapes.refusals import Refusals
from gradlint.flow.tapes.silences import because, first_open
from gradlint.flow.values import dtypes, numbers
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
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.interpreter import Interpreter


def ask(machine: Interpreter, call: TapeCall) -> Answered:
    """Ask and answer every question of a gradient call, and note the claims."""
    return Questions(machine, call).run()


DECIDED_INSIDE = (Kind.NON_DIFFERENTIABLE, Kind.CAST, Kind.COMPARISON, Kind.CONDITION)
"""Ways to lose a gradient by an operation that stands between a source and the target."""


class Questions(Refusals, PartialLosses):
    """The questions of one gradient call, in the order in which they are judged."""

    # -- the order of the judgement --------------------------------------------------------------------------------

    def run(self) -> Answered:
        """Judge the tape, the target, and then each source."""
        call = self.call
        sources = self.flat(call.sources, call.sources_node)
        recording = call.tape.state["recording"]
        if self.machine.ended is not None:
            self.note_all(sources, "unknown", str(self.machine.ended))
        elif self.doom is not None and not self.doom[0]:
            self.note_all(sources, "unknown")
        elif self.tape_refuses(sources, recording):
            pass
        elif not isinstance(recording, Recording):
            self.note_all(sources, "unknown")
        elif (self.doom is None and self.target_refuses(sources)) or self.sources_refuse(sources):
            self.answered.refused = True
        else:
            machine = self.machine
            self.reaches = [graph.reach(one, recording, machine.captured, machine.spend) for one in self.targets]
            self.asked = [
                same for source, _, _ in sources for option in (source, *_options(source)) for same in _may_be(option)
            ]
            if not self.lookup_error(sources):
                if not sources and isinstance(call.sources, Seq) and call.sources.items.exact:
                    self.no_sources(call.sources)
                self.refuses = self.optimizer_refuses(recording, sources)
                for source, node, text in sources:
                    self.question(recording, source, node, text)
                self.numbers(recording, sources)
                self.summed()
                untracked.note(self, self.asked)
        recorder = self.machine.recorder
        recorder.asked(call.span, call.method, self.machine.text(call.target_node), self.questions)
        if recorder.follower is not None:
            recorder.follower.judged(self, sources)
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
        if isinstance(value, Join) and all(isinstance(option, Seq) for option in value.options):
            return self.either_list(value, node, text)
        return [(value, node, text)]

    def either_list(self, value: Join, node: ast.expr, text: str) -> list[tuple[Value, ast.expr, str]]:
        """What is one of several lists, as one source: it is lost where all that any of them holds is."""
        lists = [self.flat(option, node, text) for option in value.options]
        held = [item for one in lists for item, _, _ in one]
        if not all(lists) or any(isinstance(item, Join | Seq | Dict) for item in held):
            return [(value, node, text)]
        distinct = tuple({id(item): item for item in held}.values())
        return [(Join(distinct) if len(distinct) > 1 else distinct[0], node, text)]

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
                below = graph.reach(danger.factor or danger.node, recording, self.machine.captured, self.machine.spend)
                made = self.singular(danger)
                for source, node, text in sources:
                    if source in below and id(source) not in self.answered.lost and not isinstance(source, Unknown):
                        story = [Note(danger.span, "the slope is infinite or NaN here")]
                        self.claim(source, node, text, Loss(made, danger.span, "nan", severity="warning", story=story))

    def singular(self, danger: singular.Danger) -> Cause:
        """The cause that a dangerous operation is."""
        if danger.kind is Kind.LOG_OF_SOFTMAX:
            soft = "tf.nn.softmax" if danger.canonical.endswith("softmax") else "tf.sigmoid"
            return Underflow(soft, danger.canonical)
        operand = danger.variable
        named = ""
        if operand is not None and operand.span is not None:
            named = self.machine.name_of(operand) or self.machine.text(operand.span)
        callee = self.called(danger.span)
        if danger.kind is Kind.NAN_THROUGH_WHERE:
            return HiddenSlope(callee, danger.canonical, named, danger.compiled)
        return InfiniteSlope(callee, danger.canonical, named)

    def summed(self) -> None:
        """A target that is not a scalar: the gradient is that of its sum."""
        if self.call.method != "gradient" or self.call.known_seed or len(self.answered.lost) > 0:
            return
        target = self.call.target
        items = (
            target.items.values if isinstance(target, Seq) else target.pairs.entries if isinstance(target, Dict) else ()
        )
        if len(items) > 1 or any(singular.several(leaf) for leaf in self.targets):
            asked = self.written("", self.call.sources_node)
            self.machine.recorder.claim(Summed(len(items) > 1), self.call.span, "info", asked=asked)

    def optimizer_refuses(self, recording: Recording, sources: list[tuple[Value, ast.expr, str]]) -> bool:
        """Whether the library itself asks and gets nothing at all, which its optimizer refuses with a ValueError."""
        if not self.call.tape.state.get("implicit") or not sources:
            return False
        return all(
            self.lost_cause(recording, source, node, text) is not None and self.zeroed(recording, source) is None
            for source, node, text in sources
        )

    # -- one question ----------------------------------------------------------------------------------------------

    def question(self, recording: Recording, source: Value, node: ast.expr, text: str) -> None:
        """Answer whether the gradient of the target reaches one source."""
        losses: list[Loss] = []
        options = [same for option in _options(source) for same in _may_be(option)]
        for option in options:
            if any(target is option for target in self.targets):
                self.note(text, node, "connected", proved=True)
                return
            loss = self.lost_cause(recording, option, node, text)
            if loss is None:
                self.reached(recording, source, node, text)
                return
            losses.append(loss)
        loss = losses[0]
        # What a model's variables are was computed by no loop.
        swapped = isinstance(loss.cause, Unconnected) and loss.cause.why == "swapped"
        zeroed = self.zeroed(recording, source) if loss.outcome == "none" and not swapped else None
        if zeroed is not None and self.call.method == "gradient" and self.makes_zeros(recording, source, zeroed, loss):
            loss.outcome, zeroed = "zero", None
        if zeroed is not None:
            self.note(text, node, "unknown", because=str(Premise(zeroed, text)))
        else:
            self.judge_lost(recording, source, node, text, loss)

    def judge_lost(self, recording: Recording, source: Value, node: ast.expr, text: str, loss: Loss) -> None:
        """Claim that a source is surely not reached."""
        if self.provided_for(loss):
            self.answered.lost.discard(id(source))
            self.note(text, node, "unknown", because=str(Premise(Rests.HANDLED, text)))
            return
        if loss.outcome != "zero":
            self.answered.lost.add(id(source))
        is_flat = isinstance(loss.cause, Unconnected) and loss.cause.why == "linear"
        if self.call.silenced and not is_flat:
            self.silence(source, node, text, loss)
            return
        if self.call.silenced is not False:
            # Zeros are the derivative of what does not depend on the source.
            self.note(text, node, "unknown")
            self.answered.lost.discard(id(source))
            return
        if self.refuses and loss.outcome == "none":
            loss.outcome, loss.exception = "error", "ValueError"
        if loss.outcome == "none":
            self.unfloating(recording, source, loss)
        if self.call.method == "batch_jacobian" and loss.outcome == "none":
            loss.outcome = "zero"
            self.answered.lost.discard(id(source))
        self.claim(source, node, text, loss)
        self.note(text, node, "lost", loss)

    def provided_for(self, loss: Loss) -> bool:
        """Whether the program says itself what becomes of a source that the target does not use."""
        if loss.kind not in {Kind.UNCONNECTED, Kind.NON_TRAINABLE} or loss.outcome != "none":
            return False
        expected = self.machine.recorder.expected
        if self.call.span in expected.handled and self.reaches_some():
            # The list holds more than the target uses.
            return True
        return loss.kind is Kind.UNCONNECTED and self.call.span in expected.replaced

    def reaches_some(self) -> bool:
        """Whether a gradient may reach any of the call's sources."""
        return any(source in reach for source in self.machine.leaves(self.call.sources) for reach in self.reaches)

    def zeroed(self, recording: Recording, source: Value) -> Rests | None:
        """What in a graph makes zeros of the None that a source would get otherwise, as far as it may."""
        if self.watches_nothing(recording):
            return None
        if self.loops(recording).may_make_zeros(source):
            return Rests.GRAPH_LOOP
        return Rests.GRAPH_CALL if self.outputs(recording).may_make_zeros(source) else None

    def makes_zeros(self, recording: Recording, source: Value, zeroed: Rests, loss: Loss) -> bool:
        """Whether what may make zeros of the None that a source would get surely does.

        Of a source that only another result is made from, zeros are the derivative: nothing is lost.
        """
        if zeroed is Rests.GRAPH_LOOP:
            return self.loops(recording).make_zeros(source)
        return loss.kind in DECIDED_INSIDE and self.outputs(recording).make_zeros(source)

    def loops(self, recording: Recording) -> Looped:
        """The loops of graphs that a target comes from."""
        found = self.known_loops.get(id(recording))
        if found is None:
            found = self.known_loops[id(recording)] = Looped(self.machine, recording, self.targets, self.reaches)
        return found

    def outputs(self, recording: Recording) -> Outputs:
        """The results of functions of graphs of which a target comes from one."""
        found = self.known_outputs.get(id(recording))
        if found is None:
            found = self.known_outputs[id(recording)] = Outputs(self.machine, recording, self.targets)
        return found

    def unfloating(self, recording: Recording, source: Value, loss: Loss) -> None:
        """An operation that gives no float, as the very target: TensorFlow still asks it for its gradient."""
        for target in self.targets:
            if not isinstance(target, Tensor) or target.span != loss.span:
                continue
            if not dtypes.is_discrete(target.dtype) and not behaviours.has(target.op, "unregistered"):
                continue
            recorded = any(
                recording in edge.seen
                and (recording in edge.parent.tracked or self.is_root(recording, edge.parent))
                and not isinstance(edge.parent, Unknown)
                for edge in target.edges
            )
            if recorded and behaviours.has(target.op, "unregistered"):
                loss.outcome, loss.exception = "error", "LookupError"
                self.answered.exception = "LookupError"
            elif recorded and _are_indices(target) and _index_type(target) is not None:
                loss.outcome, loss.exception = "error", "InvalidArgumentError"
                self.answered.exception = "InvalidArgumentError"
            elif recorded and self.call.method == "gradient" and _are_indices(target):
                loss.outcome = "zero"
                if isinstance(loss.cause, NonDifferentiable):
                    loss.cause = replace(loss.cause, of="index")
                self.answered.lost.discard(id(source))

    def silence(self, source: Value, node: ast.expr, text: str, loss: Loss) -> None:
        """A gradient that is always lost, which the call turns into zeros, or fails to."""
        self.answered.lost.discard(id(source))
        keras = isinstance(source, Params) or (source.keras if isinstance(source, Variable) else False)
        if keras is None and not self.machine.legacy_keras:
            self.note(text, node, "unknown")
            return
        made = Silenced(loss.cause, loss.span)
        silenced = Loss(made, self.call.span, "zero", severity="warning", story=loss.story)
        if keras and not self.machine.legacy_keras:
            # TensorFlow cannot make zeros like a variable of Keras 3, and raises (2.21, Keras 3.15).
            silenced = Loss(made, self.call.span, "error", exception="AttributeError", story=loss.story)
            self.answered.exception = "AttributeError"
        self.claim(source, node, text, silenced)
        self.note(text, node, "lost", silenced)

    def reached(self, recording: Recording, source: Value, node: ast.expr, text: str) -> None:
        """A source that may be reached: is anything lost on another way, or on some branch only?"""
        sure = any(source in reach and id(source) in reach.sure for reach in self.reaches) or self.proves(
            recording, source
        )
        answer: Answer = "connected" if any(source in reach for reach in self.reaches) else "unknown"
        flattened = self.flattened(recording, source) if sure else None
        loss = (
            flattened
            or self.partial(recording, source)
            or self.branch_loss(recording, source)
            or self.constant_term(recording, source)
            or self.own_assignment(recording, source)
        )
        if loss is not None and self.doom is None:
            self.claim(source, node, text, loss)
            self.note(text, node, "partial" if flattened is None else "lost", loss)
            return
        why = "" if sure else because(self.machine, source if isinstance(source, Unknown) else self.first_open)
        self.note(text, node, answer, because=why, proved=sure)

    @cached_property
    def first_open(self) -> Unknown | None:
        """The value that keeps open what leads from the targets; None where all that is known."""
        return first_open(self.machine, self.targets)

    def proves(self, recording: Recording, source: Value) -> bool:
        """Whether a gradient of a target surely reaches a source on each of several ways that the program may take."""
        reached = [target for target, reach in zip(self.targets, self.reaches, strict=False) if source in reach]
        return any(self.ways(target, recording).proves(source) for target in reached)


def _options(source: Value) -> tuple[Value, ...]:
    """The values of which a source is one."""
    return source.options if isinstance(source, Join) else (source,)


def _may_be(source: Value) -> Iterator[Value]:
    """A source, and what it may be the very same tensor as."""
    held: Value | None = source
    while held is not None:
        yield held
        held = (held.extra or {}).get("same") if isinstance(held, Tensor) else None


def _are_indices(target: Tensor) -> bool:
    """Whether a tensor is what an operation that gives floats gives beside them, and not a transpose of it."""
    if not behaviours.has(target.op, "float-indices"):
        return False
    known, axis = numbers.axis_of(target)
    rank = next((numbers.rank(edge.parent) for edge in target.edges), None)
    return known and (axis in {None, -1} or (rank is not None and axis == rank - 1))


def _index_type(target: Tensor) -> Value | None:
    """The type that indices beside floats are asked for in, where it is another than that of the way back."""
    given: Value | None = (target.extra or {}).get("named", {}).get("index_type")
    return None if given is None or dtypes.named(given) == "int32" else given
