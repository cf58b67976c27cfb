"""The judge is handed false claims: on programs that lose nothing, and true findings moved. None is confirmed.

The suite takes a sample of them; ``python -m tests.confirm.forged`` takes them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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


@pytest.mark.parametrize(("kind", "every", "least"), [("clean", 40, 80), ("moved", 60, 40)])
def test_no_forged_claim_is_confirmed(
    kind: str, every: int, least: int, confirmer: Confirmer, tmp_path: Path, whole: bool
) -> None:
    """A quick run takes a third of the programs."""
    fewer = 1 if whole else 3
    made = claims([kind], every * fewer, tmp_path)
    assert len(made) >= (least if whole else least // 6)
    assert confirmed(confirmer, made) == []
