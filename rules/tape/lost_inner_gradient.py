"""GT404 lost-inner-gradient."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal
from .._mending.moving import beside, moved_in_from_before, moved_in_from_behind
from .._mending.site import Site
from .._wording import code, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class LostInnerGradient(Rule):
    """The inner gradient of a second order was computed where the outer tape does not record.

    ## What it does
    Reports a second derivative whose first derivative was computed where the outer tape does not record: after the
    outer block, or after the one block of a persistent tape that is asked twice.

    ## Why the gradient is lost
    A gradient is itself a computation, and only a tape that records it can differentiate it. When `inner.gradient(...)`
    runs after the outer block has ended, the outer tape never saw it and gives None. This is the usual reason why a
    Hessian, a gradient penalty or the residual of a physics-informed network does not train.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Nest the tapes and take the inner gradient inside the outer block. With a Tensor as the source, watch it on both.

    ## References
    - Advanced automatic differentiation, *Higher-order gradients*: https://www.tensorflow.org/guide/advanced_autodiff#higher-order_gradients
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT404"
    name = "lost-inner-gradient"
    kinds = (Kind.INNER_GRADIENT,)
    examples = (
        Example(
            title="an acceleration by two tapes",
            broken="""\
import tensorflow as tf

t = tf.Variable(0.5)

with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        position = tf.exp(-t) * tf.sin(3.0 * t)
velocity = inner.gradient(position, t)

acceleration = outer.gradient(velocity, t)
""",
            fixed="""\
import tensorflow as tf

t = tf.Variable(0.5)

with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        position = tf.exp(-t) * tf.sin(3.0 * t)
    velocity = inner.gradient(position, t)

acceleration = outer.gradient(velocity, t)
""",
            outcome="none",
        ),
        Example(
            title="the residual of a differential equation",
            broken="""\
import tensorflow as tf

net = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(1)])
t = tf.random.uniform([16, 1])

with tf.GradientTape(persistent=True) as tape:
    tape.watch(t)
    u = net(t)

u_t = tape.gradient(u, t)
u_tt = tape.gradient(u_t, t)
del tape
""",
            fixed="""\
import tensorflow as tf

net = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(1)])
t = tf.random.uniform([16, 1])

with tf.GradientTape() as outer:
    outer.watch(t)
    with tf.GradientTape() as inner:
        inner.watch(t)
        u = net(t)
    u_t = inner.gradient(u, t)

u_tt = outer.gradient(u_t, t)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = tf.reduce_sum(x**3)
    gradient = inner.gradient(y, x)

print(outer.jacobian(gradient, x))
""",
        """\
import tensorflow as tf

kernel = tf.Variable(tf.random.normal([2, 4]))
x = tf.random.normal([8, 2])
with tf.GradientTape() as tape:
    with tf.GradientTape() as inner:
        inner.watch(x)
        score = tf.reduce_sum(tf.tanh(x @ kernel), axis=1)
    slope = inner.gradient(score, x)
    penalty = tf.reduce_mean(tf.reduce_sum(slope**2, axis=1))

print(tape.gradient(penalty, kernel))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``tape`` (the outer one), ``callee`` (the inner gradient call as it is written) and ``where``."""
        tape = f"the tape {code(claim.detail['tape'])}" if "tape" in claim.detail else "the outer tape"
        same = claim.detail.get("callee", "").startswith(f"{claim.detail.get('tape')}.")
        if same and claim.detail.get("where") != "before the tape":
            told = f"The first gradient is computed after the block of {tape}, which did not record it"
            return f"{told}{so(claim)}; nest two tapes instead."
        told = f"The inner gradient is computed outside the block of {tape}, which does not record it"
        return f"{told}{so(claim)}; move it into the outer block."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The inner gradient call moved into the outer block: safe, since it only adds to what is recorded."""
        site = Site(claim, module)
        calls, statement = site.calls(), site.statement()
        if not calls or statement is None or claim.detail.get("reason") == "inner-none":
            return None
        outer, tape = site.block_of(calls[0][1]), site.tape_of(calls[0][1])
        if outer is None or tape is None:
            return None
        inner = site.expression()
        apart = inner is not None and site.index.scope(inner) is not site.index.scope(outer)
        same = isinstance(inner, ast.Call) and site.tape_of(inner) == tape and not apart
        if same and any(one is calls[0][1] for one in ast.walk(statement)):
            return None
        edits = moved_in_from_behind(site, outer, statement, None if same else tape)
        if edits is None and apart:
            edits = moved_in_from_before(site, outer, beside(site, outer, statement))
        return None if edits is None else proposal("safe", "Take the inner gradient in the outer block", *edits)
