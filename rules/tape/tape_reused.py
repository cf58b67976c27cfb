"""GT401 tape-reused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._wording import at, call, code, way

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class TapeReused(Rule):
    """A tape is asked that has no recording left, or never had one.

    ## What it does
    Reports a second gradient call on one recording of a tape that is not persistent, and a gradient call on a tape that
    was never entered.

    ## Why the gradient is lost
    A tape that is not persistent frees what it recorded at its first `gradient`, `jacobian` or `batch_jacobian`, even
    if that gave None. The next one raises RuntimeError (`A non-persistent GradientTape can only be used to compute one
    set of gradients`). Entering the tape again starts a new recording, so one call after each block is right. A tape
    that was never entered has no recording and raises too.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Ask once for a list of sources: `tape.gradient(y, [a, b])`. For several targets make the tape with `persistent=True`
    and `del tape` after the last call.

    ## References
    - Introduction to gradients and automatic differentiation, *Intermediate results*: https://www.tensorflow.org/guide/autodiff#intermediate_results
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT401"
    name = "tape-reused"
    kinds = (Kind.TAPE_REUSED,)
    examples = (
        Example(
            title="two derivatives of one tape",
            broken="""\
import tensorflow as tf

x = tf.constant([1.0, 3.0])

with tf.GradientTape() as tape:
    tape.watch(x)
    y = x * x
    z = y * y

dz_dx = tape.gradient(z, x)
dy_dx = tape.gradient(y, x)
""",
            fixed="""\
import tensorflow as tf

x = tf.constant([1.0, 3.0])

with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    y = x * x
    z = y * y

dz_dx = tape.gradient(z, x)
dy_dx = tape.gradient(y, x)
del tape
""",
            outcome="error",
            exception="RuntimeError",
        ),
        Example(
            title="two networks trained from one tape",
            broken="""\
import tensorflow as tf

generator = tf.Variable(tf.random.normal([2, 2]))
critic = tf.Variable(tf.random.normal([2, 1]))


def train_step(noise):
    with tf.GradientTape() as tape:
        score = tf.reduce_mean(tf.tanh(noise @ generator) @ critic)
    critic_gradient = tape.gradient(score, critic)
    generator_gradient = tape.gradient(score, generator)
    return critic_gradient, generator_gradient


gradients = train_step(tf.random.normal([4, 2]))
""",
            fixed="""\
import tensorflow as tf

generator = tf.Variable(tf.random.normal([2, 2]))
critic = tf.Variable(tf.random.normal([2, 1]))


def train_step(noise):
    with tf.GradientTape() as tape:
        score = tf.reduce_mean(tf.tanh(noise @ generator) @ critic)
    critic_gradient, generator_gradient = tape.gradient(score, [critic, generator])
    return critic_gradient, generator_gradient


gradients = train_step(tf.random.normal([4, 2]))
""",
            outcome="error",
            exception="RuntimeError",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(1.0)
tape = tf.GradientTape()
for step in range(3):
    with tape:
        loss = (w - float(step)) ** 2 + w
    print(tape.gradient(loss, w))
""",
        """\
import tensorflow as tf

x = tf.Variable(2.0)
y = tf.Variable(3.0)
with tf.GradientTape() as first, tf.GradientTape() as second:
    z = x**2 * y

print(first.gradient(z, x), second.gradient(z, y))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``tape``, ``first_call_line``, ``exception`` and ``reason``.

        Reasons: ``second-call``, ``never-entered``, ``other-tape`` (the ``with`` made another tape), ``jacobian``
        (without pfor it asks more than once).
        """
        tape = code(claim.detail.get("tape", "tape"))
        reason = claim.detail.get("reason")
        raises = f"{call(claim)} {self._raises(claim)}{way(claim)}"
        if reason == "other-tape":
            told = f"{tape} is not the tape that this `with` entered and has recorded nothing, so {raises}"
            return f"{told}; write `with ... as {tape[1:-1]}`."
        if reason == "never-entered":
            told = f"{tape} was never entered and has recorded nothing, so {raises}"
            return f"{told}; open it with `with tf.GradientTape() as {tape[1:-1]}`."
        if reason == "jacobian":
            told = f"Without pfor the Jacobian asks {tape} once a row, so {raises}"
            return f"{told}; make the tape with persistent=True."
        first = at(claim, "first_call_line")
        told = f"{tape} is not persistent and was used up by its first gradient{first}, so {raises}"
        return f"{told}; ask once with a list of sources, or set persistent=True."

    @staticmethod
    def _raises(claim: Claim) -> str:
        exception = claim.detail.get("exception") or next((lost.exception for lost in claim.gradients), None)
        certain = claim.severity == "error" or way(claim)
        return f"{'raises' if certain else 'can raise'} {exception or 'RuntimeError'}"
