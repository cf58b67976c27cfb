"""TensorFlow loses what the reports mark, and nothing of their twins."""

from __future__ import annotations

import pytest

from tests.reports.reports import Report, reports
from tests.reports.truth import doubts


@pytest.fixture(scope="module")
def doubted(request: pytest.FixtureRequest) -> dict[str, str]:
    """What TensorFlow does not bear out of the reports that the chosen tests ask about."""
    chosen = [item.callspec.params["report"] for item in request.session.items if item.path == request.path]
    return doubts(chosen)


@pytest.mark.sweep(every=5)
@pytest.mark.parametrize("report", reports(), ids=lambda one: one.name)
def test_tensorflow_bears_out_the_report(report: Report, doubted: dict[str, str]) -> None:
    assert report.name not in doubted, doubted[report.name]
