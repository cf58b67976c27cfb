"""GT601 nan-through-where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import holds
from gradlint.nodes.reading import called, dotted, is_constant, only
from gradlint.nodes.walking import children
from gradlint.rule import Message, Replace, Rule, cst, expression, safe

from .._wording import code, effect, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.causes import HiddenSlope
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class NanThroughWhere(Rule):
    """The side of `tf.where` that is not chosen makes the gradient NaN.

    ## What it does
    Reports a `tf.where` (or a multiplication by a mask) one of whose sides computes a logarithm, a division, a power or
    an exponential of a value that the condition is meant to guard against.

    ## Why the gradient is lost
    Both sides of `tf.where` are computed, and both are differentiated. The side that is not chosen gets an upstream
    gradient of zero, and zero times an infinite slope is NaN. The loss looks right; its gradient is NaN, and neither
    TensorFlow nor the optimizer gives a warning. `tf.sqrt` at zero is spared in eager mode, but NaN under XLA.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Make the argument safe first: `safe = tf.where(x > 0, x, 1.0)`, then `tf.where(x > 0, tf.math.log(safe), 0.0)`. For
    quotients, use `tf.math.divide_no_nan`.

    ## References
    - `tf.where`: https://www.tensorflow.org/api_docs/python/tf/where
    - `tf.math.divide_no_nan`: https://www.tensorflow.org/api_docs/python/tf/math/divide_no_nan
    """

    code = "GT601"
    name = "nan-through-where"
    kinds = (Kind.NAN_THROUGH_WHERE,)
    severity = "warning"

    def message(self, claim: Claim[HiddenSlope]) -> Message:
        """Names the dangerous function and its argument."""
        callee, variable = named(claim.cause.callee, "this"), claim.cause.variable
        compiled = " when XLA compiles it" if claim.cause.compiled else ""
        headline = f"`tf.where` hides the value of {callee} but not its infinite slope"
        safe = code(variable) if variable else "its argument"
        return Message(headline, effect(claim) + compiled, f"make {safe} safe first, with a `tf.where` of its own")

    def fix(self, claim: Claim[HiddenSlope], site: Site) -> Proposal | None:
        """The double ``tf.where``: the dangerous argument made harmless where its side is not chosen.

        Safe, since the chosen side's values stay as they are.
        """
        node = site.node
        around = [] if node is None else [one for one in (node, *site.above(node)) if isinstance(one, cst.Call)]
        where = next((one for one in around if called(one) == "where" and only(one, 3) is not None), None)
        if node is None or where is None:
            return None
        condition, *sides = (one.value for one in where.args)
        changes = []
        for number, side in enumerate(sides):
            if node is not where and not holds(side, node):
                continue
            for argument, harmless in _dangerous(side, dotted(where.func)):
                like = site.tensorflow("ones_like" if harmless else "zeros_like", where)
                if like is None:
                    return None
                template = "{where}({c}, {x}, {like}({x}))" if number == 0 else "{where}({c}, {like}({x}), {x})"
                new = expression(template, where=where.func, c=condition, x=argument, like=like)
                changes.append(Replace(argument, new))
        return safe("Make the argument harmless where it is not chosen", *changes) if changes else None


ONE = ("sqrt", "rsqrt", "log", "log1p", "reciprocal", "norm", "lgamma", "digamma")
ZERO = ("exp", "acos", "asin", "atanh", "erfinv", "tan", "sinh", "cosh", "expm1")
HARMLESS = dict.fromkeys(ONE, 1) | dict.fromkeys(ZERO, 0)
DENOMINATORS = frozenset({"divide", "truediv", "div"})


def _dangerous(side: cst.CSTNode, function: str | None) -> Iterator[tuple[cst.BaseExpression, int]]:
    """The outermost dangerous arguments on one side, each with a value at which its function is harmless."""
    pair, first = only(side, 2), side.args[0].value if isinstance(side, cst.Call) and side.args else None
    match side:
        case cst.Call() if dotted(side.func) == function:
            return
        case cst.Call() if called(side) in HARMLESS and first is not None and not is_constant(first):
            yield first, HARMLESS[called(side)]
        case cst.Call() if called(side) in DENOMINATORS and pair is not None:
            yield pair[1], 1
        case cst.Call() if called(side) == "pow" and pair is not None:
            yield pair[0], 1
        case cst.BinaryOperation(operator=cst.Divide()) if not is_constant(side.right):
            yield side.right, 1
            yield from _dangerous(side.left, function)
        case cst.BinaryOperation(operator=cst.Power()) if not is_constant(side.left):
            yield side.left, 1
        case _:
            for child in children(side):
                yield from _dangerous(child, function)
