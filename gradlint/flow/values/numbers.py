"""How many axes a value has, and its very numbers, where the program fixes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gradlint.flow.account import pay
from gradlint.flow.values.values import Array, Const, Seq, Tensor, Value, Variable
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT = 64


def short(op: str) -> str:
    """The last part of an operation's canonical name."""
    return op.rpartition(".")[2]


def arguments(value: Tensor) -> tuple[Value, ...]:
    """The arguments of the operation that made a tensor, where they were kept."""
    found: tuple[Value, ...] = (value.extra or {}).get("args", ())
    return found


def rank(value: Value, depth: int = 12) -> int | None:
    """How many axes a value has; None where that is not known."""
    pay(1)
    if isinstance(value, Const):
        return 0 if isinstance(value.value, int | float | complex) else None
    if isinstance(value, Seq):
        if not value.items.exact or not value.items.values or not depth:
            return None
        inner = rank(value.items.values[0], depth - 1)
        return None if inner is None else inner + 1
    if not depth:
        return None
    if isinstance(value, Variable):
        initial = value.state.get("initial")
        return rank(initial, depth - 1) if isinstance(initial, Value) else None
    if isinstance(value, Array):
        made = value.known
        return 0 if isinstance(made, int | float) else rank(made, depth - 1) if isinstance(made, Value) else None
    if not isinstance(value, Tensor):
        return None
    return _tensor_rank(value, depth)


def _tensor_rank(value: Tensor, depth: int) -> int | None:
    name, given, words = short(value.op), arguments(value), behaviours.of(value.op)
    if name in {"linspace", "range"}:
        return 1
    if "shaped" in words and given and isinstance(given[0], Seq) and given[0].items.exact:
        return len(given[0].items.values)
    if name in {"constant", "convert_to_tensor"} and given:
        return rank(given[0], depth - 1)
    if "reduces" in words:
        is_known, axis = axis_of(value)
        return 0 if is_known and axis is None and len(given) < 3 else None
    if "elementwise" in words or name == "read":
        parts = given or tuple(edge.parent for edge in value.edges)
        found = [rank(part, depth - 1) for part in parts]
        known = [number for number in found if number is not None]
        if known and max(known) > 0:
            return max(known)
        return 0 if found and len(known) == len(found) else None
    if name == "matvec" and len(given) == 2:
        return 1 if [rank(part, depth - 1) for part in given] == [2, 1] else None
    if name == "matmul" and len(given) == 2:
        found = [rank(part, depth - 1) for part in given]
        return 2 if found == [2, 2] else None
    return None


Numbers = float | list[Any]


Seen = dict[tuple[int, int], Numbers | None]


def sizes(value: Value, depth: int = 12) -> list[int] | None:
    """How many elements a value has along each axis; None where the program does not fix it."""
    pay(1)
    fixed = numbers(value)
    if fixed is not None:
        return shape(fixed)
    if not depth:
        return None
    if isinstance(value, Variable):
        initial = value.state.get("initial")
        return sizes(initial, depth - 1) if isinstance(initial, Value) else None
    if not isinstance(value, Tensor):
        return None
    name, given, words = short(value.op), arguments(value), behaviours.of(value.op)
    if "shaped" in words and given:
        axes = flatten(numbers(given[0]))
        return None if axes is None or not all(map(math.isfinite, axes)) else [int(axis) for axis in axes]
    parts = [sizes(part, depth - 1) for part in given]
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    if name == "matmul" and [len(part) for part in known] == [2, 2]:
        return [known[0][0], known[1][1]]
    if "elementwise" in words or name == "read":
        longest = max(len(part) for part in known)
        return [max(axis) for axis in zip(*([1] * (longest - len(part)) + part for part in known), strict=True)]
    return None


def numbers(value: Value, depth: int = 24) -> Numbers | None:
    """The very numbers of a value, as nested lists; None where the program does not fix them, or they are many."""
    return _numbers(value, depth, {})


