"""GT205 outside-the-tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim

WHERE = {
    "before the tape": ("before the tape's block begins", "move it into the block"),
    "after the tape": ("after the tape's block has ended", "move it into the block"),
    "in __init__": ("in `__init__`, long before the tape records", "compute it where it is used"),
    "while recording is stopped": ("while the tape's recording is stopped", "move it out of `stop_recording`"),
    "on another tape": ("under another tape than the one that is asked", "compute it in this tape's block"),
    "in init_scope": ("in `tf.init_scope`, which no tape records", "move it out of the scope"),
    "in another thread": ("in another thread, and a tape records its own thread only", "compute it in this one"),
    "before the reset": ("before `reset`, which makes the tape forget", "compute it after the reset"),
    "at import": ("once at import, before the tape records", "compute it where it is used"),
}


class OutsideTheTape(Rule):
    """It was computed where the tape does not record."""

    code = "GT205"
    name = "outside-the-tape"
    kinds = (Kind.OUTSIDE,)

    def message(self, claim: Claim) -> str:
        """Reads ``where`` (a key of ``WHERE``, or a phrase to show) and ``variable`` (the name it is bound to)."""
        where = claim.detail.get("where", "outside the tape's block")
        phrase, cure = WHERE.get(where, (where, "move it into the block"))
        bound = claim.detail.get("variable")
        return f"{code(bound) if bound else 'This'} is computed {phrase}{so(claim)}; {cure}."
