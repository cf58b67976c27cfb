"""GT104 variable-not-watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Message, Rule

from .._fixing.watching import watch_sources
from .._wording import effect, several, source, sources, watch

if TYPE_CHECKING:
    from gradlint.flow.causes import NotAccessed
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class VariableNotWatched(Rule):
    """The tape has watch_accessed_variables=False and no `watch` covers this Variable.

    ## What it does
    Reports a Variable among the sources of a tape made with `watch_accessed_variables=False` when no `watch` covers it.

    ## Why the gradient is lost
    With this option the tape watches nothing automatically, Variables included. What is not watched is not recorded,
    and the gradient is None.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Call `tape.watch(v)` first in the block for each Variable whose gradient is asked for, or remove the option. Keras
    variables are watched through their `value`: `tape.watch([v.value for v in layer.trainable_variables])`.

    ## References
    - Introduction to gradients and automatic differentiation, *Controlling what the tape watches*: https://www.tensorflow.org/guide/autodiff#controlling_what_the_tape_watches
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT104"
    name = "variable-not-watched"
    kinds = (Kind.NOT_ACCESSED,)

    def message(self, claim: Claim[NotAccessed]) -> Message:
        """Names the Variables; of Keras, only the ``value`` can be watched."""
        why = "and the tape has watch_accessed_variables=False"
        headline = f"No `watch` covers {sources(claim)}"
        if several(claim):
            cure = "watch them first in the block"
        elif claim.cause.of_keras:
            cure = f"watch `{source(claim).strip('`')}.value`"
        else:
            cure = f"call {watch(claim)}"
        return Message(headline, effect(claim, named=True), f"{cure} or drop the option", why)

    def fix(self, claim: Claim[NotAccessed], site: Site) -> Proposal | None:
        """The Variables watched first in the block: safe, since a watch changes no value."""
        return watch_sources(site, keras=claim.cause.of_keras)
