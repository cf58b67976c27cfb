"""GT701 summed-gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import call, target

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class SummedGradient(Rule):
    """The target is no scalar, or several targets, so the result is a sum."""

    code = "GT701"
    name = "summed-gradient"
    kinds = (Kind.SUMMED,)
    severity = "info"
    default = False

    def message(self, claim: Claim) -> str:
        """Reads ``target`` and ``reason`` (``several``: a list or dict of targets)."""
        if claim.detail.get("reason") == "several":
            return (
                f"{call(claim)} of several targets gives the sum of their gradients; ask once a target for the parts."
            )
        named = target(claim, "The target")
        told = f"{named} is no scalar, so {call(claim)} gives the gradient of the sum of its elements"
        return f"{told}; `jacobian` gives the parts."
