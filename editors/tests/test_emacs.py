"""A real Emacs, in batch mode with eglot: the diagnostic is shown, the fix applied."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from editors.tests.obtain import ROOT, program
from tests.server.programs import BROKEN, FIXED

HERE = Path(__file__).parent


def test_eglot_shows_the_diagnostic_and_applies_the_fix(tmp_path: Path) -> None:
    file, out = tmp_path / "train.py", tmp_path / "out.json"
    file.write_text(BROKEN)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "GRADLINT_TEST_COMMAND": json.dumps([sys.executable, "-m", "gradlint", "server"]),
        "GRADLINT_TEST_CONFIG": str(ROOT / "editors/emacs/gradlint.el"),
        "GRADLINT_TEST_FILE": str(file),
        "GRADLINT_TEST_OUT": str(out),
    }
    command = [program("emacs"), "--batch", "--eval", "(package-initialize)", "--load", str(HERE / "emacs.el")]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert result["line"] == 8
    assert "NumPy array" in result["text"]
    assert file.read_text() == FIXED
