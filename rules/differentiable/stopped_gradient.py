"""GT306 stopped-gradient."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import operand, proposal, replace
from .._mending.site import Site, spelled
from .._wording import name, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class StoppedGradient(Rule):
    """`tf.stop_gradient` stands on the only way.

    ## What it does
    Reports `tf.stop_gradient` (and Keras' `keras.ops.stop_gradient`) on the only way from a source to the target.

    ## Why the gradient is lost
    `tf.stop_gradient` passes the value on and tells the tape to treat it as a constant. That is its purpose, as for the
    target of a temporal difference or a straight-through estimate; but with no other way left, the gradient is None.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Take it off the way whose gradient is wanted, or leave another way open. If the constant is meant, do not ask for
    this source.

    ## References
    - Advanced automatic differentiation, *Stop gradient flow with precision*: https://www.tensorflow.org/guide/advanced_autodiff#stop_gradient_flow_with_precision
    - `tf.stop_gradient`: https://www.tensorflow.org/api_docs/python/tf/stop_gradient
    """

    code = "GT306"
    name = "stopped-gradient"
    kinds = (Kind.STOPPED,)
    examples = (
        Example(
            title="features held fixed and then asked for",
            broken="""\
import tensorflow as tf

encoder = tf.Variable(tf.random.normal([4, 3]))
head = tf.Variable(tf.random.normal([3, 1]))
x = tf.random.normal([8, 4])

with tf.GradientTape() as tape:
    features = tf.stop_gradient(tf.tanh(x @ encoder))
    loss = tf.reduce_mean((features @ head) ** 2)

d_encoder, d_head = tape.gradient(loss, [encoder, head])
""",
            fixed="""\
import tensorflow as tf

encoder = tf.Variable(tf.random.normal([4, 3]))
head = tf.Variable(tf.random.normal([3, 1]))
x = tf.random.normal([8, 4])

with tf.GradientTape() as tape:
    features = tf.tanh(x @ encoder)
    loss = tf.reduce_mean((features @ head) ** 2)

d_encoder, d_head = tape.gradient(loss, [encoder, head])
""",
            outcome="none",
        ),
        Example(
            title="the wrong side of a distance stopped",
            broken="""\
import tensorflow as tf

online = tf.Variable([0.2, 0.4])
reference = tf.constant([1.0, 2.0])


def distance(prediction, goal):
    prediction = tf.stop_gradient(prediction)
    return tf.reduce_sum((prediction - goal) ** 2)


with tf.GradientTape() as tape:
    loss = distance(online * 2.0, reference)

gradient = tape.gradient(loss, online)
""",
            fixed="""\
import tensorflow as tf

online = tf.Variable([0.2, 0.4])
reference = tf.constant([1.0, 2.0])


def distance(prediction, goal):
    goal = tf.stop_gradient(goal)
    return tf.reduce_sum((prediction - goal) ** 2)


with tf.GradientTape() as tape:
    loss = distance(online * 2.0, reference)

gradient = tape.gradient(loss, online)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable([0.4, 1.6])
with tf.GradientTape() as tape:
    rounded = x + tf.stop_gradient(tf.round(x) - x)
    y = tf.reduce_sum(rounded**2)

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

online = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    value = online[0]
    goal = tf.stop_gradient(1.0 + 0.9 * online[1])
    loss = (goal - value) ** 2

print(tape.gradient(loss, online))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``."""
        callee = name(claim, "callee", "`tf.stop_gradient`")
        return f"{callee} cuts the only way from source to target{so(claim)}; drop it, or leave another way open."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The ``stop_gradient`` dropped: unsafe, since it may stand there on purpose."""
        site = Site(claim, module)
        node = site.expression()
        if not isinstance(node, ast.Call) or not (spelled(node.func) or "").endswith("stop_gradient"):
            return None
        if len(node.args) != 1 or isinstance(node.args[0], ast.Starred):
            return None
        value = node.args[0]
        text = operand(site, node, site.text(value), value)
        return proposal("unsafe", "Let the gradient through", replace(node, text))
