"""Trainings of every make are watched: Keras 2 and 3, functions, mixed precision, two replicas."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def test_a_cut_is_named_in_each_and_a_whole_one_is_silent() -> None:
    text = (CHECKOUT / "tests/runtime/trainings.py").read_text(encoding="utf-8")
    cut = next(number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# cut"))
    done = subprocess.run(
        [sys.executable, "-m", "tests.runtime.trainings"],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1"},
        check=False,
    )
    records = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(records) == 18, done.stderr[-3000:]
    for record in records:
        assert record["lines"] == ([cut] if record["cut"] else []), record
        assert not record["problems"], record
