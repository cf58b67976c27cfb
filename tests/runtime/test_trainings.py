"""Trainings of every make are watched: Keras 2 and 3, functions, mixed precision, two replicas."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = (CHECKOUT / "tests/runtime/trainings.py").read_text(encoding="utf-8")
CUT = next(number for number, line in enumerate(TEXT.splitlines(), 1) if line.endswith("# cut"))
NAMES = re.findall(r'^    "([^"]+)": ', TEXT.partition("TRAININGS = {")[2], re.MULTILINE)


@pytest.fixture(scope="module")
def records(asked: Callable[[str], list[str]]) -> list[dict[str, Any]]:
    """What was said of the trainings that are asked about, each of them whole and cut."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.runtime.trainings", *asked("name")],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1"},
        check=False,
    )
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(found) == 2 * len(asked("name")), done.stderr[-3000:]
    return found


@pytest.mark.sweep(every=4)
@pytest.mark.parametrize("name", NAMES)
def test_a_cut_is_named_in_each_and_a_whole_one_is_silent(name: str, records: list[dict[str, Any]]) -> None:
    mine = [record for record in records if record["name"] == name]
    assert [record["lines"] for record in mine] == [[], [CUT]]
    assert not any(record["problems"] for record in mine), mine


def test_there_are_trainings_of_nine_makes() -> None:
    assert len(NAMES) == 9
