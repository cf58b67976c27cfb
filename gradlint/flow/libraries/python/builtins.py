"""Python's own functions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradlint.flow.causes import CastAway, Compared, ToPython
from gradlint.flow.libraries.models import LibraryCall, models, tensors_in
from gradlint.flow.libraries.python import generators, operators, special
from gradlint.flow.libraries.python.attribute_tables import set_any
from gradlint.flow.state.store import join_values
from gradlint.flow.values.bounds import is_small
from gradlint.flow.values.making import Filling, computed, sequence, span_of
from gradlint.flow.values.numbers import numbers
from gradlint.flow.values.premises import Premise, Rests
from gradlint.flow.values.program import Function, Generator, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    LostNone,
    Number,
    Pairs,
    Seq,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.interpreter import Interpreter

_SCALARS: dict[str, Callable[[Any], object]] = {
    "float": float,
    "int": int,
    "bool": bool,
    "complex": complex,
    "str": str,
}
_KINDS = {"sorted": "list", "reversed": "list", "frozenset": "set", "iter": "list"}
"""What sort of sequence a function gives that is no sequence's own name."""


@models("builtin")
def other(machine: Interpreter, call: LibraryCall) -> Value:
    """A builtin that has no model of its own: an exception, or something of which nothing is known."""
    if call.last[:1].isupper():
        return Unknown("exception", span_of(call.node))
    return machine.unknown(call.last, call.node, call.values)


# -- scalars -------------------------------------------------------------------------------------------------------


@models("scalar")
def scalar(machine: Interpreter, call: LibraryCall) -> Value:
    """``float(x)`` and its kin: a Python scalar, which leaves the gradient behind."""
    first = call.args[0] if call.args else None
    if isinstance(first, LostNone) and call.last in {"float", "int"}:
        return machine.none_used(first, call.node, "arithmetic", "TypeError")
    if isinstance(first, Const) and is_small(first.value):
        try:
            return computed(_SCALARS[call.last](first.value), call.node)
        except (TypeError, ValueError, OverflowError):
            return Number(call.last, span_of(call.node))
    if call.last in {"float", "int"} and machine.converts and isinstance(first, Tensor | Variable | Unknown):
        return _converted(machine, call, first)
    return _number(machine, call, call.last)


def _converted(machine: Interpreter, call: LibraryCall, value: Tensor | Variable | Unknown) -> Value:
    """``float(x)`` or ``int(x)`` in a function that AutoGraph converts: a cast, for a tensor (TensorFlow 2.21)."""
    if isinstance(value, Unknown):
        return machine.unknown(call.last, call.node, [value])
    dtype = "int32" if call.last == "int" else "float32"
    cut = machine.cut(CastAway(*call.written(machine), dtype), call.node) if call.last == "int" else None
    known = operators.scalar(value)
    return machine.tensor(call.node, [value], dtype=dtype, op=behaviours.the("cast"), cut=cut, known=known)


def _number(machine: Interpreter, call: LibraryCall, kind: str) -> Value:
    value = call.args[0] if call.args else Const(0)
    leaves = tensors_in(machine, value)
    made = Number(kind, span_of(call.node), _fixed(value) if kind in {"float", "int"} else None)
    if not isinstance(value, Seq | Dict):
        machine.depend(made, leaves, machine.cut(ToPython(*call.written(machine)), call.node))
    leaves_graph(machine, call, made, leaves)
    return made


def leaves_graph(machine: Interpreter, call: LibraryCall, made: Value, leaves: list[Value]) -> None:
    """A conversion to a Python number raises where a tensor is traced."""
    if any(machine.symbolic(leaf) for leaf in leaves):
        machine.leaves_graph(made, call.node, ToPython(*call.written(machine), in_graph=True), "TypeError")


def _fixed(value: Value) -> float | None:
    """The number that a value surely is, or None."""
    known = operators.scalar(value)
    found = numbers(value) if known is None else known
    return found if isinstance(found, int | float) else None


@models("absolute")
def absolute(machine: Interpreter, call: LibraryCall) -> Value:
    """``abs(x)``."""
    value = call.args[0] if call.args else None
    if isinstance(value, Const) and isinstance(value.value, int | float):
        return computed(abs(value.value), call.node)
    if isinstance(value, Tensor | Variable):
        return machine.tensor(call.node, [value], dtype=value.dtype, op=behaviours.the("operator:abs"))
    if isinstance(value, Array | Number):
        span = span_of(call.node)
        made = Array(value.dtype, span) if isinstance(value, Array) else Number(value.kind, span)
        machine.depend(made, [value])
        return made
    return machine.unknown("abs", call.node, call.values)


