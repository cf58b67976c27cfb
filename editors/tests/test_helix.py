"""A real Helix in a terminal, with the configuration of the documentation: the diagnostic is shown, the fix applied."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING

import pexpect
import pyte

from editors.tests.obtain import ROOT, environment, helix
from tests.server.programs import BROKEN, FIXED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

import pytest

LINES, COLUMNS = 40, 150


class Terminal:
    """A program in a terminal, with what is on its screen.

    Args:
        command: The program and its arguments.
        folder: Where it runs.
        variables: Its environment.
    """

    def __init__(self, command: list[str], folder: Path, variables: dict[str, str]) -> None:
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._process = pexpect.spawn(
            command[0], command[1:], cwd=str(folder), env=variables, dimensions=(LINES, COLUMNS), timeout=60
        )

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def type(self, keys: str) -> None:
        """Press keys."""
        self._process.send(keys)

    def until(self, pattern: str, patience: float = 90) -> str:
        """Wait until something is on the screen; gives the screen."""
        end = time.monotonic() + patience
        while not re.search(pattern, self.text):
            assert time.monotonic() < end, f"{pattern} did not come:\n{self.text}"
            self._read(0.1)
        return self.text

    def rest(self) -> None:
        """Wait until nothing more is drawn for a moment."""
        while self._read(0.5):
            pass

    def ended(self) -> int:
        """Wait for the program's end; gives its status."""
        end = time.monotonic() + 60
        while self._process.isalive():
            assert time.monotonic() < end, self.text
            self._read(0.1)
        self._process.close()
        status: int = self._process.exitstatus
        return status

    def kill(self) -> None:
        """End the program if it still runs."""
        self._process.close(force=True)

    def _read(self, patience: float) -> bool:
        try:
            self._stream.feed(self._process.read_nonblocking(65536, patience))
        except (pexpect.TIMEOUT, pexpect.EOF):
            return False
        return True


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "train.py").write_text(BROKEN)
    guide = (ROOT / "docs" / "editors.md").read_text()
    block = re.search(r"^## Helix$.*?^```toml\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    assert block is not None
    settings = tmp_path / ".config" / "helix"
    settings.mkdir(parents=True)
    (settings / "languages.toml").write_text(block[1])
    scripts = tmp_path / "bin"
    scripts.mkdir()
    script = scripts / "gradlint"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gradlint "$@"\n')
    script.chmod(0o755)
    command, variables = helix()
    variables = {
        **environment(),
        **variables,
        "HOME": str(tmp_path),
        "PATH": f"{scripts}:{environment()['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        "XDG_CONFIG_HOME": str(tmp_path / ".config"),
        "XDG_CACHE_HOME": str(tmp_path / ".cache"),
    }
    terminal = Terminal([*command, "train.py"], tmp_path, variables)
    yield terminal
    terminal.kill()


def test_helix_shows_the_diagnostic_and_applies_the_fix(tmp_path: Path, terminal: Terminal) -> None:
    terminal.until(r"root = np\.sqrt")
    # The dot stands before the line's number.
    terminal.until(r"●\s+8 +root = np\.sqrt")
    terminal.type("]d")
    terminal.until(r"returns a NumPy array")
    terminal.until(r"\b8:25\b")
    terminal.type(" a")
    offered = terminal.until(r"Compute it with TensorFlow")
    assert "Ignore GT201 on this line" in offered
    assert "Explain GT201" in offered
    terminal.type("\r")
    terminal.rest()
    terminal.type("\r")
    terminal.until(r"root = tf\.sqrt")
    terminal.type(":write-quit!\r")
    assert terminal.ended() == 0
    assert (tmp_path / "train.py").read_text() == FIXED
