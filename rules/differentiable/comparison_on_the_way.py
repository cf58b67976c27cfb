"""GT304 comparison-on-the-way."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, spelled
from .._mending.soft import asked_alone, step_of
from .._wording import code, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class ComparisonOnTheWay(Rule):
    """A comparison or a logical operation on the way.

    ## What it does
    Reports a comparison (`>`, `==`, `tf.equal`, `tf.greater`, ...) or a logical operation on the way, whose result is
    then cast and counted; and a float Tensor times a bool Tensor.

    ## Why the gradient is lost
    A comparison gives true or false, which has no derivative: its cast to a float is a constant to the tape. Thus an
    accuracy, a count or a hit rate cannot be a loss. A float Tensor times a bool Tensor is a logical and: it gives a
    bool without an error. As a mask on another, connected value a comparison is harmless.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use a smooth function of the difference: `tf.sigmoid(k * (x - threshold))`, a hinge, a cross-entropy in place of the
    accuracy. Cast a mask to a float before multiplying with it.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through an integer or string*: https://www.tensorflow.org/guide/autodiff#3_took_gradients_through_an_integer_or_string
    - `tf.math.greater`: https://www.tensorflow.org/api_docs/python/tf/math/greater
    """

    code = "GT304"
    name = "comparison-on-the-way"
    kinds = (Kind.COMPARISON,)
    examples = (
        Example(
            title="an accuracy as the loss",
            broken="""\
import tensorflow as tf

w = tf.Variable([[0.4], [-0.2]])
x = tf.constant([[1.0, 2.0], [3.0, 1.0], [0.5, 0.2]])
labels = tf.constant([[1.0], [0.0], [1.0]])

with tf.GradientTape() as tape:
    predicted = tf.cast(tf.sigmoid(x @ w) > 0.5, tf.float32)
    loss = 1.0 - tf.reduce_mean(1.0 - tf.abs(predicted - labels))

gradient = tape.gradient(loss, w)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([[0.4], [-0.2]])
x = tf.constant([[1.0, 2.0], [3.0, 1.0], [0.5, 0.2]])
labels = tf.constant([[1.0], [0.0], [1.0]])

with tf.GradientTape() as tape:
    predicted = tf.sigmoid(x @ w)
    loss = 1.0 - tf.reduce_mean(1.0 - tf.abs(predicted - labels))

gradient = tape.gradient(loss, w)
""",
            outcome="none",
        ),
        Example(
            title="a count of large weights as a penalty",
            broken="""\
import tensorflow as tf

weights = tf.Variable([0.5, -1.5, 2.5])


def sparsity(values, threshold=1.0):
    large = tf.greater(tf.abs(values), threshold)
    return tf.reduce_sum(tf.cast(large, tf.float32))


with tf.GradientTape() as tape:
    penalty = 0.1 * sparsity(weights)

gradient = tape.gradient(penalty, weights)
""",
            fixed="""\
import tensorflow as tf

weights = tf.Variable([0.5, -1.5, 2.5])


def sparsity(values, threshold=1.0):
    large = tf.sigmoid(10.0 * (tf.abs(values) - threshold))
    return tf.reduce_sum(large)


with tf.GradientTape() as tape:
    penalty = 0.1 * sparsity(weights)

gradient = tape.gradient(penalty, weights)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable([-1.0, 0.5, 2.0])
with tf.GradientTape() as tape:
    mask = tf.cast(x > 0.0, tf.float32)
    y = tf.reduce_sum(mask * x**2)

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

logits = tf.Variable([[0.1, 2.0]])
labels = tf.constant([1])
with tf.GradientTape() as tape:
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    correct = tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), labels)

print(correct, tape.gradient(loss, logits))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` (``>`` or ``tf.equal``) and ``reason`` (``bool-product``: a float times a bool)."""
        callee = claim.detail.get("callee", "The comparison")
        if claim.detail.get("reason") == "bool-product":
            told = f"A float times a bool is a logical and, a bool without a derivative{so(claim)}"
            return f"{told}; cast the mask to a float first."
        named = code(callee) if callee != "The comparison" else callee
        told = f"{named} gives true or false, which has no derivative{so(claim)}"
        return f"{told}; use a smooth function in its place."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """A sigmoid in the place of a comparison that is cast to a float: unsafe, since its value is no step any more.

        None where the same call asks for a source that is not lost, for its gradient would become another one.
        """
        site = Site(claim, module)
        node = site.expression()
        step = None if node is None else step_of(site, node)
        if node is None or step is None or not asked_alone(site):
            return None
        cast = _cast_of(site, node)
        if cast is not None:
            return proposal("unsafe", "Use a sigmoid", replace(cast, step[0]))
        parent = site.index.parents.get(node)
        name = spelled(parent.targets[0]) if isinstance(parent, ast.Assign) and len(parent.targets) == 1 else None
        if name is None or len(site.bindings(name, node)) != 1:
            return None
        uses = [use for use in site.uses(name) if site.index.scope(use) is site.index.scope(node)]
        casts = [(use, cast) for use in uses if (cast := _cast_of(site, use)) is not None]
        if not uses or len(casts) != len(uses):
            return None
        return proposal(
            "unsafe", "Use a sigmoid", replace(node, step[0]), *(replace(cast, site.text(use)) for use, cast in casts)
        )


def _cast_of(site: Site, node: ast.expr) -> ast.Call | None:
    """The ``tf.cast`` to a float that a value goes into at once."""
    parent = site.index.parents.get(node)
    if not isinstance(parent, ast.Call) or parent.args[:1] != [node] or len(parent.args) + len(parent.keywords) != 2:
        return None
    dtype = parent.args[1] if len(parent.args) == 2 else parent.keywords[0].value
    to_float = (spelled(dtype) or "").rpartition(".")[2] == "float32" or (
        isinstance(dtype, ast.Constant) and dtype.value == "float32"
    )
    return parent if to_float and (spelled(parent.func) or "").rpartition(".")[2] == "cast" else None
