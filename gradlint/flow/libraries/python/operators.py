"""Operators, by what stands on either side."""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, Any

from gradlint.flow.causes import Compared, NonDifferentiable, ToNumpy, ToPython
from gradlint.flow.libraries.python import special
from gradlint.flow.state.store import join_values
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import computed, span_of
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Join,
    LostNone,
    Number,
    Params,
    Seq,
    Storage,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.interpreter import Interpreter

_PYTHON: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
_DIFFERENTIABLE = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
_BIG = 1 << 64
_WIDE = re.compile(r"[*]|[0-9]{3}")
"""In a text with ``%``: a width or a precision that may be large."""


def named(op: ast.operator) -> str:
    """The operation of TensorFlow that an operator is; empty for those of integers alone."""
    return behaviours.the("operator:" + SYMBOLS[type(op)]) if isinstance(op, _DIFFERENTIABLE) else ""


def scalar(value: Value) -> Any:
    """The Python scalar that a value is known to be, or None."""
    if isinstance(value, Const) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
        return value.value
    if isinstance(value, Tensor | Array) and isinstance(value.known, int | float):
        return value.known
    if isinstance(value, Variable):
        return value.state.get("known")
    return None


def is_tensor(value: Value) -> bool:
    """Whether a value surely takes part in arithmetic as a TensorFlow tensor."""
    return isinstance(value, Tensor | Variable | Symbolic | Params)


def binary(machine: Interpreter, node: ast.AST, op: ast.operator, left: Value, right: Value) -> Value:
    """The value of ``left op right``."""
    if isinstance(left, Array) and isinstance(right, Storage):
        # A tf.Variable, which `.value` is, goes before NumPy; a Keras variable, which it belongs to, does not.
        return _arithmetic(machine, node, op, left, right.base)
    left = left.base if isinstance(left, Storage) else left
    right = right.base if isinstance(right, Storage) else right
    if isinstance(left, Join) or isinstance(right, Join):
        return _joined(machine, node, op, left, right)
    if isinstance(left, Const) and isinstance(right, Const):
        return _constant(machine, node, op, left, right)
    formats = isinstance(op, ast.Mod) and isinstance(left, Const) and isinstance(left.value, str)
    if not formats and (isinstance(left, Instance) or isinstance(right, Instance)):
        return special.binary(machine, node, op, left, right)
    if formats:
        text = Number("str", span_of(node))
        special.written(machine, right, node)
        machine.depend(text, machine.leaves(right), machine.cut(ToPython("%"), node))
        return text
    if is_tensor(left) or is_tensor(right):
        return _tensor(machine, node, op, left, right)
    made = _sequence(node, op, left, right)
    if made is not None:
        return made
    if isinstance(left, Array) or isinstance(right, Array):
        return _array(machine, node, op, left, right)
    if isinstance(left, Number | Const) and isinstance(right, Number | Const):
        return _number(machine, node, op, left, right)
    made_unknown = Unknown("operation", span_of(node), anything=_top(left) or _top(right))
    machine.depend(made_unknown, [*machine.leaves(left), *machine.leaves(right)], sure=False)
    return made_unknown


def _sequence(node: ast.AST, op: ast.operator, left: Value, right: Value) -> Value | None:
    """Two sequences one after the other, or one several times; None for other operations."""
    if isinstance(left, Seq) and isinstance(right, Seq) and isinstance(op, ast.Add):
        items = Items(left.items.values + right.items.values, left.items.exact and right.items.exact)
        return Seq(items, left.kind, span_of(node))
    if not isinstance(op, ast.Mult):
        return None
    if isinstance(right, Seq) and isinstance(left, Const | Number):
        left, right = right, left
    if not isinstance(left, Seq) or not isinstance(right, Const | Number):
        return None
    count = right.value if isinstance(right, Const) else None
    if isinstance(count, int) and 0 <= count * len(left.items.values) <= 64:
        return Seq(Items(left.items.values * count, left.items.exact), left.kind, span_of(node))
    return Seq(Items(left.items.values, exact=False), left.kind, span_of(node))


def _array(machine: Interpreter, node: ast.AST, op: ast.operator, left: Value, right: Value) -> Value:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return machine.unknown("operation", node, [left, right])
    made = Array(_array_dtype(op, left, right), span_of(node))
    machine.depend(made, [part for value in (left, right) for part in machine.leaves(value)])
    return made


