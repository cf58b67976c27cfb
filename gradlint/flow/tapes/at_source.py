"""Why a source is lost at the source itself: it is not watched, no float, another value than the one used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gradlint.flow.account import pay
from gradlint.flow.causes import (
    Copied,
    NonTrainable,
    NotAccessed,
    NotFloating,
    Rebound,
    ReboundByUpdate,
    Unwatched,
    WatchedLate,
)
from gradlint.flow.facts import Note, Span
from gradlint.flow.libraries.keras.variables import is_keras, untrained
from gradlint.flow.state.store import MISSING
from gradlint.flow.tapes.question import Asking, Loss
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import Params, Recording, Tensor, Unknown, Value, Variable
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    import ast
    from types import UnionType


class SourceCauses(Asking):
    """The part that knows why a source was never followed, whatever the target does with it."""

    def is_root(self, recording: Recording, value: Value) -> bool:
        """Whether a value is one that a recording follows by itself."""
        if isinstance(value, Variable | Params):
            return self.machine.follows(recording, value)
        if isinstance(value, Unknown) and not value.computed:
            return True
        return recording.watched.get(id(value), MISSING) is not MISSING

    def source_cause(self, recording: Recording, source: Value, node: ast.expr, text: str) -> Loss | None:
        """Why a source was never followed, whatever the target does with it."""
        span = source.span or span_of(node)
        story = [Note(source.span, f"`{text}` is made here")] if source.span is not None else []
        if isinstance(source, Variable | Tensor) and dtypes.is_discrete(source.dtype):
            return Loss(NotFloating(str(source.dtype)), span, story=story)
        watch = recording.watched.get(id(source), MISSING)
        if watch is not MISSING and watch is not None and not watch[3] and recording not in source.tracked:
            place = span_of(watch[2])
            story.append(Note(place, "the tape has stopped recording by now"))
            return Loss(WatchedLate(place, after_block=True), place, story=story)
        if watch is not MISSING:
            return None
        if isinstance(source, Tensor) and recording not in source.tracked:
            return self.unwatched_cause(recording, source, node, text, story)
        if isinstance(source, Variable | Params) and not self.machine.follows(recording, source):
            if recording.tape.accessed is False:
                tape_call = recording.tape.call
                note = Note(tape_call, "the tape watches no Variable by itself")
                return Loss(NotAccessed(is_keras(source)), tape_call, story=[*story, note])
            why = untrained(source)
            if why in {"moving-statistics", "seed-state"}:
                # A list asks for too much, however many of those are in it.
                span = span_of(node)
            return Loss(NonTrainable(why), span, story=story)
        return None

    def unwatched_cause(
        self, recording: Recording, source: Tensor, node: ast.expr, text: str, story: list[Note]
    ) -> Loss:
        """Why a tape does not follow a tensor: it is none that the program meant, or nothing watches it."""
        followed = any(one is not recording and one.tape.state["open"] is True for one in source.tracked)
        if self.machine.replaced.get(id(source)) is not None and not followed:
            return self.rebound_cause(source)
        inner = self.inner_variable(source)
        if inner is not None and source.span is not None:
            note = Note(inner, "a Variable, which only this expression sees")
            return Loss(Rebound(text, source.span, expression=True), source.span, story=[note, *story])
        copied = self.copy_cause(recording, source, node) or self.late_cause(recording, source)
        if copied is not None:
            return copied
        made: Literal["computed", "constant", "gradient"] = "computed" if source.edges else "constant"
        if source.gradient_of is not None:
            made = "gradient"
        return Loss(Unwatched(made), source.span or span_of(node), story=story)

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

    def rebound_cause(self, source: Value) -> Loss:
        """A name that held a Variable holds a tensor now."""
        _, variable, name, statement = self.machine.replaced[id(source)]
        span = span_of(statement)
        story = []
        if variable.span is not None:
            story.append(Note(variable.span, f"`{name}` is a Variable here"))
        story.append(Note(span, f"`{name}` becomes a Tensor here"))
        later = source.span is not None and bool(source.born) and self.machine.in_later_turn(statement)
        if made_of_gradient(source):
            self.machine.recorder.claim(ReboundByUpdate(name, variable.span, later), span, story=tuple(story))
        return Loss(Rebound(name, variable.span, later_turn=later), span, story=story)

    def copy_cause(self, recording: Recording, source: Tensor, node: ast.expr) -> Loss | None:
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
                span = source.span or span_of(node)
                named = isinstance(first, Variable | Tensor | Params)
                cause = Copied(_copying(source.op), self.machine.name_of(base) if named else "")
                return Loss(cause, span, story=[Note(span, "a new tensor, which the target was not computed from")])
            base = base.copy_of if isinstance(base, Tensor) else None
        return None

    def late_cause(self, recording: Recording, source: Tensor) -> Loss | None:
        """A source that was computed after the block, from something that the target was computed from too."""
        late = source.born > recording.began and recording.tape.state["open"] is False and bool(source.edges)
        if not late or source.span is None or any(recording in edge.seen for edge in source.edges):
            return None
        return self.made_beside(recording, source, "a new tensor, made after the target", Tensor | Variable | Params)

    def made_beside(
        self, recording: Recording, source: Tensor, note: str, shared: UnionType | type[Value], *, inside: bool = False
    ) -> Loss | None:
        """A source that the target was not computed from, while both were computed from something of some classes.

        Args:
            recording: What was asked.
            source: The source.
            note: What is said of it.
            shared: The classes.
            inside: Whether what both were computed from has to be a value that the tape recorded.
        """
        if any(reach.opaque for reach in self.reaches) or any(self.depends(one, [source]) for one in self.targets):
            return None
        stack, seen = [edge.parent for edge in source.edges], set[int]()
        while stack and source.span is not None:
            value = stack.pop(0)
            used = isinstance(value, shared) and any(value in reach for reach in self.reaches)
            if used and (not inside or (bool(value.edges) and recording in value.tracked)):
                place = self.machine.site_of(source, recording) or source.span
                return Loss(Copied("unused", self.machine.name_of(value)), place, story=[Note(place, note)])
            if id(value) not in seen:
                seen.add(id(value))
                self.machine.spend(1 + len(value.edges))
                stack.extend(edge.parent for edge in value.edges)
        return None

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


def _copying(op: str) -> Literal["conversion", "identity", "read", "slice"]:
    """How an operation copies."""
    if op == "read":
        return "read"
    if op == behaviours.the("operator:[]"):
        return "slice"
    return "conversion" if op in {behaviours.the("cast"), behaviours.the("converts")} else "identity"


def made_of_gradient(value: Value, depth: int = 5) -> bool:
    """Whether a value was computed from a gradient, as an update by hand is."""
    pay(1)
    if isinstance(value, Tensor) and value.gradient_of is not None:
        return True
    return depth > 0 and any(made_of_gradient(edge.parent, depth - 1) for edge in value.edges)
