"""GT603 log-of-softmax."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import bracketed, proposal, replace
from .._mending.site import Site, names_in, spelled
from .._wording import code, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class LogOfSoftmax(Rule):
    """The logarithm of a softmax or sigmoid overflows where the fused function does not.

    ## What it does
    Reports the logarithm of a softmax or a sigmoid, where TensorFlow has one function for both.

    ## Why the gradient is lost
    A softmax or sigmoid underflows to zero for a logit that is far off (about 100 in float32). The logarithm of zero is
    infinite and its gradient NaN. The fused functions compute the logarithm without the detour and stay finite, with
    the same gradient elsewhere.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use `tf.nn.log_softmax`, `tf.math.log_sigmoid`, or a loss on logits (`from_logits=True`,
    `tf.nn.softmax_cross_entropy_with_logits`).

    ## References
    - `tf.nn.log_softmax`: https://www.tensorflow.org/api_docs/python/tf/nn/log_softmax
    - `tf.math.log_sigmoid`: https://www.tensorflow.org/api_docs/python/tf/math/log_sigmoid
    """

    code = "GT603"
    name = "log-of-softmax"
    kinds = (Kind.LOG_OF_SOFTMAX,)
    examples = (
        Example(
            title="a cross-entropy written out",
            broken="""\
import tensorflow as tf

logits = tf.Variable([[200.0, 0.0, -50.0]])
labels = tf.constant([[0.0, 1.0, 0.0]])

with tf.GradientTape() as tape:
    probabilities = tf.nn.softmax(logits)
    loss = -tf.reduce_sum(labels * tf.math.log(probabilities))

gradient = tape.gradient(loss, logits)
""",
            fixed="""\
import tensorflow as tf

logits = tf.Variable([[200.0, 0.0, -50.0]])
labels = tf.constant([[0.0, 1.0, 0.0]])

with tf.GradientTape() as tape:
    log_probabilities = tf.nn.log_softmax(logits)
    loss = -tf.reduce_sum(labels * log_probabilities)

gradient = tape.gradient(loss, logits)
""",
            outcome="nan",
        ),
        Example(
            title="a policy's log-probability",
            broken="""\
import tensorflow as tf

preference = tf.Variable(-150.0)


def policy_loss(advantage):
    log_prob = tf.math.log(tf.sigmoid(preference))
    return -advantage * log_prob


with tf.GradientTape() as tape:
    loss = policy_loss(tf.constant(2.0))

gradient = tape.gradient(loss, preference)
""",
            fixed="""\
import tensorflow as tf

preference = tf.Variable(-150.0)


def policy_loss(advantage):
    log_prob = tf.math.log_sigmoid(preference)
    return -advantage * log_prob


with tf.GradientTape() as tape:
    loss = policy_loss(tf.constant(2.0))

gradient = tape.gradient(loss, preference)
""",
            outcome="nan",
        ),
    )
    clean = (
        """\
import tensorflow as tf

logits = tf.Variable([[2.0, 0.0, -5.0]])
with tf.GradientTape() as tape:
    probabilities = tf.nn.softmax(logits)
    loss = tf.reduce_sum(probabilities**2)

print(tape.gradient(loss, logits))
""",
        """\
import tensorflow as tf

logits = tf.Variable([[2.0, 0.0, -5.0]])
with tf.GradientTape() as tape:
    probabilities = tf.nn.softmax(logits)
    loss = -tf.reduce_sum(tf.math.log(probabilities + 1e-8))

print(tape.gradient(loss, logits))
""",
    )
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` (the inner function), ``canonical`` and ``replacement`` (the fused function)."""
        inner = claim.detail.get("callee", "tf.nn.softmax")
        fused = "tf.math.log_sigmoid" if "sigmoid" in claim.detail.get("canonical", inner) else "tf.nn.log_softmax"
        instead = claim.detail.get("replacement", fused)
        told = f"The logarithm of {code(inner)} is log(0) as soon as it underflows{so(claim)}"
        return f"{told}; use {code(instead, 60)}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The fused function: safe, since it is the same function computed well; unsafe where an epsilon goes."""
        site = Site(claim, module)
        node = site.expression()
        if not isinstance(node, ast.Call) or len(node.args) != 1:
            return None
        inner, exact = _without_epsilon(node.args[0])
        negative = False
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub) and _is_one(inner.left):
            inner, negative = inner.right, True
        if spelled(inner) is not None:
            found = site.definition(spelled(inner) or "", node)
            statement = site.statement()
            if found is None or statement is None or site.index.suite(found[0]) is not site.index.suite(statement):
                return None
            inner = found[1]
            rebound = [site.bindings(name, node) for name in names_in(inner)]
            if any(statement.lineno > found[0].lineno for one in rebound for statement, _ in one):
                return None
        text = _fused(site, node, inner, negative)
        if text is None:
            return None
        return proposal("safe" if exact else "unsafe", "Use the fused function", replace(node, text))


def _without_epsilon(value: ast.expr) -> tuple[ast.expr, bool]:
    """What a small constant is added to, and whether there was none."""
    if not (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add)):
        return value, True
    small = isinstance(value.right, ast.Constant) or "eps" in (spelled(value.right) or "").lower()
    return (value.left, False) if small else (value, True)


def _is_one(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value == 1


def _fused(site: Site, node: ast.Call, inner: ast.expr, negative: bool) -> str | None:
    """The fused function's call for the logarithm of a softmax or sigmoid."""
    if not isinstance(inner, ast.Call) or len(inner.args) != 1 or isinstance(inner.args[0], ast.Starred):
        return None
    maker, argument = (spelled(inner.func) or "").rpartition(".")[2], inner.args[0]
    text = site.text(argument)
    if maker == "softmax" and not negative and all(one.arg == "axis" for one in inner.keywords):
        function = site.tensorflow("nn.log_softmax", node)
        rest = "".join(f", axis={site.text(one.value)}" for one in inner.keywords)
        return None if function is None else f"{function}({text}{rest})"
    if maker == "sigmoid" and not inner.keywords:
        function = site.tensorflow("math.log_sigmoid", node)
        return None if function is None else f"{function}({f'-{bracketed(argument, text)}' if negative else text})"
    return None
