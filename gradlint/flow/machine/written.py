"""What the machine reads of the program as it is written: texts, names, what its code speaks of."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from gradlint.flow.facts import Span
from gradlint.flow.interpreter import Interpreter
from gradlint.flow.machine import turns
from gradlint.flow.machine.written_for import older
from gradlint.flow.values.making import span_of
from gradlint.flow.values.modules import Imported
from gradlint.flow.values.program import Frame, Function, Generator, Instance
from gradlint.flow.values.trees import children, of_type, walk
from gradlint.flow.values.values import (
    Params,
    Recording,
    Value,
    Variable,
)
from gradlint.knowledge.packages import LIBRARIES, root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradlint.flow.state.activation import Activation
    from gradlint.flow.values.modules import ModuleValue

_TESTS = re.compile(r"\b(?:monkeypatch|mocker|patch)\b")
"""What a test names that replaces something of a module."""
_STRINGS = re.compile(r"([\"'])([A-Za-z_][\w.]*)\1")
Sort = Literal["mentions", "text", "count", "keras-2", "replaced", "loops", "tests", "older"]
"""What may be asked of a program's whole text: whether a name has one of some parts, whether it holds a text, how often
it holds a word, whether it imports Keras 2, what it puts in the place of library objects, what its loops bind, what its
tests replace, and what it uses that only older versions of TensorFlow have."""
Question = tuple[Sort, tuple[str, ...]]
"""A question of a sort, and what it is about."""

_KERAS_2 = re.compile(
    r"TF_USE_LEGACY_KERAS|^[ \t]*(?:import|from)[ \t]+(?:tf_keras|tensorflow\.python\.keras)\b", re.MULTILINE
)
"""What in a module of the project lets the program run on Keras 2."""


class ProgramText(Interpreter):
    """The program's text and tree, and how it names its values.

    Attributes:
        lines: The program's lines, as UTF-8; those of the project's modules that have run follow them.
        module: The program's own names.
        modules_by_frame: The project's modules that have run, by the ids of their frames.
        nodes_in_loops: The ids of the nodes in loops, once something asked.
        free_names: What functions read from around them, by the ids of their nodes.
        questions: What was asked of the program's whole text, with the answer: see :meth:`answered`.
    """

    lines: list[bytes]
    module: Frame
    modules_by_frame: dict[int, ModuleValue]
    nodes_in_loops: set[int] | None
    free_names: dict[tuple[int, bool], tuple[str, ...]]
    questions: dict[Question, object]
    enters: Callable[[Any, Function], None] | None
    """What enters a function that nothing calls, where somebody keeps what that comes to."""

    def begin_noting(self) -> None:
        """Nothing has been asked or looked at, and nobody keeps anything."""
        self.looked_at, self.questions, self.enters = set(), {}, None

    def answered(self, sort: Sort, *about: str) -> Any:
        """What the program's whole text says to a question; that it was asked is noted."""
        key = (sort, about)
        if key not in self.questions:
            self.questions[key] = _ANSWERS[sort](self, about)
        return self.questions[key]

    def ask_again(self, question: Question) -> Any:
        """What the program's whole text says to a question by now."""
        return _ANSWERS[question[0]](self, question[1])

    @property
    def chooses_keras_2(self) -> bool:
        """Whether the program runs on Keras 2 whatever is installed: ``tf_keras``, ``tensorflow.python.keras``."""
        return self.answered("keras-2") or any(
            _KERAS_2.search(home.found.code) for home in self.modules_by_frame.values()
        )

    def mentions(self, *parts: str) -> bool:
        """Whether the code of the program, or of a module of the project that has run, has a name with such a part."""
        if self.answered("mentions", *parts):
            return True
        return any(part in home.found.code for part in parts for home in self.modules_by_frame.values())

    def text(self, node: ast.AST | Span | None) -> str:
        """The program's text at a node, on one line."""
        if node is None:
            return ""
        span = node if isinstance(node, Span) else span_of(node)
        if span.line == span.end_line:
            raw = self.lines[span.line - 1][span.column : span.end_column]
        else:
            middle = self.lines[span.line : span.end_line - 1]
            first, last = self.lines[span.line - 1][span.column :], self.lines[span.end_line - 1][: span.end_column]
            raw = b" ".join([first, *middle, last])
        return " ".join(raw.decode(errors="replace").split())

    def site_of(self, value: Value, recording: Recording) -> Span | None:
        """Where a value was made, as seen from the function that entered a tape: there, or the call that led there."""
        home: Activation | None = recording.where
        call: ast.AST | None = None
        activation: Activation | None = value.where
        while activation is not None:
            if activation is home:
                break
            if not isinstance(activation.call, turns.TURNING):
                call = activation.call
            activation = activation.caller
        if activation is home and call is not None:
            return span_of(call)
        return value.span

    def name_of(self, value: Value) -> str:
        """A name under which the running code can reach a value, or what makes it; empty where neither is known."""
        name = self.named(value)
        if name is not None:
            return name
        if isinstance(value, Variable | Params) and value.span is not None:
            return self.text(value.span)
        return ""

    def named(self, value: Value) -> str | None:
        """A name that holds a value where the code runs."""
        frame: Frame | None = self.frame
        while frame is not None:
            for name, held in frame.names.items():
                if held is value and isinstance(name, str):
                    return name
            frame = frame.parent
        return None

    def attribute_of(self, value: Value) -> str | None:
        """The attribute of an object in reach of the running code that holds a value."""
        frame: Frame | None = self.frame
        while frame is not None:
            for owner in frame.names.values():
                for name, held in owner.attrs.items() if isinstance(owner, Instance) else ():
                    if held is value:
                        return str(name)
            frame = frame.parent
        return None

    @property
    def loop_names(self) -> frozenset[str]:
        """The names that a loop of the program binds to one item after the other."""
        found: frozenset[str] = self.answered("loops")
        return found

    @property
    def replaced_names(self) -> frozenset[str]:
        """The names of library objects in whose place the program puts others: ``np.square = tf.square``."""
        found: frozenset[str] = self.answered("replaced")
        return found

    def in_later_turn(self, node: ast.AST) -> bool:
        """Whether a node stands in a loop's body, so that what it does shows from the next turn on."""
        if self.nodes_in_loops is None:
            self.nodes_in_loops = turns.inside(self.tree)
        return id(node) in self.nodes_in_loops

    def captured(self, function: Function | Generator) -> Iterator[Value]:
        """The values that a function sees in the frames around it, or a generator in its own and those around that."""
        self.looked_at.add(id(function.node))
        key = (id(function.node), isinstance(function, Generator))
        names = self.free_names.get(key)
        if names is None:
            inside = walk(function.node)
            loaded = (node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
            own = _own_names(function.node) if isinstance(function, Function) else frozenset[str]()
            names = tuple(name for name in dict.fromkeys(loaded) if name not in own)
            self.free_names[key] = names
        for name in names:
            frame: Frame | None = function.frame
            while frame is not None:
                value = frame.names.get(name)
                if isinstance(value, Value):
                    held = value.value if isinstance(value, Imported) else value
                    if held is not None and held is not function:
                        yield held
                    break
                frame = frame.parent
        yield from function.held if isinstance(function, Generator) else function.defaults.values()


def _imports_keras_2(tree: ast.AST) -> bool:
    """Whether a program imports Keras 2, or asks for it."""
    if any(node.value == "TF_USE_LEGACY_KERAS" for node in of_type(tree, ast.Constant)):
        return True
    names = [alias.name for node in of_type(tree, ast.Import) for alias in node.names]
    names += [f"{node.module}.{alias.name}" for node in of_type(tree, ast.ImportFrom) for alias in node.names]
    return any(map(_is_keras_2, names))


def _replaced(tree: ast.AST) -> frozenset[str]:
    """The names of library objects in whose place a program puts others."""
    imports: list[ast.Import | ast.ImportFrom] = [*of_type(tree, ast.Import), *of_type(tree, ast.ImportFrom)]
    libraries = {(alias.asname or root(alias.name)) for node in imports if is_library(node) for alias in node.names}
    stored = [node for node in of_type(tree, ast.Attribute) if isinstance(node.ctx, ast.Store)]
    return frozenset(node.attr for node in stored if _first_name(node) in libraries)


def _is_keras_2(name: str) -> bool:
    """Whether what an import names belongs to Keras 2."""
    return f"{name}.".startswith(("tf_keras.", "tensorflow.python.keras."))


def is_library(node: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import is one of a library that is followed by name."""
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    return any(root(name) in LIBRARIES for name in names)


def _first_name(node: ast.expr) -> str:
    """The name that a dotted name begins with; empty for other expressions."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


@lru_cache(maxsize=1)
def words(tree: ast.AST) -> frozenset[str]:
    """The names in a program's code, and the texts in it that might be names; the last program's are remembered."""
    return frozenset(_words(tree))


def _words(tree: ast.AST) -> Iterator[str]:
    yield from (node.id for node in of_type(tree, ast.Name))
    yield from (node.attr for node in of_type(tree, ast.Attribute))
    yield from (node.arg for node in of_type(tree, ast.keyword) if node.arg)
    yield from (node.name for node in of_type(tree, ast.alias))
    texts = (node.value for node in of_type(tree, ast.Constant))
    yield from (text for text in texts if isinstance(text, str) and text[:80].isidentifier())


def _own_names(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """The names of a function's parameters and of what it binds itself, which hide the ones around it."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    own = {one.arg for one in named if one is not None}
    outer: set[str] = set()
    waiting: list[ast.AST] = list(function.body) if not isinstance(function, ast.Lambda) else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            outer.update(node.names)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(children(node))
    return own - outer


def _replaced_by_tests(code: str) -> frozenset[str]:
    """The strings of a program that replaces names for a test: names, and the last two parts of dotted ones."""
    texts = {match[2] for match in _STRINGS.finditer(code)} if _TESTS.search(code) else set()
    return frozenset(texts | {".".join(text.split(".")[-2:]) for text in texts})


_ANSWERS: dict[Sort, Callable[[ProgramText, tuple[str, ...]], object]] = {
    "mentions": lambda program, parts: any(part in word for part in parts for word in words(program.tree)),
    "text": lambda program, texts: texts[0] in program.code,
    "count": lambda program, names: len(re.findall(rf"\b{names[0]}\b", program.code)),
    "keras-2": lambda program, _: _imports_keras_2(program.tree),
    "replaced": lambda program, _: _replaced(program.tree),
    "loops": lambda program, _: turns.targets(program.tree),
    "older": lambda program, _: older(program.tree),
    "tests": lambda program, _: _replaced_by_tests(program.code),
}
