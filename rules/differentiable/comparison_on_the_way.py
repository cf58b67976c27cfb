"""GT304 comparison-on-the-way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, last_name, single_target, string_value
from gradlint.rule import Message, Replace, Rule, cst, unsafe

from .._fixing.soft import step_of
from .._wording import effect, named

if TYPE_CHECKING:
    from gradlint.flow.causes import Compared
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class ComparisonOnTheWay(Rule):
    """A comparison or a logical operation on the way.

    ## What it does
    Reports a comparison (`>`, `==`, `tf.equal`, `tf.greater`, ...) or a logical operation on the way, whose result is
    then cast and counted; and a float Tensor times a bool Tensor.

    ## Why the gradient is lost
    A comparison gives true or false, which has no derivative: its cast to a float is a constant to the tape. Thus an
    accuracy, a count or a hit rate cannot be a loss. A float Tensor times a bool Tensor is a logical and: it gives a
    bool without an error. As a mask on another, connected value a comparison is harmless.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use a smooth function of the difference: `tf.sigmoid(k * (x - threshold))`, a hinge, a cross-entropy in place of the
    accuracy. Cast a mask to a float before multiplying with it.

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
        """A sigmoid in the place of a comparison that is cast to a float: unsafe, since its value is no step any more.

        None where the same call asks for a source that is not lost, for its gradient would become another one.
        """
        node = site.node
        step = None if node is None else step_of(site, node)
        if node is None or step is None or not site.asked_alone:
            return None
        cast = _cast_of(site, node)
        if cast is not None:
            return unsafe("Use a sigmoid", Replace(cast, step[0]))
        name = dotted(single_target(site.parent(node)))
        if name is None or len(site.bindings(name, node)) != 1:
            return None
        casts = {use: _cast_of(site, use) for use in site.uses_here(name, node)}
        found = [Replace(cast, use) for use, cast in casts.items() if cast is not None]
        if not casts or len(found) != len(casts):
            return None
        return unsafe("Use a sigmoid", Replace(node, step[0]), *found)


def _cast_of(site: Site, node: cst.BaseExpression) -> cst.Call | None:
    """The ``tf.cast`` to a float that a value goes into at once."""
    cast = site.holder(node)
    if (
        not isinstance(cast, cst.Call)
        or called(cast) != "cast"
        or len(cast.args) != 2
        or cast.args[0].value is not node
    ):
        return None
    dtype = cast.args[1].value
    return cast if "float32" in (last_name(dtype), string_value(dtype)) else None
