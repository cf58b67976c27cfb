"""The judge is handed false claims: on programs that lose nothing, and true findings moved. None is confirmed.

The suite takes a sample of them; ``python -m tests.confirm.forged`` takes them all.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.confirm.forged import claims, judge

if TYPE_CHECKING:
    from pathlib import Path

    from gradlint.confirm import Confirmer
    from tests.confirm.forged import Forged


def confirmed(confirmer: Confirmer, made: list[Forged]) -> list[str]:
    """The forged claims that the judge bears out, with its words."""
    return [
        f"{claim.name}:{claim.finding.location.line} {claim.how}: {verdict.detail}"
        for claim, verdict in judge(confirmer, made)
        if verdict.status == "confirmed"
    ]


def test_no_forged_claim_is_confirmed(confirmer: Confirmer, tmp_path: Path, whole: bool) -> None:
    """A quick run takes a quarter of the programs."""
    made = claims(("clean", "moved"), 40 if whole else 160, tmp_path)
    kinds = Counter("clean" if claim.how.endswith((" at the call", " before the call")) else "moved" for claim in made)
    assert min(kinds["clean"], kinds["moved"]) >= (40 if whole else 8), kinds
    assert confirmed(confirmer, made) == []