def _numbers(value: Value, depth: int, seen: Seen) -> Numbers | None:
    """The numbers of a value, each worked out once for all its uses."""
    if isinstance(value, Const):
        return float(value.value) if isinstance(value.value, int | float) else None
    if not depth:
        return None
    key = id(value), depth
    if key not in seen:
        seen[key] = _worked_out(value, depth, seen)
    return seen[key]


def _worked_out(value: Value, depth: int, seen: Seen) -> Numbers | None:
    pay(1)
    if isinstance(value, Seq):
        if not value.items.exact or len(value.items.values) > _LIMIT:
            return None
        parts = [_numbers(item, depth - 1, seen) for item in value.items.values]
        return None if any(part is None for part in parts) else list(parts)
    if isinstance(value, Variable):
        initial = value.state.get("initial")
        if value.state.get("assigned") or not isinstance(initial, Value):
            return None
        return _numbers(initial, depth - 1, seen)
    if isinstance(value, Array):
        if isinstance(value.known, int | float):
            return float(value.known)
        return _numbers(value.known, depth - 1, seen) if isinstance(value.known, Value) else None
    if isinstance(value, Tensor):
        return _tensor_numbers(value, depth, seen)
    return None


def _tensor_numbers(value: Tensor, depth: int, seen: Seen) -> Numbers | None:
    name, given = short(value.op), arguments(value)
    if name == "strided_slice" and value.copy_of is not None and value.extra and "index" in value.extra:
        return picked(_numbers(value.copy_of, depth - 1, seen), value.extra["index"])
    if not given:
        if isinstance(value.known, int | float):
            return float(value.known)
        return _numbers(value.copy_of, depth - 1, seen) if value.op == "read" and value.copy_of is not None else None
    if name in {"zeros", "ones"}:
        shape = _numbers(given[0], depth - 1, seen)
        return _full(shape, 0.0 if name == "zeros" else 1.0)
    if name in {"constant", "convert_to_tensor", "identity", "cast"}:
        return _numbers(given[0], depth - 1, seen)
    if name in _UNARY and len(given) == 1:
        return _map(_UNARY[name], _numbers(given[0], depth - 1, seen))
    if name in _BINARY and len(given) == 2:
        return _zip(_BINARY[name], _numbers(given[0], depth - 1, seen), _numbers(given[1], depth - 1, seen))
    if name in _REDUCE:
        inner = _numbers(given[0], depth - 1, seen)
        known, axis = axis_of(value)
        return reduced(_REDUCE[name], inner, axis) if known and inner is not None else None
    return None


def _full(shape: Numbers | None, fill: float) -> Numbers | None:
    if shape is None:
        return None
    sizes = flatten(shape) or []
    if not all(0 <= size <= _LIMIT for size in sizes) or math.prod(sizes) > _LIMIT:
        return None
    made: Numbers = fill
    for size in reversed(sizes):
        made = [made] * int(size)
    return made


def flatten(value: Numbers | None) -> list[float] | None:
    """All numbers of a nest in a row."""
    if value is None:
        return None
    if isinstance(value, float):
        return [value]
    found: list[float] = []
    for part in value:
        inner = flatten(part)
        if inner is None:
            return None
        found += inner
    return found


def _map(function: Callable[[float], float], value: Numbers | None) -> Numbers | None:
    if value is None:
        return None
    if isinstance(value, float):
        try:
            return float(function(value))
        except (ArithmeticError, ValueError):
            return None
    parts = [_map(function, part) for part in value]
    return None if any(part is None for part in parts) else parts


def shape(value: Numbers) -> list[int]:
    """The lengths of a nest's axes."""
    found: list[int] = []
    while isinstance(value, list):
        found.append(len(value))
        if not value:
            break
        value = value[0]
    return found


