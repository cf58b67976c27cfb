"""GT602 infinite-slope-at-zero."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import bracketed, proposal, replace
from .._mending.site import Site, spelled
from .._wording import code, name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class InfiniteSlopeAtZero(Rule):
    """The slope of sqrt, norm or a power below one is infinite at zero.

    ## What it does
    Reports `tf.sqrt`, `tf.norm`, a power below one or a standard deviation of something that can be zero, such as a sum
    of squares.

    ## Why the gradient is lost
    The slope of the square root is 1 / (2 sqrt(x)): infinite at zero. A norm of a zero vector, the distance of a point
    to itself and the deviation of equal values meet exactly this; the gradient is infinite, or NaN as soon as it is
    multiplied by zero. The value itself looks right.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Add a small epsilon inside the root: `tf.sqrt(tf.reduce_sum(d**2) + 1e-12)`. Outside of it an epsilon does not help.
    For a loss use the squared norm.

    ## References
    - `tf.norm`: https://www.tensorflow.org/api_docs/python/tf/norm
    - `tf.math.sqrt`: https://www.tensorflow.org/api_docs/python/tf/math/sqrt
    """

    code = "GT602"
    name = "infinite-slope-at-zero"
    kinds = (Kind.INFINITE_SLOPE,)
    examples = (
        Example(
            title="the distance of two equal points",
            broken="""\
import tensorflow as tf

a = tf.Variable([1.0, 2.0])
b = tf.constant([1.0, 2.0])

with tf.GradientTape() as tape:
    distance = tf.sqrt(tf.reduce_sum((a - b) ** 2))

gradient = tape.gradient(distance, a)
""",
            fixed="""\
import tensorflow as tf

a = tf.Variable([1.0, 2.0])
b = tf.constant([1.0, 2.5])

with tf.GradientTape() as tape:
    distance = tf.sqrt(tf.reduce_sum((a - b) ** 2) + 1e-12)

gradient = tape.gradient(distance, a)
""",
            outcome="nan",
        ),
        Example(
            title="the norm of a displacement that starts at zero",
            broken="""\
import tensorflow as tf

displacement = tf.Variable(tf.zeros([3]))


def energy(u, stiffness=2.0):
    length = tf.norm(u)
    return 0.5 * stiffness * (length - 1.0) ** 2


with tf.GradientTape() as tape:
    loss = energy(displacement)

force = tape.gradient(loss, displacement)
""",
            fixed="""\
import tensorflow as tf

displacement = tf.Variable(0.1 * tf.ones([3]))


def energy(u, stiffness=2.0):
    length = tf.sqrt(tf.reduce_sum(u**2) + 1e-12)
    return 0.5 * stiffness * (length - 1.0) ** 2


with tf.GradientTape() as tape:
    loss = energy(displacement)

force = tape.gradient(loss, displacement)
""",
            outcome="nan",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable([3.0, 4.0])
with tf.GradientTape() as tape:
    length = tf.sqrt(tf.reduce_sum(w**2) + 1e-8)

print(tape.gradient(length, w))
""",
        """\
import tensorflow as tf

w = tf.Variable([3.0, 4.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.sqrt(tf.nn.softplus(w))) + tf.reduce_sum(w**2)

print(tape.gradient(loss, w))
""",
    )
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``variable`` (its argument), ``replacement`` and ``reason`` (``division``, ``log``)."""
        callee = name(claim, "callee", "This")
        variable = claim.detail.get("variable")
        argument = code(variable) if variable else "its argument"
        cure = use(claim, "add a small epsilon inside")
        return f"{callee} has an infinite slope where {argument} is 0{so(claim, nan='infinite or NaN')}; {cure}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """A small epsilon inside, or ``tf.math.divide_no_nan``: unsafe, since the value changes a little."""
        site = Site(claim, module)
        node = site.expression()
        if isinstance(node, ast.BinOp):
            return _operator(site, node)
        if isinstance(node, ast.Call) and node.args and not isinstance(node.args[0], ast.Starred):
            return _function(site, node)
        return None


EPSILON = "1e-12"
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)


def _operator(site: Site, node: ast.BinOp) -> Proposal | None:
    if isinstance(node.op, ast.Pow):
        text = bracketed(node.left, site.text(node.left))
        return proposal("unsafe", "Add a small epsilon", replace(node.left, _plus(text)))
    divide = site.tensorflow("math.divide_no_nan", node)
    if isinstance(node.op, ast.Div) and divide is not None:
        content = f"{divide}({site.text(node.left)}, {site.text(node.right)})"
        return proposal("unsafe", "Divide without NaN", replace(node, content))
    return None


def _plus(text: str) -> str:
    return f"({text} + {EPSILON})"


def _function(site: Site, node: ast.Call) -> Proposal | None:
    name = (spelled(node.func) or "").rpartition(".")[2]
    value = node.args[0]
    if name in {"sqrt", "rsqrt", "log", "pow"}:
        arithmetic = isinstance(value, ast.BinOp) and isinstance(value.op, ARITHMETIC)
        text = site.text(value) if arithmetic else bracketed(value, site.text(value))
        return proposal("unsafe", "Add a small epsilon", replace(value, f"{text} + {EPSILON}"))
    if name in {"divide", "truediv"} and len(node.args) == 2:
        divide = site.tensorflow("math.divide_no_nan", node)
        return None if divide is None else proposal("unsafe", "Divide without NaN", replace(node.func, divide))
    if name in {"norm", "reduce_euclidean_norm"}:
        return _norm(site, node)
    return None


def _norm(site: Site, node: ast.Call) -> Proposal | None:
    """``tf.norm(x, axis=a)`` as the root of a sum of squares with an epsilon under it."""
    keywords = [one for one in node.keywords if one.arg in {"axis", "keepdims"}]
    sqrt, total = site.tensorflow("sqrt", node), site.tensorflow("reduce_sum", node)
    square = site.tensorflow("square", node)
    others = [one for one in node.keywords if one.arg not in {"axis", "keepdims", "name"}]
    orders = {one.value.value if isinstance(one.value, ast.Constant) else None for one in others if one.arg == "ord"}
    euclidean = orders <= {2, "euclidean"} and all(one.arg == "ord" for one in others)
    if len(node.args) != 1 or not euclidean or sqrt is None or total is None or square is None:
        return None
    rest = "".join(f", {one.arg}={site.text(one.value)}" for one in keywords)
    content = f"{sqrt}({total}({square}({site.text(node.args[0])}){rest}) + {EPSILON})"
    return proposal("unsafe", "Add a small epsilon", replace(node, content))
