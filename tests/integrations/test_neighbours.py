"""Other linters beside gradlint: its codes in their suppression comments are left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """\
import numpy as np
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    loss = tf.square(np.mean(w))  # noqa: GT201
gradient = tape.gradient(loss, w)
"""


def ruff(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ruff on the program."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--isolated", "--select", "RUF100,RUF102,E,F"]
    return subprocess.run([*command, *arguments, "train.py"], cwd=folder, capture_output=True, text=True, check=False)


def test_ruff_keeps_the_comments_with_external(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text(PROGRAM)
    without = ruff(tmp_path, "--preview")
    assert without.returncode == 1
    assert "GT201" in without.stdout
    external = ["--config", 'lint.external = ["GT"]']
    beside = ruff(tmp_path, "--preview", "--fix", *external)
    assert beside.returncode == 0, beside.stdout
    assert file.read_text() == PROGRAM


def test_flake8_passes_over_the_codes_and_reports_its_own(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    command = [sys.executable, "-m", "flake8", "--isolated", "--max-line-length=100", "train.py"]
    file.write_text(PROGRAM)
    clean = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (clean.returncode, clean.stdout, clean.stderr) == (0, "", "")
    file.write_text(PROGRAM.replace("import tensorflow", "import os  # noqa: GT201\nimport tensorflow"))
    own = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert own.returncode == 1
    assert [line.split()[1] for line in own.stdout.splitlines()] == ["F401"]


def test_gradlint_honours_the_same_comment(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text(PROGRAM)
    command = [sys.executable, "-m", "gradlint", "check", "--no-cache", "train.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True).returncode == 0
    file.write_text(PROGRAM.replace("  # noqa: GT201", "  # noqa: F401"))
    assert subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True).returncode == 1
