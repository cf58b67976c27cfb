"""However gradlint is started in a stranger's folder, no module that lies there is imported."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from gradlint.confirm import pool
from gradlint.options import OPTIONS
from gradlint.server.jupyter import NAME, specification
from tests.hostile.bait import BROKEN, MARK, environment, ran, shadow
from tests.server.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).parent / "gradlint")
OTHERS = {
    "click", "libcst", "pathspec", "rich", "pygments", "typing_extensions", "pygls", "lsprotocol", "attr", "attrs",
    "cattrs", "watchfiles", "tensorflow", "numpy", "keras", "sitecustomize", "usercustomize", "conftest", "setup",
    "rules", "tests", "markdown_it", "platformdirs", "yaml",
}  # fmt: skip
"""Modules that are not Python's own and that gradlint, or who starts it, might look for."""


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where code that runs leaves its mark; the working directory is full of such code, and has a program to check."""
    mark, folder = tmp_path / "mark", tmp_path / "folder"
    mark.mkdir()
    folder.mkdir()
    shadow(folder, sys.stdlib_module_names | OTHERS | {"gradlint"})
    (folder / "train.py").write_text(BROKEN)
    (folder / "gradlint_rules-1.0.dist-info").mkdir()
    (folder / "evil.pth").write_text("import sitecustomize\n")
    (folder / "pyvenv.cfg").write_text("home = .\n")
    monkeypatch.chdir(folder)
    for name, value in environment(mark).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return mark


def check(command: Sequence[str], *, sound: Callable[[int, str], bool] = lambda status, _: status == 1) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=120)
    assert sound(done.returncode, done.stdout), done.stdout + done.stderr


def serve(command: Sequence[str]) -> None:
    wire = Wire(command=command)
    try:
        wire.initialize()
        found = wire.open(Path("train.py").absolute().as_uri(), BROKEN)
        assert [one["code"] for one in found] == ["GT201"]
        assert wire.finish() == 0
    finally:
        wire.close()


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize(
    "arguments",
    [["train.py"], ["rules"], ["explain", "GT201"], ["--output-format", "sarif", "."]],
    ids=" ".join,
)
def test_the_command(mark: Path, arguments: list[str]) -> None:
    check(
        [COMMAND, *arguments], sound=lambda status, printed: (status in (0, 1) and "GT201" in printed) or "-" in printed
    )
    assert ran(mark) == []


@pytest.mark.sweep(every=3)
def test_the_pre_commit_hook(mark: Path) -> None:
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()):
        command, *arguments = hook["entry"].split()
        assert command == "gradlint"
        check([COMMAND, *arguments, "--diff", "train.py"] if "--fix" not in arguments else [COMMAND, "train.py"])
    assert ran(mark) == []


@pytest.mark.sweep(every=3)
def test_jupyterlab(mark: Path) -> None:
    serve(specification(None)[NAME]["argv"])
    assert ran(mark) == []


@pytest.mark.sweep(every=3)
def test_the_extension_for_vs_code(mark: Path) -> None:
    source = (ROOT / "editors" / "vscode" / "src" / "extension.ts").read_text()
    (arguments,) = re.findall(r"command: interpreter, args: (\[.*?\])", source)
    serve([sys.executable, *json.loads(arguments)])
    assert ran(mark) == []
    manifest = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text())
    assert manifest["capabilities"]["untrustedWorkspaces"]["supported"] is False
    assert "trust: vscode.workspace.isTrusted }" in source


def loaded_first() -> set[str]:
    """The modules that Python itself imports from the working directory's side before ``-m`` comes to its module."""
    Path("probe_only.py").write_text("import sys\nprint(*{name.partition('.')[0] for name in sys.modules})\n")
    done = subprocess.run([sys.executable, "-P", "-m", "probe_only"], env={**os.environ, "PYTHONPATH": os.getcwd()},
                          capture_output=True, text=True, check=False)  # fmt: skip
    Path("probe_only.py").unlink()
    return set(done.stdout.split())


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize("start", [["-m", "gradlint"], ["-mgradlint"], ["-B", "-Wignore", "-mgradlint"]], ids=" ".join)
def test_python_m(mark: Path, tmp_path: Path, start: list[str]) -> None:
    """Python itself looks there for a few modules and for gradlint; from gradlint's first line on nothing does."""
    here = Path.cwd()
    clean = tmp_path / "clean"
    clean.mkdir()
    os.chdir(clean)
    first = loaded_first()
    os.chdir(here)
    assert len(sys.stdlib_module_names - first) > 200
    for name in {"gradlint", *first}:
        (here / f"{name}.py").unlink(missing_ok=True)
    check([sys.executable, *start, "train.py"])
    check([sys.executable, *start, "rules"], sound=lambda status, printed: status == 0 and "GT201" in printed)
    serve([sys.executable, *start, "server"])
    assert ran(mark) == []


def test_python_p_m(mark: Path) -> None:
    check([sys.executable, "-P", "-m", "gradlint", "train.py"])
    assert ran(mark) == []


def test_another_module_that_is_started_keeps_its_path(mark: Path, tmp_path: Path) -> None:
    """Who starts a module of their own with ``-m`` and imports gradlint in it wants their folder on the path."""
    folder = tmp_path / "mine"
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "__init__.py").write_text("import gradlint\n")
    (folder / "mine" / "__main__.py").write_text("import helper\n")
    (folder / "helper.py").write_text("print('helped')\n")
    done = subprocess.run([sys.executable, "-m", "mine"], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "helped\n"


@pytest.mark.sweep(every=3)
def test_processes_that_are_not_forked(mark: Path, tmp_path: Path) -> None:
    """With threads about, and on other systems always, workers begin as fresh interpreters in the working directory."""
    script = tmp_path / "script.py"
    script.write_text(
        "import threading, time\n"
        "from gradlint import workers\n"
        "from gradlint.runner import run\n"
        "if __name__ == '__main__':\n"
        "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "    assert workers._context().get_start_method() == 'spawn'\n"
        "    print(sum(len(one.findings) for one in run(['a.py', 'b.py'], jobs=2, cache=False)))\n"
    )
    for name in ("a", "b"):
        Path(f"{name}.py").write_text(BROKEN + "# padding\n" * 6_000)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, ran(mark)) == ("2\n", []), done.stderr


@pytest.mark.sweep(every=3)
def test_the_process_that_runs_tensorflow(mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs that are run may write into its working directory, and nothing of what they write is imported."""
    monkeypatch.setenv("PYTHONPATH", f"{os.pathsep}.{os.pathsep}folder")
    process = pool.start(sys.executable, "once", os.getcwd())
    try:
        assert pool.greeting(process)
    finally:
        pool.end(process)
    assert ran(mark) == []


def test_what_names_code_is_marked_so() -> None:
    """Whoever adds an option that makes gradlint run something must say so where it is declared."""
    assert {name for name, option in OPTIONS.items() if option.runs} == {"rules", "plugins", "confirm_python"}
    assert {name for name, option in OPTIONS.items() if option.writes} == {"cache_dir"}


def test_the_bait_works(mark: Path) -> None:
    """The modules are imported where nothing keeps them from it."""
    subprocess.run([sys.executable, "-c", "import click, json"], check=False, env={**os.environ, MARK: str(mark)})
    assert "click" in ran(mark)
