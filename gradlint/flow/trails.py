"""The trail of each gradient call: the values between its sources and its target, and where a gradient passes.

What the questions of a gradient call are answered from is the graph of values. A :class:`Trail` is that graph cut down
to what leads to a source, one node for each expression however often it ran, for whoever draws it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from gradlint.flow.facts import Kind
from gradlint.flow.graph.ways import parts
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import (
    Array,
    Join,
    Number,
    Params,
    Recording,
    Storage,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from gradlint.flow.facts import Question, Span
    from gradlint.flow.tapes.question import Asking
    from gradlint.flow.values.values import Edge

    Sources = list[tuple[Value, ast.expr, str]]

VALUES = 20_000
"""How many values of one gradient call are looked at; the trail of one with more is not drawn."""
ALTOGETHER = 200_000
"""How many values of one program are looked at."""
CROWD = 12
"""How many points there are at most before the shortest way stands for all those to what cannot be settled."""
UNKNOWNS = 4
"""How many unknown values are shown at most, by which a source may be connected or not."""
UNSHOWN: frozenset[Kind | None] = frozenset({Kind.ASSIGNED, Kind.UNCONNECTED})
"""The breaks that are no part of a way unless a source is lost by them: what a Variable was assigned before, and what a
gradient was taken of."""
SHOWN = (Tensor, Variable, Array, Number, Params, Symbolic, Unknown)
"""The values that are nodes; others are passed through on the way to those that they hold."""

Sort = Literal["variable", "operation", "array", "number", "unknown"]
Passes = Literal["live", "idle", "dark", "cut"]
_WORST = {"live": 0, "idle": 1, "dark": 2, "cut": 3}
_ANSWERS = {"lost": 0, "partial": 1, "unknown": 2, "connected": 3}


@dataclass(frozen=True, slots=True)
class Point:
    """An expression on a trail.

    Attributes:
        span: Where it stands; None for something unknown that stands nowhere.
        sort: What it gives.
        what: For something unknown, what it is, in a word.
    """

    span: Span | None
    sort: Sort
    what: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """One expression's dependence on another.

    Attributes:
        above: The index of the expression that is computed.
        below: The index of the one that it is computed from.
        passes: ``live``: the tape recorded it, and a gradient passes; ``idle``: the tape was recording, but follows
            nothing that lies below; ``dark``: the tape was not recording; ``cut``: no gradient passes.
        sure: False where the dependence is only possible.
        kind: The sort of break, of a cut.
        cut: The expression that breaks it, of a cut.
    """

    above: int
    below: int
    passes: Passes
    sure: bool = True
    kind: Kind | None = None
    cut: Span | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """The values of one gradient call.

    Attributes:
        call: The gradient call.
        points: The expressions.
        links: How they depend on one another; there is no circle.
        targets: The indices of the targets.
        sources: By each source's text, the indices of the values that it may be.
        whole: Whether all of it is here: False where there are too many values.
    """

    call: Span
    points: tuple[Point, ...] = ()
    links: tuple[Link, ...] = ()
    targets: tuple[int, ...] = ()
    sources: dict[str, tuple[int, ...]] = field(default_factory=dict)
    whole: bool = True


class Trails:
    """Keeps the trail of each gradient call of a program; a follower for :func:`~gradlint.flow.analysis.analyse`.

    Attributes:
        by_call: The trails, by their gradient calls.
    """

    def __init__(self) -> None:
        self.by_call: dict[Span, Trail] = {}
        self._answers: dict[Span, list[int]] = {}
        self._left = ALTOGETHER

    def begin(self) -> None:
        """Forget what was seen."""
        self.by_call.clear()
        self._answers.clear()
        self._left = ALTOGETHER

    def judged(self, asking: Asking, sources: Sources) -> None:
        """Keep the trail of a gradient call; of several turns of one, the one with the worst answers.

        Turns with different sources are put together.
        """
        call = asking.call.span
        if call.line > asking.machine.recorder.own:
            return
        answers = sorted(_ANSWERS[question.answer] for question in asking.questions)
        known = self.by_call.get(call)
        has_more = known is not None and not {text for _, _, text in sources} <= known.sources.keys()
        if known is not None and not has_more and self._answers[call] <= answers:
            return
        walk = _Walk(asking, sources, min(VALUES, self._left))
        trail = walk.trail()
        self._left -= len(walk.seen)
        lacks = known is not None and not known.sources.keys() <= trail.sources.keys()
        self._answers[call] = min(answers, self._answers.get(call, answers))
        self.by_call[call] = _together(known, trail) if known is not None and (has_more or lacks) else trail


class _WayState(NamedTuple):
    """What is known of the way from one node to the next, past the values between them."""

    passes: Passes = "live"
    sure: bool = True
    kind: Kind | None = None
    cut: Span | None = None


class _Walk:
    """One walk from the targets of a gradient call down to its sources."""

    def __init__(self, asking: Asking, sources: Sources, budget: int) -> None:
        self.asking = asking
        recording = asking.call.tape.state["recording"]
        self.recording: Recording | None = recording if isinstance(recording, Recording) else None
        self.given = sources
        self.source_ids = {id(option): (node, option) for source, node, _ in sources for option in _options(source)}
        self.kinds = {question.kind for question in asking.questions}
        self.causes = {question.cause for question in asking.questions if question.kind is not None}
        self.budget = budget
        self.seen: dict[int, Value] = {}
        self.whole = True
        self.points: dict[Hashable, Point] = {}
        self.links: dict[tuple[Hashable, Hashable], _WayState] = {}

    # -- the walk --------------------------------------------------------------------------------------------------

    def trail(self) -> Trail:
        """Walk, and keep what leads to a source."""
        targets = [self._add(value, self.asking.call.target_node) for value in self.asking.targets]
        sources = {
            text: tuple(self._add(option, node) for option in _options(value)) for value, node, text in self.given
        }
        self._walk(self.asking.targets)
        call = self.asking.call.span
        if not self.whole:
            return Trail(call, whole=False)
        _uncircle(self.links, targets)
        kept = self._kept(targets, sources)
        index = {key: number for number, key in enumerate(key for key in self.points if key in kept)}
        links = tuple(
            Link(index[above], index[below], *state)
            for (above, below), state in self.links.items()
            if above in index and below in index
        )
        return Trail(
            call,
            tuple(self.points[key] for key in index),
            links,
            tuple(dict.fromkeys(index[key] for key in targets)),
            {text: tuple(dict.fromkeys(index[key] for key in keys)) for text, keys in sources.items()},
        )

    def _walk(self, targets: Iterable[Value]) -> None:
        waiting = list(targets)
        while waiting:
            value = waiting.pop()
            if id(value) in self.seen or not self._pay(value):
                continue
            above = self._add(value, self.asking.call.target_node)
            for below, state in self._below(value):
                self._join(above, self._add(below), state)
                waiting.append(below)

    def _below(self, value: Value) -> Iterator[tuple[Value, _WayState]]:
        """The nodes just below a node, past what is none."""
        stack = list(self._steps(value, _WayState()))
        passed: set[tuple[int, Passes]] = set()
        while stack:
            below, state = stack.pop()
            if below is self.asking.machine.escaped:
                continue
            if self._is_node(below):
                yield below, state
            elif (id(below), state.passes) not in passed and self._pay(below, again=True):
                passed.add((id(below), state.passes))
                stack.extend(self._steps(below, state))

    def _steps(self, value: Value, so_far: _WayState) -> Iterator[tuple[Value, _WayState]]:
        """The values that a value depends on, or holds, with what is known of the way there."""
        for edge in value.edges:
            if edge.cut is not None and edge.cut.kind in UNSHOWN - self.kinds:
                continue
            yield edge.parent, _after(so_far, self._state(edge))
        if not isinstance(value, Array):
            for part in parts(value, self.asking.machine.captured):
                yield part, _after(so_far, _WayState(sure=False))

    def _state(self, edge: Edge) -> _WayState:
        if edge.cut is not None:
            return _WayState("cut", edge.sure, edge.cut.kind, edge.cut.span)
        if self.recording in edge.live:
            return _WayState("live", edge.sure)
        return _WayState("idle" if self.recording in edge.seen else "dark", edge.sure)

    def _is_node(self, value: Value) -> bool:
        return id(value) in self.source_ids or (isinstance(value, SHOWN) and not (self._is_nowhere(value)))

    @staticmethod
    def _is_nowhere(value: Value) -> bool:
        """Whether a value stands nowhere, and what it is made of can stand for it."""
        return value.span is None and not (isinstance(value, Unknown) and not value.edges)

    def _pay(self, value: Value, *, again: bool = False) -> bool:
        """Count a look at a value; whether there is anything left for it."""
        if len(self.seen) >= self.budget:
            self.whole = False
            return False
        if again:
            self.budget -= 1
        else:
            self.seen[id(value)] = value
        return True

    # -- points and links ------------------------------------------------------------------------------------------

    def _add(self, value: Value, node: ast.expr | None = None) -> Hashable:
        """The key of a value's point; one for each source, and one for each place of the others."""
        source = self.source_ids.get(id(value))
        span = value.span
        if source is not None:
            node = source[0]
        if span is None and node is not None:
            span = span_of(node)
        what = _what(value)
        key: Hashable = ("source", id(value)) if source is not None else span if span and not what else (span, what)
        if key not in self.points:
            self.points[key] = Point(span, _sort(value), what)
        return key

    def _join(self, above: Hashable, below: Hashable, state: _WayState) -> None:
        """Note a dependence; a break that is reported and stands elsewhere, as an assignment does, comes between."""
        if state.cut is not None and state.cut in self.causes and state.cut not in (above, below):
            self.points.setdefault(state.cut, Point(state.cut, "operation"))
            self._link(above, state.cut, _WayState("idle", state.sure))
            above = state.cut
        self._link(above, below, state)

    def _link(self, above: Hashable, below: Hashable, state: _WayState) -> None:
        """Note a dependence; where there are several of one, that by which a gradient passes, and a cut before none."""
        known = self.links.get((above, below))
        if above != below and (known is None or _rank(state) < _rank(known)):
            self.links[above, below] = state

    def _kept(self, targets: list[Hashable], sources: dict[str, tuple[Hashable, ...]]) -> set[Hashable]:
        """What leads from a target to a source, or to something that may be one.

        Where a source is on no way at all, what the target is computed from in its place is kept, too. Of many ways to
        a source that cannot be settled the shortest stands for all.
        """
        settled = {question.source for question in self.asking.questions if _is_settled(question)}
        known = {key for text, keys in sources.items() if text in settled for key in keys}
        every = {key for keys in sources.values() for key in keys}
        open_ends = self._unknowns(targets) if settled < sources.keys() else set()
        below = self._closure(targets, lambda link: link)
        others = set() if known <= below else {key for key, point in self.points.items() if point.sort == "variable"}
        kept = self._leading(every | open_ends | others) & below
        if len(kept) > CROWD and settled < sources.keys():
            kept = self._leading(known | others) & below
            kept |= self._shortest(targets, (every - known) | open_ends)
        return kept | set(targets) | every

    def _leading(self, wanted: set[Hashable]) -> set[Hashable]:
        """What is computed from something that is wanted, those included."""
        return self._closure(wanted, lambda link: (link[1], link[0]))

    def _shortest(self, targets: list[Hashable], wanted: set[Hashable]) -> set[Hashable]:
        """What is on the shortest way from a target to each of some points; one without a break where there is one."""
        found: set[Hashable] = set()
        live = {link for link, state in self.links.items() if state.passes != "cut"}
        for links in (live, self.links.keys()):
            came = _came(targets, _ends(links))
            for key in wanted - found:
                at: Hashable | None = key if key in came else None
                while at is not None and at not in found:
                    found.add(at)
                    at = came[at]
        return found

    def _unknowns(self, targets: list[Hashable]) -> set[Hashable]:
        """What may be connected to anything and a gradient may come to: the nearest to the target, in few."""
        ends = _ends(link for link, state in self.links.items() if state.passes != "cut")
        found: set[Hashable] = set()
        waiting, seen = deque(targets), set(targets)
        while waiting and len(found) < UNKNOWNS:
            key = waiting.popleft()
            if self.points[key].sort == "unknown":
                found.add(key)
                continue
            for below in ends.get(key, ()):
                if below not in seen and self.links[key, below].passes != "cut":
                    seen.add(below)
                    waiting.append(below)
        return found

    def _closure(
        self,
        roots: Iterable[Hashable],
        turned: Callable[[tuple[Hashable, Hashable]], tuple[Hashable, Hashable]],
    ) -> set[Hashable]:
        ends: dict[Hashable, list[Hashable]] = {}
        for link in self.links:
            start, end = turned(link)
            ends.setdefault(start, []).append(end)
        found = set(roots)
        waiting = list(found)
        while waiting:
            for end in ends.get(waiting.pop(), ()):
                if end not in found:
                    found.add(end)
                    waiting.append(end)
        return found


