"""GT104 variable-not-watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, several, so, source, sources, watch

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class VariableNotWatched(Rule):
    """The tape has watch_accessed_variables=False and no `watch` covers this Variable."""

    code = "GT104"
    name = "variable-not-watched"
    kinds = (Kind.NOT_ACCESSED,)

    def message(self, claim: Claim) -> str:
        """Reads ``bound_line`` (where the tape is made) and ``reason`` (``keras-variable``)."""
        lost = so(claim, named=True)
        told = (
            f"The tape{at(claim, 'bound_line')} has watch_accessed_variables=False and no `watch` of {sources(claim)}"
        )
        if several(claim):
            cure = "watch them first in the block"
        elif claim.detail.get("reason") == "keras-variable":
            cure = f"watch `{source(claim).strip('`')}.value`"
        else:
            cure = f"call {watch(claim)}"
        return f"{told}{lost}; {cure} or drop the option."
