"""How the analysis' cost grows: `python -m benchmarks.growth`.

Analyses programs of 1 to 100 times the work and prints the processor time of each beside that of the smallest, and then
the programs that a careless analysis explodes on.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from typing import TYPE_CHECKING

from benchmarks import programs
from gradlint.flow.analysis import analyse
from gradlint.sources.read import from_text

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = (1, 4, 16, 100)
GROWING: dict[str, tuple[Callable[[int], str], int]] = {
    "a script of steps": (programs.script, 8),
    "classes that nobody calls": (programs.classes, 8),
    "one tape over a chain of operations": (programs.chained, 30),
    "one tape over many variables": (programs.variables, 20),
    "functions that nobody calls": (programs.functions, 20),
}
"""What grows, and the size that counts as one time."""
HARD: dict[str, str] = {
    "40 nested ifs": programs.nested_ifs(40),
    "a 12-deep call chain": programs.call_chain(12),
    "a 12-deep call chain, two calls each": programs.call_chain(12, 2),
    "2,000 functions": programs.functions(2000),
    "a notebook of 5,000 lines": from_text(programs.notebook(5000), "long.ipynb").code,
}
LIMIT = 2.0
"""How many seconds each of the hard programs may take."""
STEEPEST = 20.0
"""How much a program that is 16 times longer may cost."""


def cost(code: str, runs: int) -> tuple[float, bool]:
    """The median processor time of analysing a program, and whether the analysis came to its end."""
    times = []
    complete = True
    for _ in range(runs):
        gc.collect()
        gc.disable()
        began = time.process_time()
        complete = analyse(code).complete
        times.append(time.process_time() - began)
        gc.enable()
    return statistics.median(times), complete


def main(arguments: list[str] | None = None) -> int:
    """Print both tables; the status is 1 where a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="how often each program is analysed")
    given = parser.parse_args(arguments)
    kept = True
    for title, (make, size) in GROWING.items():
        print(title)
        base = 0.0
        for times in TIMES:
            code = make(size * times)
            seconds, complete = cost(code, given.runs)
            base = base or seconds
            ratio = seconds / base
            kept = kept and (times != 16 or ratio <= STEEPEST)
            ended = "" if complete else "  the budget ended it"
            print(f"  {times:4} x  {len(code.splitlines()):6} lines  {seconds:8.3f} s  {ratio:6.1f} times{ended}")
    for title, code in HARD.items():
        seconds, complete = cost(code, given.runs)
        kept = kept and seconds <= LIMIT
        ended = "" if complete else "  the budget ended it"
        print(f"{title:40} {len(code.splitlines()):6} lines  {seconds:8.3f} s{ended}")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
