"""Statements moved into a tape's block, from behind it or from before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.changes import Move, Unwrap, Wrap
from gradlint.nodes.lazy import cst
from gradlint.nodes.make import holds
from gradlint.nodes.reading import bound_in, called, dotted, names_in
from gradlint.nodes.site import leaves
from gradlint.nodes.walking import walk
from gradlint.nodes.watching import is_watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.nodes.changes import Change
    from gradlint.nodes.site import Site

    Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement

MOST = 8
"""How many statements are moved at most: a block that swallows more is another program."""


def moved_in_from_behind(site: Site, block: cst.With, node: Statement, tape: str | None) -> list[Change] | None:
    """The statements from a block's end up to one behind it, moved into the block.

    None where one of them asks the tape (if one is given), leaves the function or loop, or shares its line.
    """
    between = statements_between(site, block, node)
    if not _can_move(site, block, between) or any(tape is not None and _asks(one, tape) for one in between):
        return None
    return [Move(between, after=site.body(block)[-1])]


def statements_between(site: Site, block: cst.With, node: Statement) -> list[Statement]:
    """The statements behind a block up to a given one, that one included; none where it is not of the same suite."""
    suite = site.suite(block)
    at, until = suite.index(block), _position(suite, node)
    return [] if until is None or until <= at else suite[at + 1 : until + 1]


def moved_in_from_before(site: Site, block: cst.With, node: Statement) -> list[Change] | None:
    """The statements from one ahead of a block up to it, moved into the block; what it watches first stays first."""
    suite = site.suite(block)
    at, since = suite.index(block), _position(suite, node)
    moved = [] if since is None or since >= at else suite[since:at]
    definitions = (cst.FunctionDef, cst.ClassDef, cst.Import, cst.ImportFrom)
    if not _can_move(site, block, moved) or any(isinstance(one, definitions) for one in moved):
        return None
    body = site.body(block)
    first = next((n for n, one in enumerate(body) if not (is_watch(one) and site.is_alone(one))), len(body))
    bound = {name for one in moved for name in bound_in(one)}
    before = [*body[:first], *(item.item for item in block.items)]
    if first == len(body) or any(names_in(one) & bound for one in before):
        return None
    return [Move(moved, before=body[first])]


def recorded_as_a_whole(site: Site, block: cst.With, tape: str, call: cst.Call) -> list[Change] | None:
    """The loop around a tape's block put into the block in its stead, for a call behind the loop.

    What each turn records is added up by the loop, and each turn's tape knows its own part alone. None where the loop
    asks the tape, leaves its function, or is not a plain one with the block among its own statements.
    """
    loop = next(iter(one for one in site.above(block) if isinstance(one, cst.BaseCompoundStatement)), None)
    if not isinstance(loop, (cst.For, cst.While)) or site.is_inside(call, loop) or len(block.items) != 1:
        return None
    item = block.items[0]
    tapes = [one for one in walk(loop) if dotted(one) == tape and not isinstance(site.parent(one), cst.AsName)]
    watching = {id(one) for node in site.body(block) if is_watch(node, tape) for one in walk(node)}
    if item.asname is None or not site.makes_tape(block) or any(id(one) not in watching for one in tapes):
        return None
    if (
        not site.is_alone(loop)
        or len(site.body(loop)) > MOST
        or leaves(loop)
        or site.scope(call) is not site.scope(loop)
    ):
        return None
    if any(isinstance(one, (cst.For, cst.While)) for one in site.above(loop)):
        return None
    whole = block.with_changes(body=cst.IndentedBlock([cst.SimpleStatementLine([cst.Pass()])]), leading_lines=[])
    return [Unwrap(block), Wrap([loop], whole)]


def beside(site: Site, block: cst.With, node: Statement) -> Statement:
    """The statement beside a block that calls the function which a statement stands in; else the statement itself."""
    function = site.program.enclosing(node, cst.FunctionDef)
    if function is None or function is site.scope(block):
        return node
    for one in site.suite(block):
        calls = any(called(inner) == function.name.value for inner in walk(one))
        if calls and site.comes_before(one, block):
            return one
    return node


def _can_move(site: Site, block: cst.With, moved: Sequence[Statement]) -> bool:
    """Whether statements can become a part of a block: few, each with its own lines, none a loop or a way out.

    None of them binds a name that the block enters: a tape of the same name within it would be asked in its stead.
    """
    entered = {dotted(item.asname.name) for item in block.items if item.asname is not None}
    if any(entered & bound_in(one) for one in moved):
        return False
    if not moved or len(moved) > MOST or not isinstance(block.body, cst.IndentedBlock):
        return False
    loops = (cst.For, cst.While)
    plain = all(site.is_alone(one) and not leaves(one) and not isinstance(one, loops) for one in moved)
    return plain and all(site.is_alone(one) for one in (site.body(block)[0], site.body(block)[-1]))


def _position(suite: Sequence[Statement], node: Statement) -> int | None:
    return next((number for number, one in enumerate(suite) if holds(one, node)), None)


def _asks(node: Statement, tape: str) -> bool:
    """Whether a statement uses the tape, as a gradient call or ``del`` does."""
    return any(dotted(one) == tape for one in walk(node))
