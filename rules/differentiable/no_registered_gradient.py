"""GT302 no-registered-gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class NoRegisteredGradient(Rule):
    """An operation on floats for which TensorFlow has no gradient registered."""

    code = "GT302"
    name = "no-registered-gradient"
    kinds = (Kind.NO_GRADIENT,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``op``, ``replacement`` and ``reason`` (``function``: raised at the forward call)."""
        op = claim.detail.get("op")
        callee = claim.detail.get("callee")
        where = f", which {code(callee)} uses" if callee and op else ""
        named = name(claim, "op", name(claim, "callee", "this operation"))
        told = f"TensorFlow has no gradient registered for {named}{where}{so(claim)}"
        if claim.detail.get("reason") == "function":
            told += ", at the call of the `tf.function`"
        return f"{told}; {use(claim, 'use operations that have one')}."
