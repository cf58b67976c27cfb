"""GT101 variable-rebound-to-tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, so, source, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class VariableReboundToTensor(Rule):
    """The name of a Variable was bound to a Tensor, which the tape does not watch."""

    code = "GT101"
    name = "variable-rebound-to-tensor"
    kinds = (Kind.REBOUND,)

    def message(self, claim: Claim) -> str:
        """Reads ``reason`` (``expression``: a Variable used up where it was made), ``replacement``, ``bound_line``."""
        lost = so(claim, named=True)
        if claim.detail.get("reason") == "expression":
            told = f"{source(claim)} is a Tensor, since arithmetic on a Variable gives a Tensor{lost}"
            return f"{told}; keep the Variable itself and compute inside the tape."
        told = f"This binds {source(claim)} to a Tensor, and the Variable{at(claim, 'bound_line')} is gone{lost}"
        return f"{told}; {use(claim, 'change its value with `assign`')}."
