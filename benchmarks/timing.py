"""Times whole processes in turn, so that a machine that slows down slows all of them."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Command:
    """A command and what its runs took.

    Attributes:
        name: What the table calls it.
        arguments: The command line.
        wall: Seconds from start to exit, a run each.
        cpu: Seconds of processor time, its children's included, a run each.
        status: The last run's exit status; None where it was stopped because it took longer than the limit.
        limit: Seconds after which a run is stopped; None for none.
    """

    name: str
    arguments: list[str]
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    status: int | None = 0
    limit: float | None = None


def gradlint(*arguments: str) -> list[str]:
    """The command line of this checkout's gradlint."""
    return [sys.executable, "-m", "gradlint", "check", *arguments]


def run(command: Command, folder: Path) -> None:
    """Run a command once and note what it took."""
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    variables["PYTHONPATH"] = str(ROOT)
    with open(os.devnull, "wb") as nothing:
        before = os.times()
        began = time.perf_counter()
        process = subprocess.Popen(
            command.arguments, cwd=folder, env=variables, stdout=nothing, stderr=nothing, start_new_session=True
        )
        try:
            command.status = process.wait(command.limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            command.status = None
        command.wall.append(time.perf_counter() - began)
        after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    command.cpu.append(used)


def compare(title: str, commands: list[Command], folder: Path, runs: int, *, unmeasured: int = 1) -> None:
    """Run commands in turn and print medians and ratios to the second one.

    Args:
        title: What is compared.
        commands: The commands.
        folder: Where they run.
        runs: How often each is measured.
        unmeasured: How often each runs before that, so that files are read from memory.
    """
    for turn in range(runs + unmeasured):
        for command in commands:
            run(command, folder)
            if turn < unmeasured:
                command.wall.clear()
                command.cpu.clear()
    print(f"\n{title} ({runs} runs, medians)")
    base = statistics.median(commands[min(1, len(commands) - 1)].wall)
    for command in commands:
        wall, cpu = statistics.median(command.wall), statistics.median(command.cpu)
        spread = f"{min(command.wall):.2f} to {max(command.wall):.2f}"
        ended = "stopped, not done by then" if command.status is None else f"status {command.status}"
        print(f"  {command.name:34} {wall:8.3f} s wall ({spread})  {cpu:8.3f} s cpu  {wall / base:7.4f} times  {ended}")
