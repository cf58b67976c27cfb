"""What is lost although the source is reached: a term that left TensorFlow, a loss on one branch."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from gradlint.flow.account import pay
from gradlint.flow.causes import NonDifferentiable, Opaque
from gradlint.flow.facts import Kind, Note
from gradlint.flow.graph import ways as graph
from gradlint.flow.libraries.keras.variables import VARIABLES
from gradlint.flow.tapes.causes import Causes
from gradlint.flow.tapes.question import LEAVING, WAYS, Loss
from gradlint.flow.values import dtypes
from gradlint.flow.values.values import Join, Number, Params, Recording, Tensor, Unknown, Value, Variable
from gradlint.knowledge import behaviours
from gradlint.knowledge.table import Effect, lookup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.finding import Outcome
    from gradlint.flow.facts import Cause, Cut
    from gradlint.flow.graph.ways import Break
    from gradlint.flow.values.values import Edge


@cache
def _is_flat(op: str) -> bool:
    """Whether the gradient of an operation is zero whatever goes in."""
    entry = lookup(op)
    return entry is not None and entry.effect is Effect.ZERO


class PartialLosses(Causes):
    """The part that looks for losses beside a way that holds."""

    def flattened(self, recording: Recording, source: Value) -> Loss | None:
        """An operation on every way to a source whose gradient is registered, and zero whatever goes in."""
        if self.known_around is None:
            self.known_around = self.around_what_is_flat(recording)
        flat, around = self.known_around
        if not flat or any(source in reach or reach.opaque for reach in around):
            return None
        first = min((node for node in flat if any(node in reach for reach in around)), key=lambda node: node.born)
        span = first.span or self.call.span
        cause = NonDifferentiable(self.called(span), first.op, of="slope")
        outcome: Outcome = "none" if self.call.method == "jvp" else "zero"  # Forwards it is None (TensorFlow 2.21).
        return Loss(cause, span, outcome, story=[Note(span, "the slope is zero here")])

    def around_what_is_flat(self, recording: Recording) -> tuple[list[Tensor], list[graph.Reach]]:
        """The operations that a gradient reaches which make it zero, and what it reaches without passing one."""
        nodes = (node for reach in self.reaches for node in reach.nodes.values())
        flat = [node for node in nodes if isinstance(node, Tensor) and _is_flat(node.op)]
        machine, ends = self.machine, {id(node) for node in flat}
        targets = self.targets if flat else ()
        return flat, [graph.reach(one, recording, machine.captured, machine.spend, ends) for one in targets]

    def partial(self, recording: Recording, source: Value) -> Loss | None:
        """A term of the target that left TensorFlow while another way to the source holds."""
        found: list[Break] = []
        if isinstance(source, Variable | Tensor | Params):
            found = [item for target in self.targets for item in self.leaks(target, source, recording)]
        elif isinstance(source, Unknown) and source.why in VARIABLES and source.edges:
            model = source.edges[0].parent
            found = [
                graph.Break(node, edge, True)
                for target in self.targets
                for leaving in [self.leaving(target, recording)]
                for node in (self.ways(target, recording).values() if leaving else ())
                for edge in node.edges
                if id(edge) in leaving
                and given_by(edge.parent, model)
                and not any(given_by(factor, model) for factor in leaving[id(edge)])
            ]
        if not found:
            return None
        loss = self.cause_of(recording, found[0], None)
        loss.outcome = "partial"
        loss.severity = "warning"
        return loss

    def constant_term(self, recording: Recording, source: Value) -> Loss | None:
        """A term of a sum that was computed from the source where the recording did not see it.

        Such a term is a constant for the gradient; a sum has no other use for it. A term whose own tape was asked for
        its gradient has had its turn.
        """
        if not isinstance(source, Variable | Params):
            return None
        for target in self.targets:
            constant = self.known_constants.get(id(target))
            if constant is None:
                constant = self.known_constants[id(target)] = self.constants(target, recording)
            found = constant.get(id(source))
            if found is not None:
                loss = self.cause_of(recording, found, None)
                loss.outcome, loss.severity = "partial", "warning"
                return loss
        return None

    def own_assignment(self, recording: Recording, source: Value) -> Loss | None:
        """A Variable that was given a value computed from itself, in the block, and read after that.

        What it was before is behind the assignment for the gradient. A layer that keeps its weights in bounds does so
        on purpose: only an assignment that stands beside the tape itself counts.
        """
        holder = source.state.get("last assigned") if isinstance(source, Variable) else None
        if not isinstance(holder, Number):
            return None
        edge = next((one for one in holder.edges if recording in one.seen and recording in one.parent.tracked), None)
        if edge is None or holder.where is not recording.where:
            return None
        before = graph.reach(edge.parent, recording, self.machine.captured, self.machine.spend)
        after = any(
            one.parent is source and node.born > holder.born
            for reach in self.reaches
            for node in reach.nodes.values()
            for one in node.edges
            if isinstance(node, Tensor)
        )
        if id(source) not in before.sure or not after:
            return None
        loss = self.cause_of(recording, graph.Break(source, edge, True), None)
        loss.outcome, loss.severity = "partial", "warning"
        return loss

    def constants(self, target: Value, recording: Recording) -> dict[int, Break]:
        """By a Variable's id, where a term that was surely computed from it goes into the target as a constant."""
        found: dict[int, Break] = {}
        seen: set[int] = set()
        for term in self.terms(target, recording):
            if recording in term.tracked or any(other.tape.uses for other in term.tracked):
                continue
            outside, inner = _outside(term, recording)
            if inner is None:
                continue
            stack: list[Value] = [term]
            while stack:
                below = stack.pop()
                if id(below) in seen or isinstance(below, Unknown | Join):
                    continue
                seen.add(id(below))
                self.machine.spend(1 + len(below.edges))
                if isinstance(below, Variable | Params):
                    found.setdefault(id(below), graph.Break(outside, inner, True))
                    continue
                stack.extend(inner.parent for inner in below.edges if inner.cut is None and inner.sure)
        return found

    def terms(self, target: Value, recording: Recording) -> Iterator[Tensor]:
        """The terms of the sums that a target consists of."""
        stack, seen = [target], set[int]()
        while stack:
            node = stack.pop()
            if id(node) in seen or not isinstance(node, Tensor) or not _is_linear(node):
                continue
            seen.add(id(node))
            self.machine.spend(1 + len(node.edges))
            for edge in node.edges:
                if edge.cut is None and recording in edge.seen and isinstance(edge.parent, Tensor):
                    stack.append(edge.parent)
                    if edge.parent.gradient_of is None:
                        yield edge.parent

    def leaks(self, target: Value, source: Value, recording: Recording) -> list[Break]:
        """Breaks at which a value that is surely connected to the source leaves TensorFlow on a way to the target."""
        leaving = self.known_leaks.get(id(target))
        if leaving is None:
            leaving = self.known_leaks[id(target)] = self.leaving(target, recording)
        if not leaving:
            return []
        ways = self.ways(target, recording)
        return [
            item
            for item in ways.breaks(source)
            if item.sure
            and id(item.edge) in leaving
            and not any(ways.reaches(factor, one) for factor in leaving[id(item.edge)] for one in self.asked)
        ]

    def leaving(self, target: Value, recording: Recording) -> dict[int, tuple[Value, ...]]:
        """The edges by which a number leaves TensorFlow and still goes into the target as a number.

        What goes into it as an index, a mask or a state does not count, nor what only decides, as the probabilities of
        an action that is drawn: a whole number on the way has no gradient to hand on. With each stand the values that
        it only weighs: a program that converts a factor of what it differentiates, as an advantage beside a
        log-probability, holds it constant on purpose. A function of NumPy is not such a conversion.
        """
        found: dict[int, tuple[Value, ...]] = {}
        seen: set[tuple[int, bool]] = set()
        stack: list[tuple[Value, tuple[Value, ...]]] = [(target, ())]
        while stack:
            node, weighed = stack.pop()
            if (id(node), bool(weighed)) in seen:
                continue
            seen.add((id(node), bool(weighed)))
            self.machine.spend(1 + len(node.edges))
            if node.edges and dtypes.is_discrete(dtypes.of(node)):
                continue
            for edge in node.edges:
                cut = edge.cut
                if cut is not None and _leaves(cut) and recording in edge.seen and not _of_data(cut.cause):
                    known = found.get(id(edge), weighed)
                    is_weight = cut.kind is Kind.PYTHON and bool(weighed) and bool(known)
                    found[id(edge)] = weighed + known if is_weight else ()
                if (cut is None or _leaves(cut)) and not isinstance(edge.parent, Join | Unknown | Variable):
                    stack.append((edge.parent, _factors(node, edge) or weighed))
        return found

    def branch_loss(self, recording: Recording, source: Value) -> Loss | None:
        """A loss that holds on one branch only: there another branch leaves what alone is connected."""
        if not isinstance(source, Variable | Tensor | Params):
            return None
        for target in self.targets:
            ways = self.ways(target, recording)
            for join in self.joins(target, recording):
                if not any(ways.reaches(option, source) for option in join.options):
                    continue
                for index, option in enumerate(join.options):
                    lost = self.lost_on_branch(target, option, source, recording)
                    if lost and not ways.reaches_beside(join, source):
                        loss = self.cause_on_branch(recording, source, option)
                        if loss is not None:
                            label = join.labels[index] if index < len(join.labels) else ""
                            loss.branch = label
                            return loss
        return None

    def cause_on_branch(self, recording: Recording, source: Value, option: Value) -> Loss | None:
        """What loses the gradient on a branch, unless the program stops it there by itself."""
        breaks = self.ways(option, recording).breaks(source)
        if any(item.edge.cut is not None and item.edge.cut.kind is Kind.STOPPED for item in breaks):
            return None
        for item in breaks:
            cut = item.edge.cut
            if cut is not None and cut.kind in WAYS and item.sure:
                loss = self.cause_of(recording, item, None)
                loss.severity = "warning"
                return loss
        return None

    def joins(self, target: Value, recording: Recording) -> list[Join]:
        """The joins that a gradient of the target meets."""
        known = self.known_joins.get(id(target))
        if known is None:
            known = self.known_joins[id(target)] = graph.joins_above(
                target, recording, self.machine.spend, self.machine.escaped
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


_CHAIN = 64
"""How many operations inside a block are looked through for what was computed before it."""


def _outside(term: Value, recording: Recording) -> tuple[Value, Edge | None]:
    """The value below a term that was computed unseen by a recording, and its edge to what it was made of."""
    edge = None
    for _ in range(_CHAIN):
        edge = next((one for one in term.edges if one.cut is None and one.sure), None)
        if edge is None or recording not in edge.seen:
            return term, edge
        term = edge.parent
    return term, None


def _is_linear(node: Tensor) -> bool:
    """Whether a tensor is a sum of others, or a multiple of another."""
    words = behaviours.of(node.op)
    tensors = [edge for edge in node.edges if isinstance(edge.parent, Tensor | Variable | Params | Unknown | Join)]
    return "sums" in words or ("scales" in words and len(tensors) == 1)


def _factors(node: Value, edge: Edge) -> tuple[Value, ...]:
    """What a value is multiplied with or divided by, where it goes into a product."""
    if not isinstance(node, Tensor) or "scales" not in behaviours.of(node.op):
        return ()
    return tuple(other.parent for other in node.edges if other is not edge and other.cut is None)


def _leaves(cut: Cut) -> bool:
    """Whether a number leaves TensorFlow at a cut."""
    return cut.kind in LEAVING


def _of_data(cause: Cause) -> bool:
    """Whether it is the pipeline of a data set, whose items are constants by their nature."""
    return isinstance(cause, Opaque) and cause.how == "dataset"


def _is_way(edge: Edge) -> bool:
    """Whether an edge is a break that is worth a word on one branch."""
    return edge.cut is not None and edge.cut.kind in WAYS


def given_by(value: Value, model: Value, depth: int = 12) -> bool:
    """Whether a value surely was computed from what calling a model gave."""
    pay(1)
    if not value.edges or not depth:
        return False
    if isinstance(value, Unknown):
        if value.why == "call":
            return value.edges[0].parent is model
        return value.why in {"item", "operation"} and any(
            given_by(edge.parent, model, depth - 1) for edge in value.edges
        )
    return any(edge.cut is None and given_by(edge.parent, model, depth - 1) for edge in value.edges)
