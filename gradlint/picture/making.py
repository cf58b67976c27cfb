"""Makes the drawings of a program from the results of the analysis and the trails of its gradient calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.picture.folding import fold
from gradlint.picture.labels import Labels, cropped
from gradlint.picture.record import Drawing, DrawnEdge, DrawnSource, LossMark, Node, Spot, Verdict, Way
from gradlint.places import Places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gradlint.flow.facts import CallAnswers, Cause, Claim, Facts, LostGradient, Question, Span
    from gradlint.flow.trails import Link, Point, Trail
    from gradlint.sources.source import Source as Text

    Names = Mapping[Kind, tuple[str, str]]

LARGEST = 400_000
"""How many expressions times sources a call may have to be drawn."""
LONGEST_NAMED = 44
"""How long a source's name may be together with what it is for both to be shown."""
_OUTCOMES = {"none": "gets None", "partial": "lacks a part", "zero": "gets zeros", "nan": "gets NaN"}
_STOPS = {
    Kind.ASSIGNED: "state",
    Kind.CAST: "cast",
    Kind.COMPARISON: "comparison",
    Kind.CONDITION: "only decides",
    Kind.STOPPED: "stopped",
    Kind.NO_GRADIENT: "no gradient",
    Kind.NON_DIFFERENTIABLE: "no gradient",
    Kind.NUMPY: "NumPy",
    Kind.OPAQUE: "not TensorFlow",
    Kind.PYTHON: "Python number",
    Kind.REWRAPPED: "new leaf",
    Kind.UNCONNECTED: "not needed",
}
"""The label of a break that no rule reports."""


def drawings(source: Text, facts: Facts, trails: Mapping[Span, Trail], names: Names) -> tuple[Drawing, ...]:
    """A drawing of each gradient call of a program, in the order of the program.

    Args:
        source: The text that was analysed.
        facts: What the analysis found out.
        trails: The trails of the gradient calls.
        names: By the kind of loss, the code and the name of the rule that reports it.
    """
    view = _View(source, facts, names)
    return tuple(_Drawn(view, call, trails.get(call.span)).drawing() for call in facts.calls)


class _View:
    """What the drawings of one program have in common."""

    def __init__(self, source: Text, facts: Facts, names: Names) -> None:
        self.source = source
        self.names = names
        self.places = Places(source, facts.parts)
        self.labels = Labels(source, facts.parts)
        self.claims: dict[tuple[Span, str], list[tuple[Claim[Cause], LostGradient]]] = {}
        for claim in facts.claims:
            for lost in claim.gradients:
                self.claims.setdefault((lost.call, lost.source), []).append((claim, lost))

    def spot(self, span: Span) -> Spot:
        """A place as the user counts it."""
        start, end = self.places.start(span), self.places.end(span)
        last = end.position.line if end.cell == start.cell else start.position.line
        return Spot(
            start.path or "",
            -1 if start.cell is None else start.cell,
            start.position.line,
            start.position.column,
            max(last, start.position.line),
        )

    def mark(self, kind: Kind, sources: Iterable[int], *, partial: bool) -> LossMark:
        """The mark of a loss."""
        code, name = self.names.get(kind, ("", kind.value))
        return LossMark(code, name, tuple(sources), partial)


@dataclass
class _Loss:
    """A cause of a call's losses: its claim, and the sources that it breaks."""

    claim: Claim[Cause]
    sources: list[int] = field(default_factory=list)
    partial: bool = False


