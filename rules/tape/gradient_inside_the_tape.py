"""GT402 gradient-inside-the-tape."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import alone, dedent, proposal, step_of
from .._mending.moving import LEAVING
from .._mending.site import Site
from .._wording import call, code

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class GradientInsideTheTape(Rule):
    """A persistent tape is differentiated inside its own block without need.

    ## What it does
    Reports a gradient that is asked of a persistent tape inside that tape's own block, when nothing in the block needs
    it there.

    ## Why the gradient is lost
    The gradient comes and is right. But the tape is still recording, so it records the operations of its own gradient:
    the call is slower, and the memory is kept until the tape is gone. TensorFlow logs a warning once. A higher
    derivative of the same tape needs exactly this, and is not reported.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Take the gradient after the block. Where it must stay inside, put it under `with tape.stop_recording():`.

    ## References
    - Advanced automatic differentiation, *Stop recording*: https://www.tensorflow.org/guide/advanced_autodiff#stop_recording
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT402"
    name = "gradient-inside-the-tape"
    kinds = (Kind.GRADIENT_INSIDE,)
    examples = (
        Example(
            title="the gradient taken while the tape records",
            broken="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_sum(w**2)
    energy = tf.reduce_sum(tf.sin(w))
    d_loss = tape.gradient(loss, w)

d_energy = tape.gradient(energy, w)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_sum(w**2)
    energy = tf.reduce_sum(tf.sin(w))

d_loss = tape.gradient(loss, w)
d_energy = tape.gradient(energy, w)
""",
            outcome=None,
        ),
        Example(
            title="an actor and a critic updated in the block",
            broken="""\
import tensorflow as tf

actor = tf.Variable([0.5, -0.5])
critic = tf.Variable([1.0, 1.0])


def update(state):
    with tf.GradientTape(persistent=True) as tape:
        value = tf.reduce_sum(critic * state)
        actor_loss = -tf.reduce_sum(actor * state) * tf.stop_gradient(value)
        actor_gradient = tape.gradient(actor_loss, actor)
        critic_loss = (value - 1.0) ** 2
    critic_gradient = tape.gradient(critic_loss, critic)
    return actor_gradient, critic_gradient


print(update(tf.constant([1.0, 2.0])))
""",
            fixed="""\
import tensorflow as tf

actor = tf.Variable([0.5, -0.5])
critic = tf.Variable([1.0, 1.0])


def update(state):
    with tf.GradientTape(persistent=True) as tape:
        value = tf.reduce_sum(critic * state)
        actor_loss = -tf.reduce_sum(actor * state) * tf.stop_gradient(value)
        critic_loss = (value - 1.0) ** 2
    actor_gradient = tape.gradient(actor_loss, actor)
    critic_gradient = tape.gradient(critic_loss, critic)
    return actor_gradient, critic_gradient


print(update(tf.constant([1.0, 2.0])))
""",
            outcome=None,
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable(3.0)
with tf.GradientTape(persistent=True) as tape:
    y = x**3
    dy_dx = tape.gradient(y, x)

print(tape.gradient(dy_dx, x))
""",
        """\
import tensorflow as tf

x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x**2
    gradient = tape.gradient(y, x)

print(gradient)
""",
    )
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``tape`` and ``method``."""
        tape = f"the persistent tape {code(claim.detail['tape'])}" if "tape" in claim.detail else "its persistent tape"
        told = f"{call(claim)} runs inside the block of {tape}, which records the gradient's own operations"
        return f"{told}: slow, and memory grows; move it after the block."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The call moved out of the block where it is the block's end: safe, since nothing after it was recorded."""
        site = Site(claim, module)
        statement = site.statement()
        block = None if statement is None else site.index.parents.get(statement)
        if statement is None or not isinstance(block, (ast.With, ast.AsyncWith)) or block.body[-1] is not statement:
            return None
        call = site.expression()
        plain = isinstance(call, ast.Call) and not any(
            isinstance(one, (ast.Call, ast.BinOp, ast.Subscript)) for part in call.args for one in ast.walk(part)
        )
        step = step_of(module, block)
        if (
            not plain
            or step is None
            or len(block.body) < 2
            or not alone(module, statement)
            or isinstance(statement, LEAVING)
        ):
            return None
        edits = dedent(module, statement.lineno, statement.end_lineno or statement.lineno, step)
        return None if not edits else proposal("safe", "Ask after the block", *edits)
