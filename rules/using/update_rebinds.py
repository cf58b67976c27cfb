"""GT505 update-rebinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import proposal
from .._mending.site import Site
from .._mending.updates import assigned_in_place
from .._wording import at, name, so, source, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


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

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The update written as ``assign_sub`` or the like: safe where the name always holds a Variable there."""
        site = Site(claim, module)
        statement = site.statement()
        edits = None if statement is None else assigned_in_place(site, statement)
        if edits is None:
            return None
        safe = claim.severity == "error" or claim.detail.get("reason") in {"augmented", "assign-result"}
        return proposal("safe" if safe else "unsafe", "Change the Variable's value in place", *edits)
