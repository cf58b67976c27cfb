"""GT405 silenced-by-zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import several, sources, target, way

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class SilencedByZero(Rule):
    """unconnected_gradients=ZERO turns a gradient that is always lost into zeros."""

    code = "GT405"
    name = "silenced-by-zero"
    kinds = (Kind.SILENCED,)

    def message(self, claim: Claim) -> str:
        """Reads ``exception`` (asking for zeros of a Keras variable raises)."""
        exception = claim.detail.get("exception") or next((lost.exception for lost in claim.gradients), None)
        told = f"{target(claim, 'The target')} is not connected to {sources(claim)}{way(claim)}"
        if exception:
            hides = f"`unconnected_gradients` raises {exception} for a Keras variable"
            return f"{told}, and {hides}; drop it and mend the way."
        lost = "gradients that are always None" if several(claim) else "a gradient that is always None"
        return f"{told}, and `unconnected_gradients` puts zeros for {lost}; drop it and mend the way."
