"""GT307 unconnected-source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import dotted, elements, keywords, last_name, only, single_target
from gradlint.rule import Message, Replace, Rule, cst, safe, unsafe

from .._fixing.dropping import without_sources
from .._fixing.submodel import from_one_call
from .._wording import call, effect, source, sources, target, them

if TYPE_CHECKING:
    from gradlint.flow.causes import Unconnected
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site


class UnconnectedSource(Rule):
    """The target is not computed from this source at all.

    ## What it does
    Reports a source that the target is not computed from at all: an unused Variable, another model's variables, a
    branch that was not taken, target and source swapped in the call, the second derivative of something linear.

    ## Why the gradient is lost
    The tape walks back from the target. A source that is on none of the recorded paths gets None instead of zero:
    TensorFlow distinguishes *not connected* from *connected with slope zero*.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Compute the target from the source, or do not ask for it. The order is `tape.gradient(target, sources)`. If zero is
    intended, pass `unconnected_gradients=tf.UnconnectedGradients.ZERO`.

    ## References
    - Introduction to gradients and automatic differentiation, *Zeros instead of None*: https://www.tensorflow.org/guide/autodiff#zeros_instead_of_none
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    """

    code = "GT307"
    name = "unconnected-source"
    kinds = (Kind.UNCONNECTED,)

    def message(self, claim: Claim[Unconnected]) -> Message:
        """Names the target and the source."""
        why, named = claim.cause.why, sources(claim)
        if why == "swapped":
            computed = f"and {source(claim)} is computed from {target(claim)}"
            headline = f"{call(claim)} takes the target first"
            return Message(headline, effect(claim), "swap the two arguments", computed)
        lost = effect(claim, named=True)
        if why == "linear":
            headline, linear = (
                f"{target(claim)} does not depend on {named}",
                "since what was differentiated is linear in it",
            )
            return Message(headline, lost, "pass unconnected_gradients='zero' if zero is meant", linear)
        if why == "custom-gradient":
            return Message(f"The custom gradient returns None for {named}", lost, "return its derivative")
        cure = f"use {them(claim)} in the computation, or do not ask for {them(claim)}"
        return Message(f"{target(claim, 'The target')} is not computed from {named}", lost, cure)

    def fix(self, claim: Claim[Unconnected], site: Site) -> Proposal | None:
        """Target and source swapped where they changed places: safe, since the gradient was None.

        A source among others is not asked for any more, nor updated: unsafe, since it may be the computation that
        lacks it. A layer's output from another call of the model is taken from the same one, which is safe.
        """
        if claim.cause.why != "swapped":
            return without_sources(site) or from_one_call(site) or _other_loss(site)
        changes: dict[cst.CSTNode, Change] = {}
        for _, asked in site.calls:
            pair = only(asked, 2) or list(keywords(asked).values())
            if len(pair) != 2 or isinstance(pair[1], (cst.List, cst.Tuple, cst.Dict)):
                return None
            target, source = pair
            listed = elements(target)
            new_source = target if listed is None else listed[0] if len(listed) == 1 else None
            if new_source is None:
                return None
            changes |= {target: Replace(target, source), source: Replace(source, new_source)}
        return safe("Swap target and source", *changes.values()) if changes else None


def _other_loss(site: Site) -> Proposal | None:
    """The one other loss that the block computes asked for; that it is computed from the sources is proved."""
    call = site.calls[0][1] if len({one for _, one in site.calls}) == 1 else None
    block, given = (None, None) if call is None else (site.block(call), only(call, 2))
    if block is None or given is None or not last_name(given[0]).endswith("loss") or not site.asked_alone:
        return None
    made = [dotted(single_target(one)) or "" for one in site.body(block)]
    others = {name for name in made if name.endswith("loss") and name != dotted(given[0])}
    if len(others) != 1:
        return None
    return unsafe("Ask for the loss that is computed from them", Replace(given[0], cst.Name(others.pop())))
