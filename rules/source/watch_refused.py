"""GT110 watch-refused."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal, remove, replace
from .._mending.site import Site, spelled
from .._mending.watching import is_watch, watchable, watching
from .._wording import code

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal

WHAT = {
    "ndarray": ("a NumPy array", "convert it with `tf.convert_to_tensor` and watch that"),
    "number": ("a Python number", "make it a `tf.constant` and watch that"),
    "model": ("a model", "its trainable variables are watched by themselves"),
    "layer": ("a layer", "its trainable variables are watched by themselves"),
    "symbolic": ("a symbolic Keras tensor", "watch the Tensor that the model is called on"),
    "none": ("None", "watch a Tensor"),
    "string": ("a Python string", "watch the Tensor itself"),
    "generator": ("a generator", "make it a list"),
}


class WatchRefused(Rule):
    """`watch` of what it does not take, or before the tape is entered, which raises.

    ## What it does
    Reports a `watch` that raises: of a Keras variable or a list of them, of an array, a number, a model, a symbolic
    Keras tensor or a generator, and any `watch` before the tape is entered.

    ## Why the gradient is lost
    `watch` takes Tensors, `tf.Variable`s and nests of them. A Keras 3 variable is neither (its `value` is a
    `tf.Variable`), so `tape.watch(layer.trainable_variables)` raises ValueError. A tape that is not entered has nothing
    to record on, and `watch` raises AttributeError.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Trainable Keras variables are watched by themselves, so drop the line; with `watch_accessed_variables=False` watch
    `[v.value for v in layer.trainable_variables]`. Convert arrays and numbers to Tensors first. Move the `watch` into
    the `with` block.

    ## References
    - `tf.GradientTape.watch`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#watch
    - Introduction to gradients and automatic differentiation, *Controlling what the tape watches*: https://www.tensorflow.org/guide/autodiff#controlling_what_the_tape_watches
    """

    code = "GT110"
    name = "watch-refused"
    kinds = (Kind.WATCH_REFUSED,)
    examples = (
        Example(
            title="a layer's variables watched by hand",
            broken="""\
import tensorflow as tf

layer = tf.keras.layers.Dense(1)
x = tf.random.normal([4, 2])
layer.build(x.shape)

with tf.GradientTape() as tape:
    tape.watch(layer.trainable_variables)
    loss = tf.reduce_sum(layer(x) ** 2)

gradients = tape.gradient(loss, layer.trainable_variables)
""",
            fixed="""\
import tensorflow as tf

layer = tf.keras.layers.Dense(1)
x = tf.random.normal([4, 2])
layer.build(x.shape)

with tf.GradientTape() as tape:
    loss = tf.reduce_sum(layer(x) ** 2)

gradients = tape.gradient(loss, layer.trainable_variables)
""",
            outcome=None,
            exception="ValueError",
        ),
        Example(
            title="watching before the block",
            broken="""\
import tensorflow as tf

x = tf.constant([1.0, 2.0, 3.0])
tape = tf.GradientTape()
tape.watch(x)

with tape:
    y = tf.reduce_sum(x**3)

gradient = tape.gradient(y, x)
""",
            fixed="""\
import tensorflow as tf

x = tf.constant([1.0, 2.0, 3.0])
tape = tf.GradientTape()

with tape:
    tape.watch(x)
    y = tf.reduce_sum(x**3)

gradient = tape.gradient(y, x)
""",
            outcome=None,
            exception="AttributeError",
        ),
    )
    clean = (
        """\
import tensorflow as tf

layer = tf.keras.layers.Dense(1)
layer.build([None, 2])
with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch([variable.value for variable in layer.trainable_variables])
    loss = tf.reduce_sum(layer(tf.ones([3, 2])))

print(tape.gradient(loss, layer.trainable_variables))
""",
        """\
import numpy as np
import tensorflow as tf

x = tf.convert_to_tensor(np.float32([1.0, 2.0]))
y = tf.constant(3.0)
with tf.GradientTape() as tape:
    tape.watch([x, y])
    z = tf.reduce_sum(x) * y

