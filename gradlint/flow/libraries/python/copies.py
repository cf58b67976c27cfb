"""Copies of values: ``copy.copy``, ``copy.deepcopy`` and what ``pickle`` brings back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.account import pay
from gradlint.flow.causes import Rewrapped, ToPython
from gradlint.flow.libraries.models import tensors_in
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import (
    Dict,
    Items,
    LibObject,
    Number,
    Pairs,
    Params,
    Seq,
    Unknown,
    Value,
    Variable,
)
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter


def pickled(machine: Interpreter, short: str, args: list[Value], node: ast.AST) -> Value:
    """``pickle.dumps`` and ``loads``: what comes back is new and remembers nothing."""
    given = tensors_in(machine, *args)
    if short in {"dump", "dumps"}:
        made = Number("str", span_of(node))
        machine.depend(made, given, machine.cut(ToPython(machine.callee(node), "pickle." + short), node))
        return made
    if short == "loads" and given and all(isinstance(leaf, Number) for leaf in given):
        return machine.tensor(node, given, op="loads")
    return machine.unknown("loaded", node, given)


def copied(
    machine: Interpreter, value: Value, node: ast.AST, *, deep: bool, memo: dict[int, Value] | None = None
) -> Value:
    """``copy.copy`` and ``copy.deepcopy``.

    Args:
        machine: What runs the program.
        value: What is copied.
        node: The call.
        deep: Whether what it holds is copied too.
        memo: The copies made so far, by the ids of their originals.
    """
    memo = {} if memo is None else memo
    if id(value) not in memo:
        pay(1)
        memo[id(value)] = _copy(machine, value, node, deep=deep, memo=memo)
    return memo[id(value)]


def _copy(machine: Interpreter, value: Value, node: ast.AST, *, deep: bool, memo: dict[int, Value]) -> Value:
    """A copy of what has not been copied yet; what may hold itself is noted before what it holds is copied."""
    if isinstance(value, Variable):
        made = Variable(value.dtype, span_of(node), trainable=value.trainable, keras=value.keras)
        machine.depend(made, [value], machine.cut(Rewrapped(machine.callee(node)), node))
        return made
    if isinstance(value, Seq | Dict):
        return _copy_of_container(machine, value, node, deep=deep, memo=memo)
    if isinstance(value, Instance) and not _copies_itself(machine, value, deep=deep):
        return _copy_of_object(machine, value, node, deep=deep, memo=memo)
    if deep and isinstance(value, LibObject) and value.family in {"layer", "model"}:
        return machine.library_call(behaviours.the("clone"), [value], {}, node)
    if isinstance(value, Instance | LibObject | Params | Unknown):
        return machine.unknown("copy", node, [value], anything=True)
    return value


def _copy_of_container(
    machine: Interpreter, value: Seq | Dict, node: ast.AST, *, deep: bool, memo: dict[int, Value]
) -> Value:
    def held(item: Value) -> Value:
        return copied(machine, item, node, deep=deep, memo=memo) if deep else item

    if isinstance(value, Seq):
        twin = memo[id(value)] = Seq(Items(), value.kind, span_of(node))
        twin.state["items"] = Items(tuple(held(item) for item in value.items.values), value.items.exact)
        return twin
    made = memo[id(value)] = Dict(Pairs(), span_of(node))
    entries = tuple((key, held(item)) for key, item in value.pairs.entries)
    made.state["pairs"] = Pairs(entries, value.pairs.exact, value.pairs.rest)
    return made


def _copy_of_object(
    machine: Interpreter, value: Instance, node: ast.AST, *, deep: bool, memo: dict[int, Value]
) -> Instance:
    twin = memo[id(value)] = Instance(value.cls, value.library, span_of(node), open_=value.open)
    twin.born = machine.tick()
    for name, held in value.state.items():
        if isinstance(held, tuple):
            held = tuple(copied(machine, part, node, deep=deep, memo=memo) for part in held)
        twin.state[name] = held
    for name, held in value.attrs.items():
        twin.attrs[name] = copied(machine, held, node, deep=True, memo=memo) if deep else held
    return twin


def _copies_itself(machine: Interpreter, value: Instance, *, deep: bool) -> bool:
    """Whether a copy of an object is not simply one of all that it holds."""
    if any(machine.class_attribute(value.cls, name) for name in _COPYING):
        return True
    return deep and (value.open or any(isinstance(held, LibObject | Unknown) for held in value.state.values()))


_COPYING = (
    "__copy__", "__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__",
    "__getnewargs_ex__",
)  # fmt: skip
"""The methods by which a class decides what a copy of its objects is."""
