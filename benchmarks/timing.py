"""Times whole processes in turn, so that a machine that slows down slows all of them."""

from __future__ import annotations

import os
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
        status: The last run's exit status.
    """

    name: str
    arguments: list[str]
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    status: int = 0


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
        done = subprocess.run(command.arguments, cwd=folder, env=variables, stdout=nothing, stderr=nothing, check=False)
        command.wall.append(time.perf_counter() - began)
        after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    command.cpu.append(used)
    command.status = done.returncode


def compare(title: str, commands: list[Command], folder: Path, runs: int) -> None:
    """Run commands in turn, once unmeasured and then so many times, and print medians and ratios to the second one."""
    for turn in range(runs + 1):
        for command in commands:
            run(command, folder)
            if not turn:
                command.wall.clear()
                command.cpu.clear()
    print(f"\n{title} ({runs} runs, medians)")
    base = statistics.median(commands[min(1, len(commands) - 1)].wall)
    for command in commands:
        wall, cpu = statistics.median(command.wall), statistics.median(command.cpu)
        spread = f"{min(command.wall):.2f} to {max(command.wall):.2f}"
        print(
            f"  {command.name:34} {wall:8.3f} s wall ({spread})  {cpu:8.3f} s cpu  {wall / base:7.2f} times"
            f"  status {command.status}"
        )
