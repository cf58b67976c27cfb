"""Why a source is lost: at the source itself, or on the way from the target to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.causes import (
    InnerGradient,
    NotAccessed,
    Opaque,
    Outside,
    Steering,
    Unconnected,
    WatchedLate,
)
from gradlint.flow.facts import Kind, Note
from gradlint.flow.graph import ways as graph
from gradlint.flow.libraries.keras.variables import VARIABLES, is_keras
from gradlint.flow.state.store import MISSING
from gradlint.flow.tapes.at_source import SourceCauses
from gradlint.flow.tapes.question import WAYS, Loss
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import Array, Join, LibObject, Params, Recording, Seq, Tensor, Unknown, Value, Variable
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    import ast

    from gradlint.flow.causes import Where
    from gradlint.flow.graph.ways import Break
    from gradlint.flow.state.activation import Activation
    from gradlint.flow.values.values import Edge


CONSTRUCTORS = frozenset({"__init__", "__post_init__", "build", "setup"})
"""Methods that make an object, and run once."""
READS_SHAPE = 2
"""How idle a break is that only reads a shape."""
OTHERS = "code of others"
"""What the value is called that stands for all that code of others has seen."""


class Causes(SourceCauses):
    """The part that finds the cause of a loss."""

    def lost_cause(self, recording: Recording, source: Value, node: ast.expr, text: str) -> Loss | None:
        """Why the gradient cannot reach a source, or None where it may."""
        closed = isinstance(source, Variable | Tensor | Params)
        if self.watches_nothing(recording):
            note = Note(recording.tape.call, "the tape watches no Variable by itself")
            return Loss(
                NotAccessed(isinstance(source, Variable | Params) and is_keras(source)),
                recording.tape.call,
                story=[note],
            )
        if self.swapped(recording, source):
            return Loss(Unconnected(why="swapped"), span_of(node))
        reached = any(source in reach for reach in self.reaches)
        if reached and not (closed and self.unfollowed(recording, source)):
            return None
        if not closed:
            return self.dead_cause(recording, source) or self.left_cause(recording, source)
        for reach in self.reaches:
            if reach.anything:
                if not self.unfollowed(recording, source):
                    return None
                if isinstance(source, Tensor) and source.edges and self.may_alias(source):
                    return None
        return self.source_cause(recording, source, node, text) or self.way_cause(recording, source, node, text)

    def watches_nothing(self, recording: Recording) -> bool:
        """Whether a tape that watches nothing by itself surely was never asked to watch anything, by whatever code."""
        tape = recording.tape
        if tape.accessed is not False or recording.watched or tape.state.get("asked to watch"):
            return False
        return tape.state["escaped"] is False and id(tape) not in self.machine.used_elsewhere

    def swapped(self, recording: Recording, source: Value) -> bool:
        """Whether the target is a model's list of variables, and the source was computed from something since."""
        listed = all(map(_is_list_of_variables, self.options(self.call.target))) or any(
            map(_is_list_of_variables, self.targets)
        )
        computed = isinstance(source, Tensor) or (
            isinstance(source, Unknown) and source.why in {"call", "item", "operation"}
        )
        watched = recording.watched.get(id(source), MISSING) is not MISSING
        return listed and computed and not watched and source.born > recording.began

    @staticmethod
    def options(value: Value) -> tuple[Value, ...]:
        """The values that one is one of, by the way that the program took."""
        return value.options if isinstance(value, Join) else (value,)

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

    def dead_cause(self, recording: Recording, source: Value) -> Loss | None:
        """Why no source at all is reached, for a source that cannot be followed itself."""
        if not isinstance(source, Unknown | Instance | LibObject | Seq):
            return None
        causes: list[Loss] = []
        for target in self.targets:
            cause = self.target_is_dead(recording, target)
            if cause is None:
                return None
            causes.append(cause)
        return causes[0] if causes else None

    def left_cause(self, recording: Recording, source: Value) -> Loss | None:
        """Why the variables of an unknown model are not reached: all that it gave left on the way.

        The model is taken to be no part of the other unknown values: not of a parameter that stands beside it.
        """
        if not isinstance(source, Unknown) or source.why not in VARIABLES:
            return None
        owners: list[Value] = [source]
        while len(owners) < 8 and isinstance(owners[-1], Unknown) and owners[-1].edges:
            owners.append(owners[-1].edges[0].parent)
        if any(owner in reach for reach in self.reaches for owner in owners) or len(owners) < 2:
            return None
        if any(self.machine.escaped in reach for reach in self.reaches):
            return None
        found = [
            item
            for target in self.targets
            for item in self.below(target, owners[1], recording)
            if (
                item.edge.cut is not None
                and item.edge.cut.kind in WAYS | {Kind.STOPPED}
                and recording in item.edge.seen
            )
            or (item.edge.cut is None and called_before(item.node, owners[1], recording))
        ]
        if not found:
            return None
        return self.cause_of(recording, min(found, key=lambda item: self.preference(recording, item)), None)

    def target_is_dead(self, recording: Recording, target: Value) -> Loss | None:
        """Why nothing leads back from a target on this recording, or None where something may."""
        options = target.options if isinstance(target, Join) else (target,)
        causes = []
        for option in options:
            computed = isinstance(option, Tensor | Array) or (isinstance(option, Unknown) and option.computed)
            if not computed or self.leads_back(recording, option):
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

    def leads_back(self, recording: Recording, value: Value) -> bool:
        """Whether a gradient may pass a value that an operation made."""
        if recording not in value.tracked or not value.edges:
            return recording in value.tracked
        passing = (edge for edge in value.edges if edge.cut is None or edge.cut.kind is Kind.NO_GRADIENT)
        return any(recording in edge.live for edge in passing)

    def frontier(self, recording: Recording, target: Value) -> Loss | None:
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
        return self.cause_of(recording, min(found, key=lambda item: self.preference(recording, item)), None)

    # -- causes on the way -----------------------------------------------------------------------------------------

    def way_cause(self, recording: Recording, source: Value, node: ast.expr, text: str) -> Loss:
        """Where the way from the target to a followed source is lost."""
        found = self.breaks_to(recording, source)
        plain = self.value_ways()
        real = [item for item in found if not _steers(item.edge) and not self.only_compared(item, plain)]
        steering = [item for item in found if item not in real]
        real = [item for item in real if item.edge.cut is None or recording in item.edge.seen] or real
        if steering and all(_idle(item) == READS_SHAPE for item in real):
            return self.steering_cause(recording, steering, text)
        front = set[int]().union(*(self.ways(target, recording).front(source) for target in self.targets))
        first = [item for item in real if id(item.edge) in front] or real
        chosen = min(first, key=lambda item: self.preference(recording, item)) if first else None
        if chosen is not None and _rank(recording, chosen) < 4:
            if chosen.edge.cut is None:
                chosen = self.outer_gradient(recording, chosen)
            return self.cause_of(recording, chosen, text)
        copied = self.copy_cause(recording, source, node) if isinstance(source, Tensor) else None
        if copied is not None:
            return copied
        if steering:
            return self.steering_cause(recording, steering, text)
        deciding = self.deciding_cause(recording, source, text)
        if deciding is not None:
            return deciding
        if chosen is not None and not _was_assigned_before(recording, chosen):
            return self.cause_of(recording, chosen, text)
        if isinstance(source, Tensor):
            beside = self.made_beside(recording, source, "a new tensor", Tensor, inside=True)
            if beside is not None:
                return beside
        return Loss(Unconnected(why="swapped" if self.depends(source, self.targets) else ""), span_of(node))

    def preference(self, recording: Recording, item: Break) -> tuple[bool, bool, int, int, int]:
        """Of several breaks, the one to name: that whose fix alone brings the gradient back comes first."""
        leads = any(item.node in reach for reach in self.reaches)
        alone = leads or id(item.node) in self.uncut()
        return not leads, not alone, _rank(recording, item), _idle(item), item.node.born

    def uncut(self) -> set[int]:
        """The ids of the values from which the targets were computed without a break, wherever that was recorded."""
        if self.known_uncut is None:
            self.known_uncut = set()
            stack: list[Value] = list(self.targets)
            while stack:
                node = stack.pop()
                if id(node) not in self.known_uncut:
                    self.known_uncut.add(id(node))
                    self.machine.spend(1 + len(node.edges))
                    stack.extend(edge.parent for edge in node.edges if edge.cut is None)
        return self.known_uncut

    def breaks_to(self, recording: Recording, source: Value) -> list[Break]:
        """The breaks on the ways from the targets to a source, but for those beside which another way holds."""
        found = [item for target in self.targets for item in self.ways(target, recording).breaks(source)]
        seen = self.own_ways(recording)
        return [
            item
            for item in found
            if id(item.node) in seen
            and item.edge.parent is not self.machine.escaped
            and not self.beside_another_way(recording, item, source)
        ]

    def deciding_cause(self, recording: Recording, source: Value, text: str) -> Loss | None:
        """A source that only decides which way the program takes."""
        marker = self.marker_of(recording, source)
        cut = marker.edges[0].cut if marker is not None else None
        if cut is None:
            return None
        note = Note(cut.span, f"`{text}` only decides which way is taken")
        return Loss(Steering(), cut.span, story=[note])

    def own_ways(self, recording: Recording) -> set[int]:
        """The values below the targets that code in view leads to: not what a Variable was assigned long before."""
        if self.known_own_ways is not None:
            return self.known_own_ways
        self.known_own_ways = seen = set()
        stack: list[Value] = list(self.targets)
        while stack:
            node = stack.pop()
            if id(node) in seen or node is self.machine.escaped:
                continue
            seen.add(id(node))
            self.machine.spend(1 + len(node.edges))
            stack.extend(
                edge.parent
                for edge in node.edges
                if edge.cut is None or edge.cut.kind is not Kind.ASSIGNED or recording in edge.seen
            )
            stack.extend(graph.parts(node, self.machine.captured))
        return seen

    def beside_another_way(self, recording: Recording, item: Break, source: Value) -> bool:
        """Whether a break is a gradient that does not depend on its target as such, but does on the source."""
        cause = item.edge.cut.cause if item.edge.cut is not None else None
        if not isinstance(cause, Unconnected) or cause.why != "linear":
            return False
        return any(self.ways(target, recording).reaches(item.node, source) for target in self.targets)

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

        def step(node: Value) -> list[Value]:
            self.machine.spend(1 + len(node.edges))
            plain = [edge.parent for edge in node.edges if not _steers(edge)]
            return [*plain, *graph.parts(node, self.machine.captured)]

        self.known_numbers = {id(node) for node in graph.below(self.targets, step)}
        return self.known_numbers

    def steering_cause(self, recording: Recording, steering: list[Break], text: str) -> Loss:
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

    def cause_of(self, recording: Recording, item: Break, text: str | None) -> Loss:
        """The cause that a break is."""
        node, edge = item.node, item.edge
        story = []
        if edge.parent.span is not None and edge.parent.born:
            note = f"connected to `{text}`" if text else "still connected"
            story.append(Note(edge.parent.span, note))
        if edge.cut is not None:
            cut, cause = edge.cut, edge.cut.cause
            story.append(Note(cut.span, "the gradient is lost here"))
            # What a py_function is given gets zeros where its body loses the gradient (TensorFlow 2.21).
            zero = isinstance(cause, Opaque) and cause.how == "py-function-converts"
            return Loss(cause, cut.span, "zero" if zero else "none", story=story)
        span = node.span or self.call.span
        if recording in edge.seen and isinstance(edge.parent, Tensor | Variable):
            watched = recording.watched.get(id(edge.parent), MISSING)
            if watched is not MISSING and watched is not None:
                watch_span = span_of(watched[2])
                story.append(Note(span, "computed before the tape watches it"))
                return Loss(WatchedLate(watch_span, span), watch_span, story=story)
        taken = (isinstance(node, Unknown) and node.computed) or (
            isinstance(node, Tensor) and node.gradient_of is not None
        )
        if taken and recording not in edge.seen:
            story.append(Note(span, "this gradient is taken where the tape does not record"))
            inner = InnerGradient(self.machine.text(node.span), where=self.window(recording, node))
            return Loss(inner, span, story=story)
        where = self.window(recording, node)
        if where not in {"in a constructor", "unseen"}:
            span = self.machine.site_of(node, recording) or span
        story.append(Note(span, "computed where the tape does not record"))
        within = self.constructed(recording, node) if where == "in a constructor" else "__init__"
        return Loss(Outside(self.machine.text(span), where=where, within=within), span, story=story)

    def window(self, recording: Recording, node: Value) -> Where:
        """When an operation ran that the recording did not see."""
        tape = recording.tape
        if any(begin <= node.born <= end for begin, end in self.machine.paused_spans):
            return "while stopped"
        if node.born >= recording.began and any(begin <= node.born <= end for begin, end in self.machine.unseen_spans):
            return "unseen"
        if node.born >= recording.began:
            return "while stopped" if tape.state["open"] and not tape.state["paused"] else "after"
        forgotten = (seen for edge in node.edges for seen in edge.seen if seen.tape is tape)
        if tape.state.get("reset") and any(seen is not recording for seen in forgotten):
            return "before the reset"
        return "in a constructor" if self.constructed(recording, node) else "before"

    @staticmethod
    def constructed(recording: Recording, node: Value) -> str:
        """The method that made a value while it made an object, and had ended before the tape was made; else empty."""
        around: set[int] = set()
        running: Activation | None = recording.where
        while running is not None:
            around.add(id(running))
            running = running.caller
        made: Activation | None = node.where
        while made is not None and id(made) not in around:
            function = made.function
            if function is not None and function.owner is not None and function.name in CONSTRUCTORS:
                return function.name
            made = made.caller
        return ""


