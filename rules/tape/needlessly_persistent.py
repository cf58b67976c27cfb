"""GT403 needlessly-persistent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class NeedlesslyPersistent(Rule):
    """A persistent tape that one gradient call is asked of, or that is kept alive in a long loop."""

    code = "GT403"
    name = "needlessly-persistent"
    kinds = (Kind.NEEDLESSLY_PERSISTENT,)
    severity = "info"
    default = False

    def message(self, claim: Claim) -> str:
        """Reads ``tape`` and ``reason`` (``kept``: it is never deleted in a loop)."""
        tape = name(claim, "tape", "The tape")
        if claim.detail.get("reason") == "kept":
            told = f"{tape} is persistent and keeps every intermediate value until it is gone"
            return f"{told}; `del` it after its last gradient."
        return f"{tape} is persistent and asked only once, so it keeps its memory for nothing; drop persistent=True."
