"""TensorFlow's verdicts on a fixed sample of all findings: none refuted, and as many confirmed as the whole must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.confirm.verdicts import ORIGINS, SHARE, Judged, cases, judge, share
from tests.sampling import chosen

if TYPE_CHECKING:
    from gradlint.confirm import Confirmer

EVERY, EVERY_OF_QUICK_RUN = 6, 24
"""About every sixth program is in the sample, whichever others have findings; a quick run takes some, unlooked at."""
SHARE_OF_QUICK_RUN = 85.0
"""A quick run has some fifty findings; one program alone has four that are open, a line that is right in some turns."""


@pytest.fixture(scope="module")
def judged(confirmer: Confirmer, tmp_path_factory: pytest.TempPathFactory, whole: bool) -> list[Judged]:
    folder = tmp_path_factory.mktemp("programs")
    if whole:
        return judge(confirmer, [one for one in cases(ORIGINS, folder) if chosen(one.name, EVERY)])
    return judge(confirmer, cases(ORIGINS, folder, part=slice(None, None, EVERY_OF_QUICK_RUN)))


def test_the_sample_is_large_enough_to_tell(judged: list[Judged], whole: bool) -> None:
    assert len(judged) >= (100 if whole else 25)
    assert len({one.finding.code for one in judged}) >= (30 if whole else 12)


def test_tensorflow_refutes_no_finding(judged: list[Judged]) -> None:
    assert [str(one) for one in judged if one.status == "refuted"] == []


def test_tensorflow_confirms_nearly_every_finding(judged: list[Judged], whole: bool) -> None:
    rest = [str(one) for one in judged if one.status != "confirmed"]
    assert share(judged) >= (SHARE if whole else SHARE_OF_QUICK_RUN), "\n".join(rest)


def test_the_rest_has_a_reason(judged: list[Judged]) -> None:
    for one in judged:
        assert one.finding.confirmation is not None
        assert one.finding.confirmation.detail
