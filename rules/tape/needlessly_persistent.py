"""GT403 needlessly-persistent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import without_argument
from gradlint.nodes.walking import walk
from gradlint.rule import Message, Replace, Rule, cst, safe

from .._wording import named

if TYPE_CHECKING:
    from gradlint.flow.causes import AskedOnce
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class NeedlesslyPersistent(Rule):
    """A persistent tape with only one gradient call, or one that is kept alive in a long loop.

    ## What it does
    Reports `persistent=True` on a tape with only one gradient call, and a persistent tape that is kept alive throughout
    a long loop.

    ## Why the gradient is lost
    Nothing is lost. A persistent tape keeps every intermediate value until the tape itself is gone, so the memory of a
    whole forward pass stays occupied; a tape that is not persistent frees it when its gradient is taken.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Drop `persistent=True`, or `del tape` after the last gradient.

    ## References
    - Introduction to gradients and automatic differentiation, *Intermediate results*: https://www.tensorflow.org/guide/autodiff#intermediate_results
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT403"
    name = "needlessly-persistent"
    kinds = (Kind.NEEDLESSLY_PERSISTENT,)
    severity = "info"
    default = False

    def message(self, claim: Claim[AskedOnce]) -> Message:
        """Names the tape."""
        headline = f"{named(claim.cause.tape, 'The tape')} is persistent but asked only once"
        return Message(headline, "it keeps its memory for nothing", "drop persistent=True")

    def fix(self, claim: Claim[AskedOnce], site: Site) -> Proposal | None:
        """``persistent=True`` dropped: safe, since the tape is asked once."""
        node = site.node or site.program.innermost(claim.span)
        calls = () if node is None else [one for one in walk(node) if isinstance(one, cst.Call) and site.is_tape(one)]
        if not calls:
            return None
        made = calls[0]
        for one in made.args:
            if (one.keyword is None and len(made.args) == 1) or (one.keyword and one.keyword.value == "persistent"):
                return safe("Drop persistent=True", Replace(made, without_argument(made, one)))
        return None