@models("rounded")
def rounded(machine: Interpreter, call: LibraryCall) -> Value:
    """``round(x)``."""
    if not call.args:
        return machine.unknown("round", call.node, call.values)
    made = _number(machine, call, "float")
    if _is_plain(call.args[0]) and not machine.in_graph:
        machine.doom(made, call.node, "TypeError" if isinstance(call.args[0], Variable) else "AttributeError")
    return made


@models("power")
def power(machine: Interpreter, call: LibraryCall) -> Value:
    """``pow(x, y)``."""
    if len(call.args) < 2:
        return machine.unknown("pow", call.node, call.values)
    return operators.binary(machine, call.node, ast.Pow(), call.args[0], call.args[1])


@models("divided")
def divided(machine: Interpreter, call: LibraryCall) -> Value:
    """``divmod(x, y)``."""
    if len(call.args) != 2:
        return machine.unknown("divmod", call.node, call.values)
    left, right = call.args
    both = [operators.binary(machine, call.node, op, left, right) for op in (ast.FloorDiv(), ast.Mod())]
    if any(_is_plain(value) for value in call.args):
        for part in both:
            machine.doom(part, call.node, "TypeError")
    return sequence(both, "tuple")


def _is_plain(value: Value) -> bool:
    """Whether a value is a TensorFlow tensor or Variable, which have no ``__pos__``, ``__round__`` and ``__divmod__``.

    A ``keras.Variable`` has the first two (TensorFlow 2.21, Keras 3.15).
    """
    return isinstance(value, Tensor) or (isinstance(value, Variable) and value.keras is False)


@models("truths")
def truths(machine: Interpreter, call: LibraryCall) -> Value:
    """``any(values)`` and ``all(values)``: known where one item decides, or where all are known and none does."""
    items, exact = machine.iterate(call.args[0], call.node) if call.args else ([], False)
    decisive = call.last == "any"
    known = [bool(item.value) if isinstance(item, Const) else None for item in items]
    if exact and (decisive in known or None not in known):
        return Const(decisive if decisive in known else not decisive)
    made = Number("bool", span_of(call.node))
    leaves = [leaf for item in items for leaf in machine.leaves(item)]
    machine.depend(made, leaves, machine.cut(Compared(call.last), call.node))
    return made


@models("property")
def descriptor(machine: Interpreter, call: LibraryCall) -> Value:
    """``property(get, set, delete)``: what reading it calls, what setting it calls and what deleting it calls."""
    getter, setter = call.argument(0, "fget"), call.argument(1, "fset")
    if not isinstance(getter, Function):
        return machine.opened(Premise(Rests.DESCRIPTOR, machine.text(call.node)), call.node, call.values)
    made = getter.copy()
    made.kind = "property"
    for name, accessor in (("setter", setter), ("deleter", call.argument(2, "fdel"))):
        if accessor is not None:
            made.extra = {**(made.extra or {}), name: accessor}
    return made


# -- questions about a value ---------------------------------------------------------------------------------------


@models("returns-none")
def printed(machine: Interpreter, call: LibraryCall) -> Value:
    """What shows its arguments and gives None."""
    for value in call.args:
        special.written(machine, value, call.node)
    return Const(None)


@models("scalar-about")
def scalar_about(_machine: Interpreter, _call: LibraryCall) -> Value:
    """What gives a scalar that no gradient is expected of."""
    return Number("")


@models("has-attribute")
def has_attribute(_machine: Interpreter, call: LibraryCall) -> Value:
    """``hasattr(x, name)``."""
    wanted = call.args[1] if len(call.args) == 2 else None
    plus = isinstance(wanted, Const) and wanted.value == "__pos__"
    return Const(False) if plus and _is_plain(call.args[0]) else Number("bool")


@models("length")
def length(_machine: Interpreter, call: LibraryCall) -> Value:
    """``len(x)``."""
    value = call.args[0] if call.args else None
    if isinstance(value, Seq) and value.items.exact:
        return Const(len(value.items.values))
    if isinstance(value, Dict) and value.pairs.exact:
        return Const(len(value.pairs.entries))
    if isinstance(value, Const) and isinstance(value.value, str):
        return Const(len(value.value))
    if isinstance(value, Array) and isinstance(value.known, Seq) and value.known.items.exact:
        return Const(len(value.known.items.values))
    return Number("int")


@models("get-attribute")
def get_attribute(machine: Interpreter, call: LibraryCall) -> Value:
    """``getattr(x, name)``."""
    name = call.args[1] if len(call.args) >= 2 else None
    if len(call.values) > 2 and isinstance(call.args[0], LostNone):
        return machine.unknown("getattr", call.node, call.values)
    if isinstance(name, Const) and isinstance(name.value, str):
        return machine.attribute(call.args[0], name.value, call.node)
    return machine.unknown("getattr", call.node, call.values)


