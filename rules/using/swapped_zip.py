"""GT501 swapped-zip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class SwappedZip(Rule):
    """`apply_gradients` gets variables before gradients, or no pairs at all."""

    code = "GT501"
    name = "swapped-zip"
    kinds = (Kind.SWAPPED_ZIP,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``exception``, ``replacement``, ``reason``: ``swapped``, ``not-zipped``, ``consumed``."""
        callee = name(claim, "callee", "`apply_gradients`")
        reason = claim.detail.get("reason", "swapped")
        exception = claim.detail.get("exception")
        instead = claim.detail.get("replacement")
        if reason == "consumed":
            told = f"This `zip` was walked through before, so {callee} gets no pairs"
            return f"{told} and raises {exception or 'ValueError'}; make it a list, or zip anew."
        cure = f"write {code(instead, 60)}" if instead else "write `zip(gradients, variables)`"
        if reason == "not-zipped":
            return (
                f"{callee} takes pairs, and this is no list of them, so it raises {exception or 'TypeError'}; {cure}."
            )
        told = f"{callee} takes (gradient, variable) pairs, and these are the other way round"
        return f"{told}, so it raises {exception or 'AttributeError'}; {cure}."
