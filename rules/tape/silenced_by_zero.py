"""GT405 silenced-by-zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._wording import several, sources, target, way

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class SilencedByZero(Rule):
    """unconnected_gradients=ZERO turns a gradient that is always lost into zeros.

    ## What it does
    Reports `unconnected_gradients=tf.UnconnectedGradients.ZERO` (or `"zero"`) where the gradient is lost on every way,
    so that the zeros never come from a derivative.

    ## Why the gradient is lost
    The option puts zeros in place of None. Where a source is sometimes connected, that is convenient; where it never
    is, the optimizer runs, nothing is learnt, and not even None tells so. On an unconnected Keras variable the option
    raises AttributeError.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Drop the option and mend the way to the source; gradlint then names the line that loses it. If zeros are meant,
    leave the source out and write them down.

    ## References
    - Introduction to gradients and automatic differentiation, *Zeros instead of None*: https://www.tensorflow.org/guide/autodiff#zeros_instead_of_none
    - `tf.UnconnectedGradients`: https://www.tensorflow.org/api_docs/python/tf/UnconnectedGradients
    """

    code = "GT405"
    name = "silenced-by-zero"
    kinds = (Kind.SILENCED,)
    examples = (
        Example(
            title="zeros for a weight that is not used",
            broken="""\
import tensorflow as tf

used = tf.Variable([0.5, 1.5])
unused = tf.Variable([1.0, 1.0])

with tf.GradientTape() as tape:
    loss = tf.reduce_sum(used**2)

print(tape.gradient(loss, unused, unconnected_gradients=tf.UnconnectedGradients.ZERO))
""",
            fixed="""\
import tensorflow as tf

used = tf.Variable([0.5, 1.5])
unused = tf.Variable([1.0, 1.0])

with tf.GradientTape() as tape:
    loss = tf.reduce_sum(used**2 * unused)

print(tape.gradient(loss, unused, unconnected_gradients=tf.UnconnectedGradients.ZERO))
""",
            outcome="zero",
        ),
        Example(
            title="a constant that nobody watches",
            broken="""\
import tensorflow as tf

w = tf.Variable([0.5, 0.5])
image = tf.constant([0.2, 0.8])


def sensitivity(pixels):
    with tf.GradientTape() as tape:
        score = tf.reduce_sum(w * pixels**2)
    return tape.gradient(score, pixels, unconnected_gradients="zero")


print(sensitivity(image))
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([0.5, 0.5])
image = tf.constant([0.2, 0.8])


def sensitivity(pixels):
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        score = tf.reduce_sum(w * pixels**2)
    return tape.gradient(score, pixels)


print(sensitivity(image))
""",
            outcome="zero",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = x**2

print(tape.gradient(y, x, unconnected_gradients=tf.UnconnectedGradients.ZERO))
""",
        """\
import tensorflow as tf

w = tf.Variable(1.0)
v = tf.Variable(2.0)
flag = tf.random.uniform([]) < 2.0
with tf.GradientTape() as tape:
    y = w * v if flag else w

print(tape.gradient(y, [w, v], unconnected_gradients="zero"))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``cause_line`` (where the way is lost) and ``exception`` (a Keras variable refuses the zeros)."""
        exception = claim.detail.get("exception") or next((lost.exception for lost in claim.gradients), None)
        line = claim.detail.get("cause_line")
        cure = f"mend line {line}" if line and line != str(claim.span.line) else "mend the way"
        told = f"{target(claim, 'The target')} is not connected to {sources(claim)}{way(claim)}"
        if exception:
            hides = f"`unconnected_gradients` raises {exception} for a Keras variable"
            return f"{told}, and {hides}; drop it and {cure}."
        lost = "gradients that are always None" if several(claim) else "a gradient that is always None"
        return f"{told}, and `unconnected_gradients` puts zeros for {lost}; drop it and {cure}."
