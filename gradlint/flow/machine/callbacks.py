"""What a function of the program may set when code that is not followed calls it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradlint.flow.libraries.python.containers import FILLING
from gradlint.flow.values.program import Bound, ClassValue, Frame, Function, Generator, Instance
from gradlint.flow.values.trees import walk
from gradlint.flow.values.values import Const, Dict, Seq, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Place = tuple[dict[Any, Any], Any]
"""A dictionary of state and a key of it."""


def places(value: Value, written_in: Callable[[Instance], frozenset[str]]) -> Iterator[Place]:
    """The names, attributes and containers that calling a value, or going on with a generator, may set.

    Args:
        value: What code of others has seen.
        written_in: The attributes that the methods of an object's class write.
    """
    if isinstance(value, Bound):
        if isinstance(value.owner, Instance):
            yield from ((value.owner.attrs, name) for name in written_in(value.owner) if name in value.owner.attrs)
        return
    if not isinstance(value, Function | Generator):
        return
    for node in walk(value.node):
        if isinstance(node, ast.Nonlocal | ast.Global):
            yield from _names(node, value.frame)
        elif isinstance(node, ast.Call | ast.Subscript | ast.Attribute):
            yield from _filled(node, value.frame, written_in)


def named(values: list[Value]) -> Iterator[Place]:
    """The attributes of which code of others has the owner and the name, as ``patch.object(Class, "name", f)``."""
    names = [value.value for value in values if isinstance(value, Const) and isinstance(value.value, str)]
    for owner in values if names else ():
        if isinstance(owner, ClassValue):
            yield from ((owner.frame.names, name) for name in names if name in owner.frame.names)
        elif isinstance(owner, Instance):
            yield from ((owner.attrs, name) for name in names if name in owner.attrs or name in owner.cls.frame.names)


def _names(node: ast.Nonlocal | ast.Global, frame: Frame | None) -> Iterator[Place]:
    for name in node.names:
        around = frame
        while around is not None:
            is_global = isinstance(node, ast.Global)
            if name in around.names and (around.parent is None or not is_global):
                yield around.names, name
                break
            around = around.parent


def _filled(
    node: ast.Call | ast.Subscript | ast.Attribute,
    frame: Frame | None,
    written_in: Callable[[Instance], frozenset[str]],
) -> Iterator[Place]:
    """What a call of a container's method, a store into one, or one into an attribute changes, as a frame sees it."""
    if isinstance(node, ast.Call):
        held = _held(node.func.value, frame) if isinstance(node.func, ast.Attribute) else None
        if isinstance(held, Instance):
            yield from ((held.attrs, name) for name in written_in(held) if name in held.attrs)
        elif isinstance(node.func, ast.Attribute) and node.func.attr in FILLING:
            yield from _contents(held)
    elif isinstance(node.ctx, ast.Store):
        held = _held(node.value, frame)
        if isinstance(node, ast.Subscript):
            yield from _contents(held)
        elif isinstance(held, Instance):
            yield held.attrs, node.attr


def _contents(held: Value | None) -> Iterator[Place]:
    if isinstance(held, Seq) and held.kind != "tuple":
        yield held.state, "items"
    elif isinstance(held, Dict):
        yield held.state, "pairs"


def _held(node: ast.expr, frame: Frame | None) -> Value | None:
    """What a name, or an attribute of one, holds as a frame sees it."""
    if isinstance(node, ast.Attribute):
        owner = _held(node.value, frame)
        inner = owner.attrs.get(node.attr) if isinstance(owner, Instance) else None
        return inner if isinstance(inner, Value) else None
    if not isinstance(node, ast.Name):
        return None
    while frame is not None:
        value = frame.names.get(node.id)
        if isinstance(value, Value):
            return value
        frame = frame.parent
    return None
