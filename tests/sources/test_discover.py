"""Files are found as ruff and black find them."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gradlint.settings import Resolver
from gradlint.sources.discover import discover


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make(*paths: str, **texts: str) -> None:
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("")
    for name, text in texts.items():
        Path(name).write_text(text)


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def found(*paths: str, **overrides: Any) -> list[str]:
    discovery = discover(paths or ["."], Resolver(overrides=overrides))
    assert discovery.problems == []
    return [os.path.relpath(path).replace(os.sep, "/") for path, _ in discovery.files]


def test_suffixes() -> None:
    make("a.py", "b.pyi", "c.ipynb", "d.md", "e.markdown", "f.txt", "g.pyc", "h", "sub/i.py", "j.PY")
    assert found() == ["a.py", "b.pyi", "c.ipynb", "d.md", "e.markdown", "sub/i.py"]


def test_order_is_steady_and_nothing_comes_twice() -> None:
    make("b/x.py", "a/z.py", "a/y.py", "c.py")
    assert found() == ["a/y.py", "a/z.py", "b/x.py", "c.py"]
    assert found("c.py", "b", ".", "./a/../c.py") == ["c.py", "b/x.py", "a/y.py", "a/z.py"]


@pytest.mark.parametrize(
    "folder",
    [
        ".git", ".venv", "venv", "node_modules", "build", "dist", "__pycache__", ".tox", ".nox", ".mypy_cache",
        ".ipynb_checkpoints", ".eggs", "site-packages", ".gradlint_cache",
    ],
)  # fmt: skip
def test_folders_that_hold_no_code_of_one_s_own(folder: str) -> None:
    make(f"{folder}/a.py", f"src/{folder}/b.py", "src/c.py")
    assert found() == ["src/c.py"]


def test_a_virtual_environment_of_any_name() -> None:
    make("env39/lib/a.py", "env39/pyvenv.cfg", "b.py")
    assert found() == ["b.py"]


def test_what_is_named_is_taken() -> None:
    make("build/a.py", ".venv/lib/site-packages/pkg/b.py", "script", "build/c.txt")
    write(".gitignore", "build/\nscript\n")
    assert found("build/a.py", "script", "build/c.txt") == ["build/a.py", "script", "build/c.txt"]
    assert found("build") == ["build/a.py"]
    assert found(".venv/lib/site-packages") == [".venv/lib/site-packages/pkg/b.py"]


def test_force_exclude_holds_for_what_is_named() -> None:
    make("build/a.py", "src/b.py", "legacy/c.py")
    given = ("build/a.py", "src/b.py", "legacy", "legacy/c.py")
    assert found(*given, force_exclude=True, extend_exclude=("legacy",)) == ["src/b.py"]


def test_excludes_and_includes_of_the_settings() -> None:
    make("a.py", "build/b.py", "third/c.py", "src/gen_x.py", "src/x.py", "notes.txt", "src/deep/third/d.py")
    assert found(exclude=("third",)) == ["a.py", "build/b.py", "src/gen_x.py", "src/x.py"]
    assert found(extend_exclude=("src/gen_*.py",)) == ["a.py", "src/deep/third/d.py", "src/x.py", "third/c.py"]
    assert found(extend_exclude=("/third",)) == ["a.py", "src/deep/third/d.py", "src/gen_x.py", "src/x.py"]
    assert found(include=("*.txt",)) == ["notes.txt"]
    assert found(include=("src/**/*.py",), extend_include=("notes.*",)) == [
        "notes.txt", "src/deep/third/d.py", "src/gen_x.py", "src/x.py",
    ]  # fmt: skip


def test_gitignore() -> None:
    make("a.py", "out/b.py", "src/out/c.py", "gen_1.py", "keep/gen_2.py", "docs/x/d.py", "docs/y/d.py", "e.pyi")
    write(".gitignore", "# comment\n\nout/\ngen_*.py\n!keep/gen_2.py\n/docs/x\n*.pyi\n")
    assert found() == ["a.py", "docs/y/d.py", "keep/gen_2.py"]
    assert "gen_1.py" in found(respect_gitignore=False)


def test_nested_gitignore() -> None:
    make("a/x.py", "a/y.py", "a/b/x.py", "a/b/z.py", "x.py")
    write(".gitignore", "x.py\n")
    write("a/.gitignore", "y.py\n/b/z.py\n")
    write("a/b/.gitignore", "!x.py\n")
    assert found() == ["a/b/x.py"]


def test_gitignore_above_the_folder_named_up_to_the_repository() -> None:
    make("repo/.git/HEAD", "repo/src/a.py", "repo/src/gen/b.py", "repo/src/c.pyi")
    write(".gitignore", "a.py\n")
    write("repo/.gitignore", "gen/\n")
    write("repo/.git/info/exclude", "*.pyi\n")
    assert found("repo/src") == ["repo/src/a.py"]


def test_gitignore_above_a_folder_in_no_repository_does_not_count() -> None:
    make("up/src/a.py")
    write("up/.gitignore", "a.py\n")
    assert found("up/src") == ["up/src/a.py"]


@pytest.mark.parametrize("pattern", ["vendor", "/vendor/*", "vendor/**", "*"])
def test_an_ignored_folder_that_is_named_is_walked(pattern: str) -> None:
    make(".git/HEAD", "vendor/one/a.py", "vendor/one/two/b.py")
    write(".gitignore", f"{pattern}\n")
    assert found("vendor/one") == ["vendor/one/a.py", "vendor/one/two/b.py"]


def test_a_repository_in_a_repository_begins_anew() -> None:
    make(".git/HEAD", "inner/.git/HEAD", "inner/a.py", "b.py")
    write(".gitignore", "a.py\n")
    assert found() == ["b.py", "inner/a.py"]


def test_gitignore_means_what_git_means() -> None:
    patterns = [
        "*.log.py",
        "/top.py",
        "a/**/z.py",
        "**/deep",
        "w?.py",
        "[ab].py",
        "!b.py",
        "t\\ s.py",
        "dir/",
        "x/y.py",
        "é.py",
    ]
    make(
        "q.log.py", "top.py", "s/top.py", "a/z.py", "a/m/n/z.py", "deep/a1.py", "k/deep/a2.py", "w1.py", "w22.py",
        "a.py", "b.py", "s/a.py", "t s.py", "dir/c.py", "s/dir/c.py", "x/y.py", "s/x/y.py", "dir.py", "é.py", "s/é.py",
    )  # fmt: skip
    subprocess.run(["git", "init", "-q"], check=True)
    write(".gitignore", "\n".join(patterns))
    command = ["git", "-c", "core.quotepath=off", "ls-files", "-o", "--exclude-standard", "*.py"]
    expected = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")[:-1]
    assert found() == sorted(expected, key=lambda path: path.split("/"))


def test_symlinks(tmp_path: Path) -> None:
    make("a/b/c.py", "elsewhere/d.py")
    Path("a/loop").symlink_to(tmp_path / "a", target_is_directory=True)
    Path("a/e.py").symlink_to(tmp_path / "elsewhere" / "d.py")
    Path("a/broken.py").symlink_to(tmp_path / "nothing.py")
    assert found("a") == ["a/b/c.py", "a/e.py"]
    assert found("a/loop") == ["a/loop/b/c.py", "a/loop/e.py"]


def test_a_folder_with_the_name_of_a_file() -> None:
    make("pkg.py/a.py")
    assert found() == ["pkg.py/a.py"]


def test_what_does_not_exist_is_a_problem() -> None:
    make("a.py")
    discovery = discover(["nope.py", "a.py", "nope/"], Resolver())
    assert [path for path, _ in discovery.problems] == ["nope.py", "nope/"]
    assert len(discovery.files) == 1


def test_each_folder_has_its_own_settings() -> None:
    make("a/x.py", "a/skip/y.py", "b/skip/z.py")
    write("a/pyproject.toml", '[tool.gradlint]\nextend-exclude = ["skip"]\n')
    write("b/pyproject.toml", "[tool.other]\n")
    assert found() == ["a/x.py", "b/skip/z.py"]


def test_many_files_are_all_found() -> None:
    for folder in range(200):
        os.makedirs(f"pkg{folder}/sub")
        for index in range(25):
            open(f"pkg{folder}/m{index}.py", "w").close()
            open(f"pkg{folder}/sub/m{index}.py", "w").close()
    write(".gitignore", "*.py[cod]\n__pycache__/\n*.so\n*.egg-info/\n.coverage.*\ndocs/_build/\n!keep.py\n/data/*.py\n")
    assert len(found()) == 10_000
