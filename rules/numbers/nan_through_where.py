"""GT601 nan-through-where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._wording import code, name, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class NanThroughWhere(Rule):
    """The side of `tf.where` that is not chosen makes the gradient NaN.

    ## What it does
    Reports a `tf.where` (or a mask that is multiplied in) whose sides compute a logarithm, a division, a power or an
    exponential of a value that the condition is there to guard against.

    ## Why the gradient is lost
    Both sides of `tf.where` are computed, and both are differentiated. The side that is not chosen gets an upstream
    gradient of zero, and zero times an infinite slope is NaN. The loss looks right; its gradient is NaN, and neither
    TensorFlow nor the optimizer says a word. `tf.sqrt` at zero is spared in eager mode and NaN under XLA.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Make the argument safe first: `safe = tf.where(x > 0, x, 1.0)`, then `tf.where(x > 0, tf.math.log(safe), 0.0)`. For
    quotients use `tf.math.divide_no_nan`.

    ## References
    - `tf.where`: https://www.tensorflow.org/api_docs/python/tf/where
    - `tf.math.divide_no_nan`: https://www.tensorflow.org/api_docs/python/tf/math/divide_no_nan
    """

    code = "GT601"
    name = "nan-through-where"
    kinds = (Kind.NAN_THROUGH_WHERE,)
    examples = (
        Example(
            title="a guarded logarithm",
            broken="""\
import tensorflow as tf

p = tf.Variable([0.0, 0.25, 0.75])

with tf.GradientTape() as tape:
    entropy = tf.where(p > 0.0, p * tf.math.log(p), tf.zeros_like(p))
    loss = -tf.reduce_sum(entropy)

gradient = tape.gradient(loss, p)
""",
            fixed="""\
import tensorflow as tf

p = tf.Variable([0.0, 0.25, 0.75])

with tf.GradientTape() as tape:
    safe = tf.where(p > 0.0, p, tf.ones_like(p))
    entropy = tf.where(p > 0.0, p * tf.math.log(safe), tf.zeros_like(p))
    loss = -tf.reduce_sum(entropy)

gradient = tape.gradient(loss, p)
""",
            outcome="nan",
        ),
        Example(
            title="a guarded division",
            broken="""\
import tensorflow as tf

x = tf.Variable([0.0, 1.0, 2.0])


def sinc(values):
    return tf.where(tf.equal(values, 0.0), 1.0, tf.sin(values) / values)


with tf.GradientTape() as tape:
    y = tf.reduce_sum(sinc(x))

gradient = tape.gradient(y, x)
""",
            fixed="""\
import tensorflow as tf

x = tf.Variable([0.0, 1.0, 2.0])


def sinc(values):
    safe = tf.where(tf.equal(values, 0.0), 1.0, values)
    return tf.where(tf.equal(values, 0.0), 1.0, tf.sin(safe) / safe)


with tf.GradientTape() as tape:
    y = tf.reduce_sum(sinc(x))

gradient = tape.gradient(y, x)
""",
            outcome="nan",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable([-1.0, 0.0, 2.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.where(x > 0.0, x, tf.exp(x) - 1.0))

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

x = tf.Variable([0.0, 4.0])
with tf.GradientTape() as tape:
    kept = tf.boolean_mask(x, x > 0.0)
    y = tf.reduce_sum(tf.math.log(kept))

print(tape.gradient(y, x))
""",
    )
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` (the dangerous function), ``variable`` (its argument), ``replacement``, ``reason``.

        Reasons: ``where``, ``mask`` (a mask is multiplied in), ``jit`` (NaN only where XLA compiles).
        """
        callee = name(claim, "callee", "this")
        variable = claim.detail.get("variable")
        reason = claim.detail.get("reason")
        hides = "A mask" if reason == "mask" else "`tf.where`"
        compiled = " when XLA compiles it" if reason == "jit" else ""
        told = f"{hides} hides the value of {callee} and not its infinite slope{so(claim)}{compiled}"
        safe = code(variable) if variable else "its argument"
        return f"{told}; make {safe} safe first, with a `tf.where` of its own."
