"""GT901 invalid-suppression."""

from __future__ import annotations

from gradlint.rule import Example, Rule


class InvalidSuppression(Rule):
    """A suppression comment is malformed.

    ## What it does
    Reports `# gradlint: ignore GT201`, `ignore(GT201)`, `ignore: GT201`, `ignore[GT201` and the like, an unknown word
    (`# gradlint: ingore[GT201]`), and `# noqa GT201`. Anything in it that looks like codes or names means those rules,
    never every rule.

    ## Why the gradient is lost
    Nothing is lost. A reader may think that such a comment suppresses everything, or something other than it does, and
    so may another tool.

    ## How to get it back
    Write the codes or names in brackets, `# gradlint: ignore[GT201]`, or after a colon, `# noqa: GT201`; `gradlint
    --fix` does this.

    ## References
    - Introduction to gradients and automatic differentiation, *Getting a gradient of None*: https://www.tensorflow.org/guide/autodiff#getting_a_gradient_of_none
    """

    code = "GT901"
    name = "invalid-suppression"
    kinds = ()
    examples = (
        Example(
            title="the brackets are missing",
            broken="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_sum(w**2)
    norm = tf.reduce_sum(w * w)
    slope = tape.gradient(loss, w)  # gradlint: ignore GT402

print(slope, tape.gradient(norm, w))
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_sum(w**2)
    norm = tf.reduce_sum(w * w)
    slope = tape.gradient(loss, w)  # gradlint: ignore[GT402]

print(slope, tape.gradient(norm, w))
""",
            outcome=None,
        ),
        Example(
            title="a name in round brackets",
            broken="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_sum(w**2)
    norm = tf.reduce_sum(w * w)
    slope = tape.gradient(loss, w)  # gradlint: ignore(gradient-inside-the-tape) shown at once

print(slope, tape.gradient(norm, w))
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_sum(w**2)
    norm = tf.reduce_sum(w * w)
    slope = tape.gradient(loss, w)  # gradlint: ignore[gradient-inside-the-tape] shown at once

print(slope, tape.gradient(norm, w))
""",
            outcome=None,
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = w**2  # noqa: E501

print(tape.gradient(loss, w))
""",
        """\
# gradlint is run on this file before each commit
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = tf.sin(w)

print(tape.gradient(loss, w))
""",
    )
