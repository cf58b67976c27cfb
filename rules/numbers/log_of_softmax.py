"""GT603 log-of-softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class LogOfSoftmax(Rule):
    """The logarithm of a softmax or sigmoid overflows where the fused function does not."""

    code = "GT603"
    name = "log-of-softmax"
    kinds = (Kind.LOG_OF_SOFTMAX,)
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` (the inner function), ``canonical`` and ``replacement`` (the fused function)."""
        inner = claim.detail.get("callee", "tf.nn.softmax")
        fused = "tf.math.log_sigmoid" if "sigmoid" in claim.detail.get("canonical", inner) else "tf.nn.log_softmax"
        instead = claim.detail.get("replacement", fused)
        told = f"The logarithm of {code(inner)} is log(0) as soon as it underflows{so(claim)}"
        return f"{told}; use {code(instead, 60)}."