class _Drawn:
    """One gradient call that is being drawn."""

    def __init__(self, view: _View, call: CallAnswers, trail: Trail | None) -> None:
        self.view = view
        self.call = call
        self.trail = trail if trail is not None and self._is_drawn(trail) else None
        self.losses = self._losses()

    def drawing(self) -> Drawing:
        """The drawing."""
        view, call = self.view, self.call
        nodes, edges = self._net() if self.trail is not None else ([], [])
        return Drawing(
            path=view.source.path,
            spot=view.spot(call.span),
            text=cropped(view.labels.text(call.span)),
            method=call.method,
            target=cropped(call.target),
            sources=tuple(self._source(question) for question in call.questions),
            nodes=tuple(nodes),
            edges=tuple(edges),
            whole=self.trail is not None,
        )

    def _is_drawn(self, trail: Trail) -> bool:
        return trail.whole and len(trail.points) * (len(self.call.questions) + 1) <= LARGEST

    # -- the sources -----------------------------------------------------------------------------------------------

    def _source(self, question: Question) -> DrawnSource:
        verdict = _verdict(question)
        return DrawnSource(
            cropped(question.source),
            self.view.spot(question.span),
            verdict,
            self._outcome(question, verdict),
            self.view.places.named(question.because) if verdict in ("maybe", "unknown") else "",
        )

    def _outcome(self, question: Question, verdict: Verdict) -> str:
        if verdict == "connected":
            return "connected"
        if verdict in ("maybe", "unknown"):
            return "may be connected" if verdict == "maybe" else "unknown"
        for _, lost in self.view.claims.get((self.call.span, question.source), ()):
            if lost.outcome == "error":
                return f"raises {lost.exception or 'an exception'}"
            return _OUTCOMES[lost.outcome]
        return "lacks a part" if verdict == "partial" else "lost"

    def _losses(self) -> list[_Loss]:
        """The causes of the call's losses, in the order of its sources."""
        found: dict[int, _Loss] = {}
        for index, question in enumerate(self.call.questions):
            for claim, lost in self.view.claims.get((self.call.span, question.source), ()):
                if lost.outcome == "nan":
                    continue
                loss = found.setdefault(id(claim), _Loss(claim))
                loss.sources.append(index)
                loss.partial = loss.partial or question.answer == "partial"
        return list(found.values())

    # -- nodes and edges -------------------------------------------------------------------------------------------

    def _net(self) -> tuple[list[Node], list[DrawnEdge]]:
        """The nodes in the order of the program, and the edges."""
        assert self.trail is not None
        trail = self.trail
        links = list(trail.links)
        own = [trail.sources.get(question.source, ()) for question in self.call.questions]
        marks = self._marks(own)
        gone = {index for index, question in enumerate(self.call.questions) if question.answer == "lost"}
        refused = any(self._is_refusal(loss) for loss in self.losses)
        leads = _spread(len(trail.points), own, links, live=False)
        live = _spread(len(trail.points), own, links, live=True)
        reached = set() if refused else _reached(trail)
        stops, doubts = _stops(links), self._doubts(own)
        nodes = []
        for index, point in enumerate(trail.points):
            here = (self.view.mark(one.claim.kind, one.sources, partial=one.partial) for one in marks[index])
            label = self._label(point)
            sources = tuple(number for number, indices in enumerate(own) if index in indices)
            nodes.append(
                Node(
                    label=self._named(label, sources),
                    spot=None if point.span is None else self.view.spot(point.span),
                    sort=point.sort,
                    target=index in trail.targets,
                    sources=sources,
                    leads=leads[index],
                    live=live[index] - gone,
                    reached=index in reached,
                    marks=tuple(here),
                    note="" if marks[index] else ", ".join(dict.fromkeys((*stops.get(index, ()), *doubts[index]))),
                )
            )
        nodes += self._elsewhere(own)
        edges = [DrawnEdge(link.above, link.below, self._way(link, nodes), link.sure) for link in links]
        statements = [None if one.span is None else self.view.labels.statement(one.span) for one in trail.points]
        statements += [None] * (len(nodes) - len(trail.points))
        return fold(nodes, edges, statements)

    def _label(self, point: Point) -> str:
        """The label of a point: the code there; the name of a parameter, whose place is that of its function."""
        labels = self.view.labels
        if point.span is None or (point.sort == "unknown" and point.what and labels.is_block(point.span)):
            return point.what or "something unknown"
        return labels.label(point.span)

    def _elsewhere(self, own: list[tuple[int, ...]]) -> Iterator[Node]:
        """The sources that the call has in an iteration other than the one that is drawn."""
        for number, indices in enumerate(own):
            if not indices:
                question = self.call.questions[number]
                comes = question.answer in ("connected", "partial")
                yield Node(
                    cropped(question.source),
                    self.view.spot(question.span),
                    "variable",
                    sources=(number,),
                    live=frozenset({number} if comes else ()),
                    reached=comes,
                )

    def _named(self, label: str, sources: tuple[int, ...]) -> str:
        """A label that begins with the source's own name, if the node is a source."""
        texts = [self.call.questions[number].source for number in sources]
        if not texts or label.partition(" = ")[0] in texts or label in texts:
            return label
        named = texts[0] if len(texts) == 1 else f"{texts[0]} and {len(texts) - 1} more"
        return f"{named}: {label}" if len(named) + len(label) < LONGEST_NAMED else named

    def _marks(self, own: list[tuple[int, ...]]) -> list[list[_Loss]]:
        """The losses at each point, by the point's index."""
        assert self.trail is not None
        marks: list[list[_Loss]] = [[] for _ in self.trail.points]
        for loss in self.losses:
            for index in self._where(loss, own):
                marks[index].append(loss)
        return marks

    def _doubts(self, own: list[tuple[int, ...]]) -> list[list[str]]:
        """What is said at each point of a gradient that arrives and may not be finite."""
        assert self.trail is not None
        doubts: list[list[str]] = [[] for _ in self.trail.points]
        for index, question in enumerate(self.call.questions):
            for claim, lost in self.view.claims.get((self.call.span, question.source), ()):
                if lost.outcome == "nan":
                    text = self.view.mark(claim.kind, (index,), partial=False).text
                    for place in self._where(_Loss(claim, [index]), own):
                        doubts[place].append(f"may make it NaN: {text}")
        return doubts

    def _where(self, loss: _Loss, own: list[tuple[int, ...]]) -> list[int]:
        """The points at which a loss is marked: those at its place, else its sources."""
        assert self.trail is not None
        points, span = self.trail.points, loss.claim.span
        exact = [index for index, point in enumerate(points) if point.span == span]
        if exact:
            among = [index for index in exact if any(index in own[number] for number in loss.sources)]
            return among or exact[:1]
        if self._is_refusal(loss):
            return list(self.trail.targets[:1])
        inside = [
            index
            for index, point in enumerate(points)
            if point.span is not None and _covers(span, point.span) and not any(index in one for one in own)
        ]
        if inside:
            return [max(inside, key=lambda index: (points[index].span, -index))]
        unseen = self._unseen(loss)
        if unseen:
            return unseen
        return list(dict.fromkeys(index for number in loss.sources for index in own[number]))

    def _unseen(self, loss: _Loss) -> list[int]:
        """Where a value is computed that the tape does not record, nearest to the target."""
        assert self.trail is not None
        if loss.claim.kind not in (Kind.OUTSIDE, Kind.INNER_GRADIENT):
            return []
        reached = _reached(self.trail)
        dark = {link.above for link in self.trail.links if link.passes == "dark" and link.above in reached}
        return sorted(dark)[:1]

    def _is_refusal(self, loss: _Loss) -> bool:
        """Whether the call itself fails, whatever the values are."""
        claim = loss.claim
        if claim.kind is Kind.SILENCED:
            return False
        if _covers(self.call.span, claim.span):
            return not any(question.span == claim.span for question in self.call.questions)
        return claim.kind in (Kind.TAPE_REUSED, Kind.TARGET_NOT_TENSOR)

    @staticmethod
    def _way(link: Link, nodes: list[Node]) -> Way:
        above, below = nodes[link.above], nodes[link.below]
        if link.passes not in ("live", "idle") and above.marks and not above.sources:
            return "lost"
        if link.passes == "cut":
            return "stopped"
        if below.marks and below.sources and above.reached:
            return "lost"
        if link.passes in ("live", "idle") and above.reached:
            return "connected" if above.live & below.live else "reached"
        return "unreached"


