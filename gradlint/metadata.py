"""Where gradients flow, as LibCST metadata: for any visitor, codemod or Fixit rule.

Declare ``METADATA_DEPENDENCIES = (GradientFlowProvider,)`` and get the metadata of a node::

    flow = self.get_metadata(GradientFlowProvider, node)

The flow of an expression says which sources of the program's gradient calls it is connected to, where a connection was
lost and why, or that it is unknown. The flow of a gradient call says what each of its sources gets, and that of a
``with`` item which tape it enters. docs/metadata.md has worked examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, VisitorMetadataProvider

from gradlint import registry
from gradlint.flow.facts import Kind
from gradlint.flow.observed import Observation, observe
from gradlint.message import Message
from gradlint.nodes.program import Program
from gradlint.nodes.reading import dotted
from gradlint.places import Places
from gradlint.sources.project import Project
from gradlint.sources.read import code_matters, from_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gradlint.flow.facts import Cause, Claim, Question, Span
    from gradlint.sources.source import Source

__all__ = [
    "Connection",
    "EnteredTape",
    "GradientCall",
    "GradientFlow",
    "GradientFlowProvider",
    "ProjectGradientFlowProvider",
]


@dataclass(frozen=True)
class Connection:
    """The gradient of an expression with respect to one source.

    Attributes:
        source: The source as the gradient call writes it.
        answer: ``connected``; ``lost``: it is None, or the call raises; ``partial``: it lacks a part, or is lost on
            some path; ``unconnected``: the expression is not computed from the source; ``unknown``: it may be
            connected.
        call: The gradient call that asks for the source.
        why: What loses the gradient, in the terms of the analysis: ``numpy``, ``cast``, ``outside``; None if it is not
            lost.
        lost_at: The node at which it is lost.
        message: The explanation in a sentence, as ``gradlint`` reports it.
    """

    source: str
    answer: Literal["connected", "partial", "lost", "unconnected", "unknown"]
    call: cst.Call
    why: str | None = None
    lost_at: cst.CSTNode | None = None
    message: str | None = None


@dataclass(frozen=True)
class GradientCall:
    """A call of ``gradient``, ``jacobian`` or ``batch_jacobian``.

    Attributes:
        node: The call.
        method: The method's name.
        target: The target as written.
        answers: What each source gets.
    """

    node: cst.Call
    method: str
    target: str
    answers: tuple[Connection, ...]


@dataclass(frozen=True)
class EnteredTape:
    """A tape that a ``with`` statement enters.

    Attributes:
        item: The item of the ``with`` statement.
        name: The tape's name; None if it has none.
        calls: The gradient calls made on a tape of this name after the item, in its function.
    """

    item: cst.WithItem
    name: str | None
    calls: tuple[GradientCall, ...]


@dataclass(frozen=True)
class GradientFlow:
    """What is known about a node.

    Attributes:
        connections: For an expression: what each source of each gradient call that runs after it would get if the
            expression were the target.
        call: For a gradient call: the answers for its sources.
        tape: For an item of a ``with`` statement that enters a tape: the tape.
    """

    connections: tuple[Connection, ...] = ()
    call: GradientCall | None = None
    tape: EnteredTape | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is known about the node: no gradient call runs after it, or it cannot be followed."""
        return all(one.answer == "unknown" for one in self.connections) and self.call is None and self.tape is None

    @cached_property
    def connected(self) -> tuple[str, ...]:
        """The sources that the expression is connected to."""
        return tuple(dict.fromkeys(one.source for one in self.connections if one.answer == "connected"))

    @cached_property
    def lost(self) -> tuple[Connection, ...]:
        """The connections that are lost, wholly or in part."""
        return tuple(one for one in self.connections if one.answer in ("lost", "partial"))


class GradientFlowProvider(VisitorMetadataProvider[GradientFlow]):
    """Gives each expression, gradient call and ``with`` item a :class:`GradientFlow`.

    The module is analysed in isolation; what it imports from its own project is unknown, unless
    :class:`ProjectGradientFlowProvider` is used, which follows it. A module that names no ``GradientTape`` costs
    nothing.
    """

    METADATA_DEPENDENCIES = (ByteSpanPositionProvider,)

    def visit_Module(self, node: cst.Module) -> bool:  # noqa: N802
        """Analyse the module and set the metadata of its nodes."""
        code, path = node.code, self.path(node)
        finder = None if path is None else Project(str(path))
        seen = observe(code, finder) if code_matters(code) else Observation()
        _Notes(self, node, from_text(code, str(path or "module.py")), seen).set_all()
        return False

    def path(self, module: cst.Module) -> Path | None:
        """The module's file, from which its imports are followed; None if unknown."""
        return None

    def span_of(self, node: cst.CSTNode) -> tuple[int, int] | None:
        """Where a node begins and ends, in bytes."""
        span = self.get_metadata(ByteSpanPositionProvider, node, None)
        return None if span is None else (span.start, span.start + span.length)


class ProjectGradientFlowProvider(GradientFlowProvider):
    """Gives the metadata of :class:`GradientFlowProvider`, and follows imports from the module's own project.

    It needs the module's path, which LibCST's :class:`~libcst.metadata.FullRepoManager` provides, and so do codemods
    and Fixit. If a gradient is lost in another file, ``lost_at`` is the node in this file that leads there.
    """

    @classmethod
    def gen_cache(cls, root_path: Path, paths: list[str], **_: object) -> Mapping[str, Path]:
        """The absolute path of each file, as LibCST's repository manager requires."""
        return {path: (root_path / path).resolve() for path in paths}

    def __init__(self, cache: Path) -> None:
        super().__init__(cache)
        self._path = cache

    def path(self, module: cst.Module) -> Path | None:
        """The module's file."""
        return self._path


