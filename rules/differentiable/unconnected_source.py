"""GT307 unconnected-source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, call, code, several, so, source, sources, target

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class UnconnectedSource(Rule):
    """The target is not computed from this source at all."""

    code = "GT307"
    name = "unconnected-source"
    kinds = (Kind.UNCONNECTED,)

    def message(self, claim: Claim) -> str:
        """Reads ``variable`` (the model that was used), ``bound_line`` and ``reason``.

        Reasons: ``swapped`` (target and source changed places), ``linear`` (a second derivative of what is linear),
        ``other-model``, ``untaken-branch``, ``custom-gradient`` (the custom gradient returns None for it).
        """
        reason = claim.detail.get("reason")
        named = sources(claim)
        if reason == "swapped":
            told = f"{call(claim)} takes the target first, and {source(claim)} is computed from {target(claim)}"
            return f"{told}{so(claim)}; swap the two arguments."
        if reason == "linear":
            told = f"{target(claim)} does not depend on {named}, since what was differentiated is linear in it"
            return f"{told}{so(claim, named=True)}; pass unconnected_gradients='zero' if zero is meant."
        if reason == "other-model":
            used = claim.detail.get("variable")
            told = f"{target(claim)} is computed with {code(used) if used else 'another model'}, not with {named}"
            return f"{told}{so(claim, named=True)}; ask for the variables of the model that was called."
        if reason == "untaken-branch":
            told = f"{target(claim)} is computed in a branch that does not use {named}"
            return f"{told}{so(claim, named=True)}; ask only for what the branch uses."
        if reason == "custom-gradient":
            told = f"The custom gradient{at(claim, 'bound_line')} returns None for {named}"
            return f"{told}{so(claim, named=True)}; return its derivative."
        told = f"{target(claim, 'The target')} is not computed from {named}{so(claim, named=True)}"
        return f"{told}; use {'them' if several(claim) else 'it'} in the computation, or do not ask for it."
