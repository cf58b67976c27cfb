"""GT305 condition-only."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import bracketed, operand, proposal, replace
from .._mending.site import Site, spelled
from .._mending.soft import asked_alone, step_of
from .._wording import several, so, sources, target

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal

WHAT = {
    "if": "which branch of the `if` runs",
    "ternary": "which side of the `if` expression is taken",
    "while": "how often the loop runs",
    "for": "how often the loop runs",
    "where": "which side of `tf.where` is taken",
    "cond": "which branch of `tf.cond` runs",
    "switch": "which branch runs",
    "index": "which element is taken",
    "mask": "which elements are kept",
    "assert": "whether an assertion holds",
}


class ConditionOnly(Rule):
    """The source only decides which way the program takes.

    ## What it does
    Reports a source that the target depends on only by decisions: it steers an `if`, a `while`, `tf.cond` or the
    condition of `tf.where`, or picks an index, and no value is computed from it.

    ## Why the gradient is lost
    A tape records the operations of the branch that ran, not the decision. The target is a function of what the branch
    computes with, and the source of the decision is not in it: None. The condition of `tf.where` gets no gradient
    either, while both of its sides do.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Compute the target from the source, or let it weigh the branches smoothly: `weight = tf.sigmoid(x); result = weight
    * a + (1 - weight) * b`.

    ## References
    - Introduction to gradients and automatic differentiation, *Control flow*: https://www.tensorflow.org/guide/autodiff#control_flow
    - `tf.where`: https://www.tensorflow.org/api_docs/python/tf/where
    """

    code = "GT305"
    name = "condition-only"
    kinds = (Kind.CONDITION,)
    examples = (
        Example(
            title="a temperature that only chooses the tariff",
            broken="""\
import tensorflow as tf

temperature = tf.Variable(18.0)
usage = tf.Variable(3.0)

with tf.GradientTape() as tape:
    if temperature > 15.0:
        cost = usage * 0.2
    else:
        cost = usage**2 * 0.5

slope = tape.gradient(cost, temperature)
""",
            fixed="""\
import tensorflow as tf

temperature = tf.Variable(18.0)
usage = tf.Variable(3.0)

with tf.GradientTape() as tape:
    warm = tf.sigmoid(temperature - 15.0)
    cost = warm * usage * 0.2 + (1.0 - warm) * usage**2 * 0.5

slope = tape.gradient(cost, temperature)
""",
            outcome="none",
        ),
        Example(
            title="a learned threshold in tf.where",
            broken="""\
import tensorflow as tf

threshold = tf.Variable(0.5)
x = tf.constant([0.2, 0.4, 0.6, 0.8])

with tf.GradientTape() as tape:
    kept = tf.where(x > threshold, x, tf.zeros_like(x))
    loss = tf.reduce_sum(kept**2)

gradient = tape.gradient(loss, threshold)
""",
            fixed="""\
import tensorflow as tf

threshold = tf.Variable(0.5)
x = tf.constant([0.2, 0.4, 0.6, 0.8])

with tf.GradientTape() as tape:
    kept = x * tf.sigmoid(10.0 * (x - threshold))
    loss = tf.reduce_sum(kept**2)

gradient = tape.gradient(loss, threshold)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    if x > 0.0:
        y = x**2
    else:
        y = -x

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

x = tf.Variable([-1.0, 2.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.where(x > 0.0, x, 0.1 * x))

print(tape.gradient(y, x))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` and ``reason`` (a key of ``WHAT``)."""
        what = WHAT.get(claim.detail.get("reason", ""), "which way the program takes")
        decide = "decide" if several(claim) else "decides"
        told = f"{sources(claim, 'The source')} only {decide} {what}{so(claim, named=True)}"
        return f"{told}; compute {target(claim)} from {'them' if several(claim) else 'it'}, or use a smooth weight."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """Both sides of a ``tf.where`` weighed by sigmoids: unsafe, since the value no longer jumps.

        None where the same call asks for a source that is not lost, for its gradient would become another one.
        """
        site = Site(claim, module)
        node = site.expression()
        where = isinstance(node, ast.Call) and (spelled(node.func) or "").rpartition(".")[2] == "where"
        if not isinstance(node, ast.Call) or not where or len(node.args) != 3 or node.keywords:
            return None
        condition, *sides = node.args
        steps = step_of(site, condition)
        if steps is None or not asked_alone(site):
            return None
        texts = [bracketed(side, site.text(side)) for side in sides]
        terms = [f"{step} * {text}" for step, text in zip(steps, texts, strict=True) if text not in {"0", "0.0"}]
        content = " + ".join(terms)
        if not terms or "\n" in content:
            return None
        whole = ast.BinOp(condition, ast.Add(), condition)
        return proposal("unsafe", "Weigh both sides smoothly", replace(node, operand(site, node, content, whole)))