def _number(
    machine: Interpreter, node: ast.AST, op: ast.operator, left: Number | Const, right: Number | Const
) -> Value:
    kinds = {value.kind if isinstance(value, Number) else type(value.value).__name__ for value in (left, right)}
    kind = "str" if "str" in kinds else "float" if "float" in kinds or isinstance(op, ast.Div) else "int"
    number = Number(kind if "" not in kinds else "", span_of(node))
    machine.depend(number, [left, right])
    return number


def _top(value: Value) -> bool:
    return isinstance(value, Unknown) and value.anything


def _array_dtype(op: ast.operator, left: Value, right: Value) -> str | None:
    if isinstance(op, ast.Div):
        return "float64"
    found = [dtypes.of(value, numpy=True) for value in (left, right)]
    if found[0] is None or found[1] is None:
        return None
    floats = [dtype for dtype in found if dtypes.is_float(dtype)]
    return floats[0] if floats else found[0]


def _joined(machine: Interpreter, node: ast.AST, op: ast.operator, left: Value, right: Value) -> Value:
    lefts = left.options if isinstance(left, Join) else (left,)
    rights = right.options if isinstance(right, Join) else (right,)
    if len(lefts) * len(rights) > 4:
        if (
            any(is_tensor(value) for value in (*lefts, *rights))
            and all(is_tensor(value) or isinstance(value, Const | Number | Array) for value in (*lefts, *rights))
            and (all(is_tensor(value) for value in lefts) or all(is_tensor(value) for value in rights))
        ):
            return machine.tensor(node, [left, right], op=named(op))
        return machine.unknown("operation", node, [left, right])
    joins = left if isinstance(left, Join) else right
    assert isinstance(joins, Join)
    result: Value | None = None
    label = ""
    for i, one in enumerate(lefts):
        for j, other in enumerate(rights):
            if (isinstance(one, Const) and one.value is None) or (isinstance(other, Const) and other.value is None):
                continue
            value = binary(machine, node, op, one, other)
            index = i if joins is left else j
            mine = joins.labels[index] if index < len(joins.labels) else ""
            result = value if result is None else join_values(result, value, label, mine)
            label = label or mine
    return result if result is not None else machine.unknown("operation", node, [left, right])


def _constant(machine: Interpreter, node: ast.AST, op: ast.operator, left: Const, right: Const) -> Value:
    a, b = left.value, right.value
    function = _PYTHON.get(type(op))
    if isinstance(left, LostNone) or isinstance(right, LostNone):
        for lost in (left, right):
            if isinstance(lost, LostNone):
                return machine.none_used(lost, node, "arithmetic", "TypeError")
    if function is None or (isinstance(a, int) and abs(a) > _BIG) or (isinstance(b, int) and abs(b) > _BIG):
        return Number("", span_of(node))
    if isinstance(op, ast.Pow | ast.LShift) and isinstance(b, int | float) and abs(b) > 64:
        return Number("", span_of(node))
    if (isinstance(a, str | bytes) and len(a) > 256) or (isinstance(b, str | bytes) and len(b) > 256):
        return Number("str", span_of(node))
    if isinstance(op, ast.Mult) and (isinstance(a, str | bytes) or isinstance(b, str | bytes)):
        return Number("str", span_of(node))
    if isinstance(op, ast.Mod) and isinstance(a, str | bytes) and _WIDE.search(str(a)):
        return Number("str", span_of(node))
    try:
        return computed(function(a, b), node)
    except Exception:  # the program itself would raise here
        return Number("", span_of(node))


def _tensor(machine: Interpreter, node: ast.AST, op: ast.operator, left: Value, right: Value) -> Value:
    parents = [part for value in (left, right) for part in machine.leaves(value)]
    if isinstance(left, Symbolic) or isinstance(right, Symbolic):
        made_symbol = Symbolic(span_of(node))
        machine.depend(made_symbol, parents)
        for edge in made_symbol.edges:
            edge.live = frozenset()
        return made_symbol
    for value in (left, right):
        if isinstance(value, Const) and value.value is None:
            if isinstance(value, LostNone):
                machine.none_used(value, node, "operation", "ValueError")
            return machine.unknown("None", node, parents)
    if isinstance(left, Array) and isinstance(right, Variable) and right.keras is True:
        made = Array(None, span_of(node))
        machine.depend(made, parents, machine.cut(ToNumpy(SYMBOLS[type(op)], how="operator"), node))
        return made
    return _without_gradient(machine, node, op, left, right) or _arithmetic(machine, node, op, left, right)


