"""Findings made by hand: a claim about the one gradient call of a program, wherever the flagged text stands."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.finding import Finding, Gradient, Position
from gradlint.sources.source import Source

if TYPE_CHECKING:
    from gradlint.finding import Outcome

METHODS = {"gradient", "jacobian", "batch_jacobian"}


def source_of(code: str, path: str = "program.py") -> Source:
    return Source(path, "python", code, code)


def span(code: str, text: str) -> tuple[Position, Position]:
    """Where a text first stands in a program."""
    before, found, _ = code.partition(text)
    assert found, text
    start = Position(before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    lines = text.split("\n")
    column = start.column + len(text) if len(lines) == 1 else len(lines[-1]) + 1
    return start, Position(start.line + len(lines) - 1, column)


def claim(
    code: str,
    source: str | None = "x",
    outcome: Outcome = "none",
    *,
    flagged: str | None = None,
    exception: str | None = None,
    code_of_rule: str = "GT999",
    nth: int = 0,
) -> Finding:
    """A finding that claims an outcome for a source of the program's nth gradient call, or claims no gradient."""
    calls = [
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS
    ]
    calls.sort(key=lambda node: (node.lineno, node.col_offset))
    gradients: tuple[Gradient, ...] = ()
    if source is not None:
        call = calls[nth]
        assert isinstance(call.func, ast.Attribute)
        target = ast.unparse(call.args[0])
        gradients = (
            Gradient(None, call.lineno, call.col_offset + 1, call.func.attr, target, source, outcome, exception),
        )
    if flagged is None:
        call = calls[nth]
        start, end = (
            Position(call.lineno, call.col_offset + 1),
            Position(call.end_lineno or 0, (call.end_col_offset or 0) + 1),
        )
    else:
        start, end = span(code, flagged)
    return Finding(code_of_rule, "name", "error", "message", "program.py", None, start, end, gradients)
