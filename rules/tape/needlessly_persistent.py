"""GT403 needlessly-persistent."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal, replace, without_keyword
from .._mending.site import Site
from .._wording import name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class NeedlesslyPersistent(Rule):
    """A persistent tape that one gradient call is asked of, or that is kept alive in a long loop.

    ## What it does
    Reports `persistent=True` on a tape that one gradient call is asked of, and a persistent tape that lives on through
    a long loop.

    ## Why the gradient is lost
    Nothing is lost. A persistent tape keeps every intermediate value until the tape itself is gone, so the memory of a
    whole forward pass stays occupied; a tape that is not persistent frees it at its gradient.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Drop `persistent=True`, or `del tape` after the last gradient.

    ## References
    - Introduction to gradients and automatic differentiation, *Intermediate results*: https://www.tensorflow.org/guide/autodiff#intermediate_results
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT403"
    name = "needlessly-persistent"
    kinds = (Kind.NEEDLESSLY_PERSISTENT,)
    examples = (
        Example(
            title="one gradient of a persistent tape",
            broken="""\
import tensorflow as tf

w = tf.Variable([[1.0], [2.0]])
x = tf.constant([[1.0, 2.0]])

with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_sum((x @ w) ** 2)

gradient = tape.gradient(loss, w)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([[1.0], [2.0]])
x = tf.constant([[1.0, 2.0]])

with tf.GradientTape() as tape:
    loss = tf.reduce_sum((x @ w) ** 2)

gradient = tape.gradient(loss, w)
""",
            outcome=None,
        ),
        Example(
            title="a training step with a list of sources",
            broken="""\
import tensorflow as tf

w = tf.Variable(tf.random.normal([3, 2]))
b = tf.Variable(tf.zeros([2]))


def train_step(x):
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean((x @ w + b) ** 2)
    gradients = tape.gradient(loss, [w, b])
    w.assign_sub(0.1 * gradients[0])
    b.assign_sub(0.1 * gradients[1])
    return loss


train_step(tf.random.normal([4, 3]))
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable(tf.random.normal([3, 2]))
b = tf.Variable(tf.zeros([2]))


def train_step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w + b) ** 2)
    gradients = tape.gradient(loss, [w, b])
    w.assign_sub(0.1 * gradients[0])
    b.assign_sub(0.1 * gradients[1])
    return loss


train_step(tf.random.normal([4, 3]))
""",
            outcome=None,
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable(3.0)
with tf.GradientTape(persistent=True) as tape:
    y = x**2
    z = tf.sin(x)

print(tape.gradient(y, x), tape.gradient(z, x))
del tape
""",
        """\
import tensorflow as tf

x = tf.Variable([1.0, 2.0])
with tf.GradientTape(persistent=True) as tape:
    y = x**2 + x
    parts = [tf.reduce_sum(y), tf.reduce_max(y)]

print([tape.gradient(part, x) for part in parts])
""",
    )
    severity = "info"
    default = False

    def message(self, claim: Claim) -> str:
        """Reads ``tape`` and ``reason`` (``kept``: it is never deleted in a loop)."""
        tape = name(claim, "tape", "The tape")
        if claim.detail.get("reason") == "kept":
            told = f"{tape} is persistent and keeps every intermediate value until it is gone"
            return f"{told}; `del` it after its last gradient."
        return f"{tape} is persistent and asked only once, so it keeps its memory for nothing; drop persistent=True."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """``persistent=True`` dropped: safe, since the tape is asked once."""
        site = Site(claim, module)
        node = site.expression() or site.innermost(claim.span)
        made = next(
            (one for one in ast.walk(node or module.tree) if isinstance(one, ast.Call) and site.is_tape(one)),
            None,
        )
        if claim.detail.get("reason") == "kept" or node is None or made is None:
            return None
        for keyword in made.keywords:
            if keyword.arg == "persistent":
                return proposal("safe", "Drop persistent=True", without_keyword(site, made, keyword))
        if len(made.args) == 1 and not made.keywords:
            return proposal("safe", "Drop persistent=True", replace(made.args[0], ""))
        return None