def _options(value: Value) -> tuple[Value, ...]:
    """The values that a source may be."""
    options = value.options if isinstance(value, Join) else (value,)
    return tuple(one.base if isinstance(one, Storage) else one for one in options)


def _after(first: _WayState, then: _WayState) -> _WayState:
    """What is known of a way that goes on: what stops it first, and whether all of it is sure."""
    stops = first if first.passes == "cut" or _WORST[first.passes] >= _WORST[then.passes] else then
    return stops._replace(sure=first.sure and then.sure)


def _rank(state: _WayState) -> tuple[int, bool]:
    return _WORST[state.passes], not state.sure


def _is_settled(question: Question) -> bool:
    return question.answer in ("lost", "partial") or question.proved


def _sort(value: Value) -> Sort:
    if isinstance(value, Variable | Params):
        return "variable"
    if isinstance(value, Array):
        return "array"
    if isinstance(value, Number):
        return "number"
    return "unknown" if isinstance(value, Unknown) and not value.computed and value.anything else "operation"


def _what(value: Value) -> str:
    return value.why if isinstance(value, Unknown) else ""


def _uncircle(links: dict[tuple[Hashable, Hashable], _WayState], targets: Iterable[Hashable]) -> None:
    """Take out the links that lead back, as from one turn of a loop to the one before."""
    ends = _ends(links)
    open_: set[Hashable] = set()
    done: set[Hashable] = set()
    stack: list[tuple[Hashable, bool]] = [(key, False) for key in targets]
    while stack:
        key, leaving = stack.pop()
        if leaving:
            open_.discard(key)
            done.add(key)
            continue
        if key in done or key in open_:
            continue
        open_.add(key)
        stack.append((key, True))
        for below in ends.get(key, ()):
            if below in open_:
                del links[key, below]
            elif below not in done:
                stack.append((below, False))


