"""What `--confirm` costs beside running the programs plainly: `python -m benchmarks.confirm`.

Confirms a hundred findings in the rules' own broken examples and the fixtures' scripts, and runs the same hundred
programs, one a finding, in one process that imports TensorFlow once. Both are measured from a cold start, side by
side, several times; the ratio of the medians is to be at most 1.5.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint import engine, registry
from gradlint.confirm import Confirmer, Options
from gradlint.sources.read import from_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.finding import Finding
    from gradlint.sources.source import Source

LIMIT = 1.5
ROOT = Path(__file__).resolve().parent.parent

PLAIN = """
import contextlib, io, json, os, sys, traceback
import tensorflow as tf
import keras
failed = 0
for path in json.loads(sys.argv[1]):
    with open(path) as file:
        text = file.read()
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            exec(compile(text, path, "exec"), {"__name__": "__main__", "__file__": path})
        except Exception:
            failed += 1
print(failed, "programs ended in an exception")
"""


def programs() -> Iterator[tuple[str, str]]:
    """The broken programs, by name: the rules' examples, then the fixtures' scripts."""
    for rule in registry.load():
        for number, example in enumerate(rule.examples):
            yield f"{rule.code}_{number}.py", example.broken
    for path in sorted((ROOT / "fixtures").rglob("*_broken.py")):
        yield f"{path.parent.name}_{path.name}", path.read_text(encoding="utf-8")


def findings(count: int) -> list[tuple[Source, list[Finding]]]:
    """The first findings of the broken programs, as many as asked for, with their sources."""
    found: list[tuple[Source, list[Finding]]] = []
    left = count
    for name, text in programs():
        source = from_text(text, name)
        some = engine.check(source)[:left]
        if some:
            found.append((source, some))
            left -= len(some)
        if not left:
            break
    return found


def confirm(work: list[tuple[Source, list[Finding]]], jobs: int | None) -> tuple[float, Counter[str]]:
    """Seconds that the verdicts take from a cold start, and how many there are of each."""
    started = time.perf_counter()
    with Confirmer(Options(jobs=jobs)) as confirmer:
        statuses = Counter(verdict.status for _, _, verdict in confirmer.confirm_all(work))
    return time.perf_counter() - started, Counter(map(str, statuses.elements()))


def plain(work: list[tuple[Source, list[Finding]]], folder: Path) -> float:
    """Seconds that one process takes to import TensorFlow and run one program a finding."""
    paths = []
    for source, some in work:
        path = folder / source.path
        path.write_text(source.code, encoding="utf-8")
        paths += [str(path)] * len(some)
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "TF_ENABLE_ONEDNN_OPTS": "0"}
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", PLAIN, json.dumps(paths)],
        env={**os.environ, **quiet},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    return time.perf_counter() - started


def main() -> int:
    """Measure, print, and give 1 where the ratio is beyond the limit."""
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=int, default=100, metavar="N", help="how many findings (default: 100)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured (default: 3)")
    parser.add_argument("--jobs", type=int, default=None, metavar="N", help="probes side by side (default: one a core)")
    arguments = parser.parse_args()
    work = findings(arguments.findings)
    count = sum(len(some) for _, some in work)
    print(f"{count} findings in {len(work)} programs, {Options(jobs=arguments.jobs).workers} probes side by side")
    confirmed, ran = [], []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(arguments.rounds):
            ran.append(plain(work, Path(folder)))
            seconds, statuses = confirm(work, arguments.jobs)
            confirmed.append(seconds)
            verdicts = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
            print(f"round {turn + 1}: plain {ran[-1]:6.2f} s   confirm {seconds:6.2f} s   ({verdicts})", flush=True)
    ratio = statistics.median(confirmed) / statistics.median(ran)
    print(f"confirming takes {ratio:.2f} times what running plainly takes; the limit is {LIMIT:g}")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
