"""GT304 comparison-on-the-way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class ComparisonOnTheWay(Rule):
    """A comparison or a logical operation on the way."""

    code = "GT304"
    name = "comparison-on-the-way"
    kinds = (Kind.COMPARISON,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` (``>`` or ``tf.equal``) and ``reason`` (``product``: a float times a bool)."""
        callee = claim.detail.get("callee", "The comparison")
        if claim.detail.get("reason") == "product":
            told = f"A float times a bool is a logical and, a bool without a derivative{so(claim)}"
            return f"{told}; cast the mask to a float first."
        named = code(callee) if callee != "The comparison" else callee
        told = f"{named} gives true or false, which has no derivative{so(claim)}"
        return f"{told}; use a smooth function such as `tf.sigmoid`."
