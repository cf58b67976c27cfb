"""GT603 log-of-softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import keyword
from gradlint.nodes.reading import called, dotted, is_constant, is_number, keywords, names_in, only, positional
from gradlint.rule import Message, Replace, Rule, cst, expression, safe, unsafe

from .._wording import code, effect

if TYPE_CHECKING:
    from gradlint.flow.causes import Underflow
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class LogOfSoftmax(Rule):
    """The logarithm of a softmax or sigmoid overflows where the fused function does not.

    ## What it does
    Reports the logarithm of a softmax or a sigmoid, for which TensorFlow has a single fused function.

    ## Why the gradient is lost
    A softmax or sigmoid underflows to zero for an extreme logit (about 100 in float32). The logarithm of zero is
    infinite and its gradient is NaN. The fused functions compute the logarithm without the detour and stay finite, with
    the same gradient elsewhere.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use `tf.nn.log_softmax`, `tf.math.log_sigmoid`, or a loss on logits (`from_logits=True`,
    `tf.nn.softmax_cross_entropy_with_logits`).

    ## References
    - `tf.nn.log_softmax`: https://www.tensorflow.org/api_docs/python/tf/nn/log_softmax
    - `tf.math.log_sigmoid`: https://www.tensorflow.org/api_docs/python/tf/math/log_sigmoid
    """

    code = "GT603"
    name = "log-of-softmax"
    kinds = (Kind.LOG_OF_SOFTMAX,)
    severity = "warning"

    def message(self, claim: Claim[Underflow]) -> Message:
        """Names the inner function and the fused one."""
        fused = "tf.math.log_sigmoid" if "sigmoid" in claim.cause.canonical else "tf.nn.log_softmax"
        headline = f"The logarithm of {code(claim.cause.callee)} is log(0) as soon as it underflows"
        return Message(headline, effect(claim), f"use {code(fused)}")

    def fix(self, claim: Claim[Underflow], site: Site) -> Proposal | None:
        """The fused function: safe, since it is the same function computed well; unsafe where an epsilon goes."""
        node, given = site.node, only(site.node, 1)
        if node is None or given is None:
            return None
        inner, exact = _without_epsilon(given[0])
        negative = isinstance(inner, cst.BinaryOperation) and isinstance(inner.operator, cst.Subtract)
        if isinstance(inner, cst.BinaryOperation) and negative:
            if not is_number(inner.left, 1):
                return None
            inner = inner.right
        if inner is not None and dotted(inner) is not None:
            inner = _just_made(site, node, inner)
        new = None if inner is None else _fused(site, node, inner, negative)
        if new is None:
            return None
        return (safe if exact else unsafe)("Use the fused function", Replace(node, new))


def _without_epsilon(value: cst.BaseExpression) -> tuple[cst.BaseExpression | None, bool]:
    """What a small constant is added to, and whether there was none."""
    if not (isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.Add)):
        return value, True
    small = is_constant(value.right) or "eps" in (dotted(value.right) or "").lower()
    return (value.left, False) if small else (value, True)


def _just_made(site: Site, node: cst.BaseExpression, name: cst.BaseExpression) -> cst.BaseExpression | None:
    """What a name was bound to in the same suite, where nothing that it was made of is bound anew since."""
    found = site.definition(dotted(name), node)
    made = site.statement
    if found is None or made is None or not any(one is found[0] for one in site.suite(made)):
        return None
    rebound = [statement for used in names_in(found[1]) for statement, _ in site.bindings(used, node)]
    return None if any(site.ends_before(found[0], one) for one in rebound) else found[1]


def _fused(
    site: Site, node: cst.BaseExpression, inner: cst.BaseExpression, negative: bool
) -> cst.BaseExpression | None:
    """The fused function's call for the logarithm of a softmax or sigmoid."""
    given = positional(inner) if isinstance(inner, cst.Call) else None
    if not isinstance(inner, cst.Call) or given is None or len(given) != 1:
        return None
    named = keywords(inner)
    if called(inner) == "softmax" and not negative and named.keys() <= {"axis"}:
        function = site.tensorflow("nn.log_softmax", node)
        if function is None:
            return None
        made = cst.ensure_type(expression("{f}({x})", f=function, x=given[0]), cst.Call)
        return made.with_changes(args=[*made.args, *(keyword(name, value) for name, value in named.items())])
    if called(inner) == "sigmoid" and not named:
        function = site.tensorflow("math.log_sigmoid", node)
        template = "{f}(-{x})" if negative else "{f}({x})"
        return None if function is None else expression(template, f=function, x=given[0])
    return None
