"""What a fix does to the program, in nodes: replaced, put in, taken out, moved, unwrapped.

A rule says what it changes; comments, blank lines, line ends, the width of the indentation and several statements on
one line are looked after here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from gradlint.nodes.lazy import cst
from gradlint.nodes.make import fitted, unbracketed
from gradlint.nodes.walking import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradlint.nodes.program import Program

    Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement
    NewStatement = cst.SimpleStatementLine | cst.BaseCompoundStatement
    Line = cst.SimpleStatementLine | cst.BaseCompoundStatement


class ChangeError(ValueError):
    """A change that the program's layout does not allow."""


@dataclass(frozen=True, eq=False)
class Replace:
    """Another node in the place of one: an expression, or a statement for a statement."""

    old: cst.CSTNode
    new: cst.CSTNode


@dataclass(frozen=True, eq=False)
class Before:
    """Statements put in just before another one, below its comments."""

    anchor: Statement
    new: Sequence[NewStatement]


@dataclass(frozen=True, eq=False)
class After:
    """Statements put in just behind another one."""

    anchor: Statement
    new: Sequence[NewStatement]


@dataclass(frozen=True, eq=False)
class Remove:
    """A statement taken out; ``pass`` stands where its block holds nothing else. Comments above it stay."""

    old: Statement


@dataclass(frozen=True, eq=False)
class Move:
    """Statements that follow one another, moved to just before or just behind another one with their comments."""

    moved: Sequence[Statement]
    before: Statement | None = None
    after: Statement | None = None


@dataclass(frozen=True, eq=False)
class Wrap:
    """Statements that follow one another, put into the block of a new compound statement such as a ``with``."""

    wrapped: Sequence[Statement]
    around: cst.BaseCompoundStatement


@dataclass(frozen=True, eq=False)
class Unwrap:
    """A block's statements without the compound statement around them."""

    old: cst.BaseCompoundStatement


Change = Replace | Before | After | Remove | Move | Wrap | Unwrap


def changed(program: Program, changes: Iterable[Change]) -> cst.Module:
    """The program's module with changes made.

    Raises:
        ChangeError: If one cannot be made where it is asked for.
    """
    return _Rewriter(program, list(changes)).module()


