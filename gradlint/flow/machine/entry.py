"""Whether a program asks for gradients at all, and whether it does so in graphs of TensorFlow 1: told from its tree."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.machine.relevance import bare, names_tape
from gradlint.flow.values.trees import of_type

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKING = frozenset({"ForwardAccumulator", "value_and_gradient"})
"""What differentiates, without a tape that the program names."""
MINIMIZE = "minimize"
"""The method of an optimizer that makes a tape of its own."""
TRAINING = frozenset({"fit", "train_on_batch"})
"""Methods in which Keras differentiates the loss that the model was compiled with."""
SWITCHES = frozenset({"disable_eager_execution", "disable_v2_behavior", "placeholder"})
"""Functions of TensorFlow 1 that are of use in its graphs only."""
SESSIONS = frozenset({"Session", "InteractiveSession"})
RUNNING = frozenset({"run", "partial_run", "graph"})
"""What a program does with a session whose graph it has built."""


def parsed_if_asking(code: str) -> ast.Module | None:
    """The tree of a program that asks for gradients; None for another one, which is parsed only if it looks like one.

    Raises:
        SyntaxError: If a program that looks like one is not Python.
    """
    by_tape = names_tape(code)
    if not by_tape and not _may_ask(code):
        return None
    tree = ast.parse(code)
    return tree if by_tape or _asks(tree) else None


def asks_for_gradients(code: str, tree: ast.Module) -> bool:
    """Whether a program makes a tape, differentiates forward, or lets Keras or an optimizer make a tape."""
    return names_tape(code) or (_may_ask(code) and _asks(tree))


def _may_ask(code: str) -> bool:
    """Whether a program's text leaves it open that it asks for gradients without naming a tape."""
    return _names_what_asks(code) and _names_what_asks(bare(code))


def _names_what_asks(code: str) -> bool:
    trains = "compile" in code and any(name in code for name in TRAINING)
    return trains or MINIMIZE in code or any(name in code for name in ASKING)


def _asks(tree: ast.Module) -> bool:
    """Whether a program differentiates forward, or lets Keras or an optimizer make a tape."""
    methods = (node.func for node in of_type(tree, ast.Call))
    called = {method.attr for method in methods if isinstance(method, ast.Attribute)}
    if MINIMIZE in called or ("compile" in called and not called.isdisjoint(TRAINING)):
        return True
    return any(_last(node) in ASKING for node in _names(tree))


def is_graph_code(code: str, tree: ast.Module) -> bool:
    """Whether a program builds a graph of TensorFlow 1, in which a tape means something else.

    A session that is made for its options alone, as those for a GPU's memory, builds none.
    """
    if not any(name in code for name in (*SWITCHES, *SESSIONS)):
        return False
    if _aliases_of_tensorflow_one(tree):
        return True
    if any(_last(node.func) in SWITCHES for node in of_type(tree, ast.Call)):
        return True
    sessions = set(_session_names(tree))
    return bool(sessions) and any(
        node.attr in RUNNING and isinstance(node.value, ast.Name) and node.value.id in sessions
        for node in of_type(tree, ast.Attribute)
    )


def _names(tree: ast.Module) -> Iterator[ast.expr]:
    """The names and attributes that a program reads."""
    yield from of_type(tree, ast.Name)
    yield from of_type(tree, ast.Attribute)


def _last(node: ast.expr) -> str:
    """The last part of a dotted name; empty for other expressions."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _aliases_of_tensorflow_one(tree: ast.Module) -> set[str]:
    """The attributes that a program reads of ``tf`` itself and that only TensorFlow 1 has."""
    whole = {
        alias.asname or alias.name
        for node in of_type(tree, ast.Import)
        for alias in node.names
        if alias.name == "tensorflow"
    }
    return {
        node.attr
        for node in of_type(tree, ast.Attribute)
        if node.attr in SESSIONS and isinstance(node.value, ast.Name) and node.value.id in (whole or {"tf"})
    }


def _session_names(tree: ast.Module) -> Iterator[str]:
    """The names that hold a session."""
    for node in of_type(tree, ast.Assign):
        if isinstance(node.value, ast.Call) and _last(node.value.func) in SESSIONS:
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    for item in of_type(tree, ast.withitem):
        manager = item.context_expr
        if isinstance(item.optional_vars, ast.Name) and isinstance(manager, ast.Call):
            yield from [item.optional_vars.id] if _last(manager.func) in SESSIONS else []
