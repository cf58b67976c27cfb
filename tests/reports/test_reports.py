"""The analysis finds what people report as lost gradients, and is silent on the corrected twins."""

from __future__ import annotations

import pytest

from tests.reports.reports import Report, reports

REPORTS = reports()
OPEN = {
    "minimize of a cost that is computed already",
    "ranking loss by argsort under compile",
    "rounding layer in a model that is fitted",
    "list of variables grown by append in a layer",
    "module that holds a computed rate",
}
"""What the analysis does not see yet: a report that it comes to see leaves this list."""


def test_names_are_told_apart() -> None:
    names = [one.name for one in REPORTS]
    assert len(names) == len(set(names))
    assert set(names) >= OPEN


@pytest.mark.parametrize("report", REPORTS, ids=lambda one: one.name)
def test_the_loss_is_named(report: Report) -> None:
    assert report.found() is (report.name not in OPEN)


@pytest.mark.parametrize("report", REPORTS, ids=lambda one: one.name)
def test_the_twin_is_silent(report: Report) -> None:
    assert report.alarms() == []
