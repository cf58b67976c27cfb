"""Gradients that arrive and are no numbers: singular points that the program itself runs into."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.flow.account import pay
from gradlint.flow.facts import Kind
from gradlint.flow.values.numbers import arguments, axis_of, flatten, numbers, rank, reduced, short, sizes
from gradlint.flow.values.values import Const, Number, Tensor, Value
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gradlint.flow.facts import Span
    from gradlint.flow.graph import ways as graph

_TINY = 1e-3
_NODES = 3000


@dataclass(frozen=True, slots=True)
class Danger:
    """One operation whose slope is infinite or no number.

    Attributes:
        kind: Which of the three sorts it is.
        node: The operation's result.
        canonical: The dangerous function's canonical name.
        variable: Its argument, as it is written.
        span: The place to point at.
        compiled: Whether the slope is dangerous under XLA only.
        factor: What the operation's result multiplies: its other factors get zero times what is no number.
    """

    kind: Kind
    node: Tensor
    span: Span
    canonical: str
    variable: Value | None = None
    compiled: bool = False
    factor: Tensor | None = None


def dangers(reached: graph.Reach) -> Iterator[Danger]:
    """The dangerous operations among what a gradient reaches."""
    nodes = [node for node in reached.nodes.values() if isinstance(node, Tensor) and node.span is not None]
    hidden = {id(inner) for node in nodes if short(node.op) == "where" for inner in _below(node)}
    for node in nodes[:_NODES]:
        name = short(node.op)
        if name == "log":
            soft = _soft(node)
            if soft is not None and node.span is not None:
                yield from _of_soft(node, node.span, soft, nodes)
                continue
        if name == "where":
            found = _masked(node)
            if found is not None and found.span is not None:
                compiled, factor = _only_compiled(found), _product(node, found)
                yield Danger(Kind.NAN_THROUGH_WHERE, found, found.span, found.op, _operand(found), compiled, factor)
        elif node.span is not None and _singular(node, name):
            if _only_compiled(node) and not _compiled(node) and _unasked(node, nodes):
                continue
            if id(node) not in hidden:
                yield Danger(Kind.INFINITE_SLOPE, node, node.span, node.op, _operand(node))
            elif not _only_compiled(node) or _compiled(node):
                yield Danger(Kind.NAN_THROUGH_WHERE, node, node.span, node.op, _operand(node), _only_compiled(node))


def _unasked(node: Tensor, nodes: list[Tensor]) -> bool:
    """Whether all that is computed with a result hands it no gradient: a product with 0, a larger number beside it."""
    pay(1 + len(nodes))
    users = [user for user in nodes if any(edge.parent is node for edge in user.edges)]
    return bool(users) and all(_drops(user, node) for user in users)


def _of_soft(node: Tensor, span: Span, soft: Tensor, nodes: list[Tensor]) -> Iterator[Danger]:
    """The danger of a logarithm of a softmax or sigmoid, unless that is an entropy's."""
    if not _weighted(node, soft, nodes):
        yield Danger(Kind.LOG_OF_SOFTMAX, node, span, soft.op)


def _weighted(node: Tensor, soft: Tensor, nodes: list[Tensor]) -> bool:
    """Whether a logarithm of probabilities only goes on multiplied by them, as in an entropy.

    What is trained with one keeps its probabilities apart from zero, as the programs that do so show.
    """
    pay(1 + len(nodes))
    users = [user for user in nodes if any(edge.parent is node for edge in user.edges)]
    return bool(users) and all(
        short(user.op) == "multiply" and any(_is_of(other, soft) for other in arguments(user) if other is not node)
        for user in users
    )


def _is_of(value: Value, soft: Tensor) -> bool:
    """Whether a value is that of a softmax, or its opposite."""
    if isinstance(value, Tensor) and short(value.op) == "negative":
        value = next(iter(arguments(value)), value)
    return value is soft or (isinstance(value, Tensor) and value.copy_of is soft)


