"""GT900 unused-suppression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.rule import Example, Rule

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class UnusedSuppression(Rule):
    """A comment suppresses a finding that is not there.

    ## What it does
    Reports a `# gradlint: ignore[...]` or `# noqa: GT...` comment whose rule finds nothing on the line, or that names
    no rule.

    ## Why the gradient is lost
    Nothing is lost. A comment that suppresses nothing hides the next finding on its line, and makes the reader look for
    a danger that is not there.

    ## How to get it back
    Remove the comment, or the codes in it that suppress nothing; `gradlint --fix` does.

    ## References
    - Introduction to gradients and automatic differentiation, *Getting a gradient of None*: https://www.tensorflow.org/guide/autodiff#getting_a_gradient_of_none
    """

    code = "GT900"
    name = "unused-suppression"
    kinds = ()
    examples = (
        Example(
            title="the line was mended and the comment stayed",
            broken="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean(w**2)  # gradlint: ignore[GT201]

gradient = tape.gradient(loss, w)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean(w**2)

gradient = tape.gradient(loss, w)
""",
            outcome=None,
        ),
        Example(
            title="one of two codes is not needed",
            broken="""\
import tensorflow as tf

x = tf.constant([1.0, 2.0])

with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.reduce_sum(x**2)

gradient = tape.gradient(y, x)  # gradlint: ignore[GT102, GT307]
""",
            fixed="""\
import tensorflow as tf

x = tf.constant([1.0, 2.0])

with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.reduce_sum(x**2)

gradient = tape.gradient(y, x)
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
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = tf.sin(w)

print(tape.gradient(loss, w))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``reason``: the codes that the comment names and that found nothing on its line."""
        named = claim.detail.get("reason")
        return f"This suppresses {named or 'findings'}, and there is nothing to suppress; remove the comment."
