"""GT302 no-registered-gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.numpy_calls import applied
from gradlint.nodes.roundtrips import itself
from gradlint.rule import Message, Replace, Rule, cst, unsafe

from .._wording import code, effect, named
from ._formulas import formula

if TYPE_CHECKING:
    from gradlint.flow.causes import NoGradient
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class NoRegisteredGradient(Rule):
    """An operation on floats for which TensorFlow has no gradient registered.

    ## What it does
    Reports a float operation on the way to the target for which TensorFlow has no gradient registered, such as those
    behind `tf.image.adjust_contrast`, `tf.image.adjust_hue` or `tf.image.adjust_saturation`.

    ## Why the gradient is lost
    TensorFlow does not know whether the derivative is missing or zero, and raises LookupError (`gradient registry has
    no entry for: AdjustContrastv2`). It raises whenever the operation lies between the target and any watched value,
    even if the requested source is not involved. In a `tf.function` it raises at the call, not at the gradient.
    `tf.py_function` passes a gradient, but answers once: `tape.jacobian` through it raises UnknownError.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Write the function with operations that have a gradient (contrast is `(image - mean) * factor + mean`), register one
    with `tf.custom_gradient`, or keep such preprocessing outside the tape.

    ## References
    - Introduction to gradients and automatic differentiation, *No gradient registered*: https://www.tensorflow.org/guide/autodiff#no_gradient_registered
    - `tf.custom_gradient`: https://www.tensorflow.org/api_docs/python/tf/custom_gradient
    """

    code = "GT302"
    name = "no-registered-gradient"
    kinds = (Kind.NO_GRADIENT,)

    def message(self, claim: Claim[NoGradient]) -> Message:
        """Names the operation, and the function that uses it."""
        op, callee, lost = claim.cause.op, claim.cause.callee, effect(claim)
        if claim.cause.custom == "count":
            headline = f"{named(callee, 'The custom gradient')} does not return one gradient for each argument"
            return Message(headline, lost, "return as many gradients as there are arguments")
        if claim.cause.custom == "alone":
            headline = f"{named(callee, 'The custom gradient')} returns nothing for the Variables it uses"
            return Message(headline, lost, "return the arguments' gradients and a list of the Variables'")
        if claim.cause.custom == "variables":
            headline, why = (
                f"{named(callee, 'The custom gradient')} uses a Variable",
                "and its gradient takes no `variables`",
            )
            return Message(headline, lost, "add `variables=None` and return their gradients too", why)
        if claim.cause.custom == "rows":
            headline = f"{named(callee, 'A Python function')} has a gradient but no Jacobian"
            return Message(headline, lost, "use TensorFlow's functions in its place")
        why = f"and {code(callee)} uses it" if callee and op else ""
        headline = f"TensorFlow has no gradient registered for {named(op or callee, 'this operation')}"
        return Message(headline, lost, "use operations that have one", why)

    def fix(self, claim: Claim[NoGradient], site: Site) -> Proposal | None:
        """The formula of the function, or an option of it that has a gradient.

        Unsafe: the formula of the contrast takes float images as they are, a saturation taken from the grey image
        differs a little from the one taken from HSV, and so does a filter.
        """
        node = site.node
        whole = itself(site, node)
        if whole is not None:
            return unsafe("Use the Tensor itself", whole)
        if isinstance(node, cst.Call) and claim.cause.custom == "rows":
            new = applied(site, node)
            return None if new is None else unsafe("Call it with TensorFlow", Replace(node, new))
        return formula(site, node, claim.cause.canonical) if isinstance(node, cst.Call) else None
