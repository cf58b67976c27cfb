"""GT406 tape-never-asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class TapeNeverAsked(Rule):
    """A tape records and no gradient is ever asked of it."""

    code = "GT406"
    name = "tape-never-asked"
    kinds = (Kind.NEVER_ASKED,)
    severity = "info"
    default = False

    def message(self, claim: Claim) -> str:
        """Reads ``tape``."""
        tape = claim.detail.get("tape")
        named = code(tape) if tape else "This tape"
        return f"{named} records, and no gradient is asked of it; ask for one, or drop the tape."
