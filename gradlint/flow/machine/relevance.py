"""What of a program can matter to a tape, told from its text: so that nothing else is followed.

Everything here errs to one side: what is passed over can have no part in a claim.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator

    from gradlint.flow.values.program import Function

NEEDLE = "GradientTape"
SEEDS = frozenset({
    "GradientTape", "gradient", "gradients", "jacobian", "batch_jacobian", "watch", "apply_gradients", "minimize",
    "stop_recording", "fit", "train_on_batch",
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
    r"|(?P<name>GradientTape)|(?P<odd>[\"'].*)",
    re.DOTALL,
)
_WORD = re.compile(r"[^\W\d]\w*")
_HANDED_ON = re.compile(r"\b([^\W\d]\w*+)(?!\s*[\w(=.])")
_SET = re.compile(r"^[ \t]*([\w.]+)[ \t]*(?::[^=\n]*)?=(?!=)(.*)$|[(,][ \t]*(\w+)=(?!=)([\w.]+)", re.MULTILINE)
_GRAPH = re.compile(r"[.@]function\b")
_AUGMENTED = re.compile(r"(?:\*\*|//|[-+*/])=(?!=)")
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
        self._aliases = list(_aliases(b"\n".join(lines).decode(errors="replace")))
        self._known: dict[int, tuple[frozenset[str], bool]] = {}

    def pick(self, pending: list[Function], defined: list[Function]) -> list[Function]:
        """Those of some functions that matter.

        Args:
            pending: The functions to choose from.
            defined: All functions that the program has defined so far.
        """
        if not pending:
            return []
        names = self._names(defined)
        if names & IMPLICIT:
            return pending
        return [function for function in pending if self._matters(function, names)]

    def _matters(self, function: Function, names: set[str]) -> bool:
        words, is_seed = self._mentioned(function.node)
        return is_seed or not names.isdisjoint(words)

    def _names(self, defined: list[Function]) -> set[str]:
        """The names whose mention matters: those of functions, classes and aliases that lead to a seed."""
        units: list[tuple[str, Iterable[str]]] = list(self._aliases)
        names: set[str] = set(SEEDS)
        for function in defined:
            words, is_seed = self._mentioned(function.node)
            units.append((function.name, words))
            if is_seed:
                names.add(function.name)
            if function.owner is not None:
                units.append((function.owner.name, words))
        classes = {id(one.owner.node): one.owner.node for one in defined if one.owner is not None}
        for node in classes.values():
            units.append((node.name, [word for base in node.bases for word in _WORD.findall(self._text(base))]))
        return _closure(units, names)

    def _text(self, node: ast.stmt | ast.expr) -> str:
        first = min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", ()))])
        return b"\n".join(self._lines[first - 1 : node.end_lineno]).decode(errors="replace")

    def _mentioned(self, node: ast.stmt | ast.expr) -> tuple[frozenset[str], bool]:
        """The words in a function, and whether claims may come of it by what it does itself."""
        known = self._known.get(id(node))
        if known is None:
            text = self._text(node)
            words = frozenset(_WORD.findall(text))
            known = self._known[id(node)] = words, _is_seed(text, words)
        return known


def _is_seed(text: str, words: frozenset[str]) -> bool:
    """Whether a function's text shows by itself that claims may come of it."""
    if not words.isdisjoint(SEEDS) or _GRAPH.search(text):
        return True
    ends = (found.start() for found in _AUGMENTED.finditer(text))
    targets = [text[text.rfind("\n", 0, end) + 1 : end].strip() for end in ends]
    return any(not target.isidentifier() for target in targets) or (bool(targets) and not words.isdisjoint(_BINDING))


def _aliases(text: str) -> Iterator[tuple[str, set[str]]]:
    """Names that are bound to something, each with the names that are handed on to it and not called."""
    for found in _SET.finditer(text):
        target, source = (found[1], found[2]) if found[1] else (found[3], found[4])
        words = set(_HANDED_ON.findall(source))
        if words:
            yield target.rpartition(".")[2], words


def _closure(units: list[tuple[str, Iterable[str]]], names: set[str]) -> set[str]:
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
