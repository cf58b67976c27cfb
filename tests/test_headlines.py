"""The parts of the messages over all programs there are: short headlines, and a cure for every finding."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradlint.api import check_source
from gradlint.message import LONGEST
from gradlint.runner import Run
from gradlint.settings import Settings
from tests.sampling import sample
from tests.truth.table import programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradlint.finding import Finding

ROOT = Path(__file__).parent.parent
EVERY_RULE = Settings(select=("ALL",))


def of_fixtures(whole: bool) -> Iterator[Finding]:
    folders = [path for path in sorted((ROOT / "fixtures").iterdir()) if path.is_dir()]
    for result in Run(sample(folders, 4, whole=whole, name=lambda one: one.name), EVERY_RULE, jobs=1, cache=False):
        yield from result.findings


def of_truth(whole: bool) -> Iterator[Finding]:
    for program in sample(programs(), 6, whole=whole, name=lambda one: str(one["name"])):
        yield from check_source(str(program["code"]), settings=EVERY_RULE)


@pytest.mark.parametrize("findings", [of_fixtures, of_truth])
def test_every_finding_has_a_short_headline_and_a_cure(
    findings: Callable[[bool], Iterator[Finding]], whole: bool
) -> None:
    found = list(findings(whole))
    assert len(found) > (180 if whole else 30)
    assert [one.headline for one in found if not 0 < len(one.headline) <= LONGEST] == []
    assert {one.code for one in found if not one.help} == set()
    assert {one.code for one in found if one.gradients and not one.happens} == set()
    assert [one.headline for one in found if one.headline.count("`") % 2] == []


def test_what_has_no_name_where_the_gradient_is_asked_for_is_shown_as_it_is_written() -> None:
    code = """import tensorflow as tf
x = tf.Variable([3.0, 0.0])
def distance(a):
    squared = tf.square(a)
    return tf.sqrt(squared)
with tf.GradientTape() as tape:
    d = tf.reduce_sum(distance(x))
g = tape.gradient(d, x)
"""
    found = check_source(code)
    assert [one.headline for one in found] == ["`tf.sqrt` has an infinite slope where `tf.square(a)` is 0"]
