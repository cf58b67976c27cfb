"""Marks in the probe's program: the calls to ``__gradlint__`` through which the worker looks on.

A mark is put on a node before the program is sliced and turned into code afterwards, so that the slice keeps
what is marked and the code of both stays the user's.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

PROBE = "__gradlint__"
MARKS = "gradlint_marks"

Sort = Literal["call", "apply", "operand", "place", "part", "leaf", "turns", "more", "watched", "bound", "updated"]

CALLS = frozenset({"call", "apply"})
"""Marks on a call that stand in for its function; they come before those that wrap the call whole."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: what is looked at, the number that its events carry, and a name or limit that goes with it."""

    sort: Sort
    number: int
    name: str = ""
    limit: int = 0


def put(node: ast.AST, mark: Mark) -> None:
    """Mark a node; a node may carry several marks."""
    vars(node).setdefault(MARKS, []).append(mark)


def marks(node: ast.AST) -> list[Mark]:
    """The marks that a node carries."""
    found: list[Mark] = vars(node).get(MARKS, [])
    return found


def rendered(tree: ast.Module) -> tuple[str, dict[int, int]]:
    """A marked program as text that can be run under the worker.

    Returns:
        The text, and for each of its lines the line of the user's program that it comes from.
    """
    new = _Marker().visit(copy.deepcopy(tree))
    assert isinstance(new, ast.Module)
    return text_of(ast.fix_missing_locations(new))


def text_of(tree: ast.Module) -> tuple[str, dict[int, int]]:
    """A tree's text, and for each of its lines the line that its nodes stood on before."""
    text = ast.unparse(tree) + "\n"
    lines: dict[int, int] = {}
    try:
        again = ast.parse(text)
    except (SyntaxError, ValueError):
        return text, lines
    for now, then in zip(ast.walk(again), ast.walk(tree), strict=False):
        if type(now) is not type(then):
            break
        place = getattr(then, "lineno", None)
        if isinstance(now, (ast.stmt, ast.expr)) and place is not None:
            lines.setdefault(now.lineno, place)
    return text, lines


def spans(text: str, number: int) -> list[tuple[int, int, int, int]]:
    """Where a flagged expression stands in a probe's text: first line and column, last line and column."""
    return [
        (node.args[1].lineno, node.args[1].col_offset, node.args[1].end_lineno or 0, node.args[1].end_col_offset or 0)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"{PROBE}.place"
        if isinstance(node.args[0], ast.Constant) and node.args[0].value == number
    ]


def holds(span: Sequence[int], part: Sequence[int]) -> bool:
    """Whether a part of the text, both as :func:`spans` gives them, lies in another one."""
    return len(part) == 4 and tuple(span[:2]) <= tuple(part[:2]) and tuple(part[2:]) <= tuple(span[2:])


def _probe(method: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(ast.Name(PROBE, ast.Load()), method, ast.Load()), list(arguments), [])


def _at(new: ast.AST, old: ast.AST) -> None:
    for node in ast.walk(new):
        if "lineno" not in vars(node) and "lineno" in getattr(node, "_attributes", ()):
            ast.copy_location(node, old)


class _Marker(ast.NodeTransformer):
    """Turns marks into code."""

    def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]:
        """Visit a node's children, then act on its own marks."""
        found = marks(node)
        result: ast.AST = self.generic_visit(node)
        if isinstance(result, ast.stmt):
            return self._statement(result, found)
        for mark in sorted(found, key=lambda mark: mark.sort not in CALLS):
            if isinstance(result, ast.expr):
                result = self._expression(result, mark)
        if result is not node:
            _at(result, node)
        return result

    @staticmethod
    def _expression(node: ast.expr, mark: Mark) -> ast.expr:
        number = ast.Constant(mark.number)
        if mark.sort in CALLS and isinstance(node, ast.Call):
            node.func = _probe(mark.sort, number, node.func)
            return node
        if mark.sort in {"operand", "place", "part"}:
            return _probe(mark.sort, number, node)
        if mark.sort == "leaf":
            return _probe("leaf", number, ast.Constant(mark.name), node)
        return node

    def _statement(self, node: ast.stmt, found: list[Mark]) -> ast.stmt | list[ast.stmt]:
        statements: list[ast.stmt] = [node]
        watched = [mark.number for mark in found if mark.sort == "watched"]
        for mark in found:
            number, limit = ast.Constant(mark.number), ast.Constant(mark.limit)
            if mark.sort == "turns" and isinstance(node, (ast.For, ast.AsyncFor)):
                node.iter = _probe("turns", number, node.iter, limit)
            elif mark.sort == "more" and isinstance(node, ast.While):
                node.test = ast.BoolOp(ast.And(), [_probe("more", number, limit), node.test])
            elif mark.sort == "bound":
                statements = self._bound(statements, node, mark)
            elif mark.sort == "updated":
                statements = self._updated(statements, mark)
        if watched:
            statements = self._watched(statements, watched)
        for statement in statements:
            _at(statement, node)
        return statements if len(statements) > 1 else statements[0]

    @staticmethod
    def _bound(statements: list[ast.stmt], node: ast.stmt, mark: Mark) -> list[ast.stmt]:
        """Look at what a statement binds: before and after an assignment, at each turn of a loop."""

        def report(when: str) -> ast.stmt:
            name = ast.parse(f"lambda: ({mark.name})", mode="eval").body
            return ast.Expr(_probe("bound", ast.Constant(mark.number), ast.Constant(when), name))

        if isinstance(node, (ast.For, ast.AsyncFor)):
            node.body = [report("after"), *node.body]
            return statements
        return [report("before"), *statements, report("after")]

    @staticmethod
    def _updated(statements: list[ast.stmt], mark: Mark) -> list[ast.stmt]:
        """Look at what an augmented assignment makes, out of what its target held before."""
        number, name = ast.Constant(mark.number), ast.parse(mark.name, mode="eval").body
        before = ast.Expr(_probe("operand", number, name))
        made = _probe("place", copy.deepcopy(number), copy.deepcopy(name))
        if isinstance(name, ast.Name):  # Binding a name again does nothing else, and lets a trial change its value.
            return [before, *statements, ast.Assign([ast.Name(name.id, ast.Store())], made)]
        return [before, *statements, ast.Expr(made)]

    @staticmethod
    def _watched(statements: list[ast.stmt], numbers: list[int]) -> list[ast.stmt]:
        """Tell that a statement begins, and what it raises."""
        marks = ast.Tuple([ast.Constant(number) for number in numbers], ast.Load())
        report = ast.Expr(_probe("raised", marks, ast.Name("gradlint_error", ast.Load())))
        caught = ast.ExceptHandler(ast.Name("BaseException", ast.Load()), "gradlint_error", [report, ast.Raise()])
        return [ast.Expr(_probe("entered", copy.deepcopy(marks))), ast.Try(statements, [caught], [], [])]
