"""GT404 lost-inner-gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import holds
from gradlint.nodes.moving import beside, moved_in_from_before, moved_in_from_behind
from gradlint.rule import Message, Rule, safe

from .._wording import code, effect

if TYPE_CHECKING:
    from gradlint.flow.causes import InnerGradient
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class LostInnerGradient(Rule):
    """The inner gradient of a second derivative was computed where the outer tape does not record.

    ## What it does
    Reports a second derivative whose first derivative was computed where the outer tape does not record: after the
    outer block, or after the one block of a persistent tape that is asked twice.

    ## Why the gradient is lost
    A gradient is itself a computation, and only a tape that records it can differentiate it. If `inner.gradient(...)`
    runs after the outer block has ended, the outer tape never sees it and gives None. This is the usual reason why a
    Hessian, a gradient penalty or the residual of a physics-informed network does not train.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Nest the tapes and take the inner gradient inside the outer block. With a Tensor as the source, watch it on both.

    ## References
    - Advanced automatic differentiation, *Higher-order gradients*: https://www.tensorflow.org/guide/advanced_autodiff#higher-order_gradients
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT404"
    name = "lost-inner-gradient"
    kinds = (Kind.INNER_GRADIENT,)

    def message(self, claim: Claim[InnerGradient]) -> Message:
        """Names the outer tape."""
        outer = claim.asked.tape if claim.asked is not None else ""
        tape = f"the tape {code(outer)}" if outer else "the outer tape"
        if outer and claim.cause.callee.startswith(f"{outer}.") and claim.cause.where != "before":
            headline, why = (
                f"The first gradient is computed after the block of {tape}",
                "and that tape did not record it",
            )
            return Message(headline, effect(claim), "nest two tapes instead", why)
        headline, why = (
            f"The inner gradient is computed outside the block of {tape}",
            "and that tape does not record it",
        )
        return Message(headline, effect(claim), "move it into the outer block", why)

    def fix(self, claim: Claim[InnerGradient], site: Site) -> Proposal | None:
        """The inner gradient call moved into the outer block: safe, since it only adds to what is recorded."""
        made, inner = site.statement, site.node
        if not site.calls or made is None:
            return None
        asked = site.calls[0][1]
        outer, tape = site.block(asked), site.tape(asked)
        if outer is None or tape is None:
            return None
        apart = inner is not None and site.scope(inner) is not site.scope(outer)
        same = inner is not None and site.tape(inner) == tape and not apart
        if same and holds(made, asked):
            return None
        changes = moved_in_from_behind(site, outer, made, None if same else tape)
        if changes is None and apart:
            changes = moved_in_from_before(site, outer, beside(site, outer, made))
        return None if changes is None else safe("Take the inner gradient in the outer block", *changes)
