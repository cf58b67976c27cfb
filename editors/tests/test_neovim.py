"""A real Neovim, headless, with the configuration that the project offers: the diagnostic is shown, the fix applied."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from editors.tests.obtain import ROOT, program
from tests.server.programs import BROKEN, FIXED

HERE = Path(__file__).parent


def test_neovim_shows_the_diagnostic_and_applies_the_fix(tmp_path: Path) -> None:
    file, out = tmp_path / "train.py", tmp_path / "out.json"
    file.write_text(BROKEN)
    (tmp_path / "pyproject.toml").write_text("")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "GRADLINT_TEST_COMMAND": json.dumps([sys.executable, "-m", "gradlint", "server"]),
        "GRADLINT_TEST_CONFIG": str(ROOT / "editors/neovim/gradlint.lua"),
        "GRADLINT_TEST_FILE": str(file),
        "GRADLINT_TEST_OUT": str(out),
    }
    script = f"luafile {HERE / 'neovim.lua'}"
    command = [program("nvim"), "--headless", "--clean", "-c", script]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
    )
    assert out.exists(), done.stderr
    result = json.loads(out.read_text())
    assert "failed" not in result, (result, done.stderr)
    found = result["diagnostic"]
    assert (found["line"], found["column"], found["code"]) == (7, 11, "GT201")
    assert "NumPy array" in found["message"]
    assert file.read_text() == FIXED
