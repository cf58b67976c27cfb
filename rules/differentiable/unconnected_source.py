"""GT307 unconnected-source."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.dropping import without_sources
from .._mending.edits import proposal, replace
from .._mending.site import Site
from .._mending.submodel import from_one_call
from .._wording import at, call, code, several, so, source, sources, target

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class UnconnectedSource(Rule):
    """The target is not computed from this source at all.

    ## What it does
    Reports a source that the target is not computed from at all: a Variable that is not used, another model's
    variables, a branch that was not taken, target and source swapped in the call, the second derivative of what is
    linear.

    ## Why the gradient is lost
    The tape walks back from the target. What lies on none of the ways that were recorded gets None, not zero:
    TensorFlow keeps *not connected* and *connected with slope zero* apart.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Compute the target from the source, or do not ask for it. The order is `tape.gradient(target, sources)`. Where zero
    is meant, pass `unconnected_gradients=tf.UnconnectedGradients.ZERO`.

    ## References
    - Introduction to gradients and automatic differentiation, *Zeros instead of None*: https://www.tensorflow.org/guide/autodiff#zeros_instead_of_none
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    """

    code = "GT307"
    name = "unconnected-source"
    kinds = (Kind.UNCONNECTED,)
    examples = (
        Example(
            title="a weight that the loss leaves out",
            broken="""\
import tensorflow as tf

price_weight = tf.Variable(0.5)
age_weight = tf.Variable(-0.1)
price, age = tf.constant(3.0), tf.constant(7.0)

with tf.GradientTape() as tape:
    rating = price_weight * price
    loss = (rating - 2.0) ** 2

d_price, d_age = tape.gradient(loss, [price_weight, age_weight])
""",
            fixed="""\
import tensorflow as tf

price_weight = tf.Variable(0.5)
age_weight = tf.Variable(-0.1)
price, age = tf.constant(3.0), tf.constant(7.0)

with tf.GradientTape() as tape:
    rating = price_weight * price + age_weight * age
    loss = (rating - 2.0) ** 2

d_price, d_age = tape.gradient(loss, [price_weight, age_weight])
""",
            outcome="none",
        ),
        Example(
            title="target and source swapped",
            broken="""\
import tensorflow as tf

theta = tf.Variable([0.1, 0.2])


def slope(x):
    with tf.GradientTape() as tape:
        error = tf.reduce_sum((theta * x - 1.0) ** 2)
    return tape.gradient(theta, error)


gradient = slope(tf.constant([1.0, 3.0]))
""",
            fixed="""\
import tensorflow as tf

theta = tf.Variable([0.1, 0.2])


def slope(x):
    with tf.GradientTape() as tape:
        error = tf.reduce_sum((theta * x - 1.0) ** 2)
    return tape.gradient(error, theta)


gradient = slope(tf.constant([1.0, 3.0]))
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = tf.square(w)
    z = y + 0.0 * w

print(tape.gradient(z, [w, y]))
""",
        """\
import tensorflow as tf

shared = tf.Variable(1.0)
heads = [tf.Variable(0.5), tf.Variable(-0.5)]
with tf.GradientTape() as tape:
    total = tf.add_n([shared * head**2 for head in heads])

print(tape.gradient(total, [shared, *heads]))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``variable`` (the model that was used), ``bound_line`` and ``reason``.

        Reasons: ``swapped`` (target and source changed places), ``linear`` (a second derivative of what is linear),
        ``other-model``, ``untaken-branch``, ``custom-gradient`` (the custom gradient returns None for it).
        """
        reason = claim.detail.get("reason")
        named = sources(claim)
        if reason == "swapped":
            told = f"{call(claim)} takes the target first, and {source(claim)} is computed from {target(claim)}"
            return f"{told}{so(claim)}; swap the two arguments."
        if reason == "linear":
            told = f"{target(claim)} does not depend on {named}, since what was differentiated is linear in it"
            return f"{told}{so(claim, named=True)}; pass unconnected_gradients='zero' if zero is meant."
        if reason == "other-model":
            used = claim.detail.get("variable")
            told = f"{target(claim)} is computed with {code(used) if used else 'another model'}, not with {named}"
            return f"{told}{so(claim, named=True)}; ask for the variables of the model that was called."
        if reason == "untaken-branch":
            told = f"{target(claim)} is computed in a branch that does not use {named}"
            return f"{told}{so(claim, named=True)}; ask only for what the branch uses."
        if reason == "custom-gradient":
            told = f"The custom gradient{at(claim, 'bound_line')} returns None for {named}"
            return f"{told}{so(claim, named=True)}; return its derivative."
        told = f"{target(claim, 'The target')} is not computed from {named}{so(claim, named=True)}"
        return f"{told}; use {'them' if several(claim) else 'it'} in the computation, or do not ask for it."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """Target and source swapped where they changed places: safe, since the gradient was None.

        A source among others is not asked for any more, nor updated: unsafe, since it may be the computation that
        lacks it. A layer's output from another call of the model is taken from the same one, which is safe.
        """
        site = Site(claim, module)
        if claim.detail.get("reason") != "swapped":
            return without_sources(site) or from_one_call(site)
        edits = []
        for _, asked in site.calls():
            values = asked.args if len(asked.args) == 2 else [one.value for one in asked.keywords]
            if len(values) != 2 or isinstance(values[1], (ast.List, ast.Tuple, ast.Dict)):
                return None
            one, other = values
            edits += [replace(one, site.text(other)), replace(other, site.text(one))]
        return proposal("safe", "Swap target and source", *dict.fromkeys(edits)) if edits else None
