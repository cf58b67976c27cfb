"""The analysis against what TensorFlow did with 1,210 small programs: the numbers reached, so that they only rise."""

from __future__ import annotations

import pytest

from tests.truth.table import Score, table

REACHED = {
    "01_watched": 60,
    "02_window": 61,
    "03_leaving": 109,
    "04_dtypes": 38,
    "05_state": 18,
    "06_ops": 104,
    "07_silent": 26,
    "08_keras": 44,
    "09_api": 6,
}
"""By folder, of the calls that gave None, raised, differed or gave no number: how many a finding names."""


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    return table()


@pytest.mark.parametrize("folder", REACHED)
def test_what_is_lost_is_named(scores: dict[str, Score], folder: str) -> None:
    score = scores[folder]
    assert score.found >= REACHED[folder], "\n".join(score.misses)


@pytest.mark.parametrize("folder", REACHED)
def test_what_arrives_is_not_called_lost(scores: dict[str, Score], folder: str) -> None:
    assert scores[folder].alarms == []


@pytest.mark.parametrize("folder", REACHED)
def test_no_program_breaks_the_analysis(scores: dict[str, Score], folder: str) -> None:
    assert scores[folder].crashes == []
