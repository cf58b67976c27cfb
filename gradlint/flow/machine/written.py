"""What the machine reads of the program as it is written: texts, names, what its code speaks of."""

from __future__ import annotations

import ast
import re
from functools import cached_property
from typing import TYPE_CHECKING

from gradlint.flow.facts import Span
from gradlint.flow.interpreter import Interpreter
from gradlint.flow.machine import turns
from gradlint.flow.values.making import span_of
from gradlint.flow.values.modules import Imported
from gradlint.flow.values.program import Frame, Function, Generator, Instance
from gradlint.flow.values.trees import of_type, walk
from gradlint.flow.values.values import (
    Params,
    Recording,
    Value,
    Variable,
)
from gradlint.knowledge.packages import LIBRARIES, root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.state.activation import Activation
    from gradlint.flow.values.modules import ModuleValue


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
        loop_targets: What :attr:`loop_names` found, once it was asked.
        nodes_in_loops: The ids of the nodes in loops, once something asked.
        free_names: What functions read from around them, by the ids of their nodes.
    """

    lines: list[bytes]
    module: Frame
    modules_by_frame: dict[int, ModuleValue]
    loop_targets: frozenset[str] | None
    nodes_in_loops: set[int] | None
    free_names: dict[tuple[int, bool], tuple[str, ...]]

    @property
    def chooses_keras_2(self) -> bool:
        """Whether the program runs on Keras 2 whatever is installed: ``tf_keras``, ``tensorflow.python.keras``."""
        return self._imports_keras_2 or any(_KERAS_2.search(home.found.code) for home in self.modules_by_frame.values())

    @cached_property
    def _imports_keras_2(self) -> bool:
        if any(node.value == "TF_USE_LEGACY_KERAS" for node in of_type(self.tree, ast.Constant)):
            return True
        names = [alias.name for node in of_type(self.tree, ast.Import) for alias in node.names]
        taken = of_type(self.tree, ast.ImportFrom)
        names += [f"{node.module}.{alias.name}" for node in taken for alias in node.names]
        return any(map(_is_keras_2, names))

    @cached_property
    def words(self) -> frozenset[str]:
        """The names in the program's code, and the texts in it that might be names."""
        return frozenset(_words(self.tree))

    def mentions(self, *parts: str) -> bool:
        """Whether the code of the program, or of a module of the project that has run, has a name with such a part."""
        if any(part in word for part in parts for word in self.words):
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
        """A name under which the running code can reach a value, or what makes it."""
        name = self.named(value)
        if name is not None:
            return name
        if isinstance(value, Variable | Params) and value.span is not None:
            return self.text(value.span)
        return "the value"

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
        if self.loop_targets is None:
            self.loop_targets = turns.targets(self.tree)
        return self.loop_targets

    @cached_property
    def replaced_names(self) -> frozenset[str]:
        """The names of library objects in whose place the program puts others: ``np.square = tf.square``."""
        imports: list[ast.Import | ast.ImportFrom] = [
            *of_type(self.tree, ast.Import),
            *of_type(self.tree, ast.ImportFrom),
        ]
        libraries = {(alias.asname or root(alias.name)) for node in imports if is_library(node) for alias in node.names}
        stored = [node for node in of_type(self.tree, ast.Attribute) if isinstance(node.ctx, ast.Store)]
        return frozenset(node.attr for node in stored if _first_name(node) in libraries)

    def in_later_turn(self, node: ast.AST) -> bool:
        """Whether a node stands in a loop's body, so that what it does shows from the next turn on."""
        if self.nodes_in_loops is None:
            self.nodes_in_loops = turns.inside(self.tree)
        return id(node) in self.nodes_in_loops

    def captured(self, function: Function | Generator) -> Iterator[Value]:
        """The values that a function sees in the frames around it, or a generator in its own and those around that."""
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


def _words(tree: ast.AST) -> Iterator[str]:
    """The names and the short texts in some code."""
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
            waiting.extend(ast.iter_child_nodes(node))
    return own - outer
