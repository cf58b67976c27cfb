"""GT404 lost-inner-gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import proposal
from .._mending.moving import moved_in_from_behind
from .._mending.site import Site
from .._wording import at, code, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class LostInnerGradient(Rule):
    """The inner gradient of a second order was computed where the outer tape does not record."""

    code = "GT404"
    name = "lost-inner-gradient"
    kinds = (Kind.INNER_GRADIENT,)

    def message(self, claim: Claim) -> str:
        """Reads ``tape`` (the outer one), ``call_line`` (of the inner gradient) and ``reason``.

        Reasons: ``same-tape`` (a persistent tape asked for its own gradient after its block), ``inner-none`` (the inner
        gradient is None itself).
        """
        reason = claim.detail.get("reason")
        tape = f"the tape {code(claim.detail['tape'])}" if "tape" in claim.detail else "the outer tape"
        inner = at(claim, "call_line")
        if reason == "same-tape":
            told = f"The first gradient{inner} is computed after the block of {tape}, which did not record it"
            return f"{told}{so(claim)}; use two nested tapes and take the inner gradient inside the outer block."
        told = f"The inner gradient{inner} is computed outside the block of {tape}, which does not record it"
        return f"{told}{so(claim)}; move it into the outer block."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The inner gradient call moved into the outer block: safe, since it only adds to what is recorded."""
        site = Site(claim, module)
        calls, statement = site.calls(), site.statement()
        if not calls or statement is None or claim.detail.get("reason") in {"same-tape", "inner-none"}:
            return None
        outer, tape = site.block_of(calls[0][1]), site.tape_of(calls[0][1])
        if outer is None or tape is None:
            return None
        edits = moved_in_from_behind(site, outer, statement, tape)
        return None if edits is None else proposal("safe", "Take the inner gradient in the outer block", *edits)
