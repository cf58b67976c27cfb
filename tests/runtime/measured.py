"""How many of a set of programs the watcher is right about: ``python -m tests.runtime.measured SET``.

SET is ``fixtures``; or a folder with an ``index.tsv`` that says of each program which line loses a gradient and which
call asks for it; or a folder of programs whose outcomes an ``observed.json`` beside it records. Of a broken program
each lost gradient has to be named at its cause, and of any other nothing may be said. What is missed is listed.
``--alone`` leaves out what reading the code knows.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fixtures.catalogue import ROOT, programs

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Wanted:
    """One loss that has to be named.

    Attributes:
        causes: The lines that name it rightly; empty where none is known and the call is all there is.
        calls: The lines of the gradient calls.
        outcome: What the source gets.
    """

    causes: frozenset[int]
    calls: frozenset[int]
    outcome: str

    def named(self, record: dict[str, Any], names: set[str]) -> bool:
        """Whether a finding stands at the cause, or where none is known, names the call."""
        here = [one for one in record["findings"] if Path(one["path"]).name in names]
        if self.causes:
            return any(one["line"] in self.causes for one in here)
        return any(one["line"] in self.calls or self.calls & set(one["calls"]) for one in here)


@dataclass(frozen=True)
class Task:
    """One program and what is known of it.

    Attributes:
        path: The program.
        run: The file that is run, where the program itself only defines functions.
        code: The text that is run.
        broken: Whether it loses a gradient.
        wanted: The losses, where their causes are known.
    """

    path: Path
    run: Path
    code: str
    broken: bool
    wanted: tuple[Wanted, ...] = field(default=())


def of_fixtures(_: Path) -> Iterator[Task]:
    """The programs of ``fixtures/``."""
    for program in programs():
        lines = {program.place(number): number for number in range(1, len(program.source.lines) + 1)}
        wanted = tuple(
            Wanted(
                frozenset({lines[one.place]}),
                frozenset(lines[gradient.place] for gradient in one.gradients),
                one.gradients[0].outcome,
            )
            for one in program.expected
            if one.gradients
        )
        if program.raised is not None and not wanted:
            raises = frozenset({lines[program.raised.place]})
            causes = frozenset(lines[one.place] for one in program.expected)
            wanted = (Wanted(causes, raises, "error"),)
        if program.role == "broken" and not wanted:
            continue  # a misuse that loses no gradient
        yield Task(program.path, program.path.with_suffix(".py"), program.source.code, bool(wanted), wanted)


def of_index(folder: Path) -> Iterator[Task]:
    """The programs that an ``index.tsv`` names."""
    with open(folder / "index.tsv", encoding="utf-8", newline="") as index:
        for row in csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE):
            run = folder / row["run"]
            if run.suffix != ".py" or ":" in row["line"]:
                continue
            causes = frozenset(map(int, filter(None, row["cause"].split(","))))
            calls = frozenset(map(int, filter(None, row["line"].split(","))))
            broken = row["folder"] == "found"
            raising = frozenset(one for one in calls if f"Error at {one}" in row["truth"])
            wanted = (Wanted(causes | raising, calls, row["truth"]),) if broken else ()
            yield Task(folder / row["file"], run, run.read_text(encoding="utf-8"), broken, wanted)


def of_observed(folder: Path) -> Iterator[Task]:
    """The programs that an ``observed.json`` holds the outcomes of."""
    records = json.loads((folder / "observed.json").read_text(encoding="utf-8"))["cases"]
    for name, record in records.items():
        path = folder / "cases" / f"{name}.py"
        labels = json.dumps(record.get("label", record.get("results", {})))
        lost = ("None", "NaN", "inf", "raises", "Error", "empty")
        broken = bool(record.get("exception")) or any(one in labels for one in lost)
        yield Task(path, path, path.read_text(encoding="utf-8"), broken)


def watched(tasks: list[Task], alone: bool) -> Iterator[dict[str, Any]]:
    """What the watcher saw of each program, all of them in one process; each runs in a copy of its folder."""
    with tempfile.TemporaryDirectory() as scratch:
        lines = []
        copies: dict[Path, Path] = {}
        for task in tasks:
            if task.run.parent not in copies:
                copies[task.run.parent] = copy = Path(scratch, str(len(copies)), task.run.parent.name)
                shutil.copytree(task.run.parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
                for folder in (copy, *filter(Path.is_dir, copy.rglob("*"))):
                    folder.chmod(0o755)
            folder = copies[task.run.parent]
            path = folder / task.run.name
            if not path.exists():
                path.write_text(task.code, encoding="utf-8")
            lines.append(json.dumps({"path": str(path), "code": task.code, "folder": str(folder), "alone": alone}))
        done = subprocess.run(
            [sys.executable, "-m", "tests.runtime.watch_all"],
            input="\n".join(lines),
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
            check=False,
        )
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                yield json.loads(line)


def report(tasks: list[Task], alone: bool) -> int:
    """Print what is missed or said wrongly, and the counts; how many programs are judged wrongly."""
    right = {True: 0, False: 0}
    total = {True: 0, False: 0}
    for task, record in zip(tasks, watched(tasks, alone), strict=False):
        total[task.broken] += 1
        wrong = [*_missed(task, record), *record["failed"]]
        right[task.broken] += not wrong
        for one in wrong:
            print(f"{task.path.parent.name}/{task.path.name}: {one}")
            for seen in record["observed"]:
                print("     ", {key: value for key, value in seen.items() if key != "in"})
            if record["raised"]:
                print("      raised", record["raised"])
    print(f"broken {right[True]}/{total[True]} quiet {right[False]}/{total[False]}", flush=True)
    return sum(total.values()) - sum(right.values())


def _missed(task: Task, record: dict[str, Any]) -> Iterator[str]:
    if not task.broken:
        if record["findings"]:
            yield f"said {[(one['code'], one['line']) for one in record['findings']]}"
    elif task.wanted:
        for wanted in task.wanted:
            if not wanted.named(record, {task.path.name, task.run.name}):
                yield (
                    f"missed {wanted.outcome} at {sorted(wanted.causes)} for the call on {sorted(wanted.calls)}, "
                    f"said {[(one['code'], one['line']) for one in record['findings']]}"
                )
    elif not any(one["reason"] != "unknown" for one in record["observed"]):
        yield "nothing said"


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set")
    parser.add_argument("names", nargs="*", help="only programs whose path has one of these in it")
    parser.add_argument("--alone", action="store_true", help="without what reading the code knows")
    arguments = parser.parse_args()
    folder = ROOT if arguments.set == "fixtures" else Path(arguments.set).resolve()
    read = of_fixtures if folder == ROOT else of_index if (folder / "index.tsv").exists() else of_observed
    tasks = [
        task for task in read(folder) if not arguments.names or any(name in str(task.path) for name in arguments.names)
    ]
    sys.exit(bool(report(tasks, arguments.alone)))


if __name__ == "__main__":
    main()
