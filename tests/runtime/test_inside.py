"""Watching from within: the context manager, the question, and a notebook's cell."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import numpy as np
import tensorflow as tf
import gradlint

w = tf.Variable([1.0, 2.0])
b = tf.Variable(0.5)

def losses(mean):
    with tf.GradientTape() as tape:
        loss = tf.square(mean(w * 2.0)) + b
    return tape, loss

with gradlint.watching(show=False) as watched:
    tape, loss = losses(tf.reduce_mean)
    print("kept", gradlint.explain(tape, loss, [w, b]), watched.findings)
    tape, loss = losses(np.mean)
    (found,) = gradlint.explain(tape, loss, [w, b])
    print("lost", found.code, found.location.line, watched.findings == [found])
    print(str(watched).split(":")[2].split()[0])

try:
    gradlint.explain(tape, loss, w)
except RuntimeError as error:
    print("outside", error)

before = np.asarray(w)
print(type(tf.GradientTape.gradient).__name__, memoryview(tf.constant([1.0])).nbytes)

from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
shell.run_cell("%load_ext gradlint")
shell.run_cell("import numpy as np, tensorflow as tf\\nw = tf.Variable(1.0)")
shell.run_cell("%%gradlint run\\nwith tf.GradientTape() as tape:\\n    y = tf.square(np.tanh(w))\\ntape.gradient(y, w)")
"""


@pytest.mark.sweep(every=3)
def test_what_is_seen_from_within(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "IPYTHONDIR": str(tmp_path / "i")},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stdout.splitlines()
    assert lines[0] == "kept [] []"
    assert lines[1] == "lost GT201 11 True"
    assert lines[2] == "GT201"
    assert lines[3] == "outside gradlint.explain() works inside `with gradlint.watching():`"
    assert lines[4] == "function 4"
    assert "line 2: GT201" in done.stdout
