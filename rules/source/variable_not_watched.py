"""GT104 variable-not-watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.watching import watch_sources
from .._wording import at, several, so, source, sources, watch

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class VariableNotWatched(Rule):
    """The tape has watch_accessed_variables=False and no `watch` covers this Variable.

    ## What it does
    Reports a Variable among the sources of a tape made with `watch_accessed_variables=False` when no `watch` covers it.

    ## Why the gradient is lost
    With this option the tape watches nothing by itself, Variables included. What is not watched is not recorded, and
    the gradient is None.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Call `tape.watch(v)` first in the block for each Variable whose gradient is asked for, or leave the option out.
    Keras variables are watched by their `value`: `tape.watch([v.value for v in layer.trainable_variables])`.

    ## References
    - Introduction to gradients and automatic differentiation, *Controlling what the tape watches*: https://www.tensorflow.org/guide/autodiff#controlling_what_the_tape_watches
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT104"
    name = "variable-not-watched"
    kinds = (Kind.NOT_ACCESSED,)
    examples = (
        Example(
            title="the gain watched and the offset forgotten",
            broken="""\
import tensorflow as tf

gain = tf.Variable(1.5)
offset = tf.Variable(0.2)
signal = tf.constant([0.3, 0.6, 0.9])

with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch(gain)
    amplified = gain * signal + offset
    power = tf.reduce_mean(amplified**2)

d_gain, d_offset = tape.gradient(power, [gain, offset])
""",
            fixed="""\
import tensorflow as tf

gain = tf.Variable(1.5)
offset = tf.Variable(0.2)
signal = tf.constant([0.3, 0.6, 0.9])

with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch([gain, offset])
    amplified = gain * signal + offset
    power = tf.reduce_mean(amplified**2)

d_gain, d_offset = tape.gradient(power, [gain, offset])
""",
            outcome="none",
        ),
        Example(
            title="the head of a network only",
            broken="""\
import tensorflow as tf

body = tf.Variable(tf.random.normal([4, 3]))
head = tf.Variable(tf.random.normal([3, 1]))


def head_gradient(inputs):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        loss = tf.reduce_mean((tf.tanh(inputs @ body) @ head) ** 2)
    return tape.gradient(loss, head)


gradient = head_gradient(tf.random.normal([8, 4]))
""",
            fixed="""\
import tensorflow as tf

body = tf.Variable(tf.random.normal([4, 3]))
head = tf.Variable(tf.random.normal([3, 1]))


def head_gradient(inputs):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(head)
        loss = tf.reduce_mean((tf.tanh(inputs @ body) @ head) ** 2)
    return tape.gradient(loss, head)


gradient = head_gradient(tf.random.normal([8, 4]))
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

kernel = tf.Variable(2.0)
x = tf.constant(3.0)
with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch(x)
    y = kernel * x**2

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

w = tf.Variable(1.0)
with tf.GradientTape(watch_accessed_variables=False) as tape:
    for variable in [w]:
        tape.watch(variable)
    y = tf.exp(w)

print(tape.gradient(y, w))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``bound_line`` (where the tape is made) and ``reason`` (``keras-variable``)."""
        lost = so(claim, named=True)
        told = (
            f"The tape{at(claim, 'bound_line')} has watch_accessed_variables=False and no `watch` of {sources(claim)}"
        )
        if several(claim):
            cure = "watch them first in the block"
        elif claim.detail.get("reason") == "keras-variable":
            cure = f"watch `{source(claim).strip('`')}.value`"
        else:
            cure = f"call {watch(claim)}"
        return f"{told}{lost}; {cure} or drop the option."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The Variables watched first in the block: safe, since a watch changes no value."""
        return watch_sources(claim, module, keras=claim.detail.get("reason") == "keras-variable")
