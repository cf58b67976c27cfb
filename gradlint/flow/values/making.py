"""Makes values out of others, and places out of nodes."""

from __future__ import annotations

import ast
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from gradlint.flow.account import pay, pay_for
from gradlint.flow.facts import Cut, Kind, Span
from gradlint.flow.values.bounds import LEAVES, MOST, is_small
from gradlint.flow.values.dtypes import DISCRETE
from gradlint.flow.values.values import (
    Const,
    Dict,
    Edge,
    Items,
    Number,
    Pairs,
    Seq,
    Storage,
    Tensor,
    Unknown,
    Value,
    everywhere,
)
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ANY_ATTRIBUTE = "any attribute"
"""In an object's state: whether an attribute was set whose name is not known, so that any attribute may be another."""
IS_NUMBER = 0
"""Among an unknown value's attributes: whether it surely is a number, as no attribute is named."""


_PLACE = attrgetter("lineno", "col_offset", "end_lineno", "end_col_offset")


def span_of(node: ast.AST) -> Span:
    """Where a node stands."""
    try:
        line, column, end_line, end_column = _PLACE(node)
    except AttributeError:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        end_line, end_column = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
    return Span(line, column, end_line or line, end_column or 0)


def sequence(values: Iterable[Value], kind: str = "list", *, exact: bool = True, node: ast.AST | None = None) -> Seq:
    """A sequence of values."""
    return Seq(Items(tuple(values), exact), kind, span_of(node) if node is not None else None)


def gain(value: Value, edges: tuple[Edge, ...]) -> None:
    """Let a value that is there already depend on more."""
    pay_for(len(value.edges))
    if isinstance(value, Unknown) and len(value.edges) >= MOST:
        value.anything = True
        return
    value.edges = (*value.edges, *edges)


def kept_by(made: Unknown, node: ast.AST | None, given: Iterable[Value]) -> Unknown:
    """What code of others gives: an object keeps what it is given, and computes with it when it is used."""
    if names_class(node):
        made.edges = tuple(edge for value in given for edge in everywhere(value))
    return made


def names_class(node: ast.AST | None) -> bool:
    """Whether a call makes an object, as far as the name of what is called tells."""
    called = node.func if isinstance(node, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return isinstance(name, str) and name[:1].isupper() and not name.isupper()


def with_key(pairs: Pairs, key: Value, value: Value) -> Pairs:
    """Entries with one more under a key that may not be known."""
    if isinstance(key, Const):
        try:
            hash(key.value)
        except TypeError:
            return Pairs(pairs.entries, False, (*pairs.rest, value))
        return pairs.put(key.value, value)
    if isinstance(key, Seq) and all(isinstance(part, Const) for part in key.items.values):
        return pairs.put(tuple(part.value for part in key.items.values if isinstance(part, Const)), value)
    return Pairs(pairs.entries, False, (*pairs.rest, value))


def leaves(value: Value, depth: int, rest: Value) -> Iterator[Value]:
    """The values that stand for tensors in a nest of lists, tuples and dictionaries.

    Args:
        value: The nest.
        depth: How deep to look.
        rest: What stands for all that there are besides, where they are too many.
    """
    stack = [(value, depth)]
    for _ in range(LEAVES):
        if not stack:
            return
        node, below = stack.pop()
        if isinstance(node, Seq) and below:
            stack += [(item, below - 1) for item in reversed(node.items.values)]
        elif isinstance(node, Dict) and below:
            held = (*(item for _, item in node.pairs.entries), *node.pairs.rest)
            stack += [(item, below - 1) for item in reversed(held)]
        else:
            pay(1)
            yield node.base if isinstance(node, Storage) else node
    if stack:
        yield rest


def computed(constant: Any, node: ast.AST | None) -> Const | Number:
    """A constant that the program computed; where it is large, only its kind is known from then on."""
    if is_small(constant):
        return Const(constant)
    return Number(type(constant).__name__ if isinstance(constant, int | str) else "", span_of(node) if node else None)


class Filling:
    """A dictionary that is being filled with many entries."""

    def __init__(self, pairs: Pairs | None = None) -> None:
        before = pairs or Pairs()
        self._entries = {(type(key), key): (key, value) for key, value in before.entries}
        self._exact = before.exact
        self._rest = list(before.rest)

    def put(self, key: Any, value: Value) -> None:
        """Put a value under a key that is known."""
        self._entries[type(key), key] = key, value

    def add(self, key: Value, value: Value) -> None:
        """Put a value under a key that may not be known."""
        found = with_key(Pairs(), key, value)
        for name, item in found.entries:
            self.put(name, item)
        self._rest += found.rest
        self._exact = self._exact and found.exact

    def spread(self, value: Value) -> None:
        """Put in what another value holds, as ``**value`` does."""
        if not isinstance(value, Dict):
            self._rest.append(value)
            self._exact = False
            return
        for name, item in value.pairs.entries:
            self.put(name, item)
        self._rest += value.pairs.rest
        self._exact = self._exact and value.pairs.exact

    def pairs(self, *, exact: bool = True) -> Pairs:
        """The entries; ``exact`` says whether there surely are no others that were never put in."""
        return Pairs(tuple(self._entries.values()), self._exact and exact, tuple(self._rest))


def is_followed(value: Value, cut: Cut | None) -> bool:
    """Whether a tape follows back what an operation makes: without a cut, or where it records it for all that."""
    floating = not (isinstance(value, Tensor) and value.dtype in DISCRETE)
    if cut is None:
        return floating
    # What passes no gradient may still be recorded: the gradient reaches the value itself.
    recorded = isinstance(value, Tensor) and behaviours.has(value.op, "recorded")
    return cut.kind is Kind.NO_GRADIENT or (floating and recorded and cut.kind is Kind.NON_DIFFERENTIABLE)