def _zip(function: Callable[[float, float], float], a: Numbers | None, b: Numbers | None) -> Numbers | None:
    """An operation on two nests, broadcast as NumPy and TensorFlow do."""
    pay(1)
    if a is None or b is None:
        return None
    if not isinstance(a, list) and not isinstance(b, list):
        try:
            made = function(float(a), float(b))
        except (ArithmeticError, ValueError):
            return None
        return float(made) if isinstance(made, int | float) else None
    deep_a, deep_b = len(shape(a)), len(shape(b))
    if deep_a < deep_b:
        return _whole([_zip(function, a, part) for part in b]) if isinstance(b, list) else None
    if deep_b < deep_a:
        return _whole([_zip(function, part, b) for part in a]) if isinstance(a, list) else None
    assert isinstance(a, list)
    assert isinstance(b, list)
    size = max(len(a), len(b))
    if len(a) not in {1, size} or len(b) not in {1, size} or size > _LIMIT:
        return None
    pairs = [(a[index if len(a) > 1 else 0], b[index if len(b) > 1 else 0]) for index in range(size)]
    return _whole([_zip(function, x, y) for x, y in pairs])


def reduced(function: Callable[[list[float]], float], value: Numbers, axis: int | None) -> Numbers | None:
    """A reduction of a nest along one axis, or of all its numbers."""
    if axis is None or not isinstance(value, list):
        flat = flatten(value)
        return function(flat) if flat else None
    depth = len(shape(value))
    axis = axis + depth if axis < 0 else axis
    if axis == 0:
        if depth == 1:
            return reduced(function, value, None)
        columns = [list(column) for column in zip(*value, strict=False)]
        return _whole([reduced(function, column, 0) for column in columns])
    return _whole([reduced(function, part, axis - 1) for part in value])


def axis_of(value: Tensor) -> tuple[bool, int | None]:
    """The axis that a reduction names: whether it is known, and which (None for all)."""
    named: dict[str, Value] = (value.extra or {}).get("named", {})
    given = named.get("axis")
    if given is None:
        return True, None
    if isinstance(given, Seq) and len(given.items.values) == 1:
        given = given.items.values[0]
    if isinstance(given, Const) and (given.value is None or isinstance(given.value, int)):
        return True, given.value
    return False, None


def picked(value: Numbers | None, index: Value) -> Numbers | None:
    """A nest under an index of whole slices, new axes and fixed places."""
    if value is None:
        return None
    parts = list(index.items.values) if isinstance(index, Seq) and index.kind == "tuple" else [index]
    return _pick(value, parts)


def fixed_slice(index: Seq) -> slice | None:
    """The slice that an index is, where the program fixes its bounds."""
    bounds: list[int | None] = []
    for bound in index.items.values:
        if not isinstance(bound, Const) or not (bound.value is None or isinstance(bound.value, int)):
            return None
        bounds.append(bound.value)
    return slice(*bounds) if len(bounds) == 3 else None


def _pick(value: Numbers, parts: list[Value]) -> Numbers | None:
    if not parts:
        return value
    part, rest = parts[0], parts[1:]
    if isinstance(part, Const) and part.value is None:
        inner = _pick(value, rest)
        return None if inner is None else [inner]
    if not isinstance(value, list):
        return None
    if isinstance(part, Const) and isinstance(part.value, int) and -len(value) <= part.value < len(value):
        return _pick(value[part.value], rest)
    if isinstance(part, Seq) and part.kind == "slice":
        bounds = fixed_slice(part)
        if bounds is not None:
            return _whole([_pick(inner, rest) for inner in value[bounds]])
    return None


def _whole(parts: list[Numbers | None]) -> Numbers | None:
    return None if any(part is None for part in parts) else list(parts)


_REDUCE: dict[str, Callable[[list[float]], float]] = {
    "reduce_sum": sum, "reduce_mean": lambda xs: sum(xs) / len(xs), "reduce_max": max, "reduce_min": min,
}  # fmt: skip
_UNARY: dict[str, Callable[[float], float]] = {
    "negative": lambda x: -x, "square": lambda x: x * x, "abs": abs, "sqrt": math.sqrt, "exp": math.exp,
    "log": math.log,
    "sin": math.sin, "cos": math.cos, "tanh": math.tanh,
}  # fmt: skip
_BINARY: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b, "pow": lambda a, b: a**b, "maximum": max, "minimum": min,
}  # fmt: skip
