"""GT106 watched-too-late."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import alone, proposal, remove
from .._mending.site import Site, spelled
from .._mending.watching import behind, is_watch, watching
from .._wording import at, so, source, watch

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class WatchedTooLate(Rule):
    """`watch` comes after the operations that use the source.

    ## What it does
    Reports a `watch` that comes after the operations that use the watched value, in the block or after it.

    ## Why the gradient is lost
    The tape records an operation when one of its inputs is watched as it runs, and never looks back. What was computed
    from the value alone before the `watch` is not recorded: the gradient is None, or lacks the earlier part where the
    value is used again later. A `watch` after the block raises nothing and does nothing.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Make `tape.watch(x)` the first statement of the block.

    ## References
    - Introduction to gradients and automatic differentiation, *Controlling what the tape watches*: https://www.tensorflow.org/guide/autodiff#controlling_what_the_tape_watches
    - `tf.GradientTape.watch`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#watch
    """

    code = "GT106"
    name = "watched-too-late"
    kinds = (Kind.WATCHED_LATE,)
    examples = (
        Example(
            title="watching after the forward pass",
            broken="""\
import tensorflow as tf

x = tf.constant([[1.0, 2.0]])
kernel = tf.constant([[0.5], [-0.5]])

with tf.GradientTape() as tape:
    y = tf.sigmoid(x @ kernel)
    tape.watch(x)
    loss = tf.reduce_sum(y**2)

gradient = tape.gradient(loss, x)
""",
            fixed="""\
import tensorflow as tf

x = tf.constant([[1.0, 2.0]])
kernel = tf.constant([[0.5], [-0.5]])

with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.sigmoid(x @ kernel)
    loss = tf.reduce_sum(y**2)

gradient = tape.gradient(loss, x)
""",
            outcome="none",
        ),
        Example(
            title="an attack that watches beside the gradient call",
            broken="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(3)])


def slope(image, label):
    with tf.GradientTape() as tape:
        logits = model(image)
        loss = tf.keras.losses.sparse_categorical_crossentropy(label, logits, from_logits=True)
    tape.watch(image)
    return tape.gradient(loss, image)


direction = slope(tf.random.uniform([1, 4]), tf.constant([2]))
""",
            fixed="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(3)])


def slope(image, label):
    with tf.GradientTape() as tape:
        tape.watch(image)
        logits = model(image)
        loss = tf.keras.losses.sparse_categorical_crossentropy(label, logits, from_logits=True)
    return tape.gradient(loss, image)


direction = slope(tf.random.uniform([1, 4]), tf.constant([2]))
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.constant(2.0)
with tf.GradientTape() as tape:
    scale = tf.stop_gradient(x)
    tape.watch(x)
    y = scale * x**2

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

w = tf.Variable(2.0)
x = tf.constant(3.0)
with tf.GradientTape() as tape:
    y = w * x
    tape.watch(w)

print(tape.gradient(y, w))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``used_line``, ``watch_line`` and ``reason`` (``after-block``)."""
        if claim.detail.get("reason") == "after-block":
            told = f"{watch(claim)} comes after the tape's block, when nothing is recorded any more"
        else:
            told = (
                f"{watch(claim)}{at(claim, 'watch_line')} comes after {source(claim)} was used{at(claim, 'used_line')}"
            )
        return f"{told}{so(claim)}; watch it first in the block."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The watch moved up to the head of the block: safe, since a watch changes no value."""
        site = Site(claim, module)
        statement, calls = site.statement(), site.calls()
        if statement is None or not is_watch(statement) or not calls:
            return None
        block, tape = site.block_of(calls[0][1]), site.tape_of(calls[0][1])
        call = statement.value if isinstance(statement, ast.Expr) else None
        if block is None or tape is None or not isinstance(call, ast.Call) or len(call.args) != 1:
            return None
        watched = call.args[0].elts if isinstance(call.args[0], (ast.List, ast.Tuple)) else call.args
        names = [name for one in watched if (name := spelled(one)) is not None]
        places = [behind(site, block, name, calls[0][1]) for name in names]
        if len(names) != len(watched) or not names or None in places or len(set(places)) != 1:
            return None
        binding = places[0][0] if places[0] is not None else None
        if not (alone(module, statement) or statement.lineno == statement.end_lineno):
            return None
        return proposal(
            "safe",
            "Watch it before it is used",
            watching(site, block, tape, names, binding),
            remove(site, statement),
        )
