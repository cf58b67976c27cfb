"""Steps written as sigmoids: a comparison as the smooth function that rises where it turns true, and their logic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.make import bracketed, code_of
from gradlint.nodes.reading import called, is_number, only
from gradlint.rule import cst, expression

if TYPE_CHECKING:
    from gradlint.rule import Site

STEEPNESS = "10.0"
CALLS = {"greater": True, "greater_equal": True, "less": False, "less_equal": False}
LOGIC = {"logical_and": 2, "logical_or": 2, "logical_not": 1}
QUANTIFIERS = {"reduce_any": "reduce_max", "reduce_all": "reduce_min"}


def step_of(site: Site, condition: cst.BaseExpression) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """A comparison as ``tf.sigmoid(10.0 * (x - t))``, and its opposite; None for what is no plain ``<`` or ``>``."""
    compared, sigmoid = _compared(condition), site.tensorflow("sigmoid", condition)
    if compared is None or sigmoid is None or "\n" in code_of(condition):
        return None
    high, low = compared
    rising = expression(f"{{f}}({STEEPNESS} * {{d}})", f=sigmoid, d=_difference(high, low))
    falling = expression(f"{{f}}({STEEPNESS} * {{d}})", f=sigmoid, d=_difference(low, high))
    return rising, falling


def soft(site: Site, condition: cst.BaseExpression) -> cst.BaseExpression | None:
    """A condition as a number from 0 to 1 with a slope: comparisons, and what joins and turns them.

    ``and`` is a product, ``not`` the rest to one, and ``or`` is written by both; ``any`` is the largest, ``all`` the
    smallest.
    """
    parts = _joined(condition)
    if parts is None:
        step = step_of(site, condition)
        return None if step is None else step[0]
    how, operands = parts
    if how in QUANTIFIERS:
        return _quantified(site, condition, how, soft(site, operands[0]))
    if how == "not":
        step = step_of(site, operands[0])
        return step[1] if step is not None else _rest(soft(site, operands[0]))
    made = [soft(site, one) for one in operands]
    if how == "and":
        return None if None in made else expression("{a} * {b}", a=made[0], b=made[1])
    rests = [_rest(one) for one in made]
    return None if None in rests else expression("1.0 - {a} * {b}", a=rests[0], b=rests[1])


def whole_condition(site: Site, node: cst.BaseExpression) -> cst.BaseExpression:
    """The outermost condition that a comparison is an operand of."""
    holder = site.holder(node)
    while isinstance(holder, cst.BaseExpression) and any(one is node for one in (_joined(holder) or ("", []))[1]):
        node, holder = holder, site.holder(holder)
    return node


def _joined(node: cst.CSTNode) -> tuple[str, list[cst.BaseExpression]] | None:
    """How a logical operation joins its operands, and these."""
    match node:
        case cst.BinaryOperation(operator=cst.BitAnd()):
            return "and", [node.left, node.right]
        case cst.BinaryOperation(operator=cst.BitOr()):
            return "or", [node.left, node.right]
        case cst.UnaryOperation(operator=cst.BitInvert()):
            return "not", [node.expression]
    name = called(node)
    if name in QUANTIFIERS and isinstance(node, cst.Call) and node.args:
        return name, [node.args[0].value]
    given = only(node, LOGIC[name]) if name in LOGIC else None
    return None if given is None else (name.removeprefix("logical_"), given)


def _quantified(
    site: Site, call: cst.BaseExpression, how: str, value: cst.BaseExpression | None
) -> cst.BaseExpression | None:
    function = site.tensorflow(QUANTIFIERS[how], call)
    if function is None or value is None or not isinstance(call, cst.Call):
        return None
    given = call.args[0].with_changes(value=value)
    return call.with_changes(func=expression(function), args=[given, *call.args[1:]])


def _rest(value: cst.BaseExpression | None) -> cst.BaseExpression | None:
    return None if value is None else bracketed(expression("1.0 - {x}", x=value))


def _compared(condition: cst.BaseExpression) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """What is to be the higher and the lower side of a comparison."""
    match condition:
        case cst.Comparison(comparisons=[cst.ComparisonTarget(operator=cst.GreaterThan() | cst.GreaterThanEqual())]):
            return condition.left, condition.comparisons[0].comparator
        case cst.Comparison(comparisons=[cst.ComparisonTarget(operator=cst.LessThan() | cst.LessThanEqual())]):
            return condition.comparisons[0].comparator, condition.left
    rising, given = CALLS.get(called(condition)), only(condition, 2)
    if rising is None or given is None:
        return None
    return (given[0], given[1]) if rising else (given[1], given[0])


def _difference(high: cst.BaseExpression, low: cst.BaseExpression) -> cst.BaseExpression:
    if is_number(low, 0):
        return high
    if is_number(high, 0):
        return bracketed(expression("-{x}", x=low))
    return bracketed(expression("{x} - {y}", x=high, y=low))
