"""gradlint beside ruff and fixit on real code: `python -m benchmarks.speed`.

Runs whole processes in turn, several times each, and prints medians and ratios: cold (no cache) and warm, on the
installed site-packages and on a tree that is made for it; on the files with tapes alone beside a LibCST parse of them;
and the start of the process. fixit is stopped after ``--limit`` seconds: on the whole of the site-packages it takes
half an hour.
"""

from __future__ import annotations

import argparse
import sys
import sysconfig
import tempfile
from pathlib import Path

from benchmarks import programs
from benchmarks.timing import Command, compare, gradlint

PARSE = """
import gc, sys, libcst
gc.disable()
for path in open(sys.argv[1]).read().splitlines():
    try:
        libcst.parse_module(open(path, "rb").read())
    except libcst.ParserSyntaxError:
        pass
"""
"""A LibCST parse of the files that a list names."""
BROKEN = """
import numpy as np
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.square(np.log(w)))
print(tape.gradient(loss, w))
"""
"""A program with a finding, whose fix LibCST is imported for."""
RULE = "fixit.rules:NoRedundantLambda"
PARTS = ("tapes", "packages", "tree", "start")


def fixit(*paths: str) -> list[str]:
    """fixit's command line, with one rule."""
    return [sys.executable, "-m", "fixit", "--rules", RULE, "lint", *paths]


def ruff(*arguments: str) -> list[str]:
    """ruff's command line, with its default rules."""
    return [sys.executable, "-m", "ruff", "check", "--isolated", *arguments]


def make_tree(folder: Path, files: int) -> None:
    """Write a tree of modules of some 120 lines, of which every tenth has tapes."""
    for number in range(files):
        place = folder / f"package{number // 50}"
        place.mkdir(parents=True, exist_ok=True)
        text = programs.classes(8)
        if number % 10:
            text = text.replace("GradientTape", "Recorder")
        (place / f"module{number}.py").write_text(text)


def with_tapes(packages: Path) -> list[str]:
    """The Python files below a folder that name a tape."""
    return sorted(str(path) for path in packages.rglob("*.py") if b"GradientTape" in path.read_bytes())


def main(arguments: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--packages", type=Path, default=Path(sysconfig.get_path("purelib")), help="the real code")
    parser.add_argument("--files", type=int, default=1000, help="how many files the made tree has")
    parser.add_argument("--runs", type=int, default=5, help="how often each command is measured")
    parser.add_argument("--limit", type=float, default=200.0, metavar="SECONDS", help="when to stop fixit")
    given = parser.parse_args(arguments)
    parts = given.parts or PARTS
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "start" in parts:
            start(folder, given.runs)
        if "tapes" in parts:
            tapes(folder, given.packages, given.runs)
        if "tree" in parts:
            tree = folder / "tree"
            make_tree(tree, given.files)
            beside(f"a made tree of {given.files} files", tree, folder, given.runs, given.limit)
        if "packages" in parts:
            count = sum(1 for _ in given.packages.rglob("*.py"))
            beside(f"site-packages, {count} files", given.packages, folder, given.runs, given.limit)
    return 0


def beside(title: str, tree: Path, folder: Path, runs: int, limit: float) -> None:
    """gradlint and ruff, cold and warm, and fixit, on one tree."""
    cold = [
        Command("gradlint --no-cache", gradlint("--no-cache", str(tree))),
        Command("ruff check --no-cache", ruff("--no-cache", str(tree))),
    ]
    compare(f"{title}, cold", cold, folder, runs)
    warm = [
        Command("gradlint", gradlint("--cache-dir", str(folder / f"{tree.name}-gradlint"), str(tree))),
        Command("ruff check", ruff("--cache-dir", str(folder / f"{tree.name}-ruff"), str(tree))),
    ]
    compare(f"{title}, warm", warm, folder, runs)
    again = Command("gradlint --no-cache", gradlint("--no-cache", str(tree)))
    compare(
        f"{title}, fixit",
        [again, Command("fixit lint, one rule", fixit(str(tree)), limit=limit)],
        folder,
        1,
        unmeasured=0,
    )


def tapes(folder: Path, packages: Path, runs: int) -> None:
    """The files with tapes alone."""
    paths = with_tapes(packages)
    listed = folder / "tapes.txt"
    listed.write_text("\n".join(paths))
    commands = [
        Command("gradlint --no-cache", gradlint("--no-cache", *paths)),
        Command("libcst.parse_module", [sys.executable, "-c", PARSE, str(listed)]),
        Command("gradlint --no-cache --jobs 1", gradlint("--no-cache", "--jobs", "1", *paths)),
        Command("ruff check --no-cache", ruff("--no-cache", *paths)),
        Command("fixit lint, one rule", fixit(*paths)),
    ]
    compare(f"the {len(paths)} files of site-packages that name a tape", commands, folder, runs)


def start(folder: Path, runs: int) -> None:
    """What a process costs before it has much to do."""
    plain, taped, broken = folder / "plain.py", folder / "taped.py", folder / "broken.py"
    plain.write_text("import tensorflow as tf\n\n\ndef double(x):\n    return tf.add(x, x)\n")
    taped.write_text(programs.script(15))
    broken.write_text(BROKEN)
    commands = [
        Command("gradlint --version", [sys.executable, "-m", "gradlint", "--version"]),
        Command("python -c 'import libcst'", [sys.executable, "-c", "import libcst"]),
        Command("one file with a finding and its fix", gradlint("--no-cache", str(broken))),
        Command("one file without a tape", gradlint("--no-cache", str(plain))),
        Command("one file of 300 lines with 15 tapes", gradlint("--no-cache", str(taped))),
        Command("python -c pass", [sys.executable, "-c", "pass"]),
    ]
    compare("the start of a process", commands, folder, 2 * runs)


if __name__ == "__main__":
    raise SystemExit(main())
