"""GT111 untracked-variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Message, Rule

from .._wording import call, named, source
from ._weights import as_weight

if TYPE_CHECKING:
    from gradlint.flow.causes import Untracked
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class UntrackedVariable(Rule):
    """A model holds a Variable that its `trainable_variables` omit, so it never trains.

    ## What it does
    Reports a `tf.Variable` in an attribute of a Keras layer or model, and a Keras layer in an attribute of a
    `tf.Module`, if the loss depends on it and gradients are only asked for `trainable_variables`. It does not report a
    Variable that the program assigns itself or asks for elsewhere.

    ## Why the gradient is lost
    Keras 3 tracks `keras.Variable` objects and Keras layers, but not a `tf.Variable`; a `tf.Module` tracks
    `tf.Variable` objects and other modules, but not a Keras layer. What is not tracked is not among the
    `trainable_variables`: no gradient is asked for it and no optimizer sees it. If nothing else is tracked, the list is
    empty, and `apply_gradients` raises ValueError. Keras 2 tracked them all, so programs written for it silently stop
    training.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    In a Keras layer or model, create the weight with `self.add_weight(...)`, or hold a `keras.Variable`. Instead of a
    `tf.Module` that holds Keras layers, write a `keras.Model`, or add the layers' own `trainable_variables`.

    ## References
    - Making new layers and models via subclassing: https://www.tensorflow.org/guide/keras/making_new_layers_and_models_via_subclassing
    - Introduction to modules, layers, and models: https://www.tensorflow.org/guide/intro_to_modules
    """

    code = "GT111"
    name = "untracked-variable"
    kinds = (Kind.UNTRACKED,)

    def message(self, claim: Claim[Untracked]) -> Message:
        """Names the variable and the list that leaves it out."""
        variable = named(claim.cause.variable, "This Variable")
        asked = source(claim, "the list of variables")
        if claim.cause.of_keras:
            headline = f"{variable} is a `tf.Variable`, which Keras 3 does not track"
            cure = "use `self.add_weight`"
        else:
            headline = f"{variable} is a Keras layer, which a `tf.Module` does not track"
            cure = "use a `keras.Model`, or add the layer's own variables"
        if claim.cause.empty:
            return Message(headline, f"{asked} is empty and {call(claim)} gives no gradient at all", cure)
        return Message(headline, f"{asked} leaves it out and it never trains", cure)

    def fix(self, claim: Claim[Untracked], site: Site) -> Proposal | None:
        """The Variable of a Keras layer made with ``add_weight``, by the initializer that fills it in the same way."""
        return as_weight(site, site.node) if claim.cause.of_keras else None
