"""GT203 rewrapped-tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._wording import code, name, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class RewrappedTensor(Rule):
    """A new Variable or constant was made of the value, and it is a leaf of its own.

    ## What it does
    Reports `tf.Variable(t)`, `keras.Variable(t)`, `tf.constant(v)` of a Variable and `tf.constant(t.numpy())` on the
    way to the target.

    ## Why the gradient is lost
    A new Variable takes a copy of the value and none of its history; the tape watches the new Variable, not what it was
    made from. `tf.constant` of a Variable goes through NumPy and gives a constant. Of an eager Tensor `tf.constant` and
    `tf.convert_to_tensor` return the same object, and the gradient goes through.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use the Tensor itself where it is computed with. `tf.identity(t)` gives a copy that keeps the gradient. Make
    Variables before the tape, once.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through a stateful object*: https://www.tensorflow.org/guide/autodiff#4_took_gradients_through_a_stateful_object
    - Introduction to Variables: https://www.tensorflow.org/guide/variable
    """

    code = "GT203"
    name = "rewrapped-tensor"
    kinds = (Kind.REWRAPPED,)
    examples = (
        Example(
            title="a Variable made in the middle of the network",
            broken="""\
import tensorflow as tf

kernel = tf.Variable(tf.random.normal([3, 4]))
x = tf.random.normal([2, 3])

with tf.GradientTape() as tape:
    hidden = tf.Variable(tf.tanh(x @ kernel))
    loss = tf.reduce_sum(hidden**2)

gradient = tape.gradient(loss, kernel)
""",
            fixed="""\
import tensorflow as tf

kernel = tf.Variable(tf.random.normal([3, 4]))
x = tf.random.normal([2, 3])

with tf.GradientTape() as tape:
    hidden = tf.tanh(x @ kernel)
    loss = tf.reduce_sum(hidden**2)

gradient = tape.gradient(loss, kernel)
""",
            outcome="none",
        ),
        Example(
            title="a constant made of a Variable",
            broken="""\
import tensorflow as tf


class Ring:
    def __init__(self):
        self.radius = tf.Variable(2.0)

    def area(self):
        radius = tf.constant(self.radius)
        return 3.14159 * radius**2


ring = Ring()
with tf.GradientTape() as tape:
    area = ring.area()

gradient = tape.gradient(area, ring.radius)
""",
            fixed="""\
import tensorflow as tf


class Ring:
    def __init__(self):
        self.radius = tf.Variable(2.0)

    def area(self):
        radius = tf.convert_to_tensor(self.radius)
        return 3.14159 * radius**2


ring = Ring()
with tf.GradientTape() as tape:
    area = ring.area()

gradient = tape.gradient(area, ring.radius)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.constant([1.0, 2.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.reduce_sum(tf.constant(x) ** 2)

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

start = tf.random.normal([3])
w = tf.Variable(start)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.identity(w) ** 2)

print(tape.gradient(loss, w))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``replacement`` and ``variable`` (what was wrapped)."""
        callee = name(claim, "callee", "`tf.Variable`")
        wrapped = claim.detail.get("variable")
        told = f"{callee} copies the value{' of ' + code(wrapped) if wrapped else ''} into a new leaf without a history"
        instead = claim.detail.get("replacement") or wrapped
        return f"{told}{so(claim)}; use {code(instead, 60) if instead else 'the Tensor'} itself."
