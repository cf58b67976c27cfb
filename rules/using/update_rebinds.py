"""GT505 update-rebinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal
from .._mending.site import Site
from .._mending.updates import assigned_in_place
from .._wording import at, name, so, source, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class UpdateRebinds(Rule):
    """A training step binds the Variable's name to a Tensor, so the next step has no Variable.

    ## What it does
    Reports a training step that binds the Variable's name anew: `w = w - lr * g`, `keras_variable -= g`, `w -= lr * g`
    on a `tf.Variable` (which raises), `w = tf.Variable(w - lr * g)` at each step.

    ## Why the gradient is lost
    Arithmetic gives a Tensor, and the name then stands for the Tensor: the next tape does not watch it and the next
    gradient is None. On a Keras variable `-=` does the same silently, and the layer keeps a plain Tensor as its weight.
    On a `tf.Variable` `-=` raises RuntimeError. A new Variable at each step has a gradient, but an optimizer built for
    the old one refuses it.

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
    examples = (
        Example(
            title="gradient descent by hand",
            broken="""\
import tensorflow as tf

w = tf.Variable(5.0)
learning_rate = 0.1

for step in range(10):
    with tf.GradientTape() as tape:
        loss = (w - 1.0) ** 2
    gradient = tape.gradient(loss, w)
    w = w - learning_rate * gradient
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable(5.0)
learning_rate = 0.1

for step in range(10):
    with tf.GradientTape() as tape:
        loss = (w - 1.0) ** 2
    gradient = tape.gradient(loss, w)
    w.assign_sub(learning_rate * gradient)
""",
            outcome=None,
            exception="TypeError",
        ),
        Example(
            title="a minus-equals on a Variable",
            broken="""\
import tensorflow as tf

w = tf.Variable([[1.0], [2.0]])
x = tf.constant([[1.0, 0.5]])


def step(rate):
    global w
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((x @ w) ** 2)
    w -= rate * tape.gradient(loss, w)
    return loss


step(0.1)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([[1.0], [2.0]])
x = tf.constant([[1.0, 0.5]])


def step(rate):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((x @ w) ** 2)
    w.assign_sub(rate * tape.gradient(loss, w))
    return loss


step(0.1)
""",
            outcome=None,
            exception="RuntimeError",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(5.0)
for step in range(2):
    with tf.GradientTape() as tape:
        loss = (w - 1.0) ** 2
    gradient = tape.gradient(loss, w)
    updated = w - 0.1 * gradient
    w.assign(updated)
""",
        """\
import tensorflow as tf

x = tf.constant(4.0)
for step in range(3):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = (x - 1.0) ** 2
    x = x - 0.1 * tape.gradient(y, x)
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``variable``, ``source_line`` (where it is made), ``replacement``, ``exception`` and ``reason``.

        Reasons: ``rebind``, ``augmented-variable`` (raises), ``augmented-keras-variable``, ``assign-result``,
        ``new-variable`` (another Variable at each step, which the optimizer does not know).
        """
        variable = name(claim, "variable", source(claim, "the name"))
        reason = claim.detail.get("reason")
        cure = use(claim, "use `assign_sub`")
        if reason == "augmented-variable":
            raises = f"raises {claim.detail.get('exception', 'RuntimeError')}"
            return f"A tf.Variable takes no augmented assignment, so this {raises}; {cure}."
        if reason == "new-variable":
            told = f"This makes a new Variable of {variable} at each step, which the optimizer does not know"
            return f"{told}{so(claim)}; {cure}."
        if reason == "assign-result":
            told = f"This binds {variable} to what the update returns instead of updating the Variable alone{so(claim)}"
            return f"{told}; call it without binding the name."
        told = f"This update binds {variable} to a Tensor and drops the Variable{at(claim, 'source_line')}"
        return f"{told}{so(claim)}; {cure}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The update written as ``assign_sub`` or the like: safe where the name always holds a Variable there."""
        site = Site(claim, module)
        statement = site.statement()
        edits = None if statement is None else assigned_in_place(site, statement)
        if edits is None:
            return None
        safe = claim.severity == "error" or claim.detail.get("reason") in {"augmented-variable", "assign-result"}
        return proposal("safe" if safe else "unsafe", "Change the Variable's value in place", *edits)
