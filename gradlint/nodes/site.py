"""Where a claim stands in the program: its node, its gradient calls with their tapes and blocks, and the names around.

A question that the program's text does not surely answer is answered with None, and the fix is then none.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from gradlint.nodes.changes import Before
from gradlint.nodes.lazy import cst
from gradlint.nodes.make import code_of, statement
from gradlint.nodes.reading import dotted, elements, keywords, positional
from gradlint.nodes.scopes import Names
from gradlint.nodes.walking import statements_of, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.facts import Cause, Claim, LostGradient, Span
    from gradlint.nodes.changes import Change
    from gradlint.nodes.program import Program

    Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement


class Site(Names):
    """A claim's surroundings in its program.

    Args:
        claim: The claim.
        program: The program.
    """

    def __init__(self, claim: Claim[Cause], program: Program) -> None:
        super().__init__(program)
        self.claim = claim
        self.may_import = False
        """Whether the fix takes :attr:`imports_needed` along, so that TensorFlow may be imported for it."""
        self.imports_needed: list[Change] = []
        """The import that :meth:`tensorflow` asks for."""

    # -- nodes ----------------------------------------------------------------------------------------------------

    def at(self, span: Span | None) -> cst.BaseExpression | None:
        """The expression that stands exactly at a place."""
        found = [one for one in self.program.at(span) if isinstance(one, cst.BaseExpression)]
        return found[-1] if found else None

    @cached_property
    def node(self) -> cst.BaseExpression | None:
        """The expression that the claim points at; the value or the call of a statement that does no more."""
        found = self.at(self.claim.span)
        if found is not None:
            return found
        for one in self.program.at(self.claim.span):
            if isinstance(one, (cst.Expr, cst.Assign, cst.AnnAssign, cst.AugAssign, cst.Return)):
                return one.value
        return None

    @cached_property
    def statement(self) -> Statement | None:
        """The statement that the claim points at, or into."""
        found = self.program.at(self.claim.span)
        inner = found[0] if found else self.program.innermost(self.claim.span)
        return None if inner is None else self.program.statement(inner)

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """What holds a node at once: often an ``Arg``, an ``Element`` or an ``AssignTarget``."""
        return self.program.parent(node)

    def holder(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The expression or statement that holds a node, past ``Arg``, ``Element`` and the like."""
        return self.program.holder(node)

    def above(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes that hold a node, from the nearest to the module."""
        return self.program.above(node)

    def suite(self, statement: cst.CSTNode) -> list[Statement]:
        """The statements of the block that a statement stands in."""
        return self.program.suite(statement)

    def statement_of(self, node: cst.CSTNode) -> Statement | None:
        """The statement that a node stands in."""
        return self.program.statement(node)

    def text(self, node: cst.CSTNode) -> str:
        """A node's text: as it is written where it is the program's own."""
        return self.program.text(node) if self.program.holds(node) else code_of(node)

    def same(self, one: cst.CSTNode, other: cst.CSTNode) -> bool:
        """Whether two nodes say the same."""
        return "".join(self.text(one).split()) == "".join(self.text(other).split())

    def comes_before(self, one: cst.CSTNode, other: cst.CSTNode) -> bool:
        """Whether a node begins before another one."""
        return self.program.extent(one)[0] < self.program.extent(other)[0]

    def ends_before(self, one: cst.CSTNode, other: cst.CSTNode) -> bool:
        """Whether a node ends before another one begins."""
        return self.program.extent(one)[1] <= self.program.extent(other)[0]

    def tensorflow(self, function: str, near: cst.CSTNode) -> str | None:
        """How the program at a node spells a function of TensorFlow; None where it cannot.

        Where the rule lets it, ``import tensorflow as tf`` is put in before the names that come from TensorFlow.
        """
        spelled = super().tensorflow(function, near)
        if spelled is not None or not self.may_import or "tf" in self.program.names:
            return spelled
        for node in statements_of(self.program.module):
            if isinstance(node, cst.ImportFrom) and not node.relative and dotted(node.module) == "tensorflow":
                self.imports_needed = [Before(node, [statement("import tensorflow as tf")])]
                return f"tf.{function}"
        return None

    # -- gradient calls and tapes ---------------------------------------------------------------------------------

    @cached_property
    def calls(self) -> list[tuple[LostGradient, cst.Call]]:
        """The gradient calls of the claim, with what is lost at each."""
        found = []
        for lost in self.claim.gradients:
            node = self.at(lost.call)
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
                found.append((lost, node))
        return found

    def source(self, lost: LostGradient) -> cst.BaseExpression | None:
        """The node of a source that is lost, in its gradient call."""
        return self.at(lost.source_span)

    def target(self, lost: LostGradient) -> cst.BaseExpression | None:
        """The node of a target, in its gradient call."""
        return self.at(lost.target_span)

    @cached_property
    def asked_alone(self) -> bool:
        """Whether the claim's gradient calls lose every source that they ask for.

        Only then does another value on the way change no gradient that was there before.
        """
        lost: dict[cst.Call, set[cst.BaseExpression | None]] = {}
        for one, call in self.calls:
            lost.setdefault(call, set()).add(self.source(one))
        for call, known in lost.items():
            given = positional(call) or []
            sources = given[1] if len(given) > 1 else keywords(call).get("sources")
            if sources is None or not known.issuperset(elements(sources) or [sources]):
                return False
        return bool(lost)

    @cached_property
    def is_caught(self) -> bool:
        """Whether all that the claim loses raises, and the program is ready for it: a ``try`` with a handler."""
        lost = self.claim.gradients
        if not lost or any(one.outcome != "error" for one in lost):
            return False
        tried = [any(isinstance(one, cst.Try) and one.handlers for one in self.above(call)) for _, call in self.calls]
        return len(tried) == len(lost) and all(tried)

    def arguments(self, call: cst.Call) -> tuple[list[str], dict[str, str]] | None:
        """The texts of a call's arguments, by position and by keyword; None where some are starred."""
        plain = positional(call)
        if plain is None:
            return None
        return [self.text(one) for one in plain], {name: self.text(one) for name, one in keywords(call).items()}

    @cached_property
    def blocks(self) -> list[cst.With]:
        """The blocks that recorded what the claim's gradient calls ask for."""
        return [block for _, call in self.calls if (block := self.block(call)) is not None]

    def tape(self, call: cst.CSTNode | None) -> str | None:
        """How a gradient call names its tape."""
        if isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute):
            return dotted(call.func.value)
        return None

    def block(self, call: cst.Call) -> cst.With | None:
        """The ``with`` statement that recorded what a gradient call asks for.

        It is the last one before the call, or around it, in the call's own scope, that enters the call's tape.
        """
        tape = self.tape(call)
        if tape is None:
            return None
        entering = [
            node
            for node in self.own(self.scope(call))
            if isinstance(node, cst.With) and self.item(node, tape) is not None and self.comes_before(node, call)
        ]
        return max(entering, key=self.program.extent, default=None)

    @staticmethod
    def item(block: cst.With, tape: str) -> cst.WithItem | None:
        """The item of a ``with`` statement that enters a tape of a name."""
        for item in block.items:
            entered = item.item if item.asname is None else item.asname.name
            if dotted(entered) == tape:
                return item
        return None

    def tape_call(self, call: cst.Call) -> cst.Call | None:
        """The ``tf.GradientTape(...)`` that made a gradient call's tape."""
        block, tape = self.block(call), self.tape(call)
        if tape is None:
            return None
        item = None if block is None else self.item(block, tape)
        made: cst.BaseExpression | None = None
        if item is not None and item.asname is not None:
            made = item.item
        else:
            values = [value for statement, value in self.bindings(tape, call) if self.comes_before(statement, call)]
            made = values[0] if len(values) == 1 else None
        return made if isinstance(made, cst.Call) and self.is_tape(made) else None

    def makes_tape(self, block: cst.With) -> bool:
        """Whether a ``with`` statement makes a tape and enters it."""
        return any(isinstance(item.item, cst.Call) and self.is_tape(item.item) for item in block.items)

    def is_tape(self, call: cst.Call) -> bool:
        """Whether a call makes a tape, by its class's name or by where the program imports it from."""
        return (self.canonical(call.func) or dotted(call.func) or "").endswith("Tape")

    def is_inside(self, node: cst.CSTNode, block: cst.CSTNode) -> bool:
        """Whether a node stands in a block."""
        return any(one is block for one in self.above(node))

    def body(self, block: cst.CSTNode) -> list[Statement]:
        """The statements of a block."""
        return statements_of(block)

    def is_alone(self, statement: cst.CSTNode) -> bool:
        """Whether a statement has its lines for itself."""
        return self.program.is_alone(statement)


def leaves(node: cst.CSTNode) -> bool:
    """Whether a node leaves the function or the loop that it stands in, or may."""
    leaving = (cst.Return, cst.Break, cst.Continue, cst.Raise, cst.Yield)
    return any(isinstance(one, leaving) for one in walk(node))
