"""From a finding's places back to the nodes of the program that they name."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.finding import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.finding import Finding, Gradient
    from gradlint.sources.source import Source

METHODS = frozenset({"gradient", "jacobian", "batch_jacobian"})


class NodePlaces:
    """A program's nodes by the user's places."""

    def __init__(self, source: Source, tree: ast.Module) -> None:
        self.source = source
        self.tree = tree

    def start(self, node: ast.expr | ast.stmt) -> tuple[int | None, Position]:
        """Where a node begins, for the user."""
        return self.source.locate(node.lineno, self.source.characters(node.lineno, node.col_offset))

    def end(self, node: ast.expr | ast.stmt) -> Position:
        """Where a node ends, for the user."""
        line = node.end_lineno or node.lineno
        return self.source.locate(line, self.source.characters(line, node.end_col_offset or 0))[1]

    def nodes(self) -> Iterator[ast.expr | ast.stmt]:
        """Every statement and expression."""
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.expr, ast.stmt)):
                yield node

    def taken(self, expression: ast.expr) -> list[ast.expr]:
        """What is taken at once out of the values that an expression gives, as in ``tf.math.top_k(x).indices``."""
        called = {id(node.func) for node in self.nodes() if isinstance(node, ast.Call)}
        return [
            node
            for node in self.nodes()
            if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Load)
            if node.value is expression and id(node) not in called
        ]

    def call(self, gradient: Gradient) -> ast.Call | None:
        """The call that a lost gradient is asked for by: at its place, else on its line."""
        on_line = []
        for node in self.nodes():
            if not isinstance(node, ast.Call):
                continue
            cell, position = self.start(node)
            named = isinstance(node.func, ast.Attribute) and node.func.attr == gradient.method
            if cell == gradient.cell and position == Position(gradient.line, gradient.column) and named:
                return node
            if cell == gradient.cell and position.line == gradient.line:
                on_line.append((not named, node))
        on_line.sort(key=lambda pair: pair[0])
        return on_line[0][1] if on_line else None

    def flagged(self, finding: Finding) -> tuple[ast.expr | None, ast.stmt | None]:
        """The expression that a finding points at, if it is one, and the innermost statement around it."""
        expression: ast.expr | None = None
        statement: ast.stmt | None = None
        for node in self.nodes():
            cell, start = self.start(node)
            if cell != finding.cell or start > finding.location:
                continue
            end = self.end(node)
            if isinstance(node, ast.stmt):
                if end >= finding.location and (end >= finding.end_location or start.line == finding.location.line):
                    statement = node
            elif start == finding.location and end == finding.end_location and expression is None:
                expression = node
        return expression, statement


def same_text(one: str, other: ast.AST) -> bool:
    """Whether a piece of program text is what a node says, whatever its spaces and quotes."""
    try:
        return ast.unparse(ast.parse(one, mode="eval").body) == ast.unparse(other)
    except (SyntaxError, ValueError):
        return "".join(one.split()) == "".join(ast.unparse(other).split())


def sources_of(call: ast.Call) -> ast.expr | None:
    """What a gradient call gives as its sources."""
    argument = next((keyword.value for keyword in call.keywords if keyword.arg in {"sources", "source"}), None)
    return call.args[1] if argument is None and len(call.args) > 1 else argument


def asked_instead(before: Source, old: Gradient, after: Source, new: Gradient) -> str | None:
    """The sources of a call that no longer asks for a gradient's source, after a fix; None where it still does.

    Args:
        before: The program as it was.
        old: The gradient, with its place there.
        after: The program with the fix.
        new: The gradient, with its place in that.

    Raises:
        SyntaxError: If one of the programs is not Python.
    """
    asked = []
    for source, gradient in ((before, old), (after, new)):
        call = NodePlaces(source, ast.parse(source.code)).call(gradient)
        argument = None if call is None else sources_of(call)
        if call is None or argument is None:
            return None
        asked.append((call, ast.unparse(argument)))
    (_, first), (call, second) = asked
    return None if first == second or groups(call, new.source) is not None else second


def groups(call: ast.Call, source: str) -> tuple[int, ...] | None:
    """Which elements of a gradient call's list of sources have a text; None where it is not one of several."""
    argument = sources_of(call)
    if isinstance(argument, (ast.List, ast.Tuple)):
        if any(isinstance(element, ast.Starred) for element in argument.elts):
            return None
        elements: list[ast.expr] = argument.elts
    elif isinstance(argument, ast.Dict) and all(isinstance(key, ast.Constant) for key in argument.keys):
        pairs = zip(argument.keys, argument.values, strict=True)
        elements = [value for key, value in sorted(pairs, key=lambda pair: str(getattr(pair[0], "value", "")))]
    else:
        return None
    return tuple(place for place, element in enumerate(elements) if same_text(source, element)) or None
