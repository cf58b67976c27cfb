"""Statements moved into a tape's block by indenting the lines behind it, or by opening it earlier."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Span
from gradlint.rule import Replacement

from .edits import (
    after,
    alone,
    begins_line,
    dedent,
    end_of_line,
    first_line,
    indent,
    put,
    remove,
    step_of,
    whole_lines,
)
from .site import names_in, spelled
from .watching import is_watch

if TYPE_CHECKING:
    from .site import Site, With

LEAVING = (ast.Return, ast.Break, ast.Continue, ast.Raise, ast.Yield, ast.YieldFrom)


def moved_in_from_behind(site: Site, block: With, statement: ast.stmt, tape: str | None) -> list[Replacement] | None:
    """The statements from a block's end up to one behind it, moved into the block.

    None where one of them asks the tape (if one is given), leaves the function or loop, or shares its line.
    """
    between = statements_between(site, block, statement)
    step = step_of(site.module, block)
    if not between or step is None or not all(alone(site.module, one) or hasattr(one, "body") for one in between):
        return None
    if any((tape is not None and _asks(one, tape)) or _leaves(one) for one in between) or not _closes_at_its_end(
        site, block
    ):
        return None
    if len(between) == 1 and alone(site.module, between[0]) and between[0].lineno == between[0].end_lineno:
        return [after(site.module, block.body[-1], whole_lines(site.module, between[0])), remove(site, between[0])]
    return indent(site.module, (block.end_lineno or 0) + 1, between[-1].end_lineno or 0, step)


def statements_between(site: Site, block: With, statement: ast.stmt) -> list[ast.stmt]:
    """The statements behind a block up to a given one, that one included; none where it is not of the same suite."""
    suite = site.index.suite(block)
    at = _position(suite, block)
    until = next((number for number, one in enumerate(suite) if _holds(one, statement)), None)
    return [] if until is None or until <= at else suite[at + 1 : until + 1]


def moved_in_from_before(site: Site, block: With, statement: ast.stmt) -> list[Replacement] | None:
    """The block opened before a statement that stands ahead of it; what the block watches first stays first."""
    module, suite = site.module, site.index.suite(block)
    at, since = _position(suite, block), next((n for n, one in enumerate(suite) if _holds(one, statement)), None)
    step = step_of(module, block)
    if since is None or since >= at or step is None or not begins_line(module, block):
        return None
    moved = suite[since:at]
    if any(_leaves(one) or isinstance(one, (ast.FunctionDef, ast.ClassDef)) for one in moved):
        return None
    if not all(alone(module, one) or hasattr(one, "body") for one in moved):
        return None
    header = [one for one in block.body if is_watch(one) and alone(module, one)]
    watches = block.body[: next((n for n, one in enumerate(block.body) if one not in header), len(header))]
    bound = {name for one in moved for name in _bound(one)}
    if any(names_in(one) & bound for one in watches) or any(
        names_in(item.context_expr) & bound for item in block.items
    ):
        return None
    rest = block.body[len(watches) :]
    if not rest or not (alone(module, block.body[0]) or hasattr(block.body[0], "body")):
        return None
    last_of_header = watches[-1].end_lineno if watches else _header_end(site, block)
    if last_of_header is None:
        return None
    head = module.text(Span(block.lineno, 0, last_of_header, end_of_line(module, last_of_header)))
    first = first_line(moved[0])
    opened, *others = indent(module, first, block.lineno - 1, step)
    return [
        put(first, 0, f"{head}\n{opened.content}"),
        *others,
        Replacement(Span(block.lineno, 0, last_of_header + 1, 0), ""),
    ]


def beside(site: Site, block: With, statement: ast.stmt) -> ast.stmt:
    """The statement beside a block that calls the function which a statement stands in; else the statement itself."""
    function = site.index.enclosing(statement, ast.FunctionDef)
    if function is None or function is site.index.scope(block):
        return statement
    for one in site.index.suite(block):
        called = (spelled(node.func) or "" for node in ast.walk(one) if isinstance(node, ast.Call))
        if one.lineno < block.lineno and any(name.rpartition(".")[2] == function.name for name in called):
            return one
    return statement


def unwrapped(site: Site, block: With) -> list[Replacement] | None:
    """A block's statements without the ``with`` around them; None where its header is not one line by itself."""
    step, header = step_of(site.module, block), site.module.lines[block.lineno - 1]
    ends = {
        one.end_lineno for item in block.items for one in (item.context_expr, item.optional_vars) if one is not None
    }
    if step is None or ends != {block.lineno} or not header.rstrip().endswith(b":"):
        return None
    last = block.end_lineno or block.lineno
    edits = dedent(site.module, block.lineno + 1, last, step) if _closes_at_its_end(site, block) else None
    return None if edits is None else [Replacement(Span(block.lineno, 0, block.lineno + 1, 0), ""), *edits]


def _header_end(site: Site, block: With) -> int | None:
    """The last line of a ``with`` statement's header; None where a comment stands between it and the block."""
    last = first_line(block.body[0]) - 1
    while last > block.lineno and not site.module.lines[last - 1].strip():
        last -= 1
    text = site.module.lines[last - 1].strip()
    return None if text.startswith(b"#") else last


def _closes_at_its_end(site: Site, block: With) -> bool:
    """Whether nothing shares the last line of a block."""
    last = block.body[-1]
    return alone(site.module, last) or hasattr(last, "body")


def _position(suite: list[ast.stmt], block: ast.stmt) -> int:
    return next(number for number, one in enumerate(suite) if one is block)


def _holds(outer: ast.stmt, inner: ast.stmt) -> bool:
    return any(one is inner for one in ast.walk(outer))


def _asks(statement: ast.stmt, tape: str) -> bool:
    """Whether a statement uses the tape, as a gradient call or ``del`` does."""
    return any(spelled(one) == tape for one in ast.walk(statement) if isinstance(one, (ast.Name, ast.Attribute)))


def _leaves(statement: ast.stmt) -> bool:
    return any(isinstance(one, LEAVING) for one in ast.walk(statement))


def _bound(statement: ast.stmt) -> set[str]:
    return {one.id for one in ast.walk(statement) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
