"""``python -m tests.generated.run --programs N --seed S``: write programs, run them, and hold the analysis against it.

It prints recall and false claims by feature, then each miss and false claim with the program, made as small as it gets
while the analysis stays as wrong (``--whole`` leaves it as it is). ``--first K`` starts with program number K,
``--doubts`` shows the claims that say "on some way" of gradients that came, ``--limit L`` shows at most L of a sort.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tests.fixtures.running import observe
from tests.generated.judging import Total, judge
from tests.generated.programs import program
from tests.generated.shrinking import shrink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.generated.judging import Judged, Verdict
    from tests.generated.programs import Program

CHUNK = 400


def chunks(programs: list[Program], size: int = CHUNK) -> Iterator[list[Program]]:
    """The programs in chunks, each of which is run by fresh processes."""
    for start in range(0, len(programs), size):
        yield programs[start : start + size]


def measure(count: int, seed: int, first: int = 0) -> Total:
    """Write, run and judge programs."""
    total = Total()
    written = [program(seed, number) for number in range(first, first + count)]
    for chunk in chunks(written):
        seen = observe({one.name: one.code for one in chunk})
        for one in chunk:
            total.add(judge(one, seen[one.name]), seen[one.name])
        if sys.stderr.isatty():
            print(f"{total.programs}/{count}", file=sys.stderr)
    return total


def show(judged: Judged, verdict: Verdict, *, whole: bool) -> str:
    """One wrong verdict with its program."""
    code = judged.program.code if whole else shrink(judged.program, verdict)
    return (
        f"=== {verdict.sort}: {judged.program.name}:{verdict.line} source {verdict.position} "
        f"truth {list(verdict.truth)} said {list(verdict.said)}\n{code}"
    )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.generated.run", description=__doc__)
    parser.add_argument("--programs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--limit", type=int, default=25)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--doubts", action="store_true")
    options = parser.parse_args()
    total = measure(options.programs, options.seed, options.first)
    wanted = ["alarm", "miss"] + (["doubt"] if options.doubts else [])
    for sort in wanted:
        found = [(judged, verdict) for judged in total.judged for verdict in judged.wrong if verdict.sort == sort]
        for judged, verdict in found[: options.limit]:
            print(show(judged, verdict, whole=options.whole))
    for judged in total.judged:
        if judged.crash:
            print(f"=== crash: {judged.program.name}\n{judged.crash}")
    print(total.table())


if __name__ == "__main__":
    main()