def _without_gradient(
    machine: Interpreter, node: ast.AST, op: ast.operator, left: Value, right: Value
) -> Tensor | None:
    """What an operation gives that has no gradient; None for other operations."""
    pair = {dtypes.of(value) for value in (left, right) if isinstance(value, Tensor | Variable)}
    dtype: str | None = "bool"
    if isinstance(op, ast.FloorDiv):
        cut = machine.cut(NonDifferentiable("//", named(op)), node)
        dtype = dtypes.of_operation(left, right)
    elif isinstance(op, ast.BitAnd | ast.BitOr | ast.BitXor | ast.LShift | ast.RShift):
        cut = machine.cut(Compared(SYMBOLS[type(op)]), node)
    elif isinstance(op, ast.Mult) and "bool" in pair and len(pair) == 2 and None not in pair:
        cut = machine.cut(Compared("*", behaviours.the("operator:and"), bool_product=True), node)
    else:
        return None
    parents = [part for value in (left, right) for part in machine.leaves(value)]
    return machine.tensor(node, parents, dtype=dtype, op=named(op), cut=cut)


def _arithmetic(machine: Interpreter, node: ast.AST, op: ast.operator, left: Value, right: Value) -> Tensor:
    """What an operation gives that has a gradient."""
    dtype = dtypes.of_operation(left, right)
    if isinstance(op, ast.Div) and dtypes.is_discrete(dtype):
        dtype = "float64"
    given = [part for value in (left, right) for part in machine.leaves(value)]
    objects = [parent for parent in given if isinstance(parent, Array) and parent.dtype == "object"]
    parents = [parent for parent in given if not any(parent is other for other in objects)]
    name = named(op)
    made = machine.tensor(node, parents, dtype=dtype, op=name, known=_known(op, left, right))
    if objects:
        machine.depend(made, objects, machine.cut(ToNumpy("an array of objects", behaviours.the("array-of")), node))
    made.extra = {"args": (left, right)}
    exception = _refused(machine, op, left, right)
    if exception and not machine.mentions("experimental_enable_numpy_behavior"):
        machine.doom(made, node, exception)
    return made


def _refused(machine: Interpreter, op: ast.operator, left: Value, right: Value) -> str:
    """The exception where TensorFlow does not turn a Python number into the tensor's dtype; empty where it does.

    It makes no float an integer and no complex number a float. Keras variables promote (TensorFlow 2.21).
    """
    for tensor, number in ((left, right), (right, left)):
        if not isinstance(tensor, Tensor) and not (isinstance(tensor, Variable) and tensor.keras is False):
            continue
        kind = type(number.value).__name__ if isinstance(number, Const) else getattr(number, "kind", "")
        if not isinstance(number, Const | Number):
            continue
        if kind == "complex" and dtypes.is_float(tensor.dtype) and not str(tensor.dtype).startswith("complex"):
            return "TypeError"
        if kind == "float" and str(tensor.dtype).startswith(("int", "uint")):
            if isinstance(op, ast.Add) and tensor is left:
                return "" if machine.in_graph else "InvalidArgumentError"
            return "TypeError"
    return ""


def _known(op: ast.operator, left: Value, right: Value) -> Any:
    a, b = scalar(left), scalar(right)
    function = _PYTHON.get(type(op))
    if a is None or b is None or function is None or (isinstance(op, ast.Pow) and abs(b) > 16):
        return None
    try:
        value = function(a, b)
    except (ArithmeticError, ValueError):
        return None
    return value if isinstance(value, int | float) and abs(value) < 1e30 else None


def _negative(machine: Interpreter, node: ast.UnaryOp, value: Tensor | Variable | Params) -> Value:
    """What an operator before a tensor gives."""
    if isinstance(node.op, ast.Invert):
        cut = machine.cut(Compared("~"), node)
        return machine.tensor(node, [value], dtype="bool", cut=cut)
    known = scalar(value)
    keras_variable = isinstance(value, Params) or (isinstance(value, Variable) and value.keras is not False)
    if isinstance(node.op, ast.UAdd) and not keras_variable:
        same = machine.tensor(node, [value], dtype=dtypes.of(value), op=behaviours.the("identity"))
        machine.doom(same, node, "TypeError")
        return same
    made = machine.tensor(
        node,
        [value],
        dtype=dtypes.of(value),
        op=behaviours.the("operator:unary-"),
        known=-known if known is not None else None,
    )
    made.extra = {"args": (value,)}
    return made


def _joined_unary(machine: Interpreter, node: ast.UnaryOp, value: Join) -> Value:
    if len(value.options) > 4:
        return machine.unknown("operation", node, [value])
    ways = [
        (unary(machine, node, option), label)
        for option, label in zip(value.options, value.labels or ("",) * len(value.options), strict=False)
        if not (isinstance(option, Const) and option.value is None)
    ]
    return Join(tuple(made for made, _ in ways), tuple(label for _, label in ways)) if len(ways) > 1 else ways[0][0]


