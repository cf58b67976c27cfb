"""Tells what of a program another text of it changes: one function's body, nothing but comments, or more than that.

Everything else has to stand where it stood, line by line, so that what is known of it holds as it is.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.flow.values.premises import is_hook
from gradlint.flow.values.trees import first_line, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Change:
    """What another text changes.

    Attributes:
        before: The function whose body is another one, in the tree of the text before; None where no code is.
        after: The same function in the tree of the text by now.
    """

    before: Definition | None = None
    after: Definition | None = None

    @property
    def shows_outside(self) -> bool:
        """Whether what is told of a class by looking through its methods may be something else."""
        if self.before is None or self.after is None:
            return False
        return is_hook(self.before) != is_hook(self.after) or _attributes(self.before) != _attributes(self.after)

    def make(self) -> set[int]:
        """Put the new body into the tree of the text before; gives the ids of the nodes that are gone from it."""
        if self.before is None or self.after is None:
            return set()
        gone = {id(node) for statement in self.before.body for node in walk(statement)}
        self.before.body = self.after.body
        self.before.end_lineno, self.before.end_col_offset = self.after.end_lineno, self.after.end_col_offset
        return gone


def change(old: ast.Module, before: Sequence[bytes], new: ast.Module, after: Sequence[bytes]) -> Change | None:
    """What changes between two texts of a program; None where it is more than one function's body, or lines move.

    Args:
        old: The tree of the text before.
        before: Its lines.
        new: The tree of the text by now.
        after: Its lines.
    """
    if len(before) != len(after):
        return None
    other = [number for number, (one, two) in enumerate(zip(before, after, strict=True), 1) if one != two]
    if not other:
        return Change()
    return _within(old.body, new.body, other[0], other[-1])


def _within(old: list[ast.stmt], new: list[ast.stmt], first: int, last: int) -> Change | None:
    """What changes in some statements, where the lines from ``first`` to ``last`` are others."""
    if len(old) != len(new):
        return None
    touched = []
    for one, two in zip(old, new, strict=True):
        if type(one) is not type(two) or (first_line(one), one.col_offset) != (first_line(two), two.col_offset):
            return None
        if first_line(one) <= last and first <= max(_last(one), _last(two)):
            touched.append((one, two))
        elif (one.end_lineno, one.end_col_offset) != (two.end_lineno, two.end_col_offset):
            return None
    if not touched:
        return Change()
    if len(touched) > 1:
        return None
    before, after = touched[0]
    if (
        first < first_line(before)
        or not isinstance(before, ast.ClassDef | Definition)
        or _header(before) != _header(after)
    ):
        return None
    if isinstance(before, ast.ClassDef) and isinstance(after, ast.ClassDef):
        return _within(before.body, after.body, first, last)
    return Change(before, after) if isinstance(before, Definition) and isinstance(after, Definition) else None


def _last(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def _header(statement: ast.stmt) -> list[object]:
    """All of a definition but its body, with its places."""
    parts: list[object] = []
    for name, held in ast.iter_fields(statement):
        if name != "body":
            nodes = held if isinstance(held, list) else [held]
            parts += [ast.dump(one, include_attributes=True) if isinstance(one, ast.AST) else one for one in nodes]
    return parts


def _attributes(function: Definition) -> set[tuple[str, bool]]:
    """The attributes that a function names, and whether it sets them."""
    found = (node for node in walk(function) if isinstance(node, ast.Attribute))
    return {(node.attr, isinstance(node.ctx, ast.Store)) for node in found if _counts(node)}


def _counts(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store) or node.attr in {"add_weight", "add_variable", "_track_variable"}
