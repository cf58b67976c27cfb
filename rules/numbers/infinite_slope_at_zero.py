"""GT602 infinite-slope-at-zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._wording import code, name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class InfiniteSlopeAtZero(Rule):
    """The slope of sqrt, norm or a power below one is infinite at zero.

    ## What it does
    Reports `tf.sqrt`, `tf.norm`, a power below one or a standard deviation of something that can be zero, such as a sum
    of squares.

    ## Why the gradient is lost
    The slope of the square root is 1 / (2 sqrt(x)): infinite at zero. A norm of a zero vector, the distance of a point
    to itself and the deviation of equal values meet exactly this; the gradient is infinite, or NaN as soon as it is
    multiplied by zero. The value itself looks right.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Add a small epsilon inside the root: `tf.sqrt(tf.reduce_sum(d**2) + 1e-12)`. Outside of it an epsilon does not help.
    For a loss use the squared norm.

    ## References
    - `tf.norm`: https://www.tensorflow.org/api_docs/python/tf/norm
    - `tf.math.sqrt`: https://www.tensorflow.org/api_docs/python/tf/math/sqrt
    """

    code = "GT602"
    name = "infinite-slope-at-zero"
    kinds = (Kind.INFINITE_SLOPE,)
    examples = (
        Example(
            title="the distance of two equal points",
            broken="""\
import tensorflow as tf

a = tf.Variable([1.0, 2.0])
b = tf.constant([1.0, 2.0])

with tf.GradientTape() as tape:
    distance = tf.sqrt(tf.reduce_sum((a - b) ** 2))

gradient = tape.gradient(distance, a)
""",
            fixed="""\
import tensorflow as tf

a = tf.Variable([1.0, 2.0])
b = tf.constant([1.0, 2.5])

with tf.GradientTape() as tape:
    distance = tf.sqrt(tf.reduce_sum((a - b) ** 2) + 1e-12)

gradient = tape.gradient(distance, a)
""",
            outcome="nan",
        ),
        Example(
            title="the norm of a displacement that starts at zero",
            broken="""\
import tensorflow as tf

displacement = tf.Variable(tf.zeros([3]))


def energy(u, stiffness=2.0):
    length = tf.norm(u)
    return 0.5 * stiffness * (length - 1.0) ** 2


with tf.GradientTape() as tape:
    loss = energy(displacement)

force = tape.gradient(loss, displacement)
""",
            fixed="""\
import tensorflow as tf

displacement = tf.Variable(0.1 * tf.ones([3]))


def energy(u, stiffness=2.0):
    length = tf.sqrt(tf.reduce_sum(u**2) + 1e-12)
    return 0.5 * stiffness * (length - 1.0) ** 2


with tf.GradientTape() as tape:
    loss = energy(displacement)

force = tape.gradient(loss, displacement)
""",
            outcome="nan",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable([3.0, 4.0])
with tf.GradientTape() as tape:
    length = tf.sqrt(tf.reduce_sum(w**2) + 1e-8)

print(tape.gradient(length, w))
""",
        """\
import tensorflow as tf

w = tf.Variable([3.0, 4.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.sqrt(tf.nn.softplus(w))) + tf.reduce_sum(w**2)

print(tape.gradient(loss, w))
""",
    )
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``variable`` (its argument), ``replacement`` and ``reason`` (``division``, ``log``)."""
        callee = name(claim, "callee", "This")
        variable = claim.detail.get("variable")
        argument = code(variable) if variable else "its argument"
        cure = use(claim, "add a small epsilon inside")
        return f"{callee} has an infinite slope where {argument} is 0{so(claim, nan='infinite or NaN')}; {cure}."
