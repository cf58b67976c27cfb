"""TensorFlow loses what the reports mark, and nothing of their twins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reports.reports import Report, reports
from tests.reports.truth import doubts

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def doubted(asked: Callable[[str], list[Report]]) -> dict[str, str]:
    """What TensorFlow does not bear out of the reports that are asked about."""
    return doubts(asked("report"))


@pytest.mark.sweep(every=12)
@pytest.mark.parametrize("report", reports(), ids=lambda one: one.name)
def test_tensorflow_bears_out_the_report(report: Report, doubted: dict[str, str]) -> None:
    assert report.name not in doubted, doubted[report.name]
