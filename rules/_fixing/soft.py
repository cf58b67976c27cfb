"""Steps written as sigmoids: a comparison as the smooth function that rises where it turns true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.make import bracketed, code_of
from gradlint.nodes.reading import called, is_number, only
from gradlint.rule import cst, expression

if TYPE_CHECKING:
    from gradlint.rule import Site

STEEPNESS = "10.0"
CALLS = {"greater": True, "greater_equal": True, "less": False, "less_equal": False}


def step_of(site: Site, condition: cst.BaseExpression) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """A comparison as ``tf.sigmoid(10.0 * (x - t))``, and its opposite; None for what is no plain ``<`` or ``>``."""
    compared, sigmoid = _compared(condition), site.tensorflow("sigmoid", condition)
    if compared is None or sigmoid is None or "\n" in code_of(condition):
        return None
    high, low = compared
    return tuple(
        expression(f"{{f}}({STEEPNESS} * {{d}})", f=sigmoid, d=_difference(one, other))
        for one, other in ((high, low), (low, high))
    )  # type: ignore[return-value]


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
