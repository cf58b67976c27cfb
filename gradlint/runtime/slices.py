"""Which lines of a function a line's values were made by, as far as names tell.

A value that has left TensorFlow comes back as a constant, and nothing in the record ties the two together. The user's
code does: the constant is used on a line whose names were bound on others.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from gradlint.runtime.calls import parsed
from gradlint.runtime.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterator


Feeding = Literal["parting", "around"]
"""How what left TensorFlow may come back: by names where two stacks of lines part, or only by lines further out."""

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.AsyncFor, ast.AsyncWith, ast.Match)


@lru_cache(maxsize=4096)
def behind(place: Place) -> frozenset[int]:
    """The lines of the place's own function, or of the module's top, that its line's values may have come from."""
    tree = parsed(place.path)
    if tree is None:
        return frozenset({place.line})
    statements = list(_statements(_scope(tree, place.line)))
    found: set[int] = {place.line}
    wanted: set[str] = set()
    taken: set[int] = set()
    for statement in statements:
        if statement.lineno <= place.line <= (statement.end_lineno or statement.lineno):
            wanted |= _read(statement)
            found |= _lines(statement)
            taken.add(id(statement))
    grown = True
    while grown:
        grown = False
        for statement in statements:
            if id(statement) not in taken and _bound(statement) & wanted:
                taken.add(id(statement))
                wanted |= _read(statement)
                found |= _lines(statement)
                grown = True
    return frozenset(found)


def feeds(left: tuple[Place, ...], used: tuple[Place, ...]) -> Feeding | None:
    """Whether what left TensorFlow on one stack of lines may be the constant that is used on another, as names tell.

    Both stacks begin with the innermost line. Where the two part decides: there one function goes on from what left to
    what is used, or one line calls both. Further out the line that called that function is the same whatever it does.

    Args:
        left: The lines of the exit.
        used: The lines of the constant's use.

    Returns:
        ``parting`` where names lead from one to the other where the stacks part, ``around`` where they only do so
        elsewhere, None where they do not.
    """
    if not any(_leads(one, other) for one in left for other in used):
        return None
    apart = _apart(left, used)
    if apart is None or _leads(*apart):
        return "parting"
    return "around"


def _leads(left: Place, used: Place) -> bool:
    return (left.path, left.function) == (used.path, used.function) and left.line in behind(used)


def _apart(left: tuple[Place, ...], used: tuple[Place, ...]) -> tuple[Place, Place] | None:
    """The two lines at which two stacks part, in one function; None where the stacks have nothing in common."""
    outer, inner = left[::-1], used[::-1]
    start = next(
        ((i, j) for i, one in enumerate(outer) for j, two in enumerate(inner) if one == two and not i * j), None
    )
    if start is None:
        return None
    i, j = start
    while i + 1 < len(outer) and j + 1 < len(inner) and outer[i + 1] == inner[j + 1]:
        i, j = i + 1, j + 1
    if i + 1 < len(outer) and j + 1 < len(inner):
        further = outer[i + 1], inner[j + 1]
        if (further[0].path, further[0].function) == (further[1].path, further[1].function):
            return further
    return outer[i], inner[j]


def binding(place: Place, text: str) -> Place | None:
    """The line on which a name was bound last before a line: in the line's own function, else at the module's top."""
    tree = parsed(place.path)
    if tree is None:
        return None
    scope = _scope(tree, place.line)
    for body, function in ((scope, place.function), *_methods(tree, place, text), (tree, "<module>")):
        lines = [one.lineno for one in _statements(body) if text in _bound(one)]
        before = [line for line in lines if line <= place.line] or lines
        if before:
            return Place(place.path, max(before), function)
    return None


def _methods(tree: ast.Module, place: Place, text: str) -> Iterator[tuple[ast.AST, str]]:
    """The other methods of a line's class, where a text is an attribute of the object."""
    if not text.startswith("self."):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.lineno <= place.line <= (node.end_lineno or node.lineno):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    yield method, method.name


def rebinds(place: Place, text: str) -> bool:
    """Whether the statement on a line binds a name to something made from what the name was bound to before."""
    tree = parsed(place.path)
    if tree is None:
        return False
    return any(
        text in _bound(statement) and text in _read(statement)
        for statement in _statements(_scope(tree, place.line))
        if statement.lineno <= place.line <= (statement.end_lineno or statement.lineno)
    )


def _scope(tree: ast.Module, line: int) -> ast.AST:
    inner: ast.AST = tree
    for node in ast.walk(tree):
        holds = isinstance(node, _SCOPES) and node.lineno <= line <= (node.end_lineno or node.lineno)
        if holds and getattr(node, "lineno", 0) >= getattr(inner, "lineno", 0):
            inner = node
    return inner


def _statements(scope: ast.AST) -> Iterator[ast.stmt]:
    """The statements of a scope that hold no others, and the headers of those that do."""
    body = getattr(scope, "body", [])
    pending: list[ast.AST] = list(body) if isinstance(body, list) else [ast.Expr(body, lineno=body.lineno)]
    while pending:
        node = pending.pop()
        if isinstance(node, (*_SCOPES, ast.ClassDef)):
            continue
        if isinstance(node, ast.stmt) and not isinstance(node, _BLOCKS):
            yield node
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            assignment = ast.Assign([node.target], node.iter)
            yield ast.copy_location(assignment, node.iter)
        pending.extend(
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case))
            and isinstance(node, (*_BLOCKS, ast.ExceptHandler, ast.match_case))
        )


def _lines(statement: ast.stmt) -> set[int]:
    return set(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))


def _read(statement: ast.stmt) -> set[str]:
    found = {
        node.id if isinstance(node, ast.Name) else ast.unparse(node)
        for node in ast.walk(statement)
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load)
    }
    if isinstance(statement, ast.AugAssign):
        found.add(ast.unparse(statement.target))
    return found


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds; of what is set inside an object the object's name too."""
    found: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else ast.unparse(node))
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            found.add(ast.unparse(node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GROWING:
            found.add(ast.unparse(node.func.value))
    return found


_GROWING = frozenset({"append", "extend", "insert", "add", "update", "setdefault", "appendleft"})
"""The methods by which a container takes values in."""
