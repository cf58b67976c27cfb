"""GT302 no-registered-gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import dotted, keywords, only, string_value
from gradlint.rule import Message, Replace, Rule, cst, expression, unsafe

from .._wording import code, effect, named

if TYPE_CHECKING:
    from gradlint.flow.causes import NoGradient
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class NoRegisteredGradient(Rule):
    """An operation on floats for which TensorFlow has no gradient registered.

    ## What it does
    Reports a float operation on the way for which TensorFlow has no gradient registered, such as the ones behind
    `tf.image.adjust_contrast`, `tf.image.adjust_hue` or `tf.image.adjust_saturation`.

    ## Why the gradient is lost
    TensorFlow cannot tell whether the derivative is missing or zero, and raises LookupError (`gradient registry has no
    entry for: AdjustContrastv2`). It raises as soon as the operation lies between the target and any watched value,
    even if the source asked for does not depend on it. In a `tf.function` it raises at the call, not at the gradient.

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
            headline = f"{named(callee, 'The custom gradient')} returns fewer gradients than it takes arguments"
            return Message(headline, lost, "return one gradient for each argument")
        if claim.cause.custom == "variables":
            headline, why = (
                f"{named(callee, 'The custom gradient')} uses a Variable",
                "and its gradient takes no `variables`",
            )
            return Message(headline, lost, "add `variables=None` and return their gradients too", why)
        why = f"and {code(callee)} uses it" if callee and op else ""
        headline = f"TensorFlow has no gradient registered for {named(op or callee, 'this operation')}"
        return Message(headline, lost, "use operations that have one", why)

    def fix(self, claim: Claim[NoGradient], site: Site) -> Proposal | None:
        """The formula of a contrast or a saturation, or another filter for resizing by area.

        Unsafe: the formula of the contrast takes float images as they are, a saturation taken from the grey image
        differs a little from the one taken from HSV, and so does the filter. None where the program catches the error.
        """
        node = site.node
        caught = any(isinstance(one, cst.Try) and one.handlers for _, call in site.calls for one in site.above(call))
        if not isinstance(node, cst.Call) or caught:
            return None
        function = claim.cause.canonical.rpartition(".")[2]
        if function == "resize":
            return _filtered(keywords(node).get("method"))
        given = only(node, 2)
        if given is None or dotted(given[0]) is None or "\n" in site.text(given[1]):
            return None
        image, factor = given
        centre = _centre(site, node, function, image)
        if centre is None:
            return None
        formula = expression("{f} * {image} + (1.0 - {f}) * {centre}", f=factor, image=image, centre=centre)
        return unsafe("Write its formula", Replace(node, formula))


def _filtered(method: cst.BaseExpression | None) -> Proposal | None:
    """A filter that has a gradient in the place of the mean over an area."""
    if isinstance(method, cst.SimpleString) and string_value(method) == "area":
        filtered = cst.SimpleString(f"{method.quote}bilinear{method.quote}")
        return unsafe("Resize with a filter", Replace(method, filtered))
    if isinstance(method, cst.Attribute) and (dotted(method) or "").endswith("ResizeMethod.AREA"):
        return unsafe("Resize with a filter", Replace(method, method.with_changes(attr=cst.Name("BILINEAR"))))
    return None


def _centre(site: Site, node: cst.Call, function: str, image: cst.BaseExpression) -> cst.BaseExpression | None:
    """What an adjustment moves an image away from: its mean for the contrast, its grey for the saturation."""
    mean, grey = site.tensorflow("reduce_mean", node), site.tensorflow("image.rgb_to_grayscale", node)
    if function == "adjust_contrast" and mean is not None:
        return expression("{f}({x}, axis=[-3, -2], keepdims=True)", f=mean, x=image)
    if function == "adjust_saturation" and grey is not None:
        return expression("{f}({x})", f=grey, x=image)
    return None