@dataclass
class _Rewriter:
    """Builds the path from the module to each changed node anew and leaves all else as it is."""

    program: Program
    changes: list[Change]
    replaced: dict[cst.CSTNode, cst.CSTNode] = field(default_factory=dict)
    gone: set[cst.CSTNode] = field(default_factory=set)
    moved: set[cst.CSTNode] = field(default_factory=set)
    alone: set[cst.CSTNode] = field(default_factory=set)
    before: dict[cst.CSTNode, list[cst.CSTNode]] = field(default_factory=dict)
    after: dict[cst.CSTNode, list[cst.CSTNode]] = field(default_factory=dict)
    wrapped: dict[cst.CSTNode, Wrap] = field(default_factory=dict)
    unwrapped: set[cst.CSTNode] = field(default_factory=set)
    touched: set[cst.CSTNode] = field(default_factory=set)

    def module(self) -> cst.Module:
        for change in self.changes:
            self._note(change)
        return cast("cst.Module", self._rebuilt(self.program.module))

    # -- what is to be done where ---------------------------------------------------------------------------------

    def _note(self, change: Change) -> None:
        match change:
            case Replace(old, new):
                self.replaced[old] = new
                self._touch(old)
            case Before(anchor, new):
                self.before.setdefault(self._beside(anchor, 0), []).extend(new)
            case After(anchor, new):
                self.after.setdefault(self._beside(anchor, -1), []).extend(new)
            case Remove(old):
                self.gone.add(self._home(old))
            case Unwrap(old):
                self.unwrapped.add(old)
                self._touch(old)
            case Wrap(wrapped, _):
                homes = [self._line(one) for one in wrapped]
                self.wrapped.update(dict.fromkeys(homes, change))
            case Move(moved, before, after):
                homes = [self._line(one) for one in moved]
                self.moved.update(homes)
                self.alone.update(homes if len(homes) == 1 else ())
                place = before or after
                if place is None:
                    raise ChangeError("nowhere to move to")
                (self.before if before is not None else self.after).setdefault(self._home(place), []).extend(homes)

    def _touch(self, node: cst.CSTNode) -> None:
        self.touched.add(node)
        self.touched.update(self.program.above(node))

    def _home(self, statement: cst.CSTNode) -> cst.CSTNode:
        """Where a statement stands among others: its line where it has one for itself, else among a line's parts."""
        self._touch(statement)
        holder = self.program.parent(statement)
        if isinstance(holder, cst.SimpleStatementLine) and len(holder.body) == 1:
            return holder
        return statement

    def _beside(self, statement: cst.CSTNode, end: int) -> cst.CSTNode:
        """What a new statement goes before or after: the whole line where the other one is at that end of it."""
        home = self._home(statement)
        holder = self.program.parent(statement)
        if isinstance(holder, cst.SimpleStatementLine) and holder.body[end] is statement:
            return holder
        return home

    def _line(self, statement: cst.CSTNode) -> cst.CSTNode:
        home = self._home(statement)
        if isinstance(home, cst.BaseSmallStatement):
            raise ChangeError("it shares its line with another statement")
        return home

    # -- the new tree ---------------------------------------------------------------------------------------------

    def _rebuilt(self, node: cst.CSTNode) -> cst.CSTNode:
        if node in self.replaced:
            return self._replacement(node)
        if node not in self.touched:
            return node
        changes: dict[str, object] = {}
        for name in fields_of(type(node)):
            value = getattr(node, name)
            if isinstance(value, cst.CSTNode):
                changes[name] = self._rebuilt(value)
            elif isinstance(value, (list, tuple)) and any(one in self.touched for one in value if _is_node(one)):
                changes |= self._sequence(node, name, value)
        return node.with_changes(**changes)

    def _replacement(self, node: cst.CSTNode) -> cst.CSTNode:
        new = self.replaced[node]
        if isinstance(node, cst.BaseExpression) and isinstance(new, cst.BaseExpression):
            holder = self.program.parent(node)
            if self._is_needless(node, new, holder):
                return fitted(new, holder)
            if node.lpar and not isinstance(node, (cst.Tuple, cst.GeneratorExp)):
                return unbracketed(new).with_changes(lpar=node.lpar, rpar=node.rpar)
            return fitted(new, holder)
        if isinstance(new, cst.SimpleStatementLine) and isinstance(node, cst.BaseSmallStatement):
            return new.body[0]
        return new

    def _is_needless(self, node: cst.BaseExpression, new: cst.BaseExpression, holder: cst.CSTNode | None) -> bool:
        """Whether an operand's brackets are not needed any more: a call is to stand there, all on one line."""
        if not isinstance(holder, cst.BinaryOperation) or not isinstance(new, cst.Call) or len(node.lpar) != 1:
            return False
        return "\n" not in self.program.text(holder)

    def _sequence(self, node: cst.CSTNode, name: str, value: Sequence[cst.CSTNode]) -> dict[str, object]:
        if name == "body" and isinstance(node, (cst.Module, cst.IndentedBlock)):
            return self._lines(node, value)
        if name == "body" and isinstance(node, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
            return {"body": self._parts(value)}
        return {name: [self._rebuilt(one) for one in value]}

    def _parts(self, body: Sequence[cst.CSTNode]) -> list[cst.CSTNode]:
        """The statements of one line."""
        made: list[cst.CSTNode] = []
        for one in body:
            made += [part for new in self.before.get(one, ()) for part in _small(new)]
            if one not in self.gone:
                made.append(self._rebuilt(one))
            made += [part for new in self.after.get(one, ()) for part in _small(new)]
        made = made or [cst.Pass()]
        last = made[-1]
        if isinstance(last, cst.BaseSmallStatement) and last is not body[-1] and len(made) != len(body):
            made[-1] = last.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        for at, one in enumerate(made[:-1]):
            if isinstance(one, cst.BaseSmallStatement) and one is body[-1]:
                made[at] = one.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        return made

    def _lines(self, node: cst.Module | cst.IndentedBlock, body: Sequence[cst.CSTNode]) -> dict[str, object]:
        """The lines of a block."""
        made: list[cst.CSTNode] = []
        above: list[cst.EmptyLine] = []
        for one in body:
            if one not in self.touched and not above:
                made.append(one)
                continue
            before = [self._placed(new) for new in self.before.get(one, ())]
            if one in self.moved:
                kept: list[cst.CSTNode] = []
            elif one in self.gone:
                above += getattr(one, "leading_lines", ())
                kept = []
            elif one in self.wrapped:
                kept = self._wrapped(one)
            elif one in self.unwrapped:
                kept = self._unwrapped(one)
            else:
                kept = [self._block_for(one) or self._rebuilt(one)]
            if before and kept:
                before[0] = _led(before[0], _leading(kept[0]))
                kept[0] = _led(kept[0], [])
            new = [*before, *kept, *(self._placed(new) for new in self.after.get(one, ()))]
            if above and new:
                new[0] = _led(new[0], [*above, *_leading(new[0])])
                above = []
            made += new
        changes: dict[str, object] = {"body": made or [cst.SimpleStatementLine([cst.Pass()])]}
        if above:
            changes["footer"] = [*above, *node.footer]
        return changes

    def _block_for(self, line: cst.CSTNode) -> cst.CSTNode | None:
        """The compound statement that is to stand in the place of a line; its comment goes to the header."""
        if not isinstance(line, cst.SimpleStatementLine):
            return None
        new = self.replaced.get(line.body[0])
        if not isinstance(new, cst.BaseCompoundStatement):
            return None
        body = new.body.with_changes(header=line.trailing_whitespace)
        return new.with_changes(body=body, leading_lines=line.leading_lines)

    def _placed(self, node: cst.CSTNode) -> cst.CSTNode:
        """A statement that is put in; one that is moved alone comes without the blank lines above."""
        if node not in self.moved:
            return node
        made = _deeper(self._rebuilt(node))
        if node not in self.alone:
            return made
        return _led(made, [line for line in _leading(made) if line.comment is not None])

    def _wrapped(self, node: cst.CSTNode) -> list[cst.CSTNode]:
        change = self.wrapped[node]
        lines = [self._line(one) for one in change.wrapped]
        if node is not lines[0]:
            return []
        body = [_deeper(self._rebuilt(one)) for one in lines]
        leading = _leading(body[0])
        blank = next((at for at, line in enumerate(leading) if line.comment is not None), len(leading))
        body[0] = _led(body[0], leading[blank:])
        around = change.around.with_changes(body=change.around.body.with_changes(body=body))
        return [_led(around, leading[:blank])]

    def _unwrapped(self, node: cst.CSTNode) -> list[cst.CSTNode]:
        body = getattr(node, "body", None)
        if not isinstance(body, cst.IndentedBlock):
            raise ChangeError("its block stands on its own line")
        lines = cast("Sequence[cst.CSTNode]", self._lines(body, body.body)["body"])
        comment = body.header.comment
        leading = [*_leading(node), *([cst.EmptyLine(comment=comment)] if comment is not None else [])]
        return [_led(lines[0], [*leading, *_leading(lines[0])]), *lines[1:]]


def _deeper(node: cst.CSTNode) -> cst.CSTNode:
    """A statement that may be indented: its blank lines stay empty."""

    class Emptied(cst.CSTTransformer):
        def leave_EmptyLine(self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine) -> cst.EmptyLine:  # noqa: N802
            return updated_node if updated_node.comment is not None else updated_node.with_changes(indent=False)

    return cast("cst.CSTNode", node.visit(Emptied()))


def _is_node(value: object) -> bool:
    return isinstance(value, cst.CSTNode)


def _leading(node: cst.CSTNode) -> list[cst.EmptyLine]:
    return list(getattr(node, "leading_lines", ()))


def _led(node: cst.CSTNode, lines: Sequence[cst.EmptyLine]) -> cst.CSTNode:
    return node.with_changes(leading_lines=lines)


def _small(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The parts of a statement that is to share a line with others."""
    if not isinstance(node, cst.SimpleStatementLine):
        raise ChangeError("a block cannot share its line")
    return list(node.body)
