"""Python's own functions: builtins, and the parts of the standard library that programs compute with."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.flow.libraries.python import copies, operators, subscripts
from gradlint.flow.state.store import join_values
from gradlint.flow.values.making import ANY_ATTRIBUTE, sequence, span_of, with_key
from gradlint.flow.values.program import ClassValue, Function, Generator, Instance, Partial
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Known,
    LibObject,
    Number,
    Pairs,
    Seq,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.interpreter import Interpreter

_BINARY: dict[str, ast.operator] = {
    "add": ast.Add(), "sub": ast.Sub(), "mul": ast.Mult(), "truediv": ast.Div(), "floordiv": ast.FloorDiv(),
    "mod": ast.Mod(), "pow": ast.Pow(), "matmul": ast.MatMult(), "iadd": ast.Add(), "imul": ast.Mult(),
}  # fmt: skip
_COMPARE: dict[str, ast.cmpop] = {
    "lt": ast.Lt(), "le": ast.LtE(), "eq": ast.Eq(), "ne": ast.NotEq(), "gt": ast.Gt(), "ge": ast.GtE(),
}  # fmt: skip
_QUIET = frozenset(
    {
        "print",
        "repr",
        "id",
        "hash",
        "isinstance",
        "issubclass",
        "callable",
        "type",
        "dir",
        "input",
        "open",
        "help",
        "format",
        "ord",
        "chr",
        "hasattr",
        "exit",
        "quit",
        "display",
        "breakpoint",
    }
)


def call(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Call one of Python's own functions."""
    package, _, short = name.partition(".")
    if package == "builtins":
        return _builtin(machine, short, args, kwargs, node)
    if package == "math" or package == "cmath":
        return _math(machine, name, short, args, node)
    if package == "functools":
        return _functools(machine, short, args, kwargs, node)
    if package == "itertools":
        return _itertools(machine, short, args, node)
    if package == "operator" and len(args) == 2:
        if short in _BINARY:
            return operators.binary(machine, node, _BINARY[short], args[0], args[1])
        if short in _COMPARE:
            return operators.compare(machine, node, _COMPARE[short], args[0], args[1])
        if short == "getitem":
            return subscripts.subscript(machine, node, args[0], args[1])
    if package == "pickle" and args:
        return copies.pickled(machine, short, args, node)
    if package == "copy" and args:
        return copies.copied(machine, args[0], node, deep=short == "deepcopy")
    if package == "collections":
        return _collections(machine, short, args, kwargs, node)
    if package == "contextlib":
        if short == "ExitStack":
            return LibObject("contextlib.ExitStack", "exit-stack", span_of(node))
        return Unknown("context", span_of(node))
    if package == "random":
        if short == "choice" and args:
            return subscripts.subscript(machine, node, args[0], Number("int"))
        return Number("float", span_of(node))
    if package == "dataclasses" and short == "replace" and args and isinstance(args[0], Instance):
        made = copies.copied(machine, args[0], node, deep=False)
        if isinstance(made, Instance):
            for key, value in kwargs.items():
                machine.set(made.attrs, key, value)
        return made
    if package == "dataclasses" and short == "field":
        return machine.unknown("field", node, anything=True)
    return machine.foreign("call", node, [*args, *kwargs.values()])


def _number(machine: Interpreter, kind: str, args: list[Value], node: ast.AST, name: str) -> Value:
    value = args[0] if args else Const(0)
    leaves = [leaf for leaf in machine.leaves(value) if not isinstance(leaf, Const)]
    made = Number(kind, span_of(node), operators.scalar(value) if kind in {"float", "int"} else None)
    if not isinstance(value, Seq | Dict):
        machine.depend(made, leaves, machine.cut(Kind.PYTHON, node, machine.callee(node), name))
    if machine.in_graph and any(isinstance(leaf, Tensor | Variable) for leaf in leaves):
        machine.leaves_graph(made, node, machine.callee(node), name, "TypeError", Kind.PYTHON)
    return made


