"""``gradlint demo`` shows one finding and can be followed from there; the README shows the same program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from gradlint.commands.demo import NAME, PROGRAM

ROOT = Path(__file__).parent.parent


def _run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "gradlint", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_it_fits_a_screen_and_shows_the_finding_as_check_does(tmp_path: Path) -> None:
    status, shown, complaint = _run(tmp_path, "demo")
    assert (status, complaint) == (0, "")
    assert list(tmp_path.iterdir()) == []
    assert max(map(len, shown.splitlines())) <= 80
    assert len(shown.splitlines()) <= 60
    assert _run(tmp_path, "demo", "--write")[0] == 0
    checked = _run(tmp_path, "--no-cache", NAME)
    assert checked[0] == 1
    assert checked[1] in shown


def test_what_it_says_to_try_fixes_the_program(tmp_path: Path) -> None:
    _run(tmp_path, "demo", "--write")
    assert (tmp_path / NAME).read_text() == PROGRAM
    assert _run(tmp_path, "--no-cache", "--fix", "--unsafe-fixes", NAME)[0] == 0
    assert _run(tmp_path, "--no-cache", NAME)[0] == 0
    assert "tf.exp(-rate" in (tmp_path / NAME).read_text()


def test_a_file_of_that_name_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("mine\n")
    status, shown, complaint = _run(tmp_path, "demo", "--write")
    assert (status, shown, complaint) == (2, "", f"gradlint: {NAME} already exists; it was left alone\n")
    assert (tmp_path / NAME).read_text() == "mine\n"


def test_the_readme_shows_that_program() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0] == PROGRAM