@models("set-attribute")
def set_attribute(machine: Interpreter, call: LibraryCall) -> Value:
    """``setattr(x, name, value)``: where the name is not known, any attribute may be another from now on."""
    if len(call.args) != 3:
        return machine.unknown("setattr", call.node, call.values)
    owner, name, value = call.args
    if isinstance(name, Const) and isinstance(name.value, str):
        machine.set_attribute(owner, name.value, value, call.node)
    elif isinstance(owner, Instance):
        set_any(machine, owner, [value], call.node)
    return Const(None)


@models("attributes-of")
def attributes_of(machine: Interpreter, call: LibraryCall) -> Value:
    """``vars(x)``."""
    if not call.args:
        return anything(machine, call)
    return machine.attribute(call.args[0], "__dict__", call.node)


@models("runs-anything")
def anything(machine: Interpreter, call: LibraryCall) -> Value:
    """What may give anything at all."""
    return machine.unknown(call.last, call.node, call.args, anything=True)


@models("imports")
def imported(machine: Interpreter, call: LibraryCall) -> Value:
    """``__import__(name)``, ``importlib.import_module(name)``, ``pytest.importorskip(name, minversion)``."""
    name = call.args[0] if len(call.args) == 1 else None
    if isinstance(name, Const) and isinstance(name.value, str) and not name.value.startswith("."):
        return machine.imported(name.value, call.node)
    return anything(machine, call)


@models("plain-object")
def plain_object(machine: Interpreter, call: LibraryCall) -> Value:
    """``object()``."""
    return machine.unknown("object", call.node)


# -- sequences -----------------------------------------------------------------------------------------------------


@models("python-range")
def number_range(machine: Interpreter, call: LibraryCall) -> Value:
    """``range(...)``: that of TensorFlow where AutoGraph finds a Tensor among its bounds (TensorFlow 2.21)."""
    if machine.converts and any(isinstance(value, Tensor) for value in call.args):
        return machine.tensor(call.node, [], dtype="int32")
    bounds = [value.value for value in call.args if isinstance(value, Const) and isinstance(value.value, int)]
    if len(bounds) != len(call.args) or not 0 < len(bounds) <= 3:
        counted = sequence([Number("int"), Number("int")], "range", exact=False, node=call.node)
        if not all(isinstance(value, Const | Number) for value in call.args):
            counted.extra = {"bounds": "unknown"}
        return counted
    try:
        numbers = range(*bounds)
    except ValueError:
        return sequence([], node=call.node)
    if len(numbers) <= 64:
        return sequence([Const(number) for number in numbers], "range", node=call.node)
    return sequence([Const(numbers[0]), Number("int")], "range", exact=False, node=call.node)


@models("made-slice")
def made_slice(_machine: Interpreter, call: LibraryCall) -> Value:
    """``slice(...)``."""
    bounds = call.args if len(call.args) > 1 else [Const(None), *call.args]
    return Seq(Items(tuple((*bounds, Const(None))[:3])), "slice")


@models("listed")
def listed(machine: Interpreter, call: LibraryCall) -> Value:
    """``list(values)`` and its kin: the items that iterating gives."""
    short, args = call.last, call.args
    if short == "iter" and len(args) == 2:
        return lazy(machine, call, lambda: ([machine.call(args[0], [], {}, call.node) for _ in range(2)], False))
    if not args:
        return sequence([], "set" if "set" in short else short, node=call.node)
    items, exact = machine.iterate(args[0], call.node)
    if short == "reversed":
        items = list(reversed(items))
    elif short in {"sorted", "set", "frozenset"} and exact and len(items) > 1:
        items = (_in_order(items) if short == "sorted" and not call.kwargs else None) or _in_any_order(items)
    return Seq(Items(tuple(items), exact), _KINDS.get(short, short), span_of(call.node))


def _in_order(items: list[Value]) -> list[Value] | None:
    """Texts in their order; None where that is not known."""
    texts = {item.value: item for item in items if isinstance(item, Const) and isinstance(item.value, str)}
    return [texts[text] for text in sorted(texts)] if len(texts) == len(items) else None


def _in_any_order(items: list[Value]) -> list[Value]:
    """Numbers whose order is not known: each of them may be any of them."""
    if not all(isinstance(item, Const | Number) for item in items):
        return items
    mixed = items[0]
    for item in items[1:]:
        mixed = join_values(mixed, item)
    return [mixed] * len(items)


@models("dictionary")
def dictionary(machine: Interpreter, call: LibraryCall) -> Value:
    """``dict(...)``."""
    filling = Filling(_pairs(machine, call.args[0], call.node) if call.args else None)
    for key, value in call.kwargs.items():
        filling.put(key, value)
    return Dict(filling.pairs(), span_of(call.node))


