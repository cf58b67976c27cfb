"""Runs the worker again and again until every callable has been probed, whatever the calls do to the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PINNED = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
"""What the calls are made under: TensorFlow's own kernels, which refuse what those of oneDNN may let pass."""
CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
"""Seconds after which a call that does not come back is given up with its process."""


def probe_all(names: list[str], folder: Path, say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Probe callables in one worker after the other.

    Args:
        names: The callables' names; ``.__call__`` at the end asks for the call of a class's instances.
        folder: Where the journal is kept; what a former journal has is not probed again.
        say: Told of what goes on.

    Returns:
        For each name its ``calls`` (observations by their arguments) and the first ``errors``.
    """
    journal, todo = folder / "journal.jsonl", folder / "todo.json"
    journal.touch()
    while True:
        done, refused, stuck = _read(journal)
        left = [name for name in names if name not in done and len(refused.get(name, ())) < 12]
        if not left:
            return {name: done.get(name, {"calls": {}, "errors": ["the process ended"]}) for name in names}
        if stuck:
            say(f"the process ended in {stuck}")
        say(f"{len(left)} to go")
        todo.write_text(json.dumps({"names": left, "refused": refused}))
        _run(todo, journal)


def _run(todo: Path, journal: Path) -> None:
    """Run a worker until it is done, dies or hangs."""
    environment = os.environ | PINNED | {"PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-P", "-m", "tools.generator.worker", str(todo), str(journal)]
    size, since = journal.stat().st_size, time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            time.sleep(0.5)
            now = journal.stat().st_size
            if now != size:
                size, since = now, time.monotonic()
            elif time.monotonic() - since > PATIENCE:
                process.kill()


def _read(journal: Path) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]], str | None]:
    """What a journal tells: results by name, calls that ended a process by name, and the last of them."""
    done: dict[str, dict[str, Any]] = {}
    refused: dict[str, list[str]] = {}
    current: str | None = None
    attempt: str | None = None

    def died() -> None:
        if current is not None and attempt is not None:
            refused.setdefault(current, []).append(attempt)

    for line in journal.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if "begin" in record:
            died()
            current, attempt = record["begin"], None
        elif "try" in record:
            attempt = record["try"]
        else:
            done[record["end"]] = {"calls": record["calls"], "errors": record["errors"]}
            current = attempt = None
    died()
    return done, refused, f"{current}({attempt})" if current else None
