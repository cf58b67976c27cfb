"""GT305 condition-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, is_number, only
from gradlint.rule import Message, Replace, Rule, expression, unsafe

from .._wording import effect, sources, target, them
from ._soft import step_of

if TYPE_CHECKING:
    from gradlint.flow.causes import Steering
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


WHAT = {
    "branch": "which way the program takes",
    "element": "which element is taken",
    "side": "which side of `tf.where` is taken",
}


class ConditionOnly(Rule):
    """The source only decides which branch the program takes.

    ## What it does
    Reports a source that affects the target only through decisions: it controls an `if`, a `while`, `tf.cond` or the
    condition of `tf.where`, or picks an index, and no value is computed from it.

    ## Why the gradient is lost
    A tape records the operations of the branch that ran, not the decision. The target is a function of the values in
    the branch, and the source of the decision is not among them, so its gradient is None. The condition of `tf.where`
    gets no gradient either, while both of its sides do.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Compute the target from the source, or have the source blend the branches smoothly: `weight = tf.sigmoid(x); result
    = weight * a + (1 - weight) * b`.

    ## References
    - Introduction to gradients and automatic differentiation, *Control flow*: https://www.tensorflow.org/guide/autodiff#control_flow
    - `tf.where`: https://www.tensorflow.org/api_docs/python/tf/where
    """

    code = "GT305"
    name = "condition-only"
    kinds = (Kind.CONDITION,)

    def message(self, claim: Claim[Steering]) -> Message:
        """Names the source and what it decides."""
        what = WHAT[claim.cause.decides]
        decide = "decide" if them(claim) == "them" else "decides"
        headline = f"{sources(claim, 'The source')} only {decide} {what}"
        cure = f"compute {target(claim)} from {them(claim)}, or use a smooth weight"
        return Message(headline, effect(claim, named=True), cure)

    def fix(self, claim: Claim[Steering], site: Site) -> Proposal | None:
        """Both sides of a ``tf.where`` weighed by sigmoids: unsafe, since the value no longer jumps.

        None where the same call asks for a source that is not lost, for its gradient would become another one.
        """
        given = only(site.node, 3) if called(site.node) == "where" else None
        steps = None if given is None else step_of(site, given[0])
        if site.node is None or given is None or steps is None or not site.asked_alone:
            return None
        terms = [
            expression("{s} * {x}", s=step, x=side)
            for step, side in zip(steps, given[1:], strict=True)
            if not is_number(side, 0)
        ]
        if not terms or "\n" in site.text(site.node):
            return None
        whole = terms[0] if len(terms) == 1 else expression("{a} + {b}", a=terms[0], b=terms[1])
        return unsafe("Weigh both sides smoothly", Replace(site.node, whole))