def _builtin(machine: Interpreter, short: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    if short in {"float", "int", "bool", "complex"}:
        if args and isinstance(args[0], Const):
            try:
                return Const({"float": float, "int": int, "bool": bool, "complex": complex}[short](args[0].value))
            except (TypeError, ValueError, OverflowError):
                return Number(short, span_of(node))
        return _number(machine, short, args, node, "builtins." + short)
    if short == "str":
        if args and isinstance(args[0], Const):
            return Const(str(args[0].value))
        return _number(machine, "str", args, node, "builtins.str")
    if short == "type" and len(args) == 1 and isinstance(args[0], Instance):
        return args[0].cls
    if short in _QUIET:
        if short == "isinstance" and len(args) == 2:
            return _isinstance(args[0], args[1])
        if short == "hasattr":
            plus = len(args) == 2 and isinstance(args[1], Const) and args[1].value == "__pos__"
            return Const(False) if plus and _is_plain(args[0]) else Number("bool")
        return Const(None) if short in {"print", "display"} else Number("")
    if short == "len":
        return _length(args[0]) if args else Number("int")
    if short == "range":
        return _range(args, node)
    if short == "iter" and len(args) == 2:
        return _lazy(machine, args, node, lambda: ([machine.call(args[0], [], {}, node) for _ in range(2)], False))
    if short in {"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"}:
        if not args:
            return sequence([], "set" if "set" in short else short, node=node)
        items, exact = machine.iterate(args[0], node)
        kind = {"sorted": "list", "reversed": "list", "frozenset": "set", "iter": "list"}.get(short, short)
        known_order = short not in {"sorted", "set", "frozenset"} or len(items) < 2
        values = list(reversed(items)) if short == "reversed" else items
        if not known_order and exact:
            mixed: Value = items[0]
            for item in items[1:]:
                mixed = join_values(mixed, item)
            values = [mixed] * len(items) if all(isinstance(i, Const | Number) for i in items) else items
        return Seq(Items(tuple(values), exact), kind, span_of(node))
    if short == "dict":
        return _dict(machine, args, kwargs, node)
    if short == "zip":
        return _zip(machine, args, node)
    if short == "enumerate" and args:
        items, exact = machine.iterate(args[0], node)
        pairs = tuple(
            Seq(Items((Const(index) if exact else Number("int"), item)), "tuple") for index, item in enumerate(items)
        )
        return Seq(Items(pairs, exact), "list", span_of(node))
    if short == "map" and len(args) >= 2:
        return _lazy(machine, args, node, lambda: _mapped(machine, args, node))
    if short == "filter" and len(args) == 2:
        return _lazy(machine, args, node, lambda: (machine.iterate(args[1], node)[0], False))
    if short in {"sum"} and args:
        return _sum(machine, args, node)
    if short in {"max", "min"} and args:
        return _extreme(machine, short, args, node)
    if short == "next" and args and isinstance(args[0], Generator) and isinstance(args[0].node, ast.FunctionDef):
        return machine.unknown("next", node, args, anything=True)
    if short == "next" and args:
        items, _ = machine.iterate(args[0], node)
        return items[0] if len(items) == 1 else (items[0] if items else machine.unknown("next", node, args))
    if short == "abs" and args:
        return _abs(machine, args[0], node)
    if short == "round" and args:
        rounded = _number(machine, "float", args, node, "builtins.round")
        if _is_plain(args[0]) and not machine.in_graph:
            machine.doom(rounded, node, "TypeError" if isinstance(args[0], Variable) else "AttributeError")
        return rounded
    if short == "pow" and len(args) >= 2:
        return operators.binary(machine, node, ast.Pow(), args[0], args[1])
    if short == "divmod" and len(args) == 2:
        both = [operators.binary(machine, node, op, *args) for op in (ast.FloorDiv(), ast.Mod())]
        if any(_is_plain(value) for value in args):
            for part in both:
                machine.doom(part, node, "TypeError")
        return sequence(both, "tuple")
    if short == "getattr" and len(args) >= 2 and isinstance(args[1], Const) and isinstance(args[1].value, str):
        return machine.attribute(args[0], args[1].value, node)
    if short == "setattr" and len(args) == 3:
        if isinstance(args[1], Const) and isinstance(args[1].value, str):
            machine.set_attribute(args[0], args[1].value, args[2], node)
        elif isinstance(args[0], Instance):
            machine.set(args[0].state, ANY_ATTRIBUTE, True)
            for key in list(args[0].attrs):
                machine.set(args[0].attrs, key, machine.unknown(str(key), node, [args[2]], anything=True))
        return Const(None)
    if short in {"any", "all"}:
        made = Number("bool", span_of(node))
        machine.depend(
            made, [leaf for value in args for leaf in machine.leaves(value)], machine.cut(Kind.COMPARISON, node, short)
        )
        return made
    if short == "slice":
        bounds = args if len(args) > 1 else [Const(None), *args]
        return Seq(Items(tuple((*bounds, Const(None))[:3])), "slice")
    if short == "__import__" and len(args) == 1 and isinstance(args[0], Const) and isinstance(args[0].value, str):
        return machine.imported(args[0].value, node)
    if short == "vars" and args:
        return machine.attribute(args[0], "__dict__", node)
    if short in {"globals", "locals", "eval", "exec", "compile", "__import__", "vars"}:
        return machine.unknown(short, node, args, anything=True)
    if short in {"object"}:
        return machine.unknown(short, node)
    if short[:1].isupper():
        return Unknown("exception", span_of(node))
    return machine.unknown(short, node, [*args, *kwargs.values()])


def _lazy(machine: Interpreter, args: list[Value], node: ast.AST, run: Callable[[], tuple[list[Value], bool]]) -> Value:
    """What computes its items only when it is iterated."""
    return Generator(node, machine.frame, run, tuple(args))


def _mapped(machine: Interpreter, args: list[Value], node: ast.AST) -> tuple[list[Value], bool]:
    """The items of ``map(function, *iterables)``."""
    columns = [machine.iterate(value, node) for value in args[1:]]
    rows = zip(*(column[0] for column in columns), strict=False)
    return [machine.call(args[0], list(row), {}, node) for row in rows], all(column[1] for column in columns)


def _is_plain(value: Value) -> bool:
    """Whether a value is a TensorFlow tensor or Variable, which have no ``__pos__``, ``__round__`` and ``__divmod__``.

    A ``keras.Variable`` has the first two (TensorFlow 2.21, Keras 3.15).
    """
    return isinstance(value, Tensor) or (isinstance(value, Variable) and value.keras is False)


def _isinstance(value: Value, cls: Value) -> Value:
    if isinstance(cls, Known):
        name = cls.name
        plain = isinstance(value, Const | Number | Array | Seq | Dict | Function)
        if plain and name in {"tensorflow.Variable", "tensorflow.Tensor", "keras.Variable", "tensorflow.Module"}:
            return Const(False)
        if isinstance(value, Variable) and value.keras is False and name == "tensorflow.Variable":
            return Const(True)
        if isinstance(value, Tensor) and name in {"tensorflow.Tensor", "tensorflow.Variable"}:
            return Const(name == "tensorflow.Tensor")
        if isinstance(value, Array) and name == "numpy.ndarray":
            return Const(True)
        if isinstance(value, Seq) and name in {"builtins.list", "builtins.tuple", "builtins.dict", "builtins.str"}:
            return Const(name == "builtins." + value.kind)
        if isinstance(value, Dict) and name.startswith("builtins."):
            return Const(name == "builtins.dict")
        if isinstance(value, Const) and name.startswith("builtins."):
            types = {"builtins.int": int, "builtins.float": float, "builtins.str": str, "builtins.bool": bool}
            if name in types:
                return Const(isinstance(value.value, types[name]))
            if name in {"builtins.list", "builtins.tuple", "builtins.dict"}:
                return Const(False)
    if isinstance(value, Instance) and isinstance(cls, ClassValue) and value.cls is cls:
        return Const(True)
    return Number("bool")


def _length(value: Value) -> Value:
    if isinstance(value, Seq) and value.items.exact:
        return Const(len(value.items.values))
    if isinstance(value, Dict) and value.pairs.exact:
        return Const(len(value.pairs.entries))
    if isinstance(value, Const) and isinstance(value.value, str):
        return Const(len(value.value))
    return Number("int")


def _range(args: list[Value], node: ast.AST) -> Value:
    bounds = [value.value for value in args if isinstance(value, Const) and isinstance(value.value, int)]
    if len(bounds) == len(args) and 0 < len(bounds) <= 3:
        try:
            numbers = range(*bounds)
        except ValueError:
            return sequence([], node=node)
        if len(numbers) <= 64:
            return sequence([Const(number) for number in numbers], "range", node=node)
        return sequence([Const(numbers[0]), Number("int")], "range", exact=False, node=node)
    return sequence([Number("int"), Number("int")], "range", exact=False, node=node)


def _dict(machine: Interpreter, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    pairs = Pairs()
    if args:
        if isinstance(args[0], Dict):
            pairs = args[0].pairs
        else:
            items, exact = machine.iterate(args[0], node)
            pairs = Pairs(exact=exact)
            for item in items:
                if isinstance(item, Seq) and len(item.items.values) == 2:
                    pairs = with_key(pairs, *item.items.values)
                else:
                    pairs = Pairs(pairs.entries, False, (*pairs.rest, item))
    for key, value in kwargs.items():
        pairs = pairs.put(key, value)
    return Dict(pairs, span_of(node))


def _zip(machine: Interpreter, args: list[Value], node: ast.AST) -> Value:
    columns = [machine.iterate(value, node) for value in args]
    rows = [Seq(Items(tuple(row)), "tuple") for row in zip(*(column[0] for column in columns), strict=False)]
    exact = any(column[1] for column in columns) and all(column[1] or len(column[0]) > 1 for column in columns)
    made = Seq(Items(tuple(rows), exact and all(column[1] for column in columns)), "zip", span_of(node))
    made.extra = {"zipped": tuple(args)}
    return made


def _sum(machine: Interpreter, args: list[Value], node: ast.AST) -> Value:
    items, exact = machine.iterate(args[0], node)
    result: Value = args[1] if len(args) > 1 else Const(0)
    for item in items:
        result = operators.binary(machine, node, ast.Add(), result, item)
    if not exact and isinstance(result, Const):
        return Number("float", span_of(node))
    return result


def _extreme(machine: Interpreter, short: str, args: list[Value], node: ast.AST) -> Value:
    if len(args) == 1:
        items, exact = machine.iterate(args[0], node)
    else:
        items, exact = args, True
    if items and all(isinstance(item, Const | Number) for item in items):
        made = Number("", span_of(node))
        machine.depend(made, items)
        return made
    if not items or not exact:
        return machine.unknown("max", node, items)
    numbers = [operators.scalar(item) for item in items]
    if all(number is not None for number in numbers):
        return items[numbers.index(max(numbers) if short == "max" else min(numbers))]
    result = items[0]
    for item in items[1:]:
        result = join_values(result, item)
    return result


def _abs(machine: Interpreter, value: Value, node: ast.AST) -> Value:
    if isinstance(value, Const) and isinstance(value.value, int | float):
        return Const(abs(value.value))
    if isinstance(value, Tensor | Variable):
        return machine.tensor(node, [value], dtype=value.dtype, op="tensorflow.abs")
    if isinstance(value, Array):
        made = Array(value.dtype, span_of(node))
        machine.depend(made, [value])
        return made
    if isinstance(value, Number):
        number = Number(value.kind, span_of(node))
        machine.depend(number, [value])
        return number
    return machine.unknown("abs", node, [value])


def _math(machine: Interpreter, name: str, short: str, args: list[Value], node: ast.AST) -> Value:
    import math

    if args and all(isinstance(value, Const) for value in args):
        try:
            return Const(getattr(math, short)(*(value.value for value in args if isinstance(value, Const))))
        except Exception:  # whatever the program's own call would raise
            return Number("float", span_of(node))
    if short == "prod" and args and isinstance(args[0], Seq):
        result: Value = Const(1)
        for item in machine.iterate(args[0], node)[0]:
            result = operators.binary(machine, node, ast.Mult(), result, item)
        return result
    made = Number("float", span_of(node))
    leaves = [leaf for value in args for leaf in machine.leaves(value)]
    machine.depend(made, leaves, machine.cut(Kind.PYTHON, node, machine.callee(node), name))
    if machine.in_graph and any(isinstance(leaf, Tensor | Variable) for leaf in leaves):
        machine.leaves_graph(made, node, machine.callee(node), name, "TypeError", Kind.PYTHON)
    return made


def _functools(machine: Interpreter, short: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    if short == "partial" and args:
        return Partial(args[0], tuple(args[1:]), kwargs)
    if short == "reduce" and len(args) >= 2:
        items, _exact = machine.iterate(args[1], node)
        if len(args) > 2:
            items = [args[2], *items]
        if not items:
            return machine.unknown("reduce", node, args)
        result = items[0]
        for item in items[1:]:
            result = machine.call(args[0], [result, item], {}, node)
        return result
    if short in {"wraps", "lru_cache", "cache", "singledispatch"}:
        if args and isinstance(args[0], Function) and short in {"cache", "lru_cache"}:
            made = args[0].copy()
            made.memo = {}
            return made
        return Known("functools." + short)
    return machine.foreign("call", node, [*args, *kwargs.values()])


def _itertools(machine: Interpreter, short: str, args: list[Value], node: ast.AST) -> Value:
    if short in {"chain", "chain.from_iterable"}:
        parts: list[Value] = []
        exact = True
        sources = args
        if short == "chain.from_iterable" and args:
            sources, exact = machine.iterate(args[0], node)
        for value in sources:
            items, whole = machine.iterate(value, node)
            parts += items
            exact = exact and whole
        return sequence(parts, exact=exact, node=node)
    if short == "starmap" and len(args) == 2:
        return _lazy(machine, args, node, lambda: _star_mapped(machine, args, node))
    if short == "accumulate" and args:
        return _lazy(machine, args, node, lambda: _accumulated(machine, args, node))
    found = [item for value in args for item in machine.iterate(value, node)[0]]
    if short in {"product", "permutations", "combinations", "zip_longest"}:
        return Seq(Items((machine.unknown("items", node, found),) * 2, exact=False), "list")
    if short in {"repeat", "cycle", "islice", "takewhile", "count"}:
        values = found if found and short != "count" else [Number("int")]
        return sequence(values, exact=False, node=node)
    return machine.foreign("call", node, args)


def _star_mapped(machine: Interpreter, args: list[Value], node: ast.AST) -> tuple[list[Value], bool]:
    """The items of ``itertools.starmap(function, rows)``."""
    rows, exact = machine.iterate(args[1], node)
    return [machine.call(args[0], machine.iterate(row, node)[0], {}, node) for row in rows], exact


def _accumulated(machine: Interpreter, args: list[Value], node: ast.AST) -> tuple[list[Value], bool]:
    """The items of ``itertools.accumulate(items, function)``: each made of the one before it."""
    items, exact = machine.iterate(args[0], node)
    made = items[:1]
    for item in items[1:]:
        if len(args) > 1 and not (isinstance(args[1], Const) and args[1].value is None):
            made.append(machine.call(args[1], [made[-1], item], {}, node))
        else:
            made.append(operators.binary(machine, node, ast.Add(), made[-1], item))
    return made, exact


def _collections(machine: Interpreter, short: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    if short in {"deque"}:
        items, exact = machine.iterate(args[0], node) if args else ([], True)
        return Seq(Items(tuple(items), exact and "maxlen" not in kwargs), "list", span_of(node))
    if short == "OrderedDict":
        return _dict(machine, args, kwargs, node)
    if short == "defaultdict":
        return Dict(Pairs((), exact=False), span_of(node))
    return machine.foreign("call", node, [*args, *kwargs.values()])
