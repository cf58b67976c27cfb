"""One gradient call of the running program: what it was asked, and how its target and sources are written."""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gradlint.runtime import sources

if TYPE_CHECKING:
    from gradlint.runtime.places import Place

_METHODS = ("gradient", "jacobian", "batch_jacobian")


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a gradient call.

    Attributes:
        value: The tensor or variable itself, or whatever was passed.
        text: How the user's code names it.
        identities: What stands for it in the record.
    """

    value: Any
    text: str
    identities: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A gradient call as it was made.

    Attributes:
        method: ``gradient``, ``jacobian`` or ``batch_jacobian``.
        tape: The tape that was asked.
        stack: The user's lines, from the innermost outwards.
        arguments: The arguments by position, the tape left out.
        options: The arguments by name.
    """

    method: str
    tape: Any
    stack: tuple[Place, ...]
    arguments: tuple[Any, ...]
    options: dict[str, Any]

    @property
    def target(self) -> Any:
        """What is differentiated."""
        return self.arguments[0] if self.arguments else self.options.get("target")

    @property
    def asked(self) -> Any:
        """What it is differentiated by, as it was passed."""
        if len(self.arguments) > 1:
            return self.arguments[1]
        return self.options.get("sources", self.options.get("source"))

    @property
    def written(self) -> ast.Call | None:
        """The call in the user's code, None where it is not there (inside Keras' ``fit``) or not found."""
        if not self.stack:
            return None
        return written_call(self.stack[0].path, self.stack[0].line)

    @property
    def target_text(self) -> str:
        """How the target is written; ``the loss`` where the call stands in a library."""
        found = self.written
        if found is None:
            return "the loss"
        expression = _argument(found, 0, ("target",))
        return ast.unparse(expression) if expression is not None else "the target"

    def sources(self) -> list[Source]:
        """The sources, flat, each with its text."""
        flat = sources.flattened(self.asked)
        found = self.written
        expression = None if found is None else _argument(found, 1, ("sources", "source"))
        texts = _texts(expression, flat)
        return [Source(value, text, sources.identities(value)) for value, text in zip(flat, texts, strict=True)]


def _argument(call: ast.Call, index: int, names: tuple[str, ...]) -> ast.expr | None:
    if len(call.args) > index and not any(isinstance(one, ast.Starred) for one in call.args[: index + 1]):
        return call.args[index]
    return next((keyword.value for keyword in call.keywords if keyword.arg in names), None)


def _texts(expression: ast.expr | None, values: list[Any]) -> list[str]:
    """A text for each source: its own where the code spells it out, else its variable's name, else its index."""
    if isinstance(expression, (ast.List, ast.Tuple)) and len(expression.elts) == len(values):
        return [ast.unparse(one) for one in expression.elts]
    whole = "sources" if expression is None else ast.unparse(expression)
    if len(values) == 1 and expression is not None:
        return [whole]
    return [sources.described(value) or f"{whole}[{index}]" for index, value in enumerate(values)]


@lru_cache(maxsize=256)
def parsed(path: str) -> ast.Module | None:
    """The syntax tree of a file of the user's, or of a notebook's cell; None where it cannot be had."""
    text = "".join(linecache.getlines(path))
    try:
        return ast.parse(text) if text else None
    except (SyntaxError, ValueError, RecursionError):
        return None


@lru_cache(maxsize=1024)
def written_call(path: str, line: int) -> ast.Call | None:
    """The gradient call that stands on a line; the one that begins last where several lines belong to it."""
    tree = parsed(path)
    if tree is None:
        return None
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _METHODS
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(found, key=lambda node: (node.lineno, node.col_offset), default=None)
