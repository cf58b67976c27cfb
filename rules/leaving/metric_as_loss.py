"""GT208 metric-as-loss."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, spelled
from .._wording import name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


LOSSES = frozenset(
    {
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
        "CategoricalHinge",
        "CosineSimilarity",
        "Hinge",
        "KLDivergence",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
        "Poisson",
        "SparseCategoricalCrossentropy",
        "SquaredHinge",
    }
)
"""The metrics that have a loss of the same name and meaning."""


class MetricAsLoss(Rule):
    """The value of a stateful Keras metric is the target.

    ## What it does
    Reports a target that is the value of a stateful Keras metric: what `metric(...)` or `metric.result()` returns.

    ## Why the gradient is lost
    A metric writes what it is given into its own variables and reads its value from them. Those variables are not
    trainable, and state keeps no history, so the gradient of the value is None even if the metric was called inside the
    tape.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use the function of that name (`keras.losses.mean_squared_error`) or a loss object for the loss, and update the
    metric beside it.

    ## References
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    - Introduction to gradients and automatic differentiation, *Took gradients through a stateful object*: https://www.tensorflow.org/guide/autodiff#4_took_gradients_through_a_stateful_object
    """

    code = "GT208"
    name = "metric-as-loss"
    kinds = (Kind.METRIC,)
    examples = (
        Example(
            title="a metric called as a loss",
            broken="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])
metric = tf.keras.metrics.MeanSquaredError()
x, y = tf.random.normal([8, 2]), tf.random.normal([8, 1])

with tf.GradientTape() as tape:
    loss = metric(y, model(x))

gradients = tape.gradient(loss, model.trainable_variables)
""",
            fixed="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])
mse = tf.keras.losses.MeanSquaredError()
x, y = tf.random.normal([8, 2]), tf.random.normal([8, 1])

with tf.GradientTape() as tape:
    loss = mse(y, model(x))

gradients = tape.gradient(loss, model.trainable_variables)
""",
            outcome="none",
        ),
        Example(
            title="the running mean of the losses",
            broken="""\
import tensorflow as tf

w = tf.Variable([0.5, -0.5])
tracker = tf.keras.metrics.Mean(name="loss")

with tf.GradientTape() as tape:
    for batch in [tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])]:
        tracker.update_state(tf.reduce_sum((w * batch) ** 2))
    loss = tracker.result()

gradient = tape.gradient(loss, w)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([0.5, -0.5])

with tf.GradientTape() as tape:
    losses = []
    for batch in [tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])]:
        losses.append(tf.reduce_sum((w * batch) ** 2))
    loss = tf.reduce_mean(losses)

gradient = tape.gradient(loss, w)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable([0.5, -0.5])
tracker = tf.keras.metrics.Mean(name="loss")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w**2)
tracker.update_state(loss)

print(tracker.result(), tape.gradient(loss, w))
""",
        """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])
x, y = tf.random.normal([8, 2]), tf.random.normal([8, 1])
tracker = tf.keras.metrics.Mean()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((y - model(x)) ** 2)
    tracker.update_state(loss)

print(tape.gradient(loss, model.trainable_variables))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` (the metric or its ``result``) and ``replacement`` (the loss function of that name)."""
        callee = name(claim, "callee", "The metric")
        told = f"{callee} reads the metric's state, which keeps no history{so(claim)}"
        return f"{told}; {use(claim, 'use a loss function')}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The loss of the metric's name where it is made, or the mean of what a mean was updated with just before.

        Unsafe, since the metric goes on with what it was given earlier.
        """
        site = Site(claim, module)
        node = site.expression()
        if not isinstance(node, ast.Call) or spelled(node.func) is None:
            return None
        mean = _mean(site, node) if claim.detail.get("canonical") == "keras.metrics.Mean" else None
        if mean is not None:
            return mean
        called = spelled(node.func) or ""
        found = site.definition(called, node)
        made = None if found is None else found[1]
        calls_only = all(getattr(site.index.parents.get(use), "func", None) is use for use in site.uses(called))
        if not isinstance(made, ast.Call) or not calls_only:
            return None
        owner, _, name = (spelled(made.func) or "").rpartition(".")
        if name not in LOSSES or not owner.endswith("metrics"):
            return None
        return proposal("unsafe", "Use the loss", replace(made.func, f"{owner.removesuffix('metrics')}losses.{name}"))


def _mean(site: Site, node: ast.Call) -> Proposal | None:
    """``metric.result()`` as the mean of what the statement before it updated the metric with."""
    statement, mean = site.statement(), site.tensorflow("reduce_mean", node)
    if not isinstance(node.func, ast.Attribute) or statement is None or mean is None:
        return None
    suite = site.index.suite(statement)
    at = suite.index(statement)
    argument = _updated_with(site, suite[at - 1], site.text(node.func.value)) if at else None
    if node.func.attr != "result" or argument is None:
        return None
    return proposal("unsafe", "Take the mean itself", replace(node, f"{mean}({site.text(argument)})"))


def _updated_with(site: Site, statement: ast.stmt | None, metric: str) -> ast.expr | None:
    """What a statement updates a metric with, where that is a name."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.keywords:
        return None
    updates = call.func.attr in {"update_state", "update"} and site.text(call.func.value) == metric
    return call.args[0] if updates and len(call.args) == 1 and spelled(call.args[0]) is not None else None
