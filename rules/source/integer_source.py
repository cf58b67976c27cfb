"""GT105 integer-source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._wording import at, code, several, so, source, sources

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class IntegerSource(Rule):
    """The source holds integers, bools or strings, and only floats have a gradient.

    ## What it does
    Reports a source of integer, bool or string dtype, and a `watch` of one. `tf.constant(10)`, `tf.Variable([1, 2, 3])`
    and `tf.range(3)` are integers; `tf.constant(10.0)` is a float.

    ## Why the gradient is lost
    A derivative needs a continuous value. TensorFlow differentiates floating and complex dtypes only: `watch` on an
    integer logs a warning, an integer Variable is not even warned of, and the gradient is None in both cases.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Write the literals as floats (`10.0`) or give a dtype (`dtype=tf.float32`) where the value is made. A cast inside
    the tape does not help the integer source: cast before the tape and watch the float.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through an integer or string*: https://www.tensorflow.org/guide/autodiff#3_took_gradients_through_an_integer_or_string
    - `tf.GradientTape.watch`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#watch
    """

    code = "GT105"
    name = "integer-source"
    kinds = (Kind.INTEGER_SOURCE,)
    examples = (
        Example(
            title="a watched integer constant",
            broken="""\
import tensorflow as tf

x = tf.constant(10)

with tf.GradientTape() as tape:
    tape.watch(x)
    y = x * x

print(tape.gradient(y, x))
""",
            fixed="""\
import tensorflow as tf

x = tf.constant(10.0)

with tf.GradientTape() as tape:
    tape.watch(x)
    y = x * x

print(tape.gradient(y, x))
""",
            outcome="none",
        ),
        Example(
            title="coefficients given as whole numbers",
            broken="""\
import tensorflow as tf

coefficients = tf.Variable([1, 2, 3])
x = tf.constant([0.5, 1.0, 2.0])

with tf.GradientTape() as tape:
    terms = tf.cast(coefficients, tf.float32) * x
    loss = tf.reduce_sum(terms**2)

gradient = tape.gradient(loss, coefficients)
""",
            fixed="""\
import tensorflow as tf

coefficients = tf.Variable([1.0, 2.0, 3.0])
x = tf.constant([0.5, 1.0, 2.0])

with tf.GradientTape() as tape:
    terms = coefficients * x
    loss = tf.reduce_sum(terms**2)

gradient = tape.gradient(loss, coefficients)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.constant([1, 3.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = x**2

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

labels = tf.constant([0, 2, 1])
logits = tf.Variable(tf.random.normal([3, 3]))
with tf.GradientTape() as tape:
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)

print(tape.gradient(loss, logits))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``dtype``, ``source_line``, ``replacement`` (a float literal or a dtype) and ``reason`` (``watch``)."""
        lost = so(claim, named=True)
        dtype = claim.detail.get("dtype", "int32")
        if several(claim):
            return f"{sources(claim)} hold no floats, and only floats have a gradient{lost}; give them a float dtype."
        named = source(claim)
        told = f"{named} has dtype {dtype}{at(claim, 'source_line')}, and only floats have a gradient{lost}"
        replacement = claim.detail.get("replacement")
        if replacement:
            return f"{told}; write {code(replacement, 60)}."
        if dtype in {"bool", "string"}:
            return f"{told}; ask for the float that it stands for."
        return f"{told}; make it a float where it is created."
