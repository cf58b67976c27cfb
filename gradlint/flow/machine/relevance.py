"""What of a program can matter to a tape, told from its text: so that nothing else is followed.

Everything here errs to one side: what is passed over can have no part in a claim.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING

from gradlint.flow.libraries.keras.layers import CALLED_BY_KERAS
from gradlint.flow.libraries.keras.variables import VARIABLES
from gradlint.flow.values.texts import Remembered, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from gradlint.flow.values.program import Function

NEEDLE = "GradientTape"
SEEDS = frozenset({
    "GradientTape", "gradient", "gradients", "jacobian", "batch_jacobian", "watch", "apply_gradients", "minimize",
    "stop_recording", "fit", "train_on_batch", "ForwardAccumulator", "jvp", "value_and_gradient",
})  # fmt: skip
"""The names that a function has to mention, or something that it mentions has to, for a claim to come of it."""
IMPLICIT = frozenset({
    "__call__", "call", "build", "__enter__", "__exit__", "__getitem__", "__setitem__", "__iter__", "__next__",
})  # fmt: skip
"""Methods that run without being named."""
BY_FRAMEWORKS = CALLED_BY_KERAS | VARIABLES | {"close", "compile", "losses"}
"""The methods and properties of a program's classes that libraries run, beside those that Python itself does."""

_TOKEN = re.compile(
    r"#[^\n]*"
    r"|(?P<f>[rR]?[fFtT][rR]?)?(?P<s>\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<name>GradientTape)|(?P<odd>[\"'].*)",
    re.DOTALL,
)
_WORD = re.compile(r"[^\W\d]\w*")
_SILENT = re.compile(r"^[ \t]*#[^\n]*|\bdef[ \t]+\w+", re.MULTILINE)
_HANDED_ON = re.compile(r"\b([^\W\d]\w*+)(?!\s*[\w(=.])")
_SET = re.compile(r"^[ \t]*([\w.]+)[ \t]*(?::[^=\n]*)?=(?!=)(.*)$|[(,][ \t]*(\w+)=(?!=)([\w.]+)", re.MULTILINE)
_IS_TEXT = re.compile(r"\s*(?:\"[^\"]*\"|'[^']*')\s*[,)]")
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


def bare(code: str) -> str:
    """A program without its comments and its texts, but for those that may hold code."""
    return _TOKEN.sub(_code_in, code)


def _code_in(token: re.Match[str]) -> str:
    return token[0] if token["name"] or token["odd"] or token["f"] else " "


class _Text:
    """What the text of one module tells, whichever program it is followed from.

    Args:
        code: The module's program.
    """

    def __init__(self, code: str) -> None:
        self._lines = lines_of(code)
        self._known: dict[tuple[int, int], tuple[frozenset[str], bool]] = {}

    @cached_property
    def aliases(self) -> tuple[tuple[str, set[str]], ...]:
        """The names that are bound to something, each with the names that are handed on to it and not called."""
        return tuple(_aliases(self._part(1, len(self._lines))))

    def _part(self, first: int, last: int, told: tuple[int, int] = (0, 0)) -> str:
        begin, end = told if first < told[0] else (last + 1, last + 1)
        lines = (*self._lines[first - 1 : begin - 1], *self._lines[end - 1 : last])
        return b"\n".join(lines).decode(errors="replace")

    def mentioned(self, first: int, last: int, told: tuple[int, int]) -> tuple[frozenset[str], bool]:
        """The words from one line to another, and whether claims may come of what stands there by itself.

        Args:
            first: The first line.
            last: The last line.
            told: The first line of what is documentation, and the line after its last.
        """
        known = self._known.get((first, last))
        if known is None:
            text = _SILENT.sub("", self._part(first, last, told))
            words = frozenset(_WORD.findall(text))
            known = self._known[first, last] = words, _is_seed(text, words)
        return known


_TEXTS = Remembered(_Text, 1_500_000)
"""What the texts of modules tell, so that a module that many programs import is looked through once."""


