"""GT602 infinite-slope-at-zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import keyword, unbracketed
from gradlint.nodes.reading import called, is_number, keywords, positional, string_value
from gradlint.rule import Message, Replace, Rule, cst, expression, unsafe

from .._wording import effect, named

if TYPE_CHECKING:
    from gradlint.flow.causes import InfiniteSlope
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class InfiniteSlopeAtZero(Rule):
    """The slope of sqrt, norm or a power below one is infinite at zero.

    ## What it does
    Reports `tf.sqrt`, `tf.norm`, a power below one or a standard deviation of something that can be zero, such as a sum
    of squares.

    ## Why the gradient is lost
    The slope of the square root is 1 / (2 sqrt(x)): infinite at zero. The norm of a zero vector, the distance of a
    point to itself and the deviation of equal values are exactly this case; the gradient is infinite, or NaN as soon as
    it is multiplied by zero. The value itself looks right.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Add a small epsilon inside the root: `tf.sqrt(tf.reduce_sum(d**2) + 1e-12)`. An epsilon outside it does not help. In
    a loss, use the squared norm.

    ## References
    - `tf.norm`: https://www.tensorflow.org/api_docs/python/tf/norm
    - `tf.math.sqrt`: https://www.tensorflow.org/api_docs/python/tf/math/sqrt
    """

    code = "GT602"
    name = "infinite-slope-at-zero"
    kinds = (Kind.INFINITE_SLOPE,)
    severity = "warning"

    def message(self, claim: Claim[InfiniteSlope]) -> Message:
        """Names the function and its argument."""
        callee, argument = named(claim.cause.callee, "This"), named(claim.cause.variable, "its argument")
        headline = f"{callee} has an infinite slope where {argument} is 0"
        return Message(headline, effect(claim, nan="infinite or NaN"), "add a small epsilon inside")

    def fix(self, claim: Claim[InfiniteSlope], site: Site) -> Proposal | None:
        """A small epsilon inside, or ``tf.math.divide_no_nan``: unsafe, since the value changes a little."""
        node = site.node
        divide = None if node is None else site.tensorflow("math.divide_no_nan", node)
        given = positional(node) if isinstance(node, cst.Call) else None
        match node:
            case cst.BinaryOperation(operator=cst.Power()):
                return _with_epsilon(node.left)
            case cst.BinaryOperation(operator=cst.Divide()) if divide is not None:
                quotient = expression("{f}({x}, {y})", f=divide, x=node.left, y=node.right)
                return unsafe("Divide without NaN", Replace(node, quotient))
            case cst.Call() if given and called(node) in {"sqrt", "rsqrt", "log", "pow"}:
                return _with_epsilon(given[0])
            case cst.Call() if given and called(node) in {"divide", "truediv"} and divide is not None:
                return unsafe("Divide without NaN", Replace(node.func, expression(divide))) if len(given) == 2 else None
            case cst.Call() if given and called(node) in {"norm", "reduce_euclidean_norm"}:
                return _norm(site, node, given)
        return None


EPSILON = "1e-12"


def _with_epsilon(value: cst.BaseExpression) -> Proposal:
    """A small number added to a value."""
    arithmetic = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.Power)
    plain = isinstance(value, cst.BinaryOperation) and isinstance(value.operator, arithmetic)
    made = expression("{x} + {e}", x=cst.Name("x") if plain else value, e=EPSILON)
    if plain and isinstance(made, cst.BinaryOperation):
        made = made.with_changes(left=unbracketed(value))
    return unsafe("Add a small epsilon", Replace(value, made))


def _norm(site: Site, node: cst.Call, given: list[cst.BaseExpression]) -> Proposal | None:
    """``tf.norm(x, axis=a)`` as the root of a sum of squares with an epsilon under it."""
    functions = {name: site.tensorflow(f, node) for name, f in (("r", "sqrt"), ("t", "reduce_sum"), ("q", "square"))}
    named = keywords(node)
    order = named.get("ord")
    euclidean = order is None or is_number(order, 2) or string_value(order) == "euclidean"
    if len(given) != 1 or not euclidean or not named.keys() <= {"axis", "keepdims", "name", "ord"}:
        return None
    if None in functions.values():
        return None
    total = cst.ensure_type(expression("{t}({q}({x}))", x=given[0], **functions), cst.Call)
    kept = [keyword(name, value) for name, value in named.items() if name in ("axis", "keepdims")]
    total = total.with_changes(args=[*total.args, *kept])
    return unsafe(
        "Add a small epsilon", Replace(node, expression("{r}({total} + {e})", total=total, e=EPSILON, **functions))
    )
