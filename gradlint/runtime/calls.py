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
class ObservedSource:
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
class ObservedCall:
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
    def silenced(self) -> bool:
        """Whether sources without a way are to get zeros in place of None."""
        index = 3 if self.method == "gradient" else 2
        given = self.arguments[index] if len(self.arguments) > index else None
        passed = self.options.get("unconnected_gradients", given)
        return str(getattr(passed, "value", passed)).lower() == "zero"

    @property
    def sources_text(self) -> str:
        """How the sources are written, all together."""
        found = self.written
        expression = None if found is None else _argument(found, 1, ("sources", "source"))
        return "the sources" if expression is None else ast.unparse(expression)

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

    def sources(self) -> list[ObservedSource]:
        """The sources, flat, each with its text."""
        flat = sources.flattened(self.asked)
        found = self.written
        expression = None if found is None else _argument(found, 1, ("sources", "source"))
        texts = _texts(expression, flat)
        return [ObservedSource(value, text, sources.identities(value)) for value, text in zip(flat, texts, strict=True)]


def _argument(call: ast.Call, index: int, names: tuple[str, ...]) -> ast.expr | None:
    if len(call.args) > index and not any(isinstance(one, ast.Starred) for one in call.args[: index + 1]):
        return call.args[index]
    return next((keyword.value for keyword in call.keywords if keyword.arg in names), None)


def _texts(expression: ast.expr | None, values: list[Any]) -> list[str]:
    """A text for each source: its own where the code spells it out, else its variable's name, else its index."""
    if isinstance(expression, (ast.List, ast.Tuple)) and len(expression.elts) == len(values):
        return [ast.unparse(one) for one in expression.elts]
    if isinstance(expression, ast.Dict) and len(expression.values) == len(values):
        return _by_key(expression)
    whole = "sources" if expression is None else ast.unparse(expression)
    if len(values) == 1 and expression is not None:
        return [whole]
    return [sources.described(value) or f"{whole}[{index}]" for index, value in enumerate(values)]


def _by_key(display: ast.Dict) -> list[str]:
    """The texts of a dict's values in the order of its keys, in which TensorFlow flattens it."""
    pairs = [(key.value if isinstance(key, ast.Constant) else None, ast.unparse(one)) for key, one in _pairs(display)]
    if all(isinstance(key, str) for key, _ in pairs):
        pairs.sort(key=lambda pair: str(pair[0]))
    return [text for _, text in pairs]


def _pairs(display: ast.Dict) -> list[tuple[ast.expr | None, ast.expr]]:
    return list(zip(display.keys, display.values, strict=True))


@lru_cache(maxsize=256)
def parsed(path: str) -> ast.Module | None:
    """The syntax tree of a file of the user's, or of a notebook's cell; None where it cannot be had."""
    text = "".join(linecache.getlines(path))
    try:
        return ast.parse(text) if text else None
    except (SyntaxError, ValueError, RecursionError):
        return None


def watched_text(place: Place) -> str | None:
    """What is passed to the ``watch`` that stands on a line."""
    found = written_call(place.path, place.line, ("watch",))
    expression = None if found is None else _argument(found, 0, ("tensor",))
    return None if expression is None else ast.unparse(expression)


@lru_cache(maxsize=1024)
def written_call(path: str, line: int, methods: tuple[str, ...] = _METHODS) -> ast.Call | None:
    """The gradient call that stands on a line; the one that begins last where several lines belong to it."""
    tree = parsed(path)
    if tree is None:
        return None
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in methods
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(found, key=lambda node: (node.lineno, node.col_offset), default=None)