def _drops(user: Tensor, node: Tensor) -> bool:
    others = [value for value in arguments(user) if value is not node]
    if len(others) != 1:
        return False
    fixed, own = flatten(numbers(others[0])), flatten(numbers(node))
    if short(user.op) == "multiply":
        return bool(fixed) and not any(fixed or ())
    if short(user.op) == "maximum":
        return bool(fixed) and bool(own) and min(fixed or ()) > max(own or ())
    return False


def _compiled(node: Tensor) -> bool:
    """Whether an operation runs in a function that XLA compiles."""
    return bool((node.extra or {}).get("compiled"))


def _only_compiled(node: Tensor) -> bool:
    """Whether an operation's gradient is 0 where nothing comes from above, singular or not, but for XLA (2.21)."""
    return behaviours.has(node.op, "forgives-zero")


def _below(node: Tensor) -> Iterator[Value]:
    stack: list[Value] = [edge.parent for edge in node.edges]
    seen: set[int] = set()
    while stack:
        value = stack.pop()
        if id(value) not in seen:
            pay(1 + len(value.edges))
            seen.add(id(value))
            yield value
            stack.extend(edge.parent for edge in value.edges)


def _soft(node: Tensor) -> Tensor | None:
    """The softmax or sigmoid whose very value a logarithm is taken of."""
    given = arguments(node)
    value = given[0] if given else None
    for _ in range(4):
        if not isinstance(value, Tensor):
            return None
        if behaviours.has(value.op, "soft"):
            return value
        if not behaviours.has(value.op, "picks"):
            return None
        value = value.copy_of or next(iter(arguments(value)), None)
    return None


def _operand(node: Tensor) -> Value | None:
    """The argument at which an operation is singular."""
    given = arguments(node)
    if not given:
        return None
    return given[1] if short(node.op) == "divide" and len(given) > 1 else given[0]


# -- tf.where ------------------------------------------------------------------------------------------------------


def _masked(where: Tensor) -> Tensor | None:
    """A dangerous operation in a branch of ``tf.where``: on the value that the condition looks at, or out of range."""
    condition = (where.extra or {}).get("condition")
    if not isinstance(condition, Value):
        return None
    looked_at, bounds = _compared(condition)
    for branch in (where.extra or {}).get("args", ()):
        for node in _branch(branch):
            operand = _operand(node)
            guarded = operand is not None and any(_same(operand, value) for value in looked_at)
            if (guarded and not _positive(operand) and _unsafe(node, bounds)) or _overflows(node):
                return node
    return None


def _product(where: Tensor, dangerous: Tensor) -> Tensor | None:
    """The product in a branch that a dangerous operation is a factor of, where its very value is no number."""
    if not _may_be_no_number(dangerous):
        return None
    inside = [node for branch in (where.extra or {}).get("args", ()) for node in _branch(branch)]
    products = (node for node in inside if short(node.op) == "multiply")
    return next((node for node in products if any(part is dangerous for part in arguments(node))), None)


def _may_be_no_number(node: Tensor) -> bool:
    """Whether an operation's value, and not only its derivative, may be infinite or no number."""
    outside = _NO_NUMBER.get(short(node.op))
    if outside is None:
        return _overflows(node)
    known = flatten(numbers(_operand(node) or node))
    return known is None or any(map(outside, known))


def _overflows(node: Tensor) -> bool:
    """Whether the program's own numbers make an exponential infinite."""
    given = [flatten(numbers(part)) for part in arguments(node)]
    largest = 709.8 if node.dtype == "float64" else 88.8
    if short(node.op) == "exp" and given:
        return any(exponent > largest for exponent in given[0] or ())
    if short(node.op) != "pow" or len(given) != 2 or not given[0] or not given[1]:
        return False
    return all(base > 1 for base in given[0]) and max(given[1]) * math.log(min(given[0])) > largest


