"""The parts of the messages over all programs there are: short headlines, and a cure for every finding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradlint.api import check_source
from gradlint.message import LONGEST
from gradlint.runner import Run
from gradlint.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradlint.finding import Finding

ROOT = Path(__file__).parent.parent
EVERY_RULE = Settings(select=("ALL",))


def of_fixtures() -> Iterator[Finding]:
    for result in Run([ROOT / "fixtures"], EVERY_RULE, jobs=1, cache=False):
        yield from result.findings


def of_truth() -> Iterator[Finding]:
    for line in (ROOT / "tests" / "truth" / "programs.jsonl").read_text("utf-8").splitlines():
        yield from check_source(json.loads(line)["code"], settings=EVERY_RULE)


@pytest.mark.parametrize("programs", [of_fixtures, of_truth])
def test_every_finding_has_a_short_headline_and_a_cure(programs: Callable[[], Iterator[Finding]]) -> None:
    found = list(programs())
    assert len(found) > 180
    assert [one.headline for one in found if not 0 < len(one.headline) <= LONGEST] == []
    assert {one.code for one in found if not one.help} == set()
    assert {one.code for one in found if one.gradients and not one.happens} == set()
    assert [one.headline for one in found if one.headline.count("`") % 2] == []
