"""GT108 source-is-a-copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, code, so, source

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim

WHAT = {
    "slice": (
        "makes a new Tensor that the target was not computed from",
        "take the slice in the tape and use it, or slice",
    ),
    "identity": ("makes a new Tensor that the target was not computed from", "ask for"),
    "conversion": ("makes a new Tensor that the target was not computed from", "ask for"),
    "read": ("reads the Variable into a new Tensor that the target was not computed from", "ask for"),
    "copy": ("is another Variable than the one that was used", "ask for"),
    "unused": ("is a Tensor that the target was not computed from", "compute the target from it, or ask for"),
}


class SourceIsACopy(Rule):
    """The source is a fresh copy, slice or read of the value that was used, not that value."""

    code = "GT108"
    name = "source-is-a-copy"
    kinds = (Kind.COPY,)

    def message(self, claim: Claim) -> str:
        """Reads ``replacement`` (the value itself), ``bound_line`` and ``reason``.

        Reasons: ``slice``, ``identity``, ``conversion``, ``read``, ``copy`` (a deep copy or a clone's Variable),
        ``unused`` (made in the tape and not used), ``other-pass`` (from another call of the model), ``symbolic``.
        """
        lost = so(claim, named=True)
        reason = claim.detail.get("reason", "")
        named = source(claim)
        value = claim.detail.get("replacement")
        if reason == "symbolic":
            told = f"{named} is a symbolic Keras tensor, a place in the model's plan without a value{lost}"
            return f"{told}; use the Tensor that the model was called on or returned."
        if reason == "other-pass":
            told = f"{named} comes from another call of the model{at(claim, 'bound_line')} than the target{lost}"
            return f"{told}; take both from one call inside the tape."
        what, cure = WHAT.get(reason, ("is not the value that the target was computed from", "ask for"))
        if reason == "slice":
            return f"{named} {what}{lost}; {cure} the gradient of {code(value) if value else 'the whole'}."
        return f"{named} {what}{lost}; {cure} {code(value) if value else 'the value that was used'}."
