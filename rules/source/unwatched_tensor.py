"""GT102 unwatched-tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Message, Rule

from .._fixing.watching import watch_sources
from .._wording import effect, made, several, source, sources, watch

if TYPE_CHECKING:
    from gradlint.flow.causes import Unwatched
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


MADE = {
    "constant": "a constant Tensor",
    "computed": "a computed Tensor, not a Variable",
    "gradient": "a Tensor that a gradient call gave",
}


class UnwatchedTensor(Rule):
    """The source is a Tensor that no `watch` covers.

    ## What it does
    Reports a source that is a Tensor (a `tf.constant`, a batch of data, the result of an operation before the tape)
    when no `watch` on this tape covers that very object.

    ## Why the gradient is lost
    A tape records an operation only if one of its inputs is watched, and it automatically watches only trainable
    Variables. `watch` applies to the object, not the name: a new Tensor under the same name is not watched, nor is a
    Tensor that another tape watched or that was watched before `reset`.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Call `tape.watch(x)` as the first statement of the `with` block. If the value should be trained, make it a
    `tf.Variable`.

    ## References
    - Introduction to gradients and automatic differentiation, *Controlling what the tape watches*: https://www.tensorflow.org/guide/autodiff#controlling_what_the_tape_watches
    - `tf.GradientTape.watch`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#watch
    """

    code = "GT102"
    name = "unwatched-tensor"
    kinds = (Kind.UNWATCHED,)

    def message(self, claim: Claim[Unwatched]) -> Message:
        """Names the Tensor, what it is and where it is made."""
        lost, why = effect(claim, named=True), "and the tape does not watch it"
        if several(claim):
            headline = f"{sources(claim)} are Tensors that the tape does not watch"
            return Message(headline, lost, "watch them first in the block")
        headline = f"{source(claim)} is {MADE[claim.cause.made]}{made(claim)}"
        return Message(headline, lost, f"call {watch(claim)} first in the block", why)

    def fix(self, claim: Claim[Unwatched], site: Site) -> Proposal | None:
        """The sources watched first in the block: safe, since a watch changes no value."""
        return watch_sources(site)
