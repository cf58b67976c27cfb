"""GT301 non-differentiable-op."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import operand, proposal, replace, term
from .._mending.site import Site, spelled
from .._wording import name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal

INSTEAD = {
    "argmax": "use `tf.nn.softmax` as its smooth stand-in",
    "argmin": "use `tf.nn.softmax` of the negative as its smooth stand-in",
    "argsort": "use `tf.sort`, whose values have one",
    "bincount": "use `tf.reduce_sum` over a soft assignment",
    "bitcast": "go on with the float itself",
    "ceil": "use `x + tf.stop_gradient(tf.math.ceil(x) - x)`",
    "floor": "use `x + tf.stop_gradient(tf.floor(x) - x)`",
    "one_hot": "use `tf.nn.softmax` in its place",
    "range": "compute the steps from a fixed range instead",
    "rint": "use `x + tf.stop_gradient(tf.round(x) - x)`",
    "round": "use `x + tf.stop_gradient(tf.round(x) - x)`",
    "searchsorted": "use a smooth function of the distance",
    "shuffle": "shuffle indices and use `tf.gather`",
    "sign": "use `tf.tanh` as its smooth stand-in",
    "categorical": "use the log-probability of the sample, or a Gumbel-softmax",
}


class NonDifferentiableOp(Rule):
    """An operation that TensorFlow registers as not differentiable.

    ## What it does
    Reports an operation on the way that TensorFlow registers as not differentiable: argmax and its kin, `tf.floor`,
    `tf.math.ceil`, `tf.round`, `tf.one_hot`, `tf.range`, eager `tf.random.shuffle`, histogram bins. Where the gradient
    exists and is zero everywhere, as for `tf.sign`, the finding says zero.

    ## Why the gradient is lost
    Such a function is made of steps: between them its derivative is zero, on them there is none. TensorFlow gives None
    for most of these operations and zeros for some (`tf.sign`), and warns of neither. Some float functions cut off one
    argument only: `on_value` of `tf.one_hot`, `constant_values` of `tf.pad`, the limits of `tf.range`.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use a smooth stand-in (`tf.nn.softmax` for argmax, `tf.tanh` for sign), or pass the gradient straight through: `x +
    tf.stop_gradient(tf.round(x) - x)`. Using an argmax only as an index keeps the gradient of what is indexed.

    ## References
    - Introduction to gradients and automatic differentiation, *No gradient registered*: https://www.tensorflow.org/guide/autodiff#no_gradient_registered
    - Advanced automatic differentiation, *Custom gradients*: https://www.tensorflow.org/guide/advanced_autodiff#custom_gradients
    """

    code = "GT301"
    name = "non-differentiable-op"
    kinds = (Kind.NON_DIFFERENTIABLE,)
    examples = (
        Example(
            title="the predicted class in the loss",
            broken="""\
import tensorflow as tf

logits = tf.Variable([[0.2, 1.3, 0.4], [2.1, 0.3, 0.5]])
labels = tf.constant([1.0, 2.0])

with tf.GradientTape() as tape:
    predicted = tf.cast(tf.argmax(logits, axis=1), tf.float32)
    loss = tf.reduce_mean((predicted - labels) ** 2)

gradient = tape.gradient(loss, logits)
""",
            fixed="""\
import tensorflow as tf

logits = tf.Variable([[0.2, 1.3, 0.4], [2.1, 0.3, 0.5]])
labels = tf.constant([1.0, 2.0])

with tf.GradientTape() as tape:
    classes = tf.constant([0.0, 1.0, 2.0])
    predicted = tf.reduce_sum(tf.nn.softmax(logits, axis=1) * classes, axis=1)
    loss = tf.reduce_mean((predicted - labels) ** 2)

gradient = tape.gradient(loss, logits)
""",
            outcome="none",
        ),
        Example(
            title="weights quantized by rounding",
            broken="""\
import tensorflow as tf


def quantize(weights, steps=16.0):
    return tf.round(weights * steps) / steps


w = tf.Variable([0.33, -0.71])
x = tf.constant([2.0, 1.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((quantize(w) * x - 1.0) ** 2)

gradient = tape.gradient(loss, w)
""",
            fixed="""\
import tensorflow as tf


def quantize(weights, steps=16.0):
    rounded = tf.round(weights * steps) / steps
    return weights + tf.stop_gradient(rounded - weights)


w = tf.Variable([0.33, -0.71])
x = tf.constant([2.0, 1.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((quantize(w) * x - 1.0) ** 2)

gradient = tape.gradient(loss, w)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

scores = tf.Variable([[0.1, 0.8, 0.1]])
with tf.GradientTape() as tape:
    best = tf.argmax(scores[0])
    score = scores[0, best]

print(tape.gradient(score, scores))
""",
        """\
import tensorflow as tf

logits = tf.Variable([[0.2, 1.3, 0.4]])
target = tf.one_hot([1], 3)
with tf.GradientTape() as tape:
    loss = tf.nn.softmax_cross_entropy_with_logits(target, logits)

print(tape.gradient(loss, logits))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``canonical``, ``op``, ``replacement`` and ``reason``.

        Reasons: ``argument`` (only this argument of the function is cut off, as ``on_value`` of ``tf.one_hot``),
        ``index`` (an index output such as ``top_k().indices``).
        """
        callee = name(claim, "callee", name(claim, "op", "This operation"))
        canonical = claim.detail.get("canonical", "")
        reason = claim.detail.get("reason")
        zero = bool(claim.gradients) and all(lost.outcome == "zero" for lost in claim.gradients)
        if reason == "argument":
            why = "has no derivative in this argument"
        elif reason == "index":
            why = "gives integers, which have no derivative"
        elif zero:
            why = "is flat wherever it has a slope"
        else:
            why = "has no derivative"
        cure = INSTEAD.get(canonical.rpartition(".")[2], "use a smooth function in its place")
        return f"{callee} {why}{so(claim)}; {use(claim, cure)}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The straight-through estimator for a rounding: unsafe, since the gradient is then the identity's."""
        site = Site(claim, module)
        node = site.expression()
        if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
            return None
        value, text = node.args[0], site.text(node.args[0])
        stop = site.tensorflow("stop_gradient", node)
        rounds = (spelled(node.func) or "").rpartition(".")[2] in {"round", "floor", "ceil", "rint", "sign"}
        if not rounds or stop is None or isinstance(value, ast.Starred):
            return None
        kept = term(value, text)
        through = f"{kept} + {stop}({site.text(node)} - {kept})"
        sum_of = ast.BinOp(value, ast.Add(), value)
        return proposal(
            "unsafe", "Let the gradient straight through", replace(node, operand(site, node, through, sum_of))
        )
