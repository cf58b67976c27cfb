"""What reading leaves open is named where the program is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gradlint import check_source
from tests.runtime.unreadable import HEAD
from tests.runtime.unreadable import PROGRAMS as FIRST
from tests.runtime.unreadable_more import CLEAN, MORE
from tests.runtime.watch_all import watched

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMS = FIRST | MORE
pytestmark = pytest.mark.sweep(every=4)


@pytest.fixture(scope="module")
def seen(asked: Callable[[str], list[str]]) -> dict[str, dict[str, Any]]:
    """What was observed of each program that is asked about."""
    programs = PROGRAMS | CLEAN
    return watched([{"path": name, "code": HEAD + programs[name]} for name in asked("name")])


def marked(code: str) -> int:
    """The line that ends in ``# lost``."""
    return next(number for number, line in enumerate(code.splitlines(), 1) if line.endswith("# lost"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_line_is_named(name: str, seen: dict[str, dict[str, Any]]) -> None:
    record = seen[name]
    assert not record["failed"]
    assert record["raised"] is None
    assert marked(HEAD + PROGRAMS[name]) in [one["at"] for one in record["observed"]], record["observed"]


@pytest.mark.parametrize("name", CLEAN)
def test_a_program_that_loses_nothing_is_silent(name: str, seen: dict[str, dict[str, Any]]) -> None:
    record = seen[name]
    assert (record["findings"], record["failed"], record["raised"]) == ([], [], None)


@pytest.mark.parametrize("name", PROGRAMS)
def test_reading_alone_does_not_name_it(name: str) -> None:
    line = marked(HEAD + PROGRAMS[name])
    errors = [one for one in check_source(HEAD + PROGRAMS[name]) if one.severity == "error"]
    assert line not in [one.location.line for one in errors]
