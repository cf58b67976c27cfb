"""The script of at-scale.md on two local workers: what it finds, and that it goes on where it was broken off."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import gradlint

SCRIPT = Path(__file__).with_name("scan.py")
BROKEN = """\
import numpy as np
import tensorflow as tf

x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = np.exp(x)
print(tape.gradient(y, x))
"""


def _scan(folder: Path, output: Path) -> tuple[int, str]:
    command = [sys.executable, str(SCRIPT), str(folder), "--output", str(output), "--shard", "3", "--workers", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def _records(output: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in sorted(output.glob("*.jsonl")) for line in path.read_text().splitlines()]


def test_it_finds_what_check_source_finds_and_goes_on_where_it_was_broken_off(tmp_path: Path) -> None:
    folder, output = tmp_path / "code", tmp_path / "out"
    folder.mkdir()
    for number in range(10):
        (folder / f"m{number}.py").write_text(BROKEN if number % 2 else BROKEN.replace("np.exp", "tf.exp"))
    (folder / "bad.py").write_text("GradientTape = (\n")
    (folder / "endless.py").symlink_to("/dev/zero")

    status, said = _scan(folder, output)
    assert (status, said) == (1, "4 shards, 11 files, 5 findings, 1 errors\n")
    records = _records(output)
    found = sorted(str(record["path"]) for record in records if "error" not in record)
    assert found == [str(folder / f"m{number}.py") for number in (1, 3, 5, 7, 9)]
    (expected,) = gradlint.check_source(BROKEN, found[0])
    assert json.loads(json.dumps(expected.to_json())) in records
    (error,) = [record for record in records if "error" in record]
    assert str(error["error"]).startswith("SyntaxError")

    (output / "3-000001.jsonl").unlink()
    (output / "3-000002.unfinished").write_text("half a line")
    assert _scan(folder, output)[1].startswith("1 shards, 3 files, ")
    assert _records(output) == records
    assert _scan(folder, output) == (0, "0 shards, 0 files, 0 findings, 0 errors\n")
