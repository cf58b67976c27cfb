"""GT208 metric-as-loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class MetricAsLoss(Rule):
    """The value of a stateful Keras metric is the target."""

    code = "GT208"
    name = "metric-as-loss"
    kinds = (Kind.METRIC,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` (the metric or its ``result``) and ``replacement`` (the loss function of that name)."""
        callee = code(claim.detail.get("callee", "the metric"))
        instead = claim.detail.get("replacement")
        told = f"{callee} reads its value from the metric's state, which keeps no history{so(claim)}"
        return f"{told}; use {code(instead, 60) if instead else 'a loss function'} as the loss."