def _verdict(question: Question) -> Verdict:
    if question.answer == "connected":
        return "connected" if question.proved else "maybe"
    return question.answer


def _stops(links: list[Link]) -> dict[int, list[str]]:
    """What stops at each point, in words, by the point's index."""
    found: dict[int, list[str]] = {}
    for link in links:
        if link.kind is not None:
            found.setdefault(link.above, []).append(_STOPS.get(link.kind, link.kind.value))
    return found


def _covers(outer: Span, inner: Span) -> bool:
    starts = (outer.line, outer.column) <= (inner.line, inner.column)
    return starts and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def _reached(trail: Trail) -> set[int]:
    """The points that a gradient reaches from the targets."""
    below: dict[int, list[int]] = {}
    for link in trail.links:
        if link.passes in ("live", "idle"):
            below.setdefault(link.above, []).append(link.below)
    found = set(trail.targets)
    waiting = list(found)
    while waiting:
        for index in below.get(waiting.pop(), ()):
            if index not in found:
                found.add(index)
                waiting.append(index)
    return found


def _spread(size: int, own: list[tuple[int, ...]], links: list[Link], *, live: bool) -> list[frozenset[int]]:
    """By each point's index, the sources that it leads to; where ``live``, by links that a gradient passes."""
    above: dict[int, list[int]] = {}
    for link in links:
        if not live or link.passes == "live":
            above.setdefault(link.below, []).append(link.above)
    found: list[set[int]] = [set() for _ in range(size)]
    for number, indices in enumerate(own):
        waiting = list(indices)
        seen = set(indices)
        while waiting:
            index = waiting.pop()
            found[index].add(number)
            for user in above.get(index, ()):
                if user not in seen:
                    seen.add(user)
                    waiting.append(user)
    return [frozenset(one) for one in found]
