"""GT102 unwatched-tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, code, several, so, source, sources, watch

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class UnwatchedTensor(Rule):
    """The source is a Tensor that no `watch` covers."""

    code = "GT102"
    name = "unwatched-tensor"
    kinds = (Kind.UNWATCHED,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` (what made the Tensor), ``source_line``, ``watch_line`` and ``reason``.

        Reasons: ``rebound`` (another object was watched under this name), ``other-tape`` (watched on another tape),
        ``reset`` (the tape was reset since), ``derived`` (computed from what is unwatched).
        """
        lost = so(claim, named=True)
        reason = claim.detail.get("reason")
        if several(claim):
            return f"{sources(claim)} are Tensors that the tape does not watch{lost}; watch them first in the block."
        named = source(claim)
        if reason == "rebound":
            told = f"{named} is another Tensor than the one watched{at(claim, 'watch_line')}"
        elif reason == "other-tape":
            told = f"{named} is watched by another tape{at(claim, 'watch_line')} and not by this one"
        elif reason == "reset":
            told = f"{named} is no longer watched after `reset`"
        else:
            maker = claim.detail.get("callee")
            kind = f"Tensor made by {code(maker)}" if maker else "Tensor"
            told = f"{named} is a {kind}{at(claim, 'source_line')} that the tape does not watch"
        return f"{told}{lost}; call {watch(claim)} first in the block."