def _pairs(machine: Interpreter, value: Value, node: ast.AST) -> Pairs:
    """The entries that a dictionary is made from."""
    if isinstance(value, Dict):
        return value.pairs
    items, exact = machine.iterate(value, node)
    filling = Filling()
    for item in items:
        if isinstance(item, Seq) and len(item.items.values) == 2:
            filling.add(*item.items.values)
        else:
            filling.spread(item)
    return filling.pairs(exact=exact)


@models("zipped")
def zipped(machine: Interpreter, call: LibraryCall) -> Value:
    """``zip(...)``: rows of what goes in."""
    columns = [machine.iterate(value, call.node) for value in call.args]
    rows = [Seq(Items(tuple(row)), "tuple") for row in zip(*(column[0] for column in columns), strict=False)]
    exact = bool(columns) and all(column[1] for column in columns)
    made = Seq(Items(tuple(rows), exact), "zip", span_of(call.node))
    made.extra = {"zipped": tuple(call.args)}
    return made


@models("enumerated")
def enumerated(machine: Interpreter, call: LibraryCall) -> Value:
    """``enumerate(values)``."""
    if not call.args:
        return machine.unknown("enumerate", call.node, call.values)
    items, exact = machine.iterate(call.args[0], call.node)
    start = call.argument(1, "start") or Const(0)
    first = start.value if isinstance(start, Const) and isinstance(start.value, int) else None
    known = exact and first is not None
    numbers = (Const((first or 0) + index) if known else Number("int") for index in range(len(items)))
    rows = tuple(Seq(Items(row), "tuple") for row in zip(numbers, items, strict=True))
    return Seq(Items(rows, exact), "list", span_of(call.node))


@models("python-map")
def mapped(machine: Interpreter, call: LibraryCall) -> Value:
    """``map(function, *iterables)``."""
    if len(call.args) < 2:
        return machine.unknown("map", call.node, call.values)

    def run() -> tuple[list[Value], bool]:
        columns = [machine.iterate(value, call.node) for value in call.args[1:]]
        rows = zip(*(column[0] for column in columns), strict=False)
        given = [machine.call(call.args[0], list(row), {}, call.node) for row in rows]
        return given, all(column[1] for column in columns)

    return lazy(machine, call, run)


@models("filtered")
def filtered(machine: Interpreter, call: LibraryCall) -> Value:
    """``filter(function, values)``: some of the values."""
    if len(call.args) != 2:
        return machine.unknown("filter", call.node, call.values)
    return lazy(machine, call, lambda: (machine.iterate(call.args[1], call.node)[0], False))


def lazy(machine: Interpreter, call: LibraryCall, run: Callable[[], tuple[list[Value], bool]]) -> Value:
    """What computes its items only when it is iterated."""
    return Generator(call.node, machine.frame, run, tuple(call.args))


@models("next-item")
def next_item(machine: Interpreter, call: LibraryCall) -> Value:
    """``next(values)``."""
    if not call.args:
        return machine.unknown("next", call.node, call.values)
    first = call.args[0]
    if isinstance(first, Generator) and isinstance(first.node, ast.FunctionDef):
        return generators.following(machine, first, call.node)
    items, _ = machine.iterate(first, call.node)
    return items[0] if items else machine.unknown("next", call.node, call.args)


@models("summed")
def summed(machine: Interpreter, call: LibraryCall) -> Value:
    """``sum(values)``."""
    if not call.args:
        return machine.unknown("sum", call.node, call.values)
    items, exact = machine.iterate(call.args[0], call.node)
    result: Value = call.args[1] if len(call.args) > 1 else Const(0)
    for item in items:
        result = operators.binary(machine, call.node, ast.Add(), result, item)
    if not exact and isinstance(result, Const):
        return Number("float", span_of(call.node))
    return result


@models("extreme")
def extreme(machine: Interpreter, call: LibraryCall) -> Value:
    """``max(values)`` and ``min(values)``: one of them."""
    if not call.args:
        return machine.unknown(call.last, call.node, call.values)
    items, exact = machine.iterate(call.args[0], call.node) if len(call.args) == 1 else (call.args, True)
    if items and all(isinstance(item, Const | Number) for item in items):
        made = Number("", span_of(call.node))
        machine.depend(made, items)
        return made
    if not items or not exact:
        return machine.unknown("max", call.node, items)
    numbers = [operators.scalar(item) for item in items]
    if all(number is not None for number in numbers):
        return items[numbers.index(max(numbers) if call.last == "max" else min(numbers))]
    result = items[0]
    for item in items[1:]:
        result = join_values(result, item)
    return result
