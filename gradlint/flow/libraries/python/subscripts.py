"""Items of values: what a subscript, a loop or unpacking takes out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.flow.causes import Opaque, Steering
from gradlint.flow.libraries.python import special
from gradlint.flow.state.store import join_values
from gradlint.flow.values import dtypes
from gradlint.flow.values.kinds import ByKind
from gradlint.flow.values.making import span_of
from gradlint.flow.values.numbers import fixed_slice
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Join,
    LibObject,
    LostNone,
    Number,
    Pairs,
    Params,
    Seq,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
    either,
    everywhere,
)
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from gradlint.flow.interpreter import Interpreter


def subscript(machine: Interpreter, node: ast.AST, value: Value, index: Value) -> Value:
    """The value of ``value[index]``."""
    return _SUBSCRIPT.for_value(value)(machine, node, value, index)


def _of_other(machine: Interpreter, node: ast.AST, value: Value, _index: Value) -> Value:
    return machine.unknown("item", node, [value])


_SUBSCRIPT: ByKind[Callable[[Interpreter, ast.AST, Any, Value], Value]] = ByKind(_of_other)


@_SUBSCRIPT.of(Join)
def _of_one_of_several(machine: Interpreter, node: ast.AST, value: Join, index: Value) -> Value:
    options = [option for option in value.options if not (isinstance(option, Const) and option.value is None)]
    result: Value | None = None
    for i, option in enumerate(options[:4]):
        label = value.labels[i] if i < len(value.labels) else ""
        got = subscript(machine, node, option, index)
        result = got if result is None else join_values(result, got, "", label)
    return result if result is not None and len(options) <= 4 else machine.unknown("item", node, [value])


@_SUBSCRIPT.of(Tensor, Variable, Params)
def _of_tensor(machine: Interpreter, node: ast.AST, value: Tensor | Variable | Params, index: Value) -> Value:
    steering = [part for part in machine.leaves(index) if not isinstance(part, Const)]
    made = machine.tensor(node, [value], dtype=dtypes.of(value), op=behaviours.the("operator:[]"))
    made.copy_of = value
    made.extra = {"index": index}
    if steering:
        machine.depend(made, steering, machine.cut(Steering(decides="element"), node))
    return made


@_SUBSCRIPT.of(Array)
def _of_array(machine: Interpreter, node: ast.AST, value: Array, _index: Value) -> Value:
    array = Array(value.dtype, span_of(node))
    machine.depend(array, [value])
    return array


@_SUBSCRIPT.of(LostNone)
def _of_lost(machine: Interpreter, node: ast.AST, value: LostNone, _index: Value) -> Value:
    return machine.none_used(value, node, "access", "TypeError")


@_SUBSCRIPT.of(Const, Number)
def _of_scalar(machine: Interpreter, node: ast.AST, value: Const | Number, index: Value) -> Value:
    if isinstance(value, Const) and isinstance(value.value, str) and isinstance(index, Const):
        try:
            return Const(value.value[index.value])
        except (IndexError, TypeError):
            return Number("str", span_of(node))
    if isinstance(value, Const) and value.value is None:
        machine.raised("TypeError")
        return machine.unknown("item", node)
    kind = value.kind if isinstance(value, Number) else ""
    number = Number("int" if kind in {"", "shape"} else kind, span_of(node))
    machine.depend(number, [value])
    return number


@_SUBSCRIPT.of(Unknown)
def _of_unknown(machine: Interpreter, node: ast.AST, value: Unknown, index: Value) -> Value:
    key = ("[]", index.value) if isinstance(index, Const) and isinstance(index.value, int | str) else None
    if key is None:
        return item_of(machine, value, node)
    before = value.attrs.get(key)
    if isinstance(before, Value) and (not value.computed or before.tracked.issuperset(machine.recording)):
        return before
    made = item_of(machine, value, node)
    machine.set(value.attrs, key, made)
    return made


@_SUBSCRIPT.of(Instance)
def _of_instance(machine: Interpreter, node: ast.AST, value: Instance, index: Value) -> Value:
    method = machine.attribute(value, "__getitem__", node)
    if isinstance(method, Unknown):
        return machine.unknown("item", node, [value])
    return machine.call(method, [index], {}, node)


@_SUBSCRIPT.of(Symbolic)
def _of_symbol(machine: Interpreter, node: ast.AST, value: Symbolic, _index: Value) -> Value:
    symbol = Symbolic(span_of(node), value.layer)
    machine.depend(symbol, [value])
    return symbol


def item_of(machine: Interpreter, value: Unknown, node: ast.AST) -> Unknown:
    """An item of something unknown: a part of it where it may be a sequence, computed from it where it is a tensor."""
    made = Unknown("item", span_of(node), anything=value.anything)
    if value.computed:
        machine.depend(made, [value], sure=False)
    else:
        made.edges, made.born = everywhere(value), machine.tick()
    return made


@_SUBSCRIPT.of(Seq)
def _item(machine: Interpreter, node: ast.AST, value: Seq, index: Value) -> Value:
    items = value.items
    if isinstance(index, Seq) and index.kind == "slice":
        bounds = fixed_slice(index)
        if items.exact and bounds is not None:
            return Seq(Items(items.values[bounds]), value.kind, span_of(node))
        return Seq(Items(_some_of(items.values), exact=False), value.kind, span_of(node))
    position = index.value if isinstance(index, Const) else index.known if isinstance(index, Tensor) else None
    if isinstance(position, int) and items.exact and -len(items.values) <= position < len(items.values):
        return items.values[position]
    alike = value.extra is not None and "alike" in value.extra
    if isinstance(position, int) and alike and items.values:
        last = len(items.values) - 1
        return items.values[min(position, last) if position >= 0 else max(last + 1 + position, 0)]
    if isinstance(position, int) and not items.exact and items.values:
        chosen = items.values[position] if -len(items.values) <= position < len(items.values) else items.values[-1]
        if len({type(item) for item in items.values}) == 1 and isinstance(chosen, Const):
            return Number(type(chosen.value).__name__)
        return chosen if len(items.values) == 1 else Join(items.values)
    if not items.values:
        return machine.unknown("item", node)
    result = items.values[0]
    for item in items.values[1:8]:
        result = join_values(result, item)
    if len(items.values) > 8:
        return machine.unknown("item", node, items.values)
    return result


def _some_of(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """The items of a slice that holds some of some values, and not surely any of them."""
    if len(values) < 2:
        return values
    return (Join(values) if len(values) <= 8 else either(*values),)


@_SUBSCRIPT.of(Dict)
def _entry(machine: Interpreter, node: ast.AST, value: Dict, index: Value) -> Value:
    pairs = value.pairs
    special.hashed(machine, index, node)
    if isinstance(index, Const):
        found = pairs.get(index.value)
        if found is not None:
            return found
        if pairs.exact and not any(edge.parent is value for edge in machine.escaped.edges):
            machine.raised("KeyError")
    if isinstance(index, Seq) and all(isinstance(part, Const) for part in index.items.values):
        found = pairs.get(tuple(part.value for part in index.items.values if isinstance(part, Const)))
        if found is not None:
            return found
    candidates = [item for _, item in pairs.entries] if not isinstance(index, Const) else []
    candidates += list(pairs.rest)
    if not candidates:
        return machine.unknown("item", node, [value])
    if len(candidates) > 8:
        return machine.unknown("item", node, candidates)
    result = candidates[0]
    for item in candidates[1:]:
        result = join_values(result, item)
    return result


def element(machine: Interpreter, node: ast.AST, value: Value) -> Value:
    """One item of a tensor, Variable or array."""
    if isinstance(value, Array):
        made = Array(value.dtype, span_of(node))
        machine.depend(made, [value])
        return made
    tensor = machine.tensor(node, [value], dtype=dtypes.of(value), op=behaviours.the("operator:[]"))
    tensor.copy_of = value
    return tensor


def batch(machine: Interpreter, node: ast.AST, dataset: LibObject) -> Value:
    """One item of a ``tf.data.Dataset``, of the structure that the dataset was made with."""
    shape = dataset.state.get("element")
    return data(machine, node, shape if isinstance(shape, Value) else None, dataset)


def data(machine: Interpreter, node: ast.AST, like: Value | None, source: Value) -> Value:
    """A fresh item of data that looks like another value; no gradient leads back from it."""
    cut = machine.cut(Opaque("tf.data.Dataset", how="dataset"), node)
    if isinstance(like, Seq):
        return Seq(
            Items(tuple(data(machine, node, item, source) for item in like.items.values), like.items.exact),
            "tuple",
            span_of(node),
        )
    if isinstance(like, Dict):
        entries = tuple((key, data(machine, node, item, source)) for key, item in like.pairs.entries)
        return Dict(Pairs(entries, like.pairs.exact), span_of(node))
    if like is None or isinstance(like, Unknown):
        return machine.unknown("data", node, [source], anything=False)
    return machine.tensor(node, [source], dtype=dtypes.of(like), op="dataset", cut=cut)
