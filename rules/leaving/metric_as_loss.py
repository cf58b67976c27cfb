"""GT208 metric-as-loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class MetricAsLoss(Rule):
    """The value of a stateful Keras metric is the target."""

    code = "GT208"
    name = "metric-as-loss"
    kinds = (Kind.METRIC,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` (the metric or its ``result``) and ``replacement`` (the loss function of that name)."""
        callee = name(claim, "callee", "The metric")
        told = f"{callee} reads the metric's state, which keeps no history{so(claim)}"
        return f"{told}; {use(claim, 'use a loss function')}."
