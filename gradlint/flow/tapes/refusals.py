"""What TensorFlow refuses outright: a tape that cannot answer, a target or a source that is no tensor."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradlint.flow.facts import Kind, Note
from gradlint.flow.graph import singular
from gradlint.flow.graph import ways as graph
from gradlint.flow.libraries.keras.attributes import LIBRARY_METHODS
from gradlint.flow.tapes.question import Asking, Cause, tape_name
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
    Recording,
    Seq,
    Symbolic,
    Tensor,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.graph.ways import Break


class Refusals(Asking):
    """The part that knows which calls raise."""

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
                reason = "second-turn" if self.machine.in_later_turn(used) else "second-time"
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
            if refused_watch(self.call.tape, source):
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
        if not reason or reason == "untracked":
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
            "tape": tape_name(call.node),
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
    return _NO_SOURCE.for_value(source)(source)


def _is_source(_source: Value) -> tuple[str, str]:
    return "", ""


_NO_SOURCE: ByKind[Callable[[Any], tuple[str, str]]] = ByKind(_is_source)


@_NO_SOURCE.of(Join)
def _one_of_several(source: Join) -> tuple[str, str]:
    answers = {_no_source(option) for option in source.options}
    return answers.pop() if len(answers) == 1 else ("", "")


@_NO_SOURCE.of(Array)
def _array(_source: Array) -> tuple[str, str]:
    return "ndarray", "AttributeError"


@_NO_SOURCE.of(Number)
def _number(source: Number) -> tuple[str, str]:
    return ("number", number_error(source.known)) if source.kind in {"float", "int", "bool"} else ("", "")


@_NO_SOURCE.of(Const)
def _constant(source: Const) -> tuple[str, str]:
    if source.value is None:
        return "none", "TypeError"
    return ("string", "TypeError") if isinstance(source.value, str) else ("number", number_error(source.value))


@_NO_SOURCE.of(LibObject)
def _library_object(source: LibObject) -> tuple[str, str]:
    if source.family == "reference":
        return "reference", "TypeError"
    return (source.family, "AttributeError") if source.family in {"layer", "model"} else ("", "")


@_NO_SOURCE.of(Instance)
def _instance(source: Instance) -> tuple[str, str]:
    if source.library == "tensorflow.experimental.ExtensionType":
        return "extension", "ValueError"
    is_model = source.library.startswith(("keras.", "tensorflow.Module")) and not source.open
    if is_model:
        return "model", "AttributeError"
    return ("object", "TypeError") if _is_plain_object(source) else ("", "")


@_NO_SOURCE.of(Symbolic)
def _symbol(_source: Symbolic) -> tuple[str, str]:
    return "symbolic", "AttributeError"


@_NO_SOURCE.of(Generator)
def _generator(_source: Generator) -> tuple[str, str]:
    return "generator", "TypeError"


@_NO_SOURCE.of(Method)
def _method(source: Method) -> tuple[str, str]:
    return ("method", "TypeError") if _is_method(source) else ("", "")


@_NO_SOURCE.of(Function, ClassValue, Bound)
def _function(_source: Function | ClassValue | Bound) -> tuple[str, str]:
    return "function", "TypeError"


@_NO_SOURCE.of(Tensor)
def _composite(source: Tensor) -> tuple[str, str]:
    composite = (source.extra or {}).get("composite")
    if composite is None:
        return "", ""
    return str(composite), "ValueError" if composite == "sparse" else "AttributeError"


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