class Relevance:
    """Tells which functions a tape can reach, or can be reached from, by the names that they mention.

    Args:
        code: The program.
    """

    def __init__(self, code: str) -> None:
        self._firsts: list[int] = []
        self._texts: list[_Text] = []
        self._names_of: dict[tuple[int, int], set[str]] = {}
        self.extend(0, code)

    def extend(self, first: int, code: str) -> None:
        """Take up a module whose lines follow the first so many."""
        self._firsts.append(first)
        self._texts.append(_TEXTS.of(code))

    def rewrite(self, code: str, modules: int) -> None:
        """The program has another text of as many lines, and so many modules follow it.

        Args:
            code: The text.
            modules: How many of the modules that were taken up stay so.
        """
        self._texts[0] = _TEXTS.of(code)
        del self._firsts[modules + 1 :], self._texts[modules + 1 :]
        self._names_of = {}

    @property
    def modules(self) -> int:
        """How many modules were taken up."""
        return len(self._texts) - 1

    def pick(self, pending: list[Function], defined: list[Function]) -> list[Function]:
        """Those of some functions that matter.

        Args:
            pending: The functions to choose from.
            defined: All functions that the program has defined so far.
        """
        if not pending:
            return []
        key = len(self._texts), len(defined)
        if key not in self._names_of:
            self._names_of = {key: self._names(defined)}
        names = self._names_of[key]
        if names & IMPLICIT:
            return pending
        return [function for function in pending if self._matters(function, names)]

    def _matters(self, function: Function, names: set[str]) -> bool:
        words, is_seed = self._mentioned(function.node)
        return is_seed or not names.isdisjoint(words)

    def _names(self, defined: list[Function]) -> set[str]:
        """The names whose mention matters: those of functions, classes and aliases that lead to a seed."""
        units: list[tuple[str, AbstractSet[str]]] = [unit for text in self._texts for unit in text.aliases]
        names: set[str] = set(SEEDS)
        for function in defined:
            words, is_seed = self._mentioned(function.node)
            for name in _names_that_run(function):
                units.append((name, words))
                if is_seed:
                    names.add(name)
        classes = {id(one.owner.node): one.owner.node for one in defined if one.owner is not None}
        for node in classes.values():
            units.append((node.name, {word for base in node.bases for word in self._mentioned(base)[0]}))
        return _closure(units, names)

    def _mentioned(self, node: ast.stmt | ast.expr) -> tuple[frozenset[str], bool]:
        """The words in some code, and whether claims may come of it by what it does itself."""
        first = min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", ()))])
        home = bisect_left(self._firsts, first) - 1
        before = self._firsts[home]
        last = node.end_lineno or node.lineno
        return self._texts[home].mentioned(first - before, last - before, _documentation(node, before))


def _names_that_run(function: Function) -> Iterator[str]:
    """The names whose mention may run a function: its own, and its class's where objects run it without naming it."""
    name = function.name
    if function.owner is not None and (name in BY_FRAMEWORKS or (name.startswith("__") and name.endswith("__"))):
        yield function.owner.name
    # Every class has the one that makes its objects: what runs it names the class, or one that is derived from it.
    if name != "__init__":
        yield name


def _documentation(node: ast.AST, before: int) -> tuple[int, int]:
    """The first line of a function's docstring and the line after its last, counted from a line; none where empty."""
    match node:
        case ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str())) as text, *_]):
            return text.lineno - before, (text.end_lineno or text.lineno) + 1 - before
    return 0, 0


def _is_seed(text: str, words: frozenset[str]) -> bool:
    """Whether a function's text shows by itself that claims may come of it."""
    if not words.isdisjoint(SEEDS) or _GRAPH.search(text):
        return True
    ends = (found.start() for found in _AUGMENTED.finditer(text))
    targets = [text[text.rfind("\n", 0, end) + 1 : end].strip() for end in ends]
    return any(not target.isidentifier() for target in targets) or (bool(targets) and not words.isdisjoint(_BINDING))


def _aliases(text: str) -> Iterator[tuple[str, set[str]]]:
    """Names that are bound to something, each with the names that are handed on to it and not called.

    A text that is given by keyword names something, but is not run.
    """
    for found in _SET.finditer(text):
        target, source = (found[1], found[2]) if found[1] else (found[3], found[4])
        if _IS_TEXT.match(source):
            continue
        words = set(_HANDED_ON.findall(source))
        if words:
            yield target.rpartition(".")[2], words


ROUNDS = 8
"""How often all units are looked at before they are sorted by their words."""


def _closure(units: list[tuple[str, AbstractSet[str]]], names: set[str]) -> set[str]:
    """The names that lead to one of some names."""
    new = names
    for _ in range(ROUNDS):
        units = [unit for unit in units if unit[0] not in names]
        new = {name for name, words in units if not new.isdisjoint(words)}
        if not new:
            return names
        names = names | new
    users: dict[str, list[str]] = {}
    for name, words in units:
        for word in words:
            users.setdefault(word, []).append(name)
    waiting = list(new)
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in names:
                names.add(user)
                waiting.append(user)
    return names
