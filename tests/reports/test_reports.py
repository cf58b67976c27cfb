"""The analysis finds what people report as lost gradients, and is silent on the corrected twins."""

from __future__ import annotations

import pytest

from tests.reports.reports import Report, reports

REPORTS = reports()
OPEN = {
    "distance of each sequence to itself",
    "bijector that remembers what it inverted",
    "deferred tensor as the source",
    "standard deviation of a policy zipped with its gradient",
    "gradient between two variables of a loop",
    "optimizer of the first version asked by a value",
    "penalty on the slope of a critic that enlarges its picture",
    # A method that left with TensorFlow 2.16 shows that the program was written for an earlier one.
    "optimizer asked for gradients of the model's losses",
    "all weights of a network of which one layer does not train",
    "activations fetched as arrays and asked again",
    "pairs that were printed before they were applied",
    "weights chosen by a name that they no longer have",
    "binary network without a gradient for its sign",
}
"""What the analysis does not see yet: a report that it comes to see leaves this list."""
ALARMED: set[str] = set()
"""Twins on which it is not silent: one on which it comes to be leaves this list."""


def test_names_are_told_apart() -> None:
    names = [one.name for one in REPORTS]
    assert len(names) == len(set(names))
    assert set(names) >= OPEN | ALARMED


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize("report", REPORTS, ids=lambda one: one.name)
def test_the_loss_is_named(report: Report) -> None:
    assert report.found() is (report.name not in OPEN)


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize("report", REPORTS, ids=lambda one: one.name)
def test_the_twin_is_silent(report: Report) -> None:
    assert bool(report.alarms()) is (report.name in ALARMED)
