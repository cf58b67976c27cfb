"""Runs over files: what is looked at, in what order, and what one broken file does to the others."""

import gc
import json
import os
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from gradlint import runner, workers
from gradlint.garbage import MUCH, left_lying, tidy
from gradlint.runner import FileResult, run
from gradlint.settings import Resolver, Settings, SettingsError

MARKER = os.path.join(os.path.dirname(__file__), "marker")
NEEDLE = "from tensorflow import GradientTape\n"
LARGE = "# padding\n" * 6_000


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(MARKER).parent.parent))
    monkeypatch.setenv("GRADLINT_TRUST", "1")
    Path("gradlint.toml").write_text(f"rules = [{json.dumps(MARKER)}]\n")


def write(path: str, text: str | bytes) -> None:
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text if isinstance(text, bytes) else text.encode())


def results(*paths: str, jobs: int | None = 1, cache: bool = False) -> list[FileResult]:
    return list(run(paths or ["."], jobs=jobs, cache=cache))


def summary(found: list[FileResult]) -> list[tuple[str, list[int], str | None]]:
    """Path, lines of findings and first problem's kind of each result."""
    return [
        (one.path, [f.location.line for f in one.findings], one.problems[0].kind if one.problems else None)
        for one in found
    ]


def test_only_files_that_name_a_tape_give_results() -> None:
    write("a.py", NEEDLE + "lost()\n")
    write("b.py", "lost()\n")
    write("c.py", NEEDLE)
    write("d.py", b"\xff\xfe not text")
    going = run(["."], cache=False)
    assert summary(list(going)) == [("a.py", [2], None), ("c.py", [], None)]
    assert going.files == 4


def test_every_kind_of_file() -> None:
    write("a.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": NEEDLE + "lost()"}]}))
    write("b.md", f"```python\n{NEEDLE}lost()\n```\n")
    write("c.pyi", NEEDLE + "lost()\n")
    found = results()
    assert summary(found) == [("a.ipynb", [2], None), ("b.md", [3], None), ("c.pyi", [2], None)]
    assert [one.findings[0].cell for one in found] == [0, None, None]


def test_paths_are_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("src/a.py", NEEDLE + "lost()\n")
    write("other/x", "")
    assert [one.path for one in results("./src")] == ["src/a.py"]
    assert [one.path for one in results(str(tmp_path))] == ["src/a.py"]
    monkeypatch.chdir(tmp_path / "other")
    (result,) = results(str(tmp_path / "src"))
    assert result.path == result.findings[0].path == (tmp_path / "src" / "a.py").as_posix()


@pytest.mark.parametrize("jobs", [1, 3])
def test_one_broken_file_harms_no_other(jobs: int) -> None:
    write("a.py", NEEDLE + LARGE + "lost()\n")
    write("b.py", NEEDLE + "print x\n")
    write("c.py", NEEDLE.encode() + b"'\xe9'\n")
    write("d.py", NEEDLE + LARGE + "boom()\n")
    write("e.ipynb", '{"cells": [GradientTape')
    write("f.py", NEEDLE + "\0\n")
    write("g.py", NEEDLE + LARGE + "lost()\n")
    found = results("missing.py", ".", jobs=jobs)
    assert summary(found) == [
        ("missing.py", [], "read"),
        ("a.py", [6002], None),
        ("b.py", [], "syntax"),
        ("c.py", [], "read"),
        ("d.py", [], "internal"),
        ("e.ipynb", [], "read"),
        ("f.py", [], "syntax"),
        ("g.py", [6002], None),
    ]
    errors = {one.path: one.error for one in found}
    assert errors["a.py"] is None
    assert errors["b.py"] is not None
    assert errors["b.py"].startswith("b.py:2:1: syntax error: Missing parentheses")
    assert errors["missing.py"] == "missing.py: no such file or folder"
    assert errors["d.py"] is not None
    assert errors["d.py"].startswith(
        "d.py: internal error, please report it: RuntimeError: the marker rule fails here ("
    )


def test_a_process_that_dies_costs_its_file_alone() -> None:
    for name in "abcdef":
        write(f"{name}.py", NEEDLE + LARGE + ("die()\n" if name in "be" else "lost()\n"))
    found = results(jobs=2)
    assert summary(found) == [
        (f"{name}.py", [], "internal") if name in "be" else (f"{name}.py", [6002], None) for name in "abcdef"
    ]
    assert "the process that checked this file died" in str(found[1].error)


def test_results_are_the_same_with_one_process_and_with_several() -> None:
    for index in range(12):
        write(f"{index:02}.py", NEEDLE + "lost()\n" * index + LARGE * (index % 3))
    one = results(jobs=1)
    assert one == results(jobs=4) == results(jobs=None)
    assert [len(result.findings) for result in one] == list(range(12))


def test_the_largest_file_is_begun_first_and_the_order_stays() -> None:
    write("a.py", NEEDLE + "lost()\n")
    write("b.py", NEEDLE + LARGE * 3)
    write("c.py", NEEDLE + LARGE)
    assert [one.path for one in results(jobs=2)] == ["a.py", "b.py", "c.py"]


def _double(number: int) -> int:
    return 2 * number


