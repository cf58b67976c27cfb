"""TensorFlow loses what the reports mark, and nothing of their twins."""

from __future__ import annotations

import pytest

from tests.reports.reports import Report, reports
from tests.reports.truth import doubts


@pytest.fixture(scope="module")
def doubted() -> dict[str, str]:
    return doubts(reports())


@pytest.mark.parametrize("report", reports(), ids=lambda one: one.name)
def test_tensorflow_bears_out_the_report(report: Report, doubted: dict[str, str]) -> None:
    assert report.name not in doubted, doubted[report.name]
