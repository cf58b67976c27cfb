"""What of a program can matter to a tape, told from its text: so that nothing else is followed.

Everything here errs to one side: what is passed over can have no part in a claim.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from gradlint.flow.values import Function

NEEDLE = "GradientTape"
SEEDS = frozenset({
    "GradientTape", "gradient", "gradients", "jacobian", "batch_jacobian", "watch", "apply_gradients", "minimize",
    "stop_recording",
})  # fmt: skip
"""The names that a function has to mention, or something that it mentions has to, for a claim to come of it."""
IMPLICIT = frozenset({
    "__call__", "call", "build", "__enter__", "__exit__", "__getitem__", "__setitem__", "__iter__", "__next__",
})  # fmt: skip
"""Methods that run without being named."""

_TOKEN = re.compile(
    r"#[^\n]*"
    r"|(?P<f>[rR]?[fFtT][rR]?)?(?P<s>\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<name>GradientTape)|(?P<odd>[\"'])",
    re.DOTALL,
)
_WORD = re.compile(r"[^\W\d]\w*")
_HANDED_ON = re.compile(r"([^\W\d]\w*)\b(?!\s*[\w(=.])")
_SET = re.compile(r"^[ \t]*([\w.]+)[ \t]*(?::[^=\n]*)?=(?!=)(.*)$|[(,][ \t]*(\w+)=(?!=)([\w.]+)", re.MULTILINE)
_GRAPH = re.compile(r"[.@]function\b")
_AUGMENTED = re.compile(r"^[ \t]*([^\n#'\"=]*?)[ \t]*(?:\*\*|//|[-+*/])=", re.MULTILINE)
_BINDING = frozenset({"Variable", "add_weight", "add_variable", "global", "nonlocal"})


def names_tape(code: str) -> bool:
    """Whether a program names ``GradientTape`` in its code, and not only in comments and in texts.

    A string that is nothing but the name counts as code, since ``getattr`` may get it.
    """
    if NEEDLE not in code:
        return False
    for token in _TOKEN.finditer(code):
        if token["name"] or token["odd"]:
            return True
        text = token["s"]
        if text and NEEDLE in text and (token["f"] or text.strip("\"'") == NEEDLE):
            return True
        if token["f"] and text.count("{") != text.count("}"):
            return True
    return False


class Relevance:
    """Tells which functions a tape can reach, or can be reached from, by the names that they mention.

    Args:
        lines: The program's lines, as UTF-8.
    """

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines
        self._judged: dict[int, bool] = {}
        self._names: set[str] | None = None
        self._units = 0

    def pick(self, pending: list[Function], defined: list[Function]) -> list[Function]:
        """Those of some functions that matter.

        Args:
            pending: The functions to choose from.
            defined: All functions that the program has defined so far.
        """
        names = self._mattering(defined)
        if names & IMPLICIT:
            return pending
        return [function for function in pending if self._matters(function.node, names)]

    def _text(self, node: ast.AST) -> str:
        first = min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", ()))])  # type: ignore[attr-defined]
        return b"\n".join(self._lines[first - 1 : node.end_lineno]).decode(errors="replace")  # type: ignore[attr-defined]

    def _matters(self, node: ast.AST, names: set[str]) -> bool:
        known = self._judged.get(id(node))
        if known is None:
            text = self._text(node)
            known = self._judged[id(node)] = _is_seed(text) or not names.isdisjoint(_WORD.findall(text))
        return known

    def _mattering(self, defined: list[Function]) -> set[str]:
        """The names whose mention matters: those of functions, classes and aliases that lead to a seed."""
        if self._names is not None and self._units == len(defined):
            return self._names
        self._units = len(defined)
        self._judged.clear()
        units: list[tuple[str, set[str]]] = []
        names: set[str] = set(SEEDS)
        classes: dict[int, ast.ClassDef] = {}
        for function in defined:
            text = self._text(function.node)
            units.append((function.name, set(_WORD.findall(text))))
            if _is_seed(text):
                names.add(function.name)
            if function.owner is not None:
                classes[id(function.owner.node)] = function.owner.node
        units += [(node.name, set(_WORD.findall(self._text(node)))) for node in classes.values()]
        units += _aliases(b"\n".join(self._lines).decode(errors="replace"))
        self._names = _closure(units, names)
        return self._names


def _is_seed(text: str) -> bool:
    """Whether a function's text shows by itself that claims may come of it."""
    words = set(_WORD.findall(text))
    if not words.isdisjoint(SEEDS) or _GRAPH.search(text):
        return True
    targets = [found[1] for found in _AUGMENTED.finditer(text)]
    return any(not target.isidentifier() for target in targets) or (bool(targets) and not words.isdisjoint(_BINDING))


def _aliases(text: str) -> Iterable[tuple[str, set[str]]]:
    """Names that are bound to something, each with the names that are handed on to it and not called."""
    for found in _SET.finditer(text):
        target, source = (found[1], found[2]) if found[1] else (found[3], found[4])
        words = set(_HANDED_ON.findall(source))
        if words:
            yield target.rpartition(".")[2], words


def _closure(units: list[tuple[str, set[str]]], names: set[str]) -> set[str]:
    """The names that lead to one of some names."""
    users: dict[str, list[str]] = {}
    for name, words in units:
        for word in words:
            users.setdefault(word, []).append(name)
    waiting = list(names)
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in names:
                names.add(user)
                waiting.append(user)
    return names
