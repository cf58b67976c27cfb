"""GT505 update-rebinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Message, Rule, safe, unsafe

from .._fixing.updates import assigned_in_place
from .._wording import at, effect, named

if TYPE_CHECKING:
    from gradlint.flow.causes import ReboundByUpdate
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class UpdateRebinds(Rule):
    """A training step rebinds the Variable's name to a Tensor, so the next step has no Variable.

    ## What it does
    Reports a training step that rebinds the Variable's name: `w = w - lr * g`, `keras_variable -= g`, `w -= lr * g` on
    a `tf.Variable` (which raises), `w = tf.Variable(w - lr * g)` in each step.

    ## Why the gradient is lost
    Arithmetic gives a Tensor, and the name then refers to the Tensor: the next tape does not watch it, and the next
    gradient is None. On a Keras variable, `-=` silently does the same, and the layer keeps a plain Tensor as its
    weight. On a `tf.Variable`, `-=` raises RuntimeError. A new Variable in each step has a gradient, but an optimizer
    built for the old one refuses it.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Update in place: `w.assign_sub(lr * g)`, or `optimizer.apply_gradients([(g, w)])`.

    ## References
    - Introduction to gradients and automatic differentiation, *Replaced a variable with a tensor*: https://www.tensorflow.org/guide/autodiff#1_replaced_a_variable_with_a_tensor
    - Introduction to Variables: https://www.tensorflow.org/guide/variable
    """

    code = "GT505"
    name = "update-rebinds"
    kinds = (Kind.UPDATE_REBINDS,)

    def message(self, claim: Claim[ReboundByUpdate]) -> Message:
        """Names the name, and where its Variable is made."""
        if claim.cause.augmented:
            headline = "A tf.Variable does not support augmented assignment"
            return Message(headline, f"this raises {claim.exception}", "use `assign_sub`")
        variable = named(claim.cause.variable, "the name")
        why = f"and the Variable{at(claim, claim.cause.made)} is gone"
        return Message(f"This update binds {variable} to a Tensor", effect(claim), "use `assign_sub`", why)

    def fix(self, claim: Claim[ReboundByUpdate], site: Site) -> Proposal | None:
        """The update written as ``assign_sub`` or the like: safe where the name always holds a Variable there."""
        changes = None if site.statement is None else assigned_in_place(site, site.statement)
        if changes is None:
            return None
        return (safe if claim.severity == "error" else unsafe)("Change the Variable's value in place", *changes)
