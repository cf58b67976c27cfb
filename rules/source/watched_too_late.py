"""GT106 watched-too-late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, so, source, watch

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class WatchedTooLate(Rule):
    """`watch` comes after the operations that use the source."""

    code = "GT106"
    name = "watched-too-late"
    kinds = (Kind.WATCHED_LATE,)

    def message(self, claim: Claim) -> str:
        """Reads ``call_line`` (the first use), ``watch_line`` and ``reason`` (``after-block``)."""
        if claim.detail.get("reason") == "after-block":
            told = f"{watch(claim)} comes after the tape's block, when nothing is recorded any more"
        else:
            told = (
                f"{watch(claim)}{at(claim, 'watch_line')} comes after {source(claim)} was used{at(claim, 'call_line')}"
            )
        return f"{told}{so(claim)}; watch it first in the block."
