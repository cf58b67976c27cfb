"""GT502 mismatched-zip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, code, name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class MismatchedZip(Rule):
    """Gradients of one list of variables are applied to another."""

    code = "GT502"
    name = "mismatched-zip"
    kinds = (Kind.MISMATCHED_ZIP,)

    def message(self, claim: Claim) -> str:
        """Reads ``source`` (what the gradients are of), ``variable`` (what they go to), ``call_line`` and ``reason``.

        Reasons: ``other``, ``order``, ``length``, ``single`` (one Tensor, no list: zip walks through its elements).
        """
        wrt = name(claim, "source", "other variables")
        onto = name(claim, "variable", "other variables")
        reason = claim.detail.get("reason")
        of = f"gradients of {wrt}{at(claim, 'call_line')}"
        if reason == "single":
            told = f"The gradient with respect to {wrt} alone is one Tensor, and `zip` walks through its elements"
            return f"{told}; ask for it in a list: {code('[' + claim.detail.get('source', 'variable') + ']')}."
        if reason == "length":
            told = f"These {of} are not as many as {onto}, and `zip` drops the rest without a word"
        elif reason == "order":
            told = f"These {of} are in another order than {onto}, so each goes to the wrong variable"
        else:
            told = f"These {of} are applied to {onto}, which were not asked for"
        return f"{told}; use one list for both."