def _compared(condition: Value, depth: int = 3) -> tuple[list[Value], list[float]]:
    """The values that a condition compares, and the numbers that it compares them with."""
    values: list[Value] = []
    bounds: list[float] = []
    compares = isinstance(condition, Tensor) and condition.dtype == "bool"
    given = arguments(condition) if isinstance(condition, Tensor) else ()
    for part in given or tuple(edge.parent for edge in condition.edges if compares):
        if isinstance(part, Const):
            if isinstance(part.value, int | float):
                bounds.append(float(part.value))
        elif isinstance(part, Number):
            continue
        elif isinstance(part, Tensor) and part.dtype == "bool" and depth:
            inner_values, inner_bounds = _compared(part, depth - 1)
            values += inner_values
            bounds += inner_bounds
        else:
            fixed = flatten(numbers(part))
            if fixed and len(set(fixed)) == 1:
                bounds.append(fixed[0])
            values.append(part)
            if isinstance(part, Tensor) and behaviours.has(part.op, "even"):
                values += list(arguments(part) or [edge.parent for edge in part.edges])
    return values, bounds


def _branch(value: Value) -> Iterator[Tensor]:
    """The operations that a branch is computed with, up to the next guard."""
    stack: list[Value] = [value]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen or not isinstance(node, Tensor) or short(node.op) == "where":
            continue
        pay(1 + len(node.edges))
        seen.add(id(node))
        yield node
        stack.extend(edge.parent for edge in node.edges if edge.cut is None)


def _same(a: Value, b: Value) -> bool:
    return a is b or (isinstance(a, Tensor) and a.op == "read" and a.copy_of is b)


def _positive(value: Value | None, depth: int = 4) -> bool:
    """Whether a value is kept above zero by what it is computed with: ``sqrt(maximum(x, 1e-7))``."""
    if isinstance(value, Const):
        return isinstance(value.value, int | float) and value.value > 0
    if not isinstance(value, Tensor) or not depth:
        return False
    words, given = behaviours.of(value.op), arguments(value)
    if "positive" in words:
        return True
    if "bounded-below" in words:
        return any(_positive(part, depth - 1) for part in given[:2])
    if "keeps-positive" in words and given:
        return _positive(given[0], depth - 1)
    return "joins-positive" in words and bool(given) and all(_positive(part, depth - 1) for part in given)


def _unsafe(node: Tensor, bounds: list[float]) -> bool:
    """Whether an operation is singular where the condition's bounds say that it is being kept away."""
    name = short(node.op)
    near_zero = not bounds or any(abs(bound) <= _TINY for bound in bounds)
    if name in {"sqrt", "rsqrt"} and not _compiled(node):
        return False
    if name in {"log", "divide", "truediv", "xlogy", "sqrt", "rsqrt"}:
        return near_zero and bool(bounds)
    if name == "pow":
        exponent = arguments(node)[1] if len(arguments(node)) > 1 else None
        power = exponent.value if isinstance(exponent, Const) else None
        return bool(bounds) and near_zero and isinstance(power, int | float) and power < 1
    if name in {"acos", "asin", "atanh", "acosh"}:
        return any(abs(abs(bound) - 1) <= _TINY for bound in bounds)
    if name == "exp":
        return any(bound >= 20 for bound in bounds)
    return False


# -- singular points that the program's own numbers hit ------------------------------------------------------------


def _singular(node: Tensor, name: str) -> bool:
    given = arguments(node)
    if not given:
        return False
    if name == "norm":
        return _norm_of_zeros(node, given[0]) or _vanishes(given[0])
    if name == "sqrt" and _vanishes(_squared(given[0])):
        return True
    if name not in _AT and name != "reduce_std" and (name not in _OF_TWO or len(given) == 1):
        return False
    known = flatten(numbers(given[0]))
    first = known or ()
    if name in _AT:
        unknown = known is None and name in {"sqrt", "rsqrt"}
        return any(map(_AT[name], first)) or (unknown and _is_rectified(given[0]))
    return len(set(first)) == 1 if name == "reduce_std" else _OF_TWO[name](first, given[1])