def unary(machine: Interpreter, node: ast.UnaryOp, value: Value) -> Value:
    """The value of ``-x``, ``+x``, ``not x`` or ``~x``."""
    if isinstance(node.op, ast.Not):
        truth = machine.truth(value, node.operand)
        return Number("bool", span_of(node)) if truth is None else Const(not truth)
    if isinstance(value, LostNone):
        return machine.none_used(value, node, "arithmetic", "TypeError")
    if isinstance(value, Join):
        return _joined_unary(machine, node, value)
    if isinstance(value, Const):
        try:
            return computed(-value.value if isinstance(node.op, ast.USub) else value.value, node)
        except TypeError:
            return Number("", span_of(node))
    if isinstance(value, Tensor | Variable | Params):
        return _negative(machine, node, value)
    if isinstance(value, Array):
        array = Array(value.dtype, span_of(node))
        machine.depend(array, [value])
        return array
    if isinstance(value, Number):
        number = Number(value.kind, span_of(node))
        machine.depend(number, [value])
        return number
    made = special.unary(machine, node, value)
    return made if made is not None else machine.unknown("operation", node, [value], anything=_top(value))


def compare(machine: Interpreter, node: ast.AST, op: ast.cmpop, left: Value, right: Value) -> Value:
    """The value of one comparison."""
    if isinstance(op, ast.Is | ast.IsNot):
        same = _identical(left, right)
        if same is None:
            return Number("bool", span_of(node))
        return Const(same if isinstance(op, ast.Is) else not same)
    made = special.compared(machine, node, op, left, right)
    if made is not None:
        return made
    if isinstance(op, ast.In | ast.NotIn):
        inside = _contains(left, right)
        if inside is None:
            return Number("bool", span_of(node))
        return Const(inside if isinstance(op, ast.In) else not inside)
    lost = left if isinstance(left, LostNone) else right
    if isinstance(lost, LostNone) and not isinstance(op, ast.Eq | ast.NotEq):
        of_tensor = is_tensor(left) or is_tensor(right)
        return machine.none_used(lost, node, "arithmetic", "ValueError" if of_tensor else "TypeError")
    return _ordered(machine, node, op, left, right)


def _ordered(machine: Interpreter, node: ast.AST, op: ast.cmpop, left: Value, right: Value) -> Value:
    """The value of a comparison by size or equality."""
    function = _COMPARE[type(op)]
    if isinstance(left, Const) and isinstance(right, Const):
        try:
            return Const(bool(function(left.value, right.value)))
        except Exception:  # the program itself would raise here
            return Number("bool", span_of(node))
    parents = [part for value in (left, right) for part in machine.leaves(value)]
    cut = machine.cut(Compared(machine.text(node)), node)
    if is_tensor(left) or is_tensor(right):
        a, b = scalar(left), scalar(right)
        known = bool(function(a, b)) if a is not None and b is not None else None
        made = machine.tensor(node, parents, dtype="bool", op=behaviours.the("operator:>"), cut=cut, known=known)
        made.extra = {"args": (left, right)}
        return made
    of_array = isinstance(left, Array) or isinstance(right, Array)
    result = Array("bool", span_of(node)) if of_array else Number("bool", span_of(node))
    machine.depend(result, parents, cut)
    return result


def _identical(left: Value, right: Value) -> bool | None:
    if isinstance(left, Const) and isinstance(right, Const):
        return left.value is right.value or (left.value == right.value and type(left.value) is type(right.value))
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Const) and one.value is None:
            if isinstance(other, Unknown | Join | Number):
                return None
            return False
    if left is right:
        return True
    return None


def _contains(item: Value, container: Value) -> bool | None:
    if isinstance(container, Dict) and isinstance(item, Const):
        if container.pairs.get(item.value) is not None:
            return True
        return False if container.pairs.exact else None
    if isinstance(container, Seq) and isinstance(item, Const):
        values = container.items.values
        if any(isinstance(value, Const) and value.value == item.value for value in values):
            return True
        plain = Const | Tensor | Variable | Array if item.value is None else Const
        if container.items.exact and all(isinstance(value, plain) for value in values):
            return False
    if isinstance(container, Const) and isinstance(item, Const) and isinstance(container.value, str):
        return isinstance(item.value, str) and item.value in container.value
    if isinstance(container, Number) and isinstance(item, Const) and isinstance(item.value, str):
        found = {item.value in text for text in container.texts}
        return found.pop() if len(found) == 1 else None
    return None
