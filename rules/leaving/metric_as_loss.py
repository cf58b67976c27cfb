"""GT208 metric-as-loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, only
from gradlint.rule import Message, Replace, Rule, cst, expression, unsafe

from .._wording import effect, named

if TYPE_CHECKING:
    from gradlint.flow.causes import MetricRead
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


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
    A metric writes its inputs to its own variables and reads its value from them. Those variables are not trainable,
    and state keeps no history, so the gradient of the value is None even if the metric was called inside the tape.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use the function of the same name (`keras.losses.mean_squared_error`) or a loss object for the loss, and update the
    metric separately.

    ## References
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    - Introduction to gradients and automatic differentiation, *Took gradients through a stateful object*: https://www.tensorflow.org/guide/autodiff#4_took_gradients_through_a_stateful_object
    """

    code = "GT208"
    name = "metric-as-loss"
    kinds = (Kind.METRIC,)

    def message(self, claim: Claim[MetricRead]) -> Message:
        """Names the metric or its ``result``."""
        callee = named(claim.cause.callee, "The metric")
        headline = f"{callee} reads the metric's state, which keeps no history"
        return Message(headline, effect(claim), "use a loss function")

    def fix(self, claim: Claim[MetricRead], site: Site) -> Proposal | None:
        """The loss of the metric's name where it is made, or the mean of what a mean was updated with just before.

        Unsafe, since the metric goes on with what it was given earlier.
        """
        node = site.node
        if not isinstance(node, cst.Call) or dotted(node.func) is None:
            return None
        mean = _mean(site, node) if claim.cause.canonical == "keras.metrics.Mean" else None
        if mean is not None:
            return mean
        found = site.definition(dotted(node.func), node)
        made = None if found is None else found[1]
        only_called = all(getattr(site.parent(use), "func", None) is use for use in site.uses(dotted(node.func)))
        if not isinstance(made, cst.Call) or not only_called:
            return None
        owner, _, metric = (dotted(made.func) or "").rpartition(".")
        if metric not in LOSSES or not owner.endswith("metrics"):
            return None
        loss = expression(f"{owner.removesuffix('metrics')}losses.{metric}")
        return unsafe("Use the loss", Replace(made.func, loss))


def _mean(site: Site, node: cst.Call) -> Proposal | None:
    """``metric.result()`` as the mean of what the statement before it updated the metric with."""
    made, mean = site.statement, site.tensorflow("reduce_mean", node)
    if made is None or mean is None or not isinstance(node.func, cst.Attribute) or called(node) != "result":
        return None
    suite = site.suite(made)
    at = suite.index(made)
    update = suite[at - 1] if at else None
    call = update.value if isinstance(update, cst.Expr) else None
    given = only(call, 1)
    if given is None or dotted(given[0]) is None or not isinstance(call, cst.Call):
        return None
    owner, _, method = (dotted(call.func) or "").rpartition(".")
    if method not in {"update_state", "update"} or owner != dotted(node.func.value):
        return None
    return unsafe("Take the mean itself", Replace(node, expression("{f}({x})", f=mean, x=given[0])))
