"""The findings depend on nothing but the files: not on jobs, the cache, the order of hashes, or what was parsed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import programs

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, whole: bool) -> Path:
    """Fixtures and some larger modules, enough for a pool of processes; a quick run takes one family of fixtures."""
    folder = tmp_path_factory.mktemp("tree")
    for part in sorted((ROOT / "fixtures").iterdir()):
        if part.is_dir() and (whole or part.name.startswith("GT2")):
            shutil.copytree(part, folder / "fixtures" / part.name)
    for number in range(4):
        (folder / f"steps{number}.py").write_text(programs.script(20 + number))
        (folder / f"classes{number}.py").write_text(programs.classes(20 + number))
    return folder


def found(tree: Path, *options: str, seed: int = 0) -> str:
    """What the command prints of the tree."""
    command = [sys.executable, "-m", "gradlint", "check", "--isolated", "--output-format", "json", *options, "."]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(seed)}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    return done.stdout


def test_jobs_cache_and_hashes_change_nothing(tree: Path, tmp_path: Path, whole: bool) -> None:
    once = found(tree, "--no-cache", "--jobs", "1")
    assert once.count('"code"') > (100 if whole else 20)
    assert found(tree, "--no-cache", "--jobs", "3", seed=1) == once
    for path in tree.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    cache = ("--cache-dir", str(tmp_path))
    assert found(tree, "--jobs", "3", *cache, seed=2) == once
    assert list(tmp_path.iterdir())
    assert found(tree, "--jobs", "3", *cache, seed=3) == once
    assert found(tree, "--jobs", "1", *cache, seed=4) == once
