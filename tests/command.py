"""Runs the command for tests: see `tests/forking.py`."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
LIMIT = 120
"""For how many seconds a command may run."""


class _Forking:
    """A process that forks for each command."""

    def __init__(self) -> None:
        asks, self._asks = os.pipe()
        self._answers, answers = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(ROOT / "tests" / "forking.py"), str(asks), str(answers)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            pass_fds=(asks, answers),
            start_new_session=True,
        )
        os.close(asks)
        os.close(answers)

    def status(self, asked: Mapping[str, object]) -> int:
        """The exit status of a command, negative for a signal.

        Raises:
            subprocess.TimeoutExpired: If it runs for too long; nothing of it runs on.
        """
        os.write(self._asks, json.dumps(asked).encode() + b"\n")
        if not select.select([self._answers], [], [], LIMIT)[0]:
            self.close()
            raise subprocess.TimeoutExpired(str(asked["arguments"]), LIMIT)
        return int(os.read(self._answers, 64))

    def close(self) -> None:
        """End the process and what it runs."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._asks)
        os.close(self._answers)


_running: list[_Forking] = []


def run(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str], stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end.

    Args:
        arguments: What stands behind ``gradlint`` on its line.
        cwd: The folder that it is run in; that of the tests by default.
        env: The whole environment.
        stdin: What it reads from standard input; nothing by default.
    """
    if not _running:
        _running.append(_Forking())
        atexit.register(_end)
    with tempfile.TemporaryDirectory() as folder:
        given, out, err = (Path(folder, name) for name in ("in", "out", "err"))
        given.write_text(stdin or "", encoding="utf-8")
        written = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        files = [(str(given), os.O_RDONLY), (str(out), written), (str(err), written)]
        asked = {"arguments": arguments, "cwd": str(cwd or Path.cwd()), "env": dict(env), "files": files}
        try:
            status = _running[0].status(asked)
        except subprocess.TimeoutExpired:
            _running.clear()
            raise
        return subprocess.CompletedProcess(
            ["gradlint", *arguments], status, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        )


def _end() -> None:
    for one in _running:
        one.close()
