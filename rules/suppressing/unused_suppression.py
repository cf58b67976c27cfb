"""GT900 unused-suppression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.rule import Rule

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class UnusedSuppression(Rule):
    """A comment suppresses a finding that is not there."""

    code = "GT900"
    name = "unused-suppression"
    kinds = ()

    def message(self, claim: Claim) -> str:
        """Reads ``reason``: the codes that the comment names and that found nothing on its line."""
        named = claim.detail.get("reason")
        return f"This suppresses {named or 'findings'}, and there is nothing to suppress; remove the comment."
