"""GT304 comparison-on-the-way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import unbracketed
from gradlint.nodes.reading import called, dotted, last_name, only, single_target, string_value
from gradlint.nodes.uses import GRADIENTS
from gradlint.rule import Message, Replace, Rule, cst, expression, unsafe

from .._wording import effect, named
from ._soft import soft, whole_condition

if TYPE_CHECKING:
    from gradlint.flow.causes import Compared
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class ComparisonOnTheWay(Rule):
    """A comparison or a logical operation on the way to the target.

    ## What it does
    Reports a comparison (`>`, `==`, `tf.equal`, `tf.greater`, ...) or a logical operation on the way to the target,
    whose result is then cast and counted. Also reports a float Tensor times a bool Tensor.

    ## Why the gradient is lost
    A comparison gives true or false, which has no derivative: its cast to a float is a constant to the tape. So an
    accuracy, a count or a hit rate cannot be a loss. A float Tensor times a bool Tensor is a logical and: it gives a
    bool without an error. A comparison used as a mask on another, connected value is harmless.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use a smooth function of the difference: `tf.sigmoid(k * (x - threshold))`, a hinge, a cross-entropy instead of the
    accuracy. Cast a mask to a float before multiplying by it.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through an integer or string*: https://www.tensorflow.org/guide/autodiff#3_took_gradients_through_an_integer_or_string
    - `tf.math.greater`: https://www.tensorflow.org/api_docs/python/tf/math/greater
    """

    code = "GT304"
    name = "comparison-on-the-way"
    kinds = (Kind.COMPARISON,)

    def message(self, claim: Claim[Compared]) -> Message:
        """Names the comparison: ``>``, ``tf.equal``."""
        if claim.cause.bool_product:
            headline = "A float times a bool is a logical AND, which has no derivative"
            return Message(headline, effect(claim), "cast the mask to a float first")
        headline = f"{named(claim.cause.callee, 'The comparison')} gives true or false, which has no derivative"
        return Message(headline, effect(claim), "use a smooth function in its place")

    def fix(self, claim: Claim[Compared], site: Site) -> Proposal | None:
        """Sigmoids in the place of a condition that is cast to a float or is the target: unsafe, for they are no steps.

        None where the same call asks for a source that is not lost, for its gradient would become another one. A mask
        that a float is multiplied by is cast to a float.
        """
        node = site.node
        mask = None if node is None else _mask(site, node)
        if mask is not None:
            return mask
        whole = None if node is None else whole_condition(site, node)
        step = None if whole is None else soft(site, whole)
        if whole is None or step is None or not site.asked_alone:
            return None
        cast = _cast_of(site, whole)
        if cast is not None:
            return unsafe("Use a sigmoid", Replace(cast, step))
        name = dotted(single_target(site.parent(whole)))
        if name is None or len(site.bindings(name, whole)) != 1:
            return None
        casts = {use: _cast_of(site, use) for use in site.uses_here(name, whole) if not _does_as_float(site, use)}
        found = [Replace(cast, use) for use, cast in casts.items() if cast is not None]
        if len(found) != len(casts) or len(site.uses_here(name, whole)) != len(site.uses(name)):
            return None
        return unsafe("Use a sigmoid", Replace(whole, step), *found)


def _mask(site: Site, node: cst.BaseExpression) -> Proposal | None:
    """A mask of bools that a float is multiplied by, cast to that float's dtype."""
    product, cast = site.holder(node), site.tensorflow("cast", node)
    product = node if isinstance(node, cst.BinaryOperation) else product
    if not isinstance(product, cst.BinaryOperation) or not isinstance(product.operator, cst.Multiply) or cast is None:
        return None
    for mask, value in ((product.right, product.left), (product.left, product.right)):
        if isinstance(mask, cst.Comparison) and dotted(value) is not None:
            new = expression("{cast}({m}, {x}.dtype)", cast=cast, m=unbracketed(mask), x=value)
            return unsafe("Cast the mask to a float", Replace(mask, new))
    return None


def _does_as_float(site: Site, use: cst.BaseExpression) -> bool:
    """Whether a float does where a condition is read: as the target, or where its shape or dtype is looked at."""
    holder = site.holder(use)
    if isinstance(holder, cst.Attribute):
        return holder.attr.value in {"dtype", "shape"}
    return isinstance(holder, cst.Call) and called(holder) in GRADIENTS


def _cast_of(site: Site, node: cst.BaseExpression) -> cst.Call | None:
    """The ``tf.cast`` to a float that a value goes into at once."""
    cast = site.holder(node)
    if isinstance(cast, cst.Call) and dotted(cast.func) in {"float", "bool"} and only(cast, 1) == [node]:
        return cast
    if (
        not isinstance(cast, cst.Call)
        or called(cast) != "cast"
        or len(cast.args) != 2
        or cast.args[0].value is not node
    ):
        return None
    dtype = cast.args[1].value
    return cast if "float32" in (last_name(dtype), string_value(dtype)) else None
