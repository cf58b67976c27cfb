"""GT501 swapped-zip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._wording import code, name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class SwappedZip(Rule):
    """`apply_gradients` gets variables before gradients, or no pairs at all.

    ## What it does
    Reports `apply_gradients` that gets (variable, gradient) pairs, no pairs at all, or a `zip` that was walked through
    before.

    ## Why the gradient is lost
    `apply_gradients` takes (gradient, variable) pairs. With the two swapped it raises AttributeError on the first
    Tensor (`no attribute '_unique_id'`); with a plain list of gradients TypeError; with a `zip` that a loop has used up
    ValueError, for no pair is left.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Write `optimizer.apply_gradients(zip(gradients, variables))`. Make a list of the pairs if they are to be walked
    through first.

    ## References
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    - `tf.keras.optimizers.Optimizer`: https://www.tensorflow.org/api_docs/python/tf/keras/optimizers/Optimizer
    """

    code = "GT501"
    name = "swapped-zip"
    kinds = (Kind.SWAPPED_ZIP,)
    examples = (
        Example(
            title="variables before gradients",
            broken="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([3]), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.1)
x, y = tf.random.normal([8, 3]), tf.random.normal([8, 1])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)

gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(model.trainable_variables, gradients))
""",
            fixed="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([3]), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.1)
x, y = tf.random.normal([8, 3]), tf.random.normal([8, 1])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)

gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
            outcome=None,
            exception="AttributeError",
        ),
        Example(
            title="no zip at all",
            broken="""\
import tensorflow as tf

w = tf.Variable(2.0)
b = tf.Variable(0.5)
optimizer = tf.keras.optimizers.Adam(0.01)


def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = (w * x + b - y) ** 2
    gradients = tape.gradient(loss, [w, b])
    optimizer.apply_gradients(gradients)
    return loss


train_step(tf.constant(1.0), tf.constant(3.0))
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable(2.0)
b = tf.Variable(0.5)
optimizer = tf.keras.optimizers.Adam(0.01)


def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = (w * x + b - y) ** 2
    gradients = tape.gradient(loss, [w, b])
    optimizer.apply_gradients(zip(gradients, [w, b]))
    return loss


train_step(tf.constant(1.0), tf.constant(3.0))
""",
            outcome=None,
            exception="TypeError",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(2.0)
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = w**2
gradient = tape.gradient(loss, w)
optimizer.apply_gradients([(gradient, w)])
""",
        """\
import tensorflow as tf

variables = [tf.Variable(2.0), tf.Variable(1.0)]
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = variables[0] ** 2 * variables[1]
gradients = tape.gradient(loss, variables)
pairs = [(tf.clip_by_norm(g, 1.0), v) for v, g in zip(variables, gradients)]
optimizer.apply_gradients(pairs)
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``exception``, ``replacement``, ``reason``: ``swapped``, ``not-zipped``, ``consumed``."""
        callee = name(claim, "callee", "`apply_gradients`")
        reason = claim.detail.get("reason", "swapped")
        exception = claim.detail.get("exception")
        instead = claim.detail.get("replacement")
        if reason == "consumed":
            told = f"This `zip` was walked through before, so {callee} gets no pairs"
            return f"{told} and raises {exception or 'ValueError'}; make it a list, or zip anew."
        cure = f"write {code(instead, 60)}" if instead else "write `zip(gradients, variables)`"
        if reason == "not-zipped":
            return (
                f"{callee} takes pairs, and this is no list of them, so it raises {exception or 'TypeError'}; {cure}."
            )
        told = f"{callee} takes (gradient, variable) pairs, and these are the other way round"
        return f"{told}, so it raises {exception or 'AttributeError'}; {cure}."
