"""The analysis against what TensorFlow did with 1,210 small programs: the numbers reached, so that they only rise."""

from __future__ import annotations

import pytest

from tests.sampling import sample
from tests.truth.table import Score, is_broken, programs, table

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
def scores(whole: bool) -> dict[str, Score]:
    """Of all programs with ``--whole``, else of one in four."""
    return table(chosen=sample(programs(), 4, whole=whole, name=lambda one: str(one["name"])))


def broken(folder: str) -> int:
    """How many calls of all programs of a folder a finding should name."""
    mine = [one for one in programs() if str(one["name"]).startswith(folder)]
    return sum(is_broken(call["outcomes"]) for one in mine for call in one["calls"])


@pytest.mark.parametrize("folder", REACHED)
def test_what_is_lost_is_named(scores: dict[str, Score], folder: str) -> None:
    score = scores[folder]
    assert len(score.misses) <= broken(folder) - REACHED[folder], "\n".join(score.misses)


@pytest.mark.parametrize("folder", REACHED)
def test_what_arrives_is_not_called_lost(scores: dict[str, Score], folder: str) -> None:
    assert scores[folder].alarms == []


@pytest.mark.parametrize("folder", REACHED)
def test_no_program_breaks_the_analysis(scores: dict[str, Score], folder: str) -> None:
    assert scores[folder].crashes == []
