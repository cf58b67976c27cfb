"""GT402 gradient-inside-the-tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import call, code

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class GradientInsideTheTape(Rule):
    """A persistent tape is differentiated inside its own block without need."""

    code = "GT402"
    name = "gradient-inside-the-tape"
    kinds = (Kind.GRADIENT_INSIDE,)
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``tape`` and ``method``."""
        tape = f"the persistent tape {code(claim.detail['tape'])}" if "tape" in claim.detail else "its persistent tape"
        told = f"{call(claim)} runs inside the block of {tape}, which records the gradient's own operations"
        return f"{told}: slow, and memory grows; move it after the block."
