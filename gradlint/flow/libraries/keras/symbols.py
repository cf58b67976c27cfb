"""Calls of a functional model: its layers run again, in the order of its symbols, on what the model is given."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.account import pay
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import (
    EVERYWHERE,
    NOWHERE,
    Dict,
    Edge,
    Items,
    Join,
    LibObject,
    Number,
    Pairs,
    Seq,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    either,
)
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter


def symbols_in(value: Value) -> list[Symbolic]:
    """The symbolic tensors in a nest of lists and dictionaries."""
    if isinstance(value, Seq):
        return [symbol for item in value.items.values for symbol in symbols_in(item)]
    if isinstance(value, Dict):
        return [symbol for _, item in value.pairs.entries for symbol in symbols_in(item)]
    return [value] if isinstance(value, Symbolic) else []


def part_of(symbol: Symbolic, index: int) -> Symbolic:
    """One of the symbols that a layer gives together."""
    part = Symbolic(symbol.span, symbol.layer)
    part.edges = symbol.edges
    if symbol.call is not None and symbol.call[2] is None:
        part.call, part.named = (*symbol.call[:2], index), symbol.named
    return part


def symbolic(made: Value) -> Value:
    """What a function gives for symbols: where a tensor would be computed from one, another symbol."""
    if isinstance(made, Seq) and made.items.values:
        values = tuple(symbolic(item) for item in made.items.values)
        if any(new is not old for new, old in zip(values, made.items.values, strict=True)):
            seq = Seq(Items(values, made.items.exact), made.kind, made.span)
            seq.extra = made.extra
            return seq
        return made
    if not isinstance(made, Tensor) or not any(stands_for_symbol(edge.parent) for edge in made.edges):
        return made
    symbol = Symbolic(made.span)
    symbol.edges = tuple(
        Edge(edge.parent, edge.cut, EVERYWHERE if edge.cut is None else NOWHERE, sure=edge.sure, seen=EVERYWHERE)
        for edge in made.edges
    )
    return symbol


def stands_for_symbol(value: Value, depth: int = 4) -> bool:
    """Whether a value is a symbol on some way, or what code of others makes of one."""
    pay(1)
    if isinstance(value, Join):
        return any(stands_for_symbol(option, depth) for option in value.options)
    if isinstance(value, Unknown) and depth and value.why in {"call", "operation", "item"}:
        return any(stands_for_symbol(edge.parent, depth - 1) for edge in value.edges)
    return isinstance(value, Symbolic)


def replay(
    machine: Interpreter, inputs: Value | None, outputs: Value, given: list[Value], node: ast.AST
) -> Value | None:
    """What a functional model gives for ``given``, or None where not every symbol's making was seen.

    Args:
        machine: The machine.
        inputs: The model's symbolic inputs.
        outputs: The model's symbolic outputs.
        given: The tensors that the model is called with.
        node: The call.
    """
    declared = symbols_in(inputs) if inputs is not None else []
    if not declared or len(declared) != len(given):
        return None
    held: dict[int, Value] = {id(symbol): value for symbol, value in zip(declared, given, strict=True)}
    wanted = symbols_in(outputs)
    if not wanted or not all(_seen(machine, symbol, held) for symbol in wanted):
        return None
    return _run(machine, outputs, held, node)


def _seen(machine: Interpreter, symbol: Symbolic, held: dict[int, Value]) -> bool:
    """Whether all that a symbol was made from can be run again."""
    stack: list[Value] = [symbol]
    seen: set[int] = set()
    while stack:
        value = stack.pop()
        if id(value) in held or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Join):
            stack += value.options
        elif isinstance(value, Unknown):
            if value.edges:
                return False
        elif isinstance(value, Tensor):
            stack += [edge.parent for edge in value.edges]
        elif isinstance(value, Symbolic):
            if value.call is not None:
                stack += machine.leaves(Seq(Items((*value.call[1], *value.named.values()))))
            elif not value.edges or any(isinstance(edge.parent, LibObject | Instance) for edge in value.edges):
                return False
            else:
                stack += [edge.parent for edge in value.edges]
    return True


def _run(machine: Interpreter, value: Value, held: dict[int, Value], node: ast.AST) -> Value:
    """A symbol's tensor, or a nest of them."""
    if isinstance(value, Seq):
        items = tuple(_run(machine, item, held, node) for item in value.items.values)
        return Seq(Items(items, value.items.exact), "list", span_of(node))
    if isinstance(value, Dict):
        entries = tuple((key, _run(machine, item, held, node)) for key, item in value.pairs.entries)
        return Dict(Pairs(entries, value.pairs.exact), span_of(node))
    if isinstance(value, Join) and stands_for_symbol(value):
        options = [_run(machine, option, held, node) for option in value.options]
        return either(*options)
    if not isinstance(value, Symbolic):
        return value
    found = held.get(id(value))
    if found is None:
        held[id(value)] = found = _made(machine, value, held, node)
    return found


def _made(machine: Interpreter, symbol: Symbolic, held: dict[int, Value], node: ast.AST) -> Value:
    if symbol.call is None:
        made = Tensor("float32", span_of(node), behaviours.the("functional"))
        for edge in symbol.edges:
            machine.depend(made, [_run(machine, edge.parent, held, node)], edge.cut, sure=edge.sure)
        return made
    layer, args, place = symbol.call
    values = [_run(machine, arg, held, node) for arg in args]
    named = {name: _run(machine, held_by, held, node) for name, held_by in symbol.named.items()}
    result = machine.call(layer, values, _training(machine, layer) | named, node)
    if place is not None and isinstance(result, Seq) and place < len(result.items.values):
        return result.items.values[place]
    return result


def _training(machine: Interpreter, layer: Value) -> dict[str, Value]:
    """A layer's ``training`` flag, which the model passes on and nothing here knows."""
    if not isinstance(layer, Instance):
        return {}
    method = machine.class_attribute(layer.cls, "call")
    arguments = getattr(getattr(method, "node", None), "args", None)
    if not isinstance(arguments, ast.arguments):
        return {}
    names = {argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)}
    return {"training": Number("bool")} if "training" in names else {}