_NO_NUMBER: dict[str, Callable[[float], bool]] = {
    "log": lambda x: x <= 0, "divide": lambda x: x == 0, "truediv": lambda x: x == 0,
}  # fmt: skip
"""Where the values of functions, and not only their derivatives, are infinite or no numbers, whatever the dtype."""
_AT: dict[str, Callable[[float], bool]] = {
    "sqrt": lambda x: x <= 0, "rsqrt": lambda x: x <= 0, "log": lambda x: x <= 0, "log1p": lambda x: x == -1,
    "acos": lambda x: abs(x) == 1, "asin": lambda x: abs(x) == 1, "atanh": lambda x: abs(x) == 1,
    "acosh": lambda x: x == 1,
}  # fmt: skip
"""Where functions of one number have no finite derivative."""


def _norm_of_zeros(node: Tensor, value: Value) -> bool:
    inner = numbers(value)
    known, axis = axis_of(node)
    sums = reduced(lambda xs: sum(x * x for x in xs), inner, axis) if known and inner is not None else None
    return any(x == 0 for x in flatten(sums) or ())


def _squared(value: Value) -> Value:
    """What a sum of squares is one of; the value itself where it is none."""
    for name in ("reduce_sum", "square"):
        if isinstance(value, Tensor) and short(value.op) == name and arguments(value):
            value = arguments(value)[0]
        elif name == "square":
            return Const(None)
    return value


def _vanishes(value: Value) -> bool:
    """Whether a value is the difference of one computation and the same once more, so that it is zero."""
    given = arguments(value) if isinstance(value, Tensor) and short(value.op) == "subtract" else ()
    return len(given) == 2 and _alike(given[0], given[1])


def _alike(one: Value, other: Value, depth: int = 12) -> bool:
    """Whether two values surely are the same number: the same operation, which draws nothing, on the same values."""
    pay(1)
    if one is other:
        return True
    if not isinstance(one, Tensor) or not isinstance(other, Tensor) or not depth or one.op != other.op:
        return False
    same = bool(one.edges) and len(one.edges) == len(other.edges) and not _CHANCE.search(one.op)
    fixed = [[part.value for part in arguments(of) if isinstance(part, Const)] for of in (one, other)]
    return (
        same
        and fixed[0] == fixed[1]
        and all(
            a.sure and b.sure and _alike(a.parent, b.parent, depth - 1)
            for a, b in zip(one.edges, other.edges, strict=True)
        )
    )


_CHANCE = re.compile(r"random|[Dd]ropout|Noise|Random|Normalization|shuffle|gradient")
"""What an operation is called that gives another number each time, or may."""


def _by_zero(_first: Iterable[float], divisor: Value) -> bool:
    return any(x == 0 for x in flatten(numbers(divisor)) or ())


def _root(first: Iterable[float], exponent: Value) -> bool:
    power = numbers(exponent)
    if not isinstance(power, float) or power >= 1 or power == 0:
        return False
    return any(x == 0 or (x < 0 and not power.is_integer()) for x in first)


def _at_origin(first: Iterable[float], other: Value) -> bool:
    return any(a == b == 0 for a, b in zip(first, flatten(numbers(other)) or (), strict=False))


_OF_TWO: dict[str, Callable[[Iterable[float], Value], bool]] = {
    "divide": _by_zero, "truediv": _by_zero, "pow": _root, "atan2": _at_origin,
}  # fmt: skip
"""Whether functions of two numbers have no finite derivative there."""


def _is_rectified(value: Value) -> bool:
    """Whether a value is 0 wherever another one is negative."""
    return isinstance(value, Tensor) and behaviours.has(value.op, "rectifies")


def several(target: Value) -> bool:
    """Whether a target has more than one element, so that its gradient is a sum."""
    found = rank(target)
    if found is None or found == 0:
        return False
    axes = sizes(target)
    return axes is None or math.prod(axes) != 1
