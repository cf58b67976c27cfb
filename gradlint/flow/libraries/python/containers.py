"""Methods of lists, tuples, sets and dictionaries, and of Python's other values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.libraries.models import LibraryCall, methods
from gradlint.flow.libraries.python import special
from gradlint.flow.state.store import MANY, MISSING, join_values
from gradlint.flow.values.bounds import is_small
from gradlint.flow.values.making import Filling, sequence, span_of, with_key
from gradlint.flow.values.program import Function, Generator
from gradlint.flow.values.values import Const, Dict, Items, Number, Pairs, Seq, Value, either

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

FILLING = frozenset({"add", "append", "appendleft", "extend", "insert", "setdefault", "update"})
"""The methods that put something into a container."""


# -- sequences -----------------------------------------------------------------------------------------------------


def _put(machine: Interpreter, owner: Seq, values: tuple[Value, ...], *, exact: bool) -> Const:
    """Let a sequence hold these items from now on."""
    machine.set(owner.state, "items", Items(values, exact))
    return Const(None)


@methods(Seq, "append", "add")
def append(machine: Interpreter, owner: Seq, call: LibraryCall) -> Value:
    """``items.append(x)``."""
    if not call.args:
        return other_of_sequence(machine, owner, call)
    return _put(machine, owner, (*owner.items.values, call.args[0]), exact=owner.items.exact)


@methods(Seq, "appendleft")
def append_left(machine: Interpreter, owner: Seq, call: LibraryCall) -> Value:
    """``items.appendleft(x)``."""
    if not call.args:
        return other_of_sequence(machine, owner, call)
    return _put(machine, owner, (call.args[0], *owner.items.values), exact=owner.items.exact)


@methods(Seq, "extend", "update")
def extend(machine: Interpreter, owner: Seq, call: LibraryCall) -> Value:
    """``items.extend(values)``."""
    if not call.args:
        return other_of_sequence(machine, owner, call)
    items = owner.items
    more, exact = machine.iterate(call.args[0], call.node)
    return _put(machine, owner, (*items.values, *more), exact=items.exact and exact)


@methods(Seq, "insert")
def insert(machine: Interpreter, owner: Seq, call: LibraryCall) -> Value:
    """``items.insert(index, x)``."""
    if len(call.args) != 2:
        return other_of_sequence(machine, owner, call)
    place, item = call.args
    at = place.value if isinstance(place, Const) else None
    values = owner.items.values
    if isinstance(at, int):
        return _put(machine, owner, (*values[:at], item, *values[at:]), exact=owner.items.exact)
    return _put(machine, owner, (*values, item), exact=False)


@methods(Seq, "pop", "popleft")
def pop(machine: Interpreter, owner: Seq, call: LibraryCall) -> Value:
    """``items.pop()``."""
    values = owner.items.values
    if not values:
        return machine.unknown("item", call.node, [owner], anything=not owner.items.exact)
    at = _place_popped(call)
    if owner.items.exact and at is not None:
        left = list(values)
        try:
            taken = left.pop(at)
        except IndexError:
            return machine.unknown("item", call.node)
        _put(machine, owner, tuple(left), exact=True)
        return taken
    return either(*values) if len(values) > MANY else _one_of(values)


def _place_popped(call: LibraryCall) -> int | None:
    """Where ``pop`` takes an item from; None where that is not known."""
    given = call.args[0] if call.args else None
    if given is not None and not (isinstance(given, Const) and isinstance(given.value, int)):
        return None
    if call.name == "popleft":
        return 0
    return given.value if isinstance(given, Const) and isinstance(given.value, int) else -1


def _one_of(values: tuple[Value, ...]) -> Value:
    result = values[0]
    for item in values[1:]:
        result = join_values(result, item)
    return result


@methods(Seq, "clear")
def clear(machine: Interpreter, owner: Seq, _call: LibraryCall) -> Value:
    """``items.clear()``."""
    return _put(machine, owner, (), exact=True)


@methods(Seq, "reverse")
def reverse(machine: Interpreter, owner: Seq, _call: LibraryCall) -> Value:
    """``items.reverse()``."""
    return _put(machine, owner, tuple(reversed(owner.items.values)), exact=owner.items.exact)


@methods(Seq, "sort", "remove", "discard")
def reorder(machine: Interpreter, owner: Seq, call: LibraryCall) -> Value:
    """``items.sort()`` and ``items.remove(x)``."""
    return _put(machine, owner, owner.items.values, exact=owner.items.exact and call.name == "sort")


@methods(Seq, "copy", "__iter__")
def copy(_machine: Interpreter, owner: Seq, call: LibraryCall) -> Value:
    """``items.copy()``."""
    return Seq(owner.items, owner.kind, span_of(call.node))


@methods(Seq, "index", "count", "__len__")
def count(_machine: Interpreter, _owner: Seq, _call: LibraryCall) -> Value:
    """``items.index(x)`` and ``items.count(x)``."""
    return Number("int")


@methods(Seq, "_replace")
def replace(machine: Interpreter, owner: Seq, call: LibraryCall) -> Value:
    """``record._replace(field=value)`` of a namedtuple."""
    if owner.extra is None:
        return other_of_sequence(machine, owner, call)
    return machine.unknown("_replace", call.node, [owner, *call.kwargs.values()])


@methods(Seq, "*")
def other_of_sequence(machine: Interpreter, owner: Seq, call: LibraryCall) -> Value:
    """A method of a sequence that is not followed."""
    return machine.unknown(call.name, call.node, [owner, *call.args])


# -- dictionaries --------------------------------------------------------------------------------------------------


@methods(Dict, "items")
def items_of(machine: Interpreter, owner: Dict, call: LibraryCall) -> Value:
    """``table.items()``."""
    pairs = owner.pairs
    rows: list[Value] = [
        Seq(Items((key if isinstance(key, Value) else Const(key), value)), "tuple") for key, value in pairs.entries
    ]
    rows += [Seq(Items((machine.unknown("key", call.node), value)), "tuple") for value in pairs.rest]
    return sequence(rows, exact=pairs.exact, node=call.node)


@methods(Dict, "keys")
def keys_of(machine: Interpreter, owner: Dict, call: LibraryCall) -> Value:
    """``table.keys()``."""
    return sequence(machine.keys(owner, call.node), exact=owner.pairs.exact, node=call.node)


@methods(Dict, "values")
def values_of(_machine: Interpreter, owner: Dict, call: LibraryCall) -> Value:
    """``table.values()``."""
    return sequence(_values(owner.pairs), exact=owner.pairs.exact, node=call.node)


def _values(pairs: Pairs) -> list[Value]:
    return [*(value for _, value in pairs.entries), *pairs.rest]


@methods(Dict, "get", "pop", "setdefault")
def get(machine: Interpreter, owner: Dict, call: LibraryCall) -> Value:
    """``table.get(key, default)`` and its kin."""
    if not call.args:
        return other_of_dict(machine, owner, call)
    pairs, key = owner.pairs, special.hashed(machine, call.args[0], call.node)
    found = pairs.get(key.value) if isinstance(key, Const) else None
    if found is not None:
        if call.name == "pop" and isinstance(key, Const):
            left = tuple((name, value) for name, value in pairs.entries if name != key.value)
            machine.set(owner.state, "pairs", Pairs(left, pairs.exact, pairs.rest))
        return found
    default = call.args[1] if len(call.args) > 1 else Const(None)
    if call.name == "setdefault":
        machine.set(owner.state, "pairs", with_key(pairs, key, default))
        return default
    if pairs.exact and isinstance(key, Const):
        return default
    return _one_of((default, *_values(pairs)[:6]))


@methods(Dict, "update")
def update(machine: Interpreter, owner: Dict, call: LibraryCall) -> Value:
    """``table.update(other)``."""
    filling = Filling(owner.pairs)
    for value in call.args:
        filling.spread(value)
    for name, item in call.kwargs.items():
        filling.put(name, item)
    machine.set(owner.state, "pairs", filling.pairs())
    return Const(None)


@methods(Dict, "copy")
def copy_dict(_machine: Interpreter, owner: Dict, call: LibraryCall) -> Value:
    """``table.copy()``."""
    return Dict(owner.pairs, span_of(call.node))


@methods(Dict, "clear")
def clear_dict(machine: Interpreter, owner: Dict, _call: LibraryCall) -> Value:
    """``table.clear()``."""
    machine.set(owner.state, "pairs", Pairs())
    return Const(None)


@methods(Dict, "*")
def other_of_dict(machine: Interpreter, owner: Dict, call: LibraryCall) -> Value:
    """A method of a dictionary that is not followed."""
    return machine.unknown(call.name, call.node, [owner, *call.args])


# -- scalars and functions -----------------------------------------------------------------------------------------


@methods(Const, "*")
def of_constant(machine: Interpreter, owner: Const, call: LibraryCall) -> Value:
    """A method of a string, which gives another one; of other constants nothing is followed."""
    if isinstance(owner.value, str):
        found = _of_text(owner.value, call)
        if found is not None:
            return found
        if call.name == "format":
            for value in call.values:
                special.written(machine, value, call.node, "__format__")
        return Number("str", span_of(call.node))
    return machine.foreign_call(owner, call.args, call.kwargs, call.node)


TELLS = frozenset(
    {
        "startswith", "endswith", "lower", "upper", "strip", "lstrip", "rstrip", "replace", "casefold", "capitalize",
        "isdigit", "isnumeric", "isalpha", "isidentifier", "find", "count", "removeprefix", "removesuffix", "split",
    }
)  # fmt: skip
"""Methods of a text that say something about it, or give another one."""


def _of_text(text: str, call: LibraryCall) -> Value | None:
    """What a method gives for a text and other texts and numbers that are all known."""
    given = [value.value for value in call.args if isinstance(value, Const)]
    if call.name not in TELLS or call.kwargs or len(given) < len(call.args):
        return None
    if not all(map(is_small, (text, *given))):
        return None
    try:
        found = getattr(text, call.name)(*given)
    except (TypeError, ValueError):  # the program itself would raise here
        return None
    if isinstance(found, list):
        return Seq(Items(tuple(Const(part) for part in found)), "list", span_of(call.node))
    return Const(found) if is_small(found) else None


@methods(Number, "*")
def of_number(machine: Interpreter, owner: Number, call: LibraryCall) -> Value:
    """A method of a Python number."""
    made = Number("" if call.name != "item" else "float", span_of(call.node))
    machine.depend(made, [owner])
    return made


@methods(Function, "__call__")
def call_function(machine: Interpreter, owner: Function, call: LibraryCall) -> Value:
    """``function.__call__(...)``."""
    return machine.call(owner, call.args, call.kwargs, call.node)


@methods(Function, "cache_clear")
def clear_memo(machine: Interpreter, owner: Function, _call: LibraryCall) -> Value:
    """``function.cache_clear()`` of what ``functools.cache`` decorates."""
    memo = owner.memo if owner.memo is not None else {}
    for key in list(memo):
        machine.set(memo, key, MISSING)
    return Const(None)


@methods(Function, "*")
def of_function(machine: Interpreter, owner: Function, call: LibraryCall) -> Value:
    """A method of a function."""
    return machine.unknown(call.name, call.node, [owner, *call.args])


@methods(Generator, "*")
def of_generator(machine: Interpreter, owner: Generator, call: LibraryCall) -> Value:
    """A method of a generator, as ``send``."""
    return machine.unknown(call.name, call.node, [owner, *call.args], anything=True)
