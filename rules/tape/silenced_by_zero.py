"""GT405 silenced-by-zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import without_argument
from gradlint.rule import Message, Replace, Rule, cst, line, unsafe

from .._wording import several, sources, target, way

if TYPE_CHECKING:
    from gradlint.flow.causes import Silenced
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class SilencedByZero(Rule):
    """unconnected_gradients=ZERO turns a gradient that is always lost into zeros.

    ## What it does
    Reports `unconnected_gradients=tf.UnconnectedGradients.ZERO` (or `"zero"`) where the gradient is lost on every path,
    so that the zeros never come from a derivative.

    ## Why the gradient is lost
    The option replaces None with zeros. If a source is sometimes connected, that is convenient; if it never is, the
    optimizer runs, nothing is learnt, and there is not even a None to show it. On an unconnected Keras variable the
    option raises AttributeError.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Drop the option and fix the path to the source; gradlint then names the line that loses it. If zeros are intended,
    leave the source out and write the zeros explicitly.

    ## References
    - Introduction to gradients and automatic differentiation, *Zeros instead of None*: https://www.tensorflow.org/guide/autodiff#zeros_instead_of_none
    - `tf.UnconnectedGradients`: https://www.tensorflow.org/api_docs/python/tf/UnconnectedGradients
    """

    code = "GT405"
    name = "silenced-by-zero"
    kinds = (Kind.SILENCED,)

    def message(self, claim: Claim[Silenced]) -> Message:
        """Names the target, the source and the line where the way is lost."""
        lost = claim.cause.lost
        cure = f"drop it and fix {line(lost.line)}" if lost is not None and lost.line != claim.span.line else ""
        cure = cure or "drop it and fix the way"
        headline = f"{target(claim, 'The target')} is not connected to {sources(claim)}{way(claim)}"
        if claim.exception:
            hides = f"`unconnected_gradients` raises {claim.exception} for a Keras variable"
            return Message(headline, hides, cure, joint=", and ")
        always = "gradients that are always None" if several(claim) else "a gradient that is always None"
        return Message(headline, f"`unconnected_gradients` puts zeros for {always}", cure, joint=", and ")

    def fix(self, claim: Claim[Silenced], site: Site) -> Proposal | None:
        """The option dropped, which leaves the cause to its own fix: unsafe, and only a step."""
        node = site.node
        options = node.args if isinstance(node, cst.Call) else ()
        gone = [one for one in options if one.keyword is not None and one.keyword.value == "unconnected_gradients"]
        if not isinstance(node, cst.Call) or len(gone) != 1:
            return None
        return unsafe("Drop the zeros", Replace(node, without_argument(node, gone[0])))