def test_processes_begin_while_tasks_are_still_drawn() -> None:
    limit = time.monotonic() + 60
    came: list[tuple[int, int | None]] = []

    def tasks() -> Iterator[tuple[int]]:
        for number in count():
            yield (number,)
            if came or time.monotonic() > limit:
                return
            time.sleep(0.01)

    for result in workers.each(_double, tasks(), 2, lambda task: task[0]):
        came.append(result)
    assert time.monotonic() < limit
    assert sorted(came) == [(number, 2 * number) for number in range(len(came))]


class Held:
    """What refers to itself, so that only the collector frees it."""

    circle: object


def test_garbage_is_left_lying_until_it_is_much() -> None:
    with left_lying():
        gc.collect()
        gone = weakref.ref(held := Held())
        held.circle = held
        del held
        tidy()
        assert gone() is not None
        kept = [[] for _ in range(MUCH)]
        tidy()
        assert gone() is None
        assert len(kept) == MUCH
    assert gc.isenabled()


def test_settings_of_each_folder() -> None:
    write("a/x.py", NEEDLE + "lost()\nother()\n")
    write("b/x.py", NEEDLE + "lost()\nother()\n")
    write("b/gradlint.toml", f'rules = [{json.dumps(MARKER)}]\nignore = ["XX101"]\n')
    assert summary(results()) == [("a/x.py", [2, 3], None), ("b/x.py", [3], None)]
    given = run(["."], Settings(rules=(MARKER,), select=("XX101",)), cache=False)
    assert summary(list(given)) == [("a/x.py", [2], None), ("b/x.py", [2], None)]
    resolver = Resolver(overrides={"select": ["XX102"], "rules": [MARKER]})
    assert summary(list(run(["."], resolver, cache=False))) == [("a/x.py", [3], None), ("b/x.py", [3], None)]


def test_settings_that_cannot_be_used_are_told_before_anything_runs() -> None:
    write("a.py", "no tape\n")
    with pytest.raises(SettingsError, match="unknown rule `NOPE1`"):
        run(["."], Resolver(overrides={"select": ["NOPE1"]}), cache=False)
    write("sub/gradlint.toml", "nope = 1\n")
    write("sub/b.py", NEEDLE + "lost()\n")
    write("a.py", NEEDLE + "lost()\n")
    found = results()
    assert summary(found) == [("sub", [], "settings"), ("a.py", [2], None)]
    assert "its settings cannot be used, so it was not checked: sub/gradlint.toml:1:1: unknown key `nope`" in str(
        found[0].error
    )
    write("sub/gradlint.toml", 'select = ["NOPE2"]\n')
    assert "unknown rule `NOPE2`" in str(results()[0].error)
    assert summary(results("sub/b.py", "a.py")) == [("sub", [], "settings"), ("a.py", [2], None)]


def test_suppressions_are_counted() -> None:
    write("a.py", NEEDLE + "lost()  # gradlint: ignore\nlost()\n")
    (result,) = results()
    assert (result.suppressed, len(result.findings)) == (1, 1)


def test_a_result_survives_json() -> None:
    write("a.py", NEEDLE + "lost('call')\nasked()\nx = 1  # gradlint: ignore[XX101]\n")
    write(
        "b.ipynb",
        json.dumps({"cells": [{"cell_type": "code", "source": NEEDLE}, {"cell_type": "code", "source": "("}]}),
    )
    for result in results():
        assert FileResult.from_json(result.path, json.loads(json.dumps(result.to_json()))) == result


def _imported_by(program: str) -> set[str]:
    code = program + "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


HEAVY = {
    "libcst",
    "rich",
    "click",
    "pathspec",
    "multiprocessing",
    "concurrent.futures",
    "gradlint.flow.analysis",
    "gradlint.rules",
    "tensorflow",
}


def test_what_does_not_matter_imports_nothing() -> None:
    Path("gradlint.toml").unlink()
    write("a.py", "x = 1\n")
    assert not _imported_by("import gradlint.runner") & HEAVY
    assert not _imported_by("import gradlint.runner\nlist(gradlint.runner.run(['.']))") & HEAVY


def test_few_small_files_start_no_process() -> None:
    Path("gradlint.toml").unlink()
    for index in range(20):
        write(f"{index}.py", NEEDLE)
    program = "import gradlint.runner\nassert len(list(gradlint.runner.run(['.'], cache=False))) == 20"
    assert not _imported_by(program) & {"multiprocessing", "concurrent.futures", "rich", "click"}


def test_cores() -> None:
    assert 1 <= workers.cores() <= (os.cpu_count() or 1)


def test_an_interrupted_run_leaves_no_process() -> None:
    for index in range(6):
        write(f"{index}.py", NEEDLE + LARGE + "lost()\n")
    going = run(["."], jobs=2, cache=False)
    assert next(iter(going)).path == "0.py"
    del going


def test_a_file_that_vanishes_on_the_way_is_a_problem() -> None:
    write("a.py", NEEDLE)
    write("b.py", NEEDLE + "lost()\n")
    going = run(["."], jobs=1, cache=False)
    Path("a.py").unlink()
    assert summary(list(going)) == [("a.py", [], "read"), ("b.py", [2], None)]


def test_threshold_is_what_the_tests_assume() -> None:
    assert len(LARGE) * 2 > runner.WORTH_A_POOL
