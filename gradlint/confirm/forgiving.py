"""A program that goes on where one of its statements fails: what that would have bound is then unknown to it.

A slice leaves out whatever seems to have no part in a claim, and may be wrong about it. Here every statement is run
that can be, so that only what fails is missing.
"""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING

from gradlint.confirm.marking import PROBE
from gradlint.confirm.names import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HOLDING = (ast.With, ast.For, ast.While, ast.If)
"""Statements whose blocks go on, too."""
PLAIN = (ast.Pass, ast.Break, ast.Continue, ast.Global, ast.Nonlocal)
"""Statements that cannot fail."""


def module(tree: ast.Module) -> ast.Module:
    """A module that goes on, with the marks of the one that it is made of."""
    return ast.Module(list(_block(tree.body, nested=False)), tree.type_ignores)


def _block(body: Sequence[ast.stmt], *, nested: bool) -> Iterator[ast.stmt]:
    for statement in body:
        future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        yield statement if future or isinstance(statement, PLAIN) else _going_on(_inside(statement), nested=nested)


def _inside(statement: ast.stmt) -> ast.stmt:
    if not isinstance(statement, HOLDING):
        return statement
    new = copy.copy(statement)
    for name in ("body", "orelse"):
        inner = getattr(statement, name, None)
        if inner:
            setattr(new, name, list(_block(inner, nested=True)))
    return new


def _going_on(statement: ast.stmt, *, nested: bool) -> ast.stmt:
    name = "gradlint_skipped"
    noted = [
        ast.Constant(statement.lineno),
        ast.Constant(_stale(statement)),
        ast.Name(name, ast.Load()),
        ast.Constant(nested),
    ]
    forgotten = [_forget(one) for one in sorted(set(_bound(statement)))]
    handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), name, [_noted("skipped", noted), *forgotten])
    body = [statement] if nested else [_noted("begins", []), statement]
    return ast.copy_location(ast.Try(body, [handler], [], []), statement)


def _noted(method: str, arguments: list[ast.expr]) -> ast.stmt:
    return ast.Expr(ast.Call(ast.Attribute(ast.Name(PROBE, ast.Load()), method, ast.Load()), arguments, []))


def _forget(name: str) -> ast.stmt:
    handler = ast.ExceptHandler(ast.Name("NameError", ast.Load()), None, [ast.Pass()])
    return ast.Try([ast.Delete([ast.Name(name, ast.Del())])], [handler], [], [])


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds at the module's top, with those of the statements in it."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, DEFINITIONS):
            yield node.name
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if isinstance(node, ast.alias) and node.name != "*":
            yield node.asname or node.name.partition(".")[0]
        waiting += ast.iter_child_nodes(node)


def _stale(statement: ast.stmt) -> bool:
    """Whether something besides names keeps an old value where a statement fails."""
    return any(
        isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del))
        for node in ast.walk(statement)
        if not isinstance(statement, DEFINITIONS)
    )
