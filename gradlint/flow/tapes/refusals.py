"""What TensorFlow refuses outright: a tape that cannot answer, a target or a source that is no tensor."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Literal

from gradlint.flow.causes import Called, Copied, NoGradient, NotATensor, NoVariables, TapeUnusable, TargetNotTensor
from gradlint.flow.facts import Note
from gradlint.flow.graph import singular
from gradlint.flow.graph import ways as graph
from gradlint.flow.libraries.keras.attributes import LIBRARY_METHODS
from gradlint.flow.tapes.question import Asking, Loss
from gradlint.flow.tapes.watching import refused_watch
from gradlint.flow.values.kinds import ByKind
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Bound, ClassValue, Function, Generator, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Join,
    LibObject,
    LostNone,
    Method,
    Number,
    Params,
    Seq,
    Symbolic,
    Tensor,
    Value,
    Variable,
)
from gradlint.knowledge import behaviours
from gradlint.knowledge.packages import root

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.causes import NoSource, NoTarget
    from gradlint.flow.facts import Cut

    Refused = tuple[NoSource | Literal["symbolic"], str] | None
    """What stands where a source should, and the exception that says so."""


class Refusals(Asking):
    """The part that knows which calls raise."""

    # -- the tape --------------------------------------------------------------------------------------------------

    def tape_refuses(self, sources: list[tuple[Value, ast.expr, str]], recording: object) -> bool:
        """Whether the tape surely cannot answer: used up, or never entered."""
        tape, call = self.call.tape, self.call
        if call.loops and tape.persistent is False and any(singular.several(target) for target in self.targets):
            self.claim_all(sources, Loss(TapeUnusable("jacobian"), call.span, "error", "RuntimeError"))
            return True
        used = tape.state["used"]
        if tape.state["entered"] is False and recording is None:
            self.claim_all(sources, Loss(TapeUnusable("never-entered"), call.span, "error", "RuntimeError"))
            return True
        if isinstance(used, ast.AST) and tape.persistent is False:
            odd = tape.state.get("odd")
            broken = (odd and tape.persistent_text) or tape.state.get("failed")
            exception = "InternalError" if broken else "RuntimeError"
            first = span_of(used)
            how: Literal["second-call", "second-time", "second-turn"] = "second-call"
            if used is call.node:
                how = "second-turn" if self.machine.in_later_turn(used) else "second-time"
            story = [
                Note(tape.call, "the tape is not persistent"),
                Note(first, "the first gradient call uses it up"),
            ]
            self.claim_all(sources, Loss(TapeUnusable(how, first), call.span, "error", exception, story=story))
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
            nested: tuple[NoTarget, str] = ("list", "AttributeError")
            refused = nested if isinstance(target, Seq | Dict) else _no_target(target)
            if refused is None:
                continue
            what, exception = refused
            cause, story = TargetNotTensor(what=what), []
            cut = self.cut_below(target)
            if cut is not None and isinstance(cut.cause, Called):
                cause = TargetNotTensor(cut.cause.callee, cut.cause.canonical, what, cut.span)
                story.append(Note(cut.span, f"`{cut.cause.callee}` gives no tensor"))
            self.claim_all(sources, Loss(cause, span_of(self.call.target_node), "error", exception, story=story))
            return True
        return False

    def cut_below(self, target: Value) -> Cut | None:
        """The first cut below a target."""
        stack, seen = [target], set()
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for edge in node.edges:
                if edge.cut is not None:
                    return edge.cut
                stack.append(edge.parent)
        return None

    # -- the sources -----------------------------------------------------------------------------------------------

    def sources_refuse(self, sources: list[tuple[Value, ast.expr, str]]) -> bool:
        """Whether a source surely is nothing that TensorFlow differentiates by: the whole call raises."""
        for source, node, text in sources:
            refused = _no_source(source)
            if refused is None:
                continue
            what, exception = refused
            if refused_watch(self.call.tape, source):
                self.note_all(sources, "unknown")
                self.answered.exception = exception
                return True
            cause = Copied("symbolic") if what == "symbolic" else NotATensor(what)
            loss = Loss(cause, span_of(node), "error", exception)
            if source.span is not None:
                loss.story.append(Note(source.span, f"`{text}` is made here"))
            self.claim(source, node, text, loss)
            self.note(text, node, "lost", loss)
            self.answered.exception = exception
            return True
        return False

    def no_sources(self, sources: Seq) -> None:
        """An empty list of sources that should have held variables."""
        reason = (sources.extra or {}).get("reason")
        if not reason or reason == "untracked":
            return
        meant = reason == "none" or bool((sources.extra or {}).get("made frozen"))
        if meant and self.call.tape.state.get("implicit"):
            # Keras only warns, and a model that was made without what trains may be fitted to measure it.
            return
        node = self.call.sources_node
        owner = (sources.extra or {}).get("owner")
        made = owner.span if isinstance(owner, Value) else None
        story = [Note(made, "the model is made here")] if made is not None else []
        self.machine.recorder.claim(
            NoVariables(reason, made),
            sources.span or span_of(node),
            story=(*story, Note(self.call.span, "gives an empty list")),
            asked=self.written(self.machine.text(node), node),
        )

    def lookup_error(self, sources: list[tuple[Value, ast.expr, str]]) -> bool:
        """Whether the call surely meets an operation without a registered gradient."""
        for reach in self.reaches:
            for cut, sure in reach.missing:
                if not sure and any(source in reach for source, _, _ in sources):
                    continue
                if not sure and reach.opaque:
                    continue
                exception = cut.cause.exception if isinstance(cut.cause, NoGradient) else "LookupError"
                story = [Note(cut.span, "this operation has no registered gradient")]
                self.claim_all(sources, Loss(cut.cause, cut.span, "error", exception, story=story))
                return True
        return self.call.method != "gradient" and self.python_in_rows(sources)

    def python_in_rows(self, sources: list[tuple[Value, ast.expr, str]]) -> bool:
        """Whether a Jacobian surely goes through a ``tf.py_function``, which answers one gradient (TensorFlow 2.21)."""
        recording = self.call.tape.state["recording"]
        for reach in self.reaches:
            for node in reach.nodes.values():
                called = isinstance(node, Tensor) and behaviours.has(node.op, "calls-python") and id(node) in reach.sure
                if not called or node.span is None:
                    continue
                given = [edge.parent for edge in node.edges if edge.cut is None and recording in edge.live]
                below = [graph.reach(one, recording, self.machine.captured, self.machine.spend) for one in given]
                if any(id(source) in one.sure for source, _, _ in sources for one in below):
                    cause = NoGradient(
                        self.machine.text(node.span).partition("(")[0], custom="rows", exception="UnknownError"
                    )
                    self.claim_all(sources, Loss(cause, node.span, "error", "UnknownError"))
                    return True
        return False


def number_error(value: object) -> str:
    """The exception for a Python number: it is taken for a dtype, and there are dtypes of these numbers (2.21)."""
    is_dtype = isinstance(value, int | float) and value in {*range(1, 31), *range(101, 131)}
    return "AttributeError" if is_dtype else "TypeError"


def _no_target(target: Value) -> tuple[NoTarget, str] | None:
    """What a target is that cannot be differentiated, and the exception that says so; None where it can."""
    if isinstance(target, Join):
        answers = {_no_target(option) for option in target.options}
        return answers.pop() if len(answers) == 1 else None
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
    return _no_value(target)


def _no_value(target: Value) -> tuple[NoTarget, str] | None:
    """What a target is that stands for no value at all; None where it may."""
    if isinstance(target, Function):
        return "function", "TypeError"
    if isinstance(target, LibObject) and target.family == "tensor-array":
        return "tensor-array", "AttributeError"
    return ("symbolic", "AttributeError") if isinstance(target, Symbolic) else None


def _no_source(source: Value) -> Refused:
    """What a source is that cannot be differentiated by, and the exception that says so; None where it can."""
    return _NO_SOURCE.for_value(source)(source)


def _is_source(_source: Value) -> Refused:
    return None


_NO_SOURCE: ByKind[Callable[[Any], Refused]] = ByKind(_is_source)


@_NO_SOURCE.of(Join)
def _one_of_several(source: Join) -> Refused:
    answers = {_no_source(option) for option in source.options}
    return answers.pop() if len(answers) == 1 else None


@_NO_SOURCE.of(Array)
def _array(_source: Array) -> Refused:
    return "ndarray", "AttributeError"


@_NO_SOURCE.of(Number)
def _number(source: Number) -> Refused:
    return ("number", number_error(source.known)) if source.kind in {"float", "int", "bool"} else None


@_NO_SOURCE.of(Const)
def _constant(source: Const) -> Refused:
    if source.value is None:
        return "none", "TypeError"
    return ("string", "TypeError") if isinstance(source.value, str) else ("number", number_error(source.value))


@_NO_SOURCE.of(LibObject)
def _library_object(source: LibObject) -> Refused:
    if source.family == "reference":
        return "reference", "TypeError"
    if source.family == "layer":
        return "layer", "AttributeError"
    return ("model", "AttributeError") if source.family == "model" else None


@_NO_SOURCE.of(Instance)
def _instance(source: Instance) -> Refused:
    if behaviours.has(source.library, "extension-type"):
        return "extension", "ValueError"
    is_model = (root(source.library) == "keras" or behaviours.has(source.library, "module-class")) and not source.open
    if is_model:
        return "model", "AttributeError"
    return ("object", "TypeError") if _is_plain_object(source) else None


@_NO_SOURCE.of(Symbolic)
def _symbol(_source: Symbolic) -> Refused:
    return "symbolic", "AttributeError"


@_NO_SOURCE.of(Generator)
def _generator(_source: Generator) -> Refused:
    return "generator", "TypeError"


@_NO_SOURCE.of(Method)
def _method(source: Method) -> Refused:
    return ("method", "TypeError") if _is_method(source) else None


@_NO_SOURCE.of(Function, ClassValue, Bound)
def _function(_source: Function | ClassValue | Bound) -> Refused:
    return "function", "TypeError"


@_NO_SOURCE.of(Tensor)
def _composite(source: Tensor) -> Refused:
    composite = (source.extra or {}).get("composite")
    if composite == "sparse":
        return "sparse", "ValueError"
    return ("slices", "AttributeError") if composite == "slices" else None


def _is_plain_object(source: Instance) -> bool:
    """Whether an object is of a class of the program that descends from nothing and stands for no tensor."""
    node = source.cls.node
    defined = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    stands = any(name.startswith("__") and name not in {"__init__", "__call__", "__repr__"} for name in defined)
    plain = not source.library and not source.open and not node.bases and not node.keywords and not node.decorator_list
    return plain and not stands and not {"dtype", "handle", "shape"} & {*defined, *map(str, source.attrs)}


def _is_method(value: Method) -> bool:
    """Whether what was read from an object surely is a method of it, and nothing that the program put there."""
    if isinstance(value.owner, LibObject | Instance):
        return value.name in LIBRARY_METHODS
    return isinstance(value.owner, Tensor | Variable | Params | Array)
