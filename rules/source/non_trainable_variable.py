"""GT103 non-trainable-variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, several, so, source, sources, watch

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim

WHY = {
    "synchronization": "is not trainable with ON_READ synchronization",
    "moving-statistics": "holds moving statistics, which are not trainable",
    "seed-state": "is a random generator's state, which is not trainable",
}


class NonTrainableVariable(Rule):
    """The source is a Variable that is not trainable, which a tape does not watch by itself."""

    code = "GT103"
    name = "non-trainable-variable"
    kinds = (Kind.NON_TRAINABLE,)

    def message(self, claim: Claim) -> str:
        """Reads ``source_line`` and ``reason``.

        Reasons: ``keras-variable`` (only its ``value`` can be watched), ``weight`` (made by ``add_weight``),
        ``synchronization``, ``moving-statistics``, ``seed-state``.
        """
        lost = so(claim, named=True)
        reason = claim.detail.get("reason", "")
        if several(claim):
            told = f"{sources(claim)} are not trainable, and the tape watches trainable Variables only"
            return f"{told}{lost}; watch them first in the block, or make them trainable."
        why = WHY.get(reason, f"has trainable=False{at(claim, 'source_line')}")
        told = f"{source(claim)} {why}, and the tape does not watch it{lost}"
        if reason in {"moving-statistics", "seed-state"}:
            return f"{told}; ask for `trainable_variables` instead."
        if reason in {"keras-variable", "weight"}:
            return f"{told}; watch its `.value`, or make it trainable."
        return f"{told}; call {watch(claim)}, or make it trainable."