def _ends(links: Iterable[tuple[Hashable, Hashable]]) -> dict[Hashable, list[Hashable]]:
    """By what is computed, what it is computed from."""
    ends: dict[Hashable, list[Hashable]] = {}
    for above, below in links:
        ends.setdefault(above, []).append(below)
    return ends


def _came(roots: Iterable[Hashable], ends: dict[Hashable, list[Hashable]]) -> dict[Hashable, Hashable | None]:
    """By each point that links lead to from some roots, the one before it on the shortest way."""
    came: dict[Hashable, Hashable | None] = dict.fromkeys(roots)
    waiting = deque(came)
    while waiting:
        key = waiting.popleft()
        for below in ends.get(key, ()):
            if below not in came:
                came[below] = key
                waiting.append(below)
    return came


def _together(first: Trail, second: Trail) -> Trail:
    """The trails of two turns of one gradient call as one, each expression once."""
    if not (first.whole and second.whole):
        return first if first.whole else second
    points: dict[Hashable, Point] = {}
    links: dict[tuple[Hashable, Hashable], _WayState] = {}
    targets: list[Hashable] = []
    sources: dict[str, list[Hashable]] = {}
    for trail in (first, second):
        texts: dict[int, list[str]] = {}
        for text, indices in trail.sources.items():
            for index in indices:
                texts.setdefault(index, []).append(text)
        keys = [(tuple(texts.get(index, ())), point) for index, point in enumerate(trail.points)]
        points.update(dict(zip(keys, trail.points, strict=True)))
        targets += [keys[index] for index in trail.targets]
        for link in trail.links:
            ends = keys[link.above], keys[link.below]
            state = _WayState(link.passes, link.sure, link.kind, link.cut)
            if ends not in links or _rank(state) < _rank(links[ends]):
                links[ends] = state
        for text, indices in trail.sources.items():
            sources.setdefault(text, []).extend(keys[index] for index in indices)
    _uncircle(links, targets)
    number = {key: place for place, key in enumerate(points)}
    return Trail(
        first.call,
        tuple(points.values()),
        tuple(Link(number[above], number[below], *state) for (above, below), state in links.items()),
        tuple(dict.fromkeys(number[key] for key in targets)),
        {text: tuple(dict.fromkeys(number[key] for key in keys)) for text, keys in sources.items()},
    )