def _was_assigned_before(recording: Recording, item: Break) -> bool:
    """Whether a break is that a Variable was given a value before a recording began, which nobody takes for a way."""
    cut = item.edge.cut
    return cut is not None and cut.kind is Kind.ASSIGNED and recording not in item.edge.seen


def _steers(edge: Edge) -> bool:
    """Whether a value only decides something for the one above it."""
    return edge.cut is not None and edge.cut.kind is Kind.CONDITION


def called_before(value: Value, model: Value, recording: Recording) -> bool:
    """Whether a value is what calling a model gave before a recording began."""
    called = isinstance(value, Unknown) and value.why == "call" and bool(value.edges)
    return called and value.edges[0].parent is model and value.born < recording.began


def _is_list_of_variables(value: Value, depth: int = 4) -> bool:
    """Whether a value is what a model's ``trainable_variables``, or the like, gives, or a sum of such lists."""
    if isinstance(value, Unknown) and value.why == "operation" and depth:
        terms = [
            edge.parent for edge in value.edges if not (isinstance(edge.parent, Unknown) and edge.parent.why == OTHERS)
        ]
        return bool(terms) and all(_is_list_of_variables(term, depth - 1) for term in terms)
    if isinstance(value, Unknown):
        return value.why in VARIABLES
    return isinstance(value, Seq) and (value.extra or {}).get("name") in VARIABLES


def _rank(recording: Recording, item: Break) -> int:
    """Of several breaks, the one to name: inside the recording before after it, and that before an older one."""
    cut = item.edge.cut
    if cut is not None and recording in item.edge.seen:
        return 1 if cut.kind in {Kind.COMPARISON, Kind.ASSIGNED} else 0
    if item.node.born > recording.began:
        return 2
    return 3 if cut is None else 4


def _idle(item: Break) -> int:
    """How little would come of fixing a break: what only reads a shape, or picks an element, is meant to."""
    op = item.node.op if isinstance(item.node, Tensor) else ""
    if behaviours.has(op, "shape-only") or behaviours.has(op, "constant-like"):
        return READS_SHAPE
    cut = item.edge.cut
    picks = cut is not None and cut.kind is Kind.NON_DIFFERENTIABLE and dtypes.is_discrete(dtypes.of(item.node))
    return 1 if picks else 0
