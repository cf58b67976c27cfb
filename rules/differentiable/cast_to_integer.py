"""GT303 cast-to-integer."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import bracketed, operand, proposal, replace
from .._mending.site import Site, spelled
from .._mending.uses import float_does
from .._wording import name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal, Replacement


class CastToInteger(Rule):
    """A cast to integers, bools or strings on the way.

    ## What it does
    Reports a cast from a float to an integer, a bool or a string on the way from a source to the target.

    ## Why the gradient is lost
    Integers have no derivative. Casting back to a float gives a new value that the tape connects to nothing, and the
    gradient is None. Casts between float dtypes keep it. Image conversions to `uint8` and `tf.bitcast` cut in the same
    way.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Stay with floats on the way to the target and cast for display or indexing only. To quantize in training pass the
    gradient straight through: `x + tf.stop_gradient(tf.cast(tf.cast(x, tf.int32), tf.float32) - x)`.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through an integer or string*: https://www.tensorflow.org/guide/autodiff#3_took_gradients_through_an_integer_or_string
    - `tf.cast`: https://www.tensorflow.org/api_docs/python/tf/cast
    """

    code = "GT303"
    name = "cast-to-integer"
    kinds = (Kind.CAST,)
    examples = (
        Example(
            title="pixels cast to whole numbers",
            broken="""\
import tensorflow as tf

image = tf.Variable(tf.random.uniform([4, 4, 3]))

with tf.GradientTape() as tape:
    pixels = tf.cast(image * 255.0, tf.int32)
    brightness = tf.reduce_mean(tf.cast(pixels, tf.float32))

gradient = tape.gradient(brightness, image)
""",
            fixed="""\
import tensorflow as tf

image = tf.Variable(tf.random.uniform([4, 4, 3]))

with tf.GradientTape() as tape:
    pixels = image * 255.0
    brightness = tf.reduce_mean(pixels)

gradient = tape.gradient(brightness, image)
""",
            outcome="none",
        ),
        Example(
            title="a learned number of steps",
            broken="""\
import tensorflow as tf

duration = tf.Variable(3.7)
speed = tf.Variable(2.0)

with tf.GradientTape() as tape:
    steps = tf.cast(duration, tf.int64)
    distance = speed * tf.cast(steps, tf.float32)
    loss = (distance - 10.0) ** 2

d_duration, d_speed = tape.gradient(loss, [duration, speed])
""",
            fixed="""\
import tensorflow as tf

duration = tf.Variable(3.7)
speed = tf.Variable(2.0)

with tf.GradientTape() as tape:
    distance = speed * duration
    loss = (distance - 10.0) ** 2

d_duration, d_speed = tape.gradient(loss, [duration, speed])
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    wide = tf.cast(x, tf.float64)
    y = tf.reduce_sum(tf.cast(wide**2, tf.float32))

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

table = tf.Variable(tf.random.normal([5, 2]))
position = tf.constant([0.3, 3.9])
with tf.GradientTape() as tape:
    rows = tf.gather(table, tf.cast(position, tf.int32))
    loss = tf.reduce_sum(rows**2)

print(tape.gradient(loss, table))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``dtype`` and ``replacement``."""
        dtype = claim.detail.get("dtype", "an integer")
        callee = name(claim, "callee", "`tf.cast`")
        told = f"{callee} to {dtype} leaves steps, which have no derivative{so(claim)}"
        return f"{told}; {use(claim, 'stay with floats on the way to the target')}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The cast dropped, and integers that it meets cast to floats: unsafe, since the value is no longer cut."""
        site = Site(claim, module)
        node = site.expression()
        if not isinstance(node, ast.Call) or not node.args or isinstance(node.args[0], ast.Starred):
            return None
        value = node.args[0]
        maker, scaled = (spelled(node.func) or "").rpartition(".")[2], site.text(value)
        if maker == "convert_image_dtype" and len(node.args) == 2 and not node.keywords:
            largest = LARGEST.get((spelled(node.args[1]) or "").rpartition(".")[2])
            if largest is None:
                return None
            text = f"{bracketed(value, scaled)} * {largest}"
            written: ast.expr = ast.BinOp(value, ast.Mult(), value)
        elif maker.endswith("cast"):
            text, written = scaled, value
        else:
            return None
        edits = []
        reads = _reads(site, node)
        for read in reads:
            if float_does(site, read, set()):
                continue
            met = _met(site, read, value)
            if met is None:
                return None
            edits.append(met)
        if not reads:
            return None
        return proposal(
            "unsafe", "Go on with the float", replace(node, operand(site, node, text, written)), *dict.fromkeys(edits)
        )


LARGEST = {"uint8": "255.0", "uint16": "65535.0", "int16": "32767.0"}


def _reads(site: Site, node: ast.expr) -> list[ast.expr]:
    """Where the value of an expression is read: by its name, or as what calls of its function return."""
    parent = site.index.parents.get(node)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        return site.uses(spelled(parent.targets[0]) or "")
    function = site.index.scope(node)
    if isinstance(parent, ast.Return) and isinstance(function, ast.FunctionDef):
        calls = [site.index.parents.get(use) for use in site.uses(function.name)]
        return [one for one in calls if isinstance(one, ast.Call)] if all(_called(one) for one in calls) else []
    return [node]


def _called(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def _met(site: Site, read: ast.expr, value: ast.expr) -> Replacement | None:
    """The integer that a value is computed with, cast to the dtype of the float in its place."""
    parent = site.index.parents.get(read)
    cast, name = site.tensorflow("cast", read), spelled(value)
    if not isinstance(parent, ast.BinOp) or not isinstance(parent.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
        return None
    other = parent.right if parent.left is read else parent.left
    if cast is None or name is None or spelled(other) is None or site.text(other) == site.text(read):
        return None
    return replace(other, f"{cast}({site.text(other)}, {name}.dtype)")
