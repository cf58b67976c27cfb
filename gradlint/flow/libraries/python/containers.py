"""Methods of lists, tuples, sets and dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.state.store import MANY, either, join_values
from gradlint.flow.values.making import sequence, span_of, with_key
from gradlint.flow.values.values import Const, Dict, Items, Number, Pairs, Seq, Value

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter


def of_sequence(
    machine: Interpreter, owner: Seq, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of a list, tuple or set."""
    items = owner.items

    def put(values: tuple[Value, ...], *, exact: bool) -> None:
        machine.set(owner.state, "items", Items(values, exact))

    if name in {"append", "add"} and args:
        put((*items.values, args[0]), exact=items.exact)
        return Const(None)
    if name == "appendleft" and args:
        put((args[0], *items.values), exact=items.exact)
        return Const(None)
    if name in {"extend", "update"} and args:
        more, exact = machine.iterate(args[0], node)
        put((*items.values, *more), exact=items.exact and exact)
        return Const(None)
    if name == "insert" and len(args) == 2:
        at = args[0].value if isinstance(args[0], Const) else None
        if isinstance(at, int):
            put((*items.values[:at], args[1], *items.values[at:]), exact=items.exact)
        else:
            put((*items.values, args[1]), exact=False)
        return Const(None)
    if name in {"pop", "popleft"}:
        if not items.values:
            return machine.unknown("item", node, [owner], anything=not items.exact)
        if items.exact and (not args or (isinstance(args[0], Const) and isinstance(args[0].value, int))):
            at = 0 if name == "popleft" else args[0].value if args and isinstance(args[0], Const) else -1
            values = list(items.values)
            try:
                taken = values.pop(at)
            except IndexError:
                return machine.unknown("item", node)
            put(tuple(values), exact=True)
            return taken
        if len(items.values) > MANY:
            return either(*items.values)
        result = items.values[0]
        for item in items.values[1:]:
            result = join_values(result, item)
        return result
    if name == "clear":
        put((), exact=True)
        return Const(None)
    if name in {"reverse"}:
        put(tuple(reversed(items.values)), exact=items.exact)
        return Const(None)
    if name in {"sort", "remove", "discard"}:
        put(items.values, exact=items.exact and name == "sort")
        return Const(None)
    if name in {"copy", "__iter__"}:
        return Seq(items, owner.kind, span_of(node))
    if name in {"index", "count", "__len__"}:
        return Number("int")
    if name == "_replace" and owner.extra is not None:
        return machine.unknown(name, node, [owner, *kwargs.values()])
    return machine.unknown(name, node, [owner, *args])


def of_dict(
    machine: Interpreter, owner: Dict, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of a dictionary."""
    pairs = owner.pairs
    keys: list[Value] = [key if isinstance(key, Value) else Const(key) for key, _ in pairs.entries]
    values = [value for _, value in pairs.entries]
    if name == "items":
        rows: list[Value] = [Seq(Items((key, value)), "tuple") for key, value in zip(keys, values, strict=True)]
        rows += [Seq(Items((machine.unknown("key", node), value)), "tuple") for value in pairs.rest]
        return sequence(rows, exact=pairs.exact, node=node)
    if name == "keys":
        return sequence(machine.keys(owner, node), exact=pairs.exact, node=node)
    if name == "values":
        return sequence([*values, *pairs.rest], exact=pairs.exact, node=node)
    if name in {"get", "pop", "setdefault"} and args:
        found = None
        if isinstance(args[0], Const):
            found = pairs.get(args[0].value)
        if found is not None:
            if name == "pop" and isinstance(args[0], Const):
                left = tuple((key, value) for key, value in pairs.entries if key != args[0].value)
                machine.set(owner.state, "pairs", Pairs(left, pairs.exact, pairs.rest))
            return found
        default = args[1] if len(args) > 1 else Const(None)
        if name == "setdefault":
            machine.set(owner.state, "pairs", with_key(pairs, args[0], default))
            return default
        if pairs.exact and isinstance(args[0], Const):
            return default
        result = default
        for value in [*values, *pairs.rest][:6]:
            result = join_values(result, value)
        return result
    if name == "update":
        for value in args:
            if isinstance(value, Dict):
                for key, item in value.pairs.entries:
                    pairs = pairs.put(key, item)
                pairs = Pairs(pairs.entries, pairs.exact and value.pairs.exact, pairs.rest + value.pairs.rest)
            else:
                pairs = Pairs(pairs.entries, False, (*pairs.rest, value))
        for key, item in kwargs.items():
            pairs = pairs.put(key, item)
        machine.set(owner.state, "pairs", pairs)
        return Const(None)
    if name == "copy":
        return Dict(pairs, span_of(node))
    if name == "clear":
        machine.set(owner.state, "pairs", Pairs())
        return Const(None)
    return machine.unknown(name, node, [owner, *args])