class _Notes:
    """Attaches the answers of the analysis to the nodes of one module."""

    def __init__(self, provider: GradientFlowProvider, module: cst.Module, source: Source, seen: Observation) -> None:
        self.provider = provider
        self.module = module
        self.program = Program(source.code)
        self.places = Places(source, seen.facts.parts)
        self.seen = seen
        self.nodes: dict[tuple[int, int], list[cst.CSTNode]] = {}
        self.messages: dict[int, str | None] = {}
        self.claims = {(lost.call, lost.source): claim for claim in seen.facts.claims for lost in claim.gradients}

    def set_all(self) -> None:
        """Set every node's metadata."""
        expressions = []
        items = []
        for node in _walk(self.module):
            place = self.provider.span_of(node)
            if isinstance(node, cst.WithItem):
                items.append(node)
            elif isinstance(node, (cst.BaseExpression, cst.BaseSmallStatement, cst.BaseCompoundStatement)) and place:
                self.nodes.setdefault(_widened(self.provider, node, place), []).append(node)
                if isinstance(node, cst.BaseExpression):
                    expressions.append((node, _widened(self.provider, node, place)))
        by_place = {self._offsets(span): span for span in self.seen.answers}
        calls = {call.node: call for call in self._calls()}
        for node, place in expressions:
            span = by_place.get(place)
            found = () if span is None else self.seen.answers[span]
            made = (self._expression(one.question, one.call, one.claim) for one in found)
            connections = tuple(one for one in made if one is not None)
            call = calls.get(node) if isinstance(node, cst.Call) else None
            self.provider.set_metadata(node, GradientFlow(connections, call))
        for item in items:
            self.provider.set_metadata(item, GradientFlow(tape=self._tape(item, list(calls.values()))))

    def _offsets(self, span: Span) -> tuple[int, int]:
        program = self.program
        return program.offset(span.line, span.column), program.offset(span.end_line, span.end_column)

    def _node(self, span: Span | None) -> cst.CSTNode | None:
        known = span is not None and not self.places.is_elsewhere(span)
        found = self.nodes.get(self._offsets(span), []) if span is not None and known else []
        return found[-1] if found else None

    def _calls(self) -> list[GradientCall]:
        made = []
        for call in self.seen.facts.calls:
            node = self._node(call.span)
            if isinstance(node, cst.Call):
                answers = (
                    self._connection(one, call.span, self.claims.get((call.span, one.source))) for one in call.questions
                )
                made.append(GradientCall(node, call.method, call.target, tuple(one for one in answers if one)))
        return made

    def _expression(self, question: Question, call: Span, claim: Claim[Cause] | None) -> Connection | None:
        """An expression's connection; an expression that is not computed from the source at all has lost nothing."""
        made = self._connection(question, call, claim)
        if made is None or question.kind is not Kind.UNCONNECTED:
            return made
        return Connection(made.source, "unconnected", made.call)

    def _connection(self, question: Question, call: Span, claim: Claim[Cause] | None) -> Connection | None:
        node = self._node(call)
        if not isinstance(node, cst.Call):
            return None
        why = None if question.kind is None else question.kind.value
        leads = None if claim is None else claim.site
        lost_at = self._node(leads or question.cause) if why is not None else None
        message = None if claim is None else self._message(claim)
        return Connection(question.source, question.answer, node, why, lost_at, message)

    def _message(self, claim: Claim[Cause]) -> str | None:
        if id(claim) not in self.messages:
            rules = (rule for rule in registry.load() if claim.kind in rule.kinds)
            rule = next(rules, None)
            said = None if rule is None else Message.of(rule.message(claim)).mapped(self.places.named)
            self.messages[id(claim)] = None if said is None else self.places.sentence(said, claim)
        return self.messages[id(claim)]

    def _tape(self, item: cst.WithItem, calls: list[GradientCall]) -> EnteredTape | None:
        made = item.item
        entered = item.asname.name if item.asname is not None else made
        makes = isinstance(made, cst.Call) and (dotted(made.func) or "").endswith("Tape")
        name = dotted(entered)
        if not makes and not any(_asked_of(call) == name for call in calls):
            return None
        start = (self.provider.span_of(item.item) or (0, 0))[0]
        behind = [one for one in calls if (self.provider.span_of(one.node) or (0, 0))[0] >= start]
        return EnteredTape(item, name, tuple(one for one in behind if name is not None and _asked_of(one) == name))


def _asked_of(call: GradientCall) -> str | None:
    return dotted(call.node.func.value) if isinstance(call.node.func, cst.Attribute) else None


def _widened(provider: GradientFlowProvider, node: cst.CSTNode, place: tuple[int, int]) -> tuple[int, int]:
    """A node's extent as ``ast`` gives it: including the brackets of a tuple or a generator."""
    if isinstance(node, (cst.Tuple, cst.GeneratorExp)) and node.lpar:
        first, last = provider.span_of(node.lpar[0]), provider.span_of(node.rpar[-1])
        if first is not None and last is not None:
            return first[0], last[1]
    return place


def _walk(node: cst.CSTNode) -> list[cst.CSTNode]:
    found, pending = [], [node]
    while pending:
        one = pending.pop()
        found.append(one)
        pending.extend(one.children)
    return found
