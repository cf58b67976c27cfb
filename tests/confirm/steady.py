"""Judges the same findings again and again, and again beside busy processes: each verdict must be the same every time.

``python -m tests.confirm.steady`` takes every twelfth program of the fixtures, the truth table and the rules' examples,
judges its findings ten times with a worker of its own each, and then twice while eight processes keep the processor
busy. It prints every finding that got two statuses, and ends with status 1 where there is one.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint.confirm import Confirmer, Options
from tests.confirm.verdicts import ORIGINS, cases, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.confirm.verdicts import Case

EVERY, TURNS, LOADED, BUSY = 12, 10, 2, 8
SPIN = "while True:\n    pass"


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """While some processes do nothing but compute."""
    processes = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def turn(chosen: Sequence[Case], told: str) -> list[tuple[str, str]]:
    """Each finding, by its place and claim, with its verdict's status; from a worker that has judged nothing before."""
    began = time.perf_counter()
    with Confirmer(Options()) as confirmer:
        judged = judge(confirmer, chosen)
    counts = Counter(one.status for one in judged)
    took = time.perf_counter() - began
    print(f"{told}: {', '.join(f'{number} {status}' for status, number in sorted(counts.items()))} ({took:.0f} s)")
    sys.stdout.flush()
    return [(f"{one.program}:{one.finding.location.line} {one.finding.code}", one.status) for one in judged]


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, print what differs, and give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=EVERY, metavar="N")
    parser.add_argument("--turns", type=int, default=TURNS, metavar="N")
    parser.add_argument("--loaded", type=int, default=LOADED, metavar="N")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        chosen = list(cases(ORIGINS, Path(folder), part=slice(None, None, options.every)))
        turns = [turn(chosen, f"run {number + 1}") for number in range(options.turns)]
        with busy(BUSY):
            turns += [turn(chosen, f"beside {BUSY} busy processes") for _ in range(options.loaded)]
    differing = 0
    for place in range(len(turns[0])):
        statuses = [one[place][1] for one in turns]
        if len(set(statuses)) > 1:
            differing += 1
            print(f"{turns[0][place][0]}: {', '.join(statuses)}")
    print(f"{len(turns[0])} findings of {len(chosen)} programs, {len(turns)} runs: {differing} verdicts differ")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
