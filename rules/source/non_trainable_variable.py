"""GT103 non-trainable-variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import dotted, is_constant, keywords
from gradlint.rule import Message, Replace, Rule, cst, unsafe

from .._fixing.watching import watch_sources
from .._wording import effect, made, several, source, sources, watch

if TYPE_CHECKING:
    from gradlint.flow.causes import NonTrainable
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site


WHY = {
    "moving-statistics": "holds moving statistics, which are not trainable",
    "seed-state": "is a random generator's state, which is not trainable",
}


class NonTrainableVariable(Rule):
    """The source is a Variable that is not trainable, which a tape does not watch automatically.

    ## What it does
    Reports a source that is a Variable with `trainable=False`, or a non-trainable Keras weight, when no `watch` covers
    it: the moving statistics of a BatchNormalization, a random generator's state, `add_weight(trainable=False)`.

    ## Why the gradient is lost
    Reading a Variable inside the tape watches it only if the Variable is trainable. A Variable made with
    `synchronization=ON_READ` counts as not trainable. Setting `trainable` later on a layer or on a Keras variable does
    not change what the tape watches: a frozen layer's `kernel` still gets its gradient.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Call `tape.watch(v)` first in the block, or remove `trainable=False`. For a Keras variable, watch its `value`. If
    `model.weights` is the source, ask for `model.trainable_variables` instead.

    ## References
    - Introduction to gradients and automatic differentiation, *Controlling what the tape watches*: https://www.tensorflow.org/guide/autodiff#controlling_what_the_tape_watches
    - Transfer learning and fine-tuning: https://www.tensorflow.org/guide/keras/transfer_learning
    """

    code = "GT103"
    name = "non-trainable-variable"
    kinds = (Kind.NON_TRAINABLE,)

    def message(self, claim: Claim[NonTrainable]) -> Message:
        """Names the Variable and what it is for; of Keras, only the ``value`` can be watched."""
        lost, of = effect(claim, named=True), claim.cause.of
        why = "and the tape does not watch it"
        if several(claim) and of in WHY:
            return Message(f"{sources(claim)} are not trainable", lost, "ask for `trainable_variables` instead")
        if several(claim):
            cure = "watch them first in the block, or make them trainable"
            why = "and the tape watches trainable Variables only"
            return Message(f"{sources(claim)} are not trainable", lost, cure, why)
        headline = f"{source(claim)} {WHY.get(of, f'has trainable=False{made(claim)}')}"
        if of in WHY:
            return Message(headline, lost, "ask for `trainable_variables` instead", why)
        if of == "keras-variable":
            return Message(headline, lost, "watch its `.value`, or make it trainable", why)
        return Message(headline, lost, f"call {watch(claim)}, or make it trainable", why)

    def fix(self, claim: Claim[NonTrainable], site: Site) -> Proposal | None:
        """The Variable watched, which is safe; where it cannot be, ``trainable=True``, which others may notice.

        Of an object's ``weights`` the trainable ones: unsafe, since the gradients are then fewer.
        """
        fewer = _trainable_ones(site)
        if fewer is not None:
            return fewer
        if claim.cause.of in WHY:
            return None
        return watch_sources(site, keras=claim.cause.of == "keras-variable") or _made_trainable(site)


def _made_trainable(site: Site) -> Proposal | None:
    changes: dict[cst.CSTNode, Change] = {}
    for lost, call in site.calls:
        found = site.definition(dotted(site.source(lost)), call)
        if found is None or not isinstance(found[1], cst.Call):
            return None
        trainable = keywords(found[1]).get("trainable")
        if trainable is not None and is_constant(trainable):
            changes[trainable] = Replace(trainable, cst.Name("True"))
    return unsafe("Make the Variable trainable", *changes.values()) if changes else None


TRAINABLE = {"weights": "trainable_weights", "variables": "trainable_variables"}


def _trainable_ones(site: Site) -> Proposal | None:
    """The trainable of an object's weights asked for, and taken wherever the same function goes through the list."""
    changes: dict[cst.CSTNode, Change] = {}
    for lost, call in site.calls:
        source = site.source(lost)
        instead = TRAINABLE.get(source.attr.value) if isinstance(source, cst.Attribute) else None
        if instead is None or dotted(source) is None:
            return None
        for use in site.uses_here(dotted(source), call):
            if isinstance(use, cst.Attribute):
                changes[use] = Replace(use, use.with_changes(attr=cst.Name(instead)))
    return unsafe("Ask for the trainable ones", *changes.values()) if changes else None
