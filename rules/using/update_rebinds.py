"""GT505 update-rebinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, name, so, source, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class UpdateRebinds(Rule):
    """A training step binds the Variable's name to a Tensor, so the next step has no Variable."""

    code = "GT505"
    name = "update-rebinds"
    kinds = (Kind.UPDATE_REBINDS,)

    def message(self, claim: Claim) -> str:
        """Reads ``variable``, ``bound_line`` (where it was made), ``replacement``, ``exception`` and ``reason``.

        Reasons: ``rebind``, ``augmented`` (raises on a ``tf.Variable``), ``keras-augmented``, ``assign-result``,
        ``new-variable`` (another Variable at each step, which the optimizer does not know).
        """
        variable = name(claim, "variable", source(claim, "the name"))
        reason = claim.detail.get("reason")
        cure = use(claim, "use `assign_sub`")
        if reason == "augmented":
            raises = f"raises {claim.detail.get('exception', 'RuntimeError')}"
            return f"A tf.Variable takes no augmented assignment, so this {raises}; {cure}."
        if reason == "new-variable":
            told = f"This makes a new Variable of {variable} at each step, which the optimizer does not know"
            return f"{told}{so(claim)}; {cure}."
        if reason == "assign-result":
            told = f"This binds {variable} to what the update returns instead of updating the Variable alone{so(claim)}"
            return f"{told}; call it without binding the name."
        told = f"This update binds {variable} to a Tensor and drops the Variable{at(claim, 'bound_line')}"
        return f"{told}{so(claim)}; {cure}."
