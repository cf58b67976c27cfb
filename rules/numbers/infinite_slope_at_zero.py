"""GT602 infinite-slope-at-zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class InfiniteSlopeAtZero(Rule):
    """The slope of sqrt, norm or a power below one is infinite at zero."""

    code = "GT602"
    name = "infinite-slope-at-zero"
    kinds = (Kind.INFINITE_SLOPE,)
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``variable`` (its argument), ``replacement`` and ``reason`` (``division``, ``log``)."""
        callee = name(claim, "callee", "This")
        variable = claim.detail.get("variable")
        argument = code(variable) if variable else "its argument"
        cure = use(claim, "add a small epsilon inside")
        return f"{callee} has an infinite slope where {argument} is 0{so(claim, nan='infinite or NaN')}; {cure}."
