"""GT103 non-trainable-variable."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, spelled
from .._mending.watching import watch_sources
from .._wording import at, several, so, source, sources, watch

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal

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

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The Variable watched, which is safe; where it cannot be, ``trainable=True``, which others may notice."""
        reason = claim.detail.get("reason")
        if reason in {"moving-statistics", "seed-state"}:
            return None
        watched = watch_sources(claim, module, keras=reason in {"keras-variable", "weight"})
        return watched or self._trainable(Site(claim, module))

    @staticmethod
    def _trainable(site: Site) -> Proposal | None:
        edits = {}
        for lost, call in site.calls():
            source = site.at(lost.source_span)
            found = site.definition(spelled(source) or "", call) if source is not None else None
            if found is None or not isinstance(found[1], ast.Call):
                return None
            for keyword in found[1].keywords:
                if keyword.arg == "trainable" and isinstance(keyword.value, ast.Constant):
                    edits[keyword.value] = replace(keyword.value, "True")
        return proposal("unsafe", "Make the Variable trainable", *edits.values()) if edits else None
