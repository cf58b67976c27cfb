"""GT406 tape-never-asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._wording import code

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class TapeNeverAsked(Rule):
    """A tape records and no gradient is ever asked of it.

    ## What it does
    Reports a tape that records a block and of which no gradient is ever asked, in a program where nothing else can ask
    it.

    ## Why the gradient is lost
    Nothing is lost, but nothing is gained: recording costs time and keeps every intermediate value in memory. Often the
    gradient was asked of another tape, or a forward pass was copied out of a training step.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Ask the tape for the gradient, or drop the `with`.

    ## References
    - Introduction to gradients and automatic differentiation, *Performance notes*: https://www.tensorflow.org/guide/autodiff#performance_notes
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT406"
    name = "tape-never-asked"
    kinds = (Kind.NEVER_ASKED,)
    examples = (
        Example(
            title="a validation step copied from training",
            broken="""\
import tensorflow as tf

w = tf.Variable([[1.0], [2.0]])
x = tf.constant([[1.0, 2.0]])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((x @ w) ** 2)
gradient = tape.gradient(loss, w)

with tf.GradientTape() as validation_tape:
    validation_loss = tf.reduce_mean((2.0 * x @ w) ** 2)
print(validation_loss)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([[1.0], [2.0]])
x = tf.constant([[1.0, 2.0]])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((x @ w) ** 2)
gradient = tape.gradient(loss, w)

validation_loss = tf.reduce_mean((2.0 * x @ w) ** 2)
print(validation_loss)
""",
            outcome=None,
        ),
        Example(
            title="an outer tape that nobody asks",
            broken="""\
import tensorflow as tf

x = tf.Variable([1.0, 2.0])


def slope(values):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(values**3)
        gradient = inner.gradient(y, values)
    return gradient


print(slope(x))
""",
            fixed="""\
import tensorflow as tf

x = tf.Variable([1.0, 2.0])


def slope(values):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(values**3)
    gradient = tape.gradient(y, values)
    return gradient


print(slope(x))
""",
            outcome=None,
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(2.0)


def record(compute):
    with tf.GradientTape() as tape:
        value = compute()
    return value, tape


loss, recorded = record(lambda: w**2)
print(recorded.gradient(loss, w))
""",
        """\
import tensorflow as tf

w = tf.Variable(2.0)
tape = tf.GradientTape()
with tape:
    loss = w**3

for _ in range(1):
    print(tape.gradient(loss, w))
""",
    )
    severity = "info"
    default = False

    def message(self, claim: Claim) -> str:
        """Reads ``tape``."""
        tape = claim.detail.get("tape")
        named = code(tape) if tape else "This tape"
        return f"{named} records, and no gradient is asked of it; ask for one, or drop the tape."
