"""GT503 none-applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._wording import at, code, name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim

CONSEQUENCES = {
    "apply": "raises {exception}",
    "some": "skips it with a warning",
    "arithmetic": "raises {exception}",
    "operation": "raises {exception}",
    "assign": "raises {exception}",
}
EXCEPTIONS = {"apply": "ValueError", "arithmetic": "TypeError", "operation": "ValueError", "assign": "ValueError"}


class NoneApplied(Rule):
    """A gradient that is known to be None goes into arithmetic or an optimizer.

    ## What it does
    Reports a gradient that is known to be None where it is used: in arithmetic, in a TensorFlow function, in
    `assign_sub`, in `apply_gradients`. It stands beside the finding that names the cause.

    ## Why the gradient is lost
    `0.1 * None` raises TypeError, and any TensorFlow operation on None raises ValueError, far from the line that lost
    the gradient. `apply_gradients` raises ValueError (`No gradients provided for any variable`) if all are None; if
    some are, it only warns and leaves those variables as they are.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Mend the cause. Where some gradients are rightly None, filter the pairs: `[(g, v) for g, v in pairs if g is not
    None]`.

    ## References
    - Introduction to gradients and automatic differentiation, *Getting a gradient of None*: https://www.tensorflow.org/guide/autodiff#getting_a_gradient_of_none
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    """

    code = "GT503"
    name = "none-applied"
    kinds = (Kind.NONE_APPLIED,)
    examples = (
        Example(
            title="an update by a gradient that is None",
            broken="""\
import tensorflow as tf

w = tf.Variable(2.0)
scale = tf.Variable(3.0)

with tf.GradientTape() as tape:
    loss = (w - 1.0) ** 2

d_scale = tape.gradient(loss, scale)
scale.assign_sub(0.1 * d_scale)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable(2.0)
scale = tf.Variable(3.0)

with tf.GradientTape() as tape:
    loss = (scale * w - 1.0) ** 2

d_scale = tape.gradient(loss, scale)
scale.assign_sub(0.1 * d_scale)
""",
            outcome=None,
            exception="TypeError",
        ),
        Example(
            title="an optimizer that gets nothing",
            broken="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.1)
x, y = tf.random.normal([4, 2]), tf.random.normal([4, 1])

with tf.GradientTape() as tape:
    prediction = model(x)
loss = tf.reduce_mean((prediction - y) ** 2)

gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
            fixed="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.1)
x, y = tf.random.normal([4, 2]), tf.random.normal([4, 1])

with tf.GradientTape() as tape:
    prediction = model(x)
    loss = tf.reduce_mean((prediction - y) ** 2)

gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
            outcome=None,
            exception="ValueError",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = w**2
gradient = tape.gradient(loss, w)
if gradient is not None:
    w.assign_sub(0.1 * gradient)
""",
        """\
import tensorflow as tf

variables = [tf.Variable(1.0), tf.Variable(2.0)]
with tf.GradientTape() as tape:
    loss = variables[0] * variables[1]
gradients = tape.gradient(loss, variables)
clipped, norm = tf.clip_by_global_norm(gradients, 1.0)
for gradient, variable in zip(clipped, variables):
    variable.assign_sub(gradient)
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``source``, ``call_line`` (of the gradient call), ``callee``, ``exception`` and ``reason``.

        Reasons: ``apply`` and ``some`` (all or some of the gradients given to an optimizer), ``arithmetic`` (Python's
        own), ``assign``, ``operation`` (a TensorFlow function).
        """
        reason = claim.detail.get("reason", "operation")
        exception = claim.detail.get("exception") or EXCEPTIONS.get(reason, "ValueError")
        consequence = CONSEQUENCES.get(reason, "raises {exception}").format(exception=exception)
        wrt = claim.detail.get("source")
        of = f" with respect to {code(wrt)}" if wrt else ""
        callee = name(claim, "callee", "this")
        subject = "Every gradient here" if reason == "apply" and not wrt else f"The gradient{of}"
        told = f"{subject} is None{at(claim, 'call_line')}, so {callee} {consequence}"
        return f"{told}; mend the gradient first."
