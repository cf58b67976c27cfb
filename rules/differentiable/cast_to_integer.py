"""GT303 cast-to-integer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class CastToInteger(Rule):
    """A cast to integers, bools or strings on the way."""

    code = "GT303"
    name = "cast-to-integer"
    kinds = (Kind.CAST,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``dtype`` and ``replacement``."""
        dtype = claim.detail.get("dtype", "an integer")
        callee = name(claim, "callee", "`tf.cast`")
        told = f"{callee} to {dtype} leaves steps, which have no derivative{so(claim)}"
        return f"{told}; {use(claim, 'stay with floats on the way to the target')}."
