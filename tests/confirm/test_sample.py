"""TensorFlow's verdicts on a fixed sample of all findings: none refuted, and as many confirmed as the whole must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.confirm.verdicts import SHARE, Judged, cases, judge, share

if TYPE_CHECKING:
    from gradlint.confirm import Confirmer

EVERY = 6
"""Of the programs that have findings, every sixth is in the sample."""


@pytest.fixture(scope="module")
def judged(confirmer: Confirmer, tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    folder = tmp_path_factory.mktemp("programs")
    found = [case for origin in ("fixtures", "truth", "examples") for case in cases(origin, folder)]
    return judge(confirmer, found[::EVERY])


def test_the_sample_is_large_enough_to_tell(judged: list[Judged]) -> None:
    assert len(judged) >= 100
    assert len({one.finding.code for one in judged}) >= 30


def test_tensorflow_refutes_no_finding(judged: list[Judged]) -> None:
    assert [str(one) for one in judged if one.status == "refuted"] == []


def test_tensorflow_confirms_nearly_every_finding(judged: list[Judged]) -> None:
    rest = [str(one) for one in judged if one.status != "confirmed"]
    assert share(judged) >= SHARE, "\n".join(rest)


def test_the_rest_has_a_reason(judged: list[Judged]) -> None:
    for one in judged:
        assert one.finding.confirmation is not None
        assert one.finding.confirmation.detail