print(tape.gradient(z, {"x": x, "y": y}))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``source`` (what is watched), ``tape``, ``exception`` and ``reason``.

        Reasons: the keys of ``WHAT``, ``keras-variable`` (one, or a list of them), ``not-entered``, ``two-arguments``.
        """
        tape = code(f"{claim.detail.get('tape', 'tape')}.watch")
        watched = claim.detail.get("source", "this")
        exception = claim.detail.get("exception")
        reason = claim.detail.get("reason", "")
        if reason == "not-entered":
            told = f"{tape} is called before the tape is entered and raises {exception or 'AttributeError'}"
            return f"{told}; move it into the `with` block."
        if reason == "two-arguments":
            told = f"{tape} takes one argument and raises {exception or 'TypeError'}"
            return f"{told}; watch {code(f'[{watched}]')}."
        raises = f"and raises {exception or 'ValueError'}"
        if reason == "keras-variable":
            told = f"{tape} does not take Keras variables, as in {code(watched)}, {raises}"
            return f"{told}; drop the line, for the tape watches them, or watch each one's `.value`."
        what, cure = WHAT.get(reason, ("this", "watch a Tensor or a tf.Variable"))
        if watched in {"this", "None"}:
            return f"{tape} does not take {what} {raises}; {cure}."
        return f"{tape} does not take {what}, as {code(watched)} is, {raises}; {cure}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The ``value`` of a Keras variable watched, arguments put in a list, or the watch moved into the block.

        Variables that the tape watches by itself need no watch.

        Safe, since the line raises as it stands.
        """
        site = Site(claim, module)
        statement = site.statement()
        if not isinstance(statement, ast.Expr) or not is_watch(statement) or not isinstance(statement.value, ast.Call):
            return None
        call, reason = statement.value, claim.detail.get("reason")
        if reason == "two-arguments" and len(call.args) > 1 and not call.keywords:
            return proposal("safe", "Watch them as a list", replace(call, _listed(site, call)))
        if len(call.args) != 1 or call.keywords:
            return None
        (watched,) = call.args
        if reason in {"keras-variable", "keras-variables"} and _watches_by_itself(site, watched):
            return proposal("safe", "Drop it: the tape watches them by itself", remove(site, statement))
        if reason in {"keras-variable", "keras-variables"}:
            what = _values(watched)
            return (
                None if what is None else proposal("safe", "Watch the Keras variable's value", replace(watched, what))
            )
        if reason in {"model", "layer"}:
            return proposal("safe", "Drop it: the model's variables are watched", remove(site, statement))
        if reason == "not-entered":
            return _moved_in(site, statement, call)
        return None


def _listed(site: Site, call: ast.Call) -> str:
    return f"{site.text(call.func)}([{', '.join(site.text(one) for one in call.args)}])"


def _watches_by_itself(site: Site, watched: ast.expr) -> bool:
    """Whether a tape of the default kind watches what is written: a list of trainable variables."""
    made = site.at(site.claim.places.get("tape_call"))
    plain = isinstance(made, ast.Call) and not made.args and {one.arg for one in made.keywords} <= {"persistent"}
    return plain and isinstance(watched, ast.Attribute) and watched.attr in {"trainable_variables", "trainable_weights"}


def _values(watched: ast.expr) -> str | None:
    """What ``watch`` takes in the place of Keras variables."""
    if isinstance(watched, (ast.List, ast.Tuple)):
        names = [spelled(one) for one in watched.elts]
        return None if None in names else f"[{', '.join(f'{name}.value' for name in names)}]"
    name = spelled(watched)
    return None if name is None else watchable(name)


def _moved_in(site: Site, statement: ast.Expr, call: ast.Call) -> Proposal | None:
    """The watch moved into the block that comes right after it, or into the class's one block of a tape it keeps."""
    tape, source = site.tape_of(call), spelled(call.args[0])
    suite = site.index.suite(statement)
    following = suite[suite.index(statement) + 1 :]
    block = next((one for one in following if isinstance(one, (ast.With, ast.AsyncWith))), None)
    if tape is not None and source is not None and tape.startswith("self.") and source.startswith("self."):
        holder = site.index.enclosing(statement, ast.ClassDef)
        entering = [
            one
            for one in (() if holder is None else ast.walk(holder))
            if isinstance(one, (ast.With, ast.AsyncWith)) and site.item_of(one, tape) is not None
        ]
        block = entering[0] if len(entering) == 1 else None
    if tape is None or source is None or block is None or site.item_of(block, tape) is None:
        return None
    if any(block in site.index.above(made) for made, _ in site.bindings(source, block.body[0])):
        return None
    return proposal(
        "safe", "Watch it inside the block", remove(site, statement), watching(site, block, tape, [source], None)
    )
