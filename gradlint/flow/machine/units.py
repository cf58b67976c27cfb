"""Finds what of a program another text of it changes: one function's body, nothing but comments, or more than that.

Everything else has to stand where it stood, line by line, so that what is known of it holds as it is.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.flow.values.premises import is_hook
from gradlint.flow.values.texts import lines_of
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


def parsed_again(old: ast.Module, before: Sequence[bytes], code: str) -> ast.Module | None:
    """The tree of a text that differs from the one before within one statement of the module, which alone is parsed.

    The tree shares all its other statements with the old one.

    Args:
        old: The tree of the text before.
        before: Its lines.
        code: The text by now.

    Returns:
        None where the whole text has to be parsed.
    """
    after = lines_of(code)
    other = _other(before, after)
    if other is None:
        return None
    if not other:
        return ast.Module(old.body, old.type_ignores)
    index = bisect_right(old.body, other[0], key=first_line) - 1
    held = old.body[index : index + 1] if index >= 0 else []
    above, below = old.body[: max(index, 0)], old.body[index + 1 :]
    begin = first_line(held[0]) if held else 1
    end = first_line(below[0]) if below else len(after) + 1
    if other[-1] >= end or any(_last(one) >= begin for one in above[-1:]):
        return None
    text = b"\n".join([*after[begin - 1 : end - 1], *([b""] if below else [])])
    try:
        made = ast.parse(text.decode())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if len(made.body) != len(held):
        return None
    ast.increment_lineno(made, begin - 1)
    return ast.Module([*above, *made.body, *below], old.type_ignores)


def _other(before: Sequence[bytes], after: Sequence[bytes]) -> list[int] | None:
    """The lines, from 1, that are others; None where there are more or fewer of them."""
    if len(before) != len(after):
        return None
    return [number for number, (one, two) in enumerate(zip(before, after, strict=True), 1) if one != two]


def change(old: ast.Module, before: Sequence[bytes], new: ast.Module, after: Sequence[bytes]) -> Change | None:
    """What changes between two texts of a program; None where it is more than one function's body, or lines move.

    Args:
        old: The tree of the text before.
        before: Its lines.
        new: The tree of the text by now.
        after: Its lines.
    """
    other = _other(before, after)
    if not other:
        return None if other is None else Change()
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
