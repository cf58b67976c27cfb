"""Which module an import names: what Python's own import finds, as far as a file can tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradlint.sources.project import LARGEST, Project

PYTHON = """
import importlib.util, json, os, sys
folder, package, names = json.load(sys.stdin)
sys.path.insert(0, folder)
found = {}
for name in names:
    try:
        spec = importlib.util.find_spec(name, package or None)
    except (ImportError, ValueError, AttributeError):
        spec = None
    origin = None if spec is None else spec.origin or next(iter(spec.submodule_search_locations))
    found[name] = origin if origin is not None and origin.startswith(folder) else None
print(json.dumps(found))
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's root, which is the working directory."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    monkeypatch.chdir(folder)
    return folder


def write(*paths: str) -> None:
    """Write modules that say where they lie."""
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(f"HERE = {path!r}\n")


def found(importer: str, name: str, **known: object) -> str | None:
    """The file that ``import name`` in a file leads to, with dots in front for a relative one; None where none."""
    bare = name.lstrip(".")
    module = Project(importer, **known).find(bare, len(name) - len(bare), None)  # type: ignore[arg-type]
    if module is None:
        return None
    assert not module.file or module.own or module.code == f"HERE = {module.path!r}\n"
    return module.path


def python_finds(folder: str, package: str, *names: str) -> dict[str, str | None]:
    """What Python finds when it is started in a folder, for names in a package: files below the working directory."""
    job = json.dumps([os.path.abspath(folder), package, names])
    done = subprocess.run([sys.executable, "-I", "-c", PYTHON], input=job, capture_output=True, text=True, check=True)
    return {
        name: None if path is None else os.path.relpath(path).replace(os.sep, "/")
        for name, path in json.loads(done.stdout).items()
    }


# -- beside the file and below it --------------------------------------------------------------------------------------


def test_a_script_finds_what_lies_beside_it_as_python_does() -> None:
    write("run/train.py", "run/helpers.py", "run/lib/__init__.py", "run/lib/losses.py", "run/bare/part.py")
    write("run/both.py", "run/both/__init__.py", "run/module.py", "run/module/part.py")
    names = ["helpers", "lib", "lib.losses", "bare", "bare.part", "both", "module", "module.part", "lib.none", "none"]
    told = python_finds("run", "", *names)
    assert told["both"] == "run/both/__init__.py"
    assert told["module"] == "run/module.py"
    assert {name: found("run/train.py", name) for name in names} == told


def test_relative_imports_as_python_has_them() -> None:
    write("pkg/__init__.py", "pkg/a.py", "pkg/sub/__init__.py", "pkg/sub/b.py", "pkg/sub/deep/__init__.py")
    write("pkg/sub/deep/train.py", "pkg/sub/deep/c.py", "pkg/sub/deep/bare/d.py")
    names = [".c", "..b", "...a", "..deep.c", ".bare", ".bare.d", ".none", "..c", "...sub.b", ".c.d"]
    told = python_finds(".", "pkg.sub.deep", *names)
    assert told["...a"] == "pkg/a.py"
    assert {name: found("pkg/sub/deep/train.py", name) for name in names} == told


def test_the_package_itself_by_dots_alone() -> None:
    write("pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/train.py", "pkg/bare/train.py", "pkg/bare.py")
    assert found("pkg/sub/train.py", ".") == "pkg/sub/__init__.py"
    assert found("pkg/sub/train.py", "..") == "pkg/__init__.py"
    assert found("pkg/bare/train.py", ".") == "pkg/bare"


def test_relative_imports_start_at_the_module_that_imports() -> None:
    write("pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/b.py", "pkg/a.py", "train.py")
    project = Project("train.py")
    for importer, name, level, wanted in (
        ("pkg/sub/__init__.py", "b", 1, "pkg/sub/b.py"),
        ("pkg/sub/b.py", "a", 2, "pkg/a.py"),
        ("pkg/__init__.py", "a", 1, "pkg/a.py"),
        ("pkg", "a", 1, "pkg/a.py"),
    ):
        module = project.find(name, level, importer)
        assert module is not None
        assert module.path == wanted


def test_more_dots_than_there_are_folders() -> None:
    write("train.py")
    assert found("train.py", "." * 60 + "nothing_there") is None


def test_a_folder_is_a_package_only_where_no_module_has_its_name() -> None:
    """A folder of data beside the file hides no module of the project."""
    write("src/data.py", "scripts/train.py")
    Path("scripts/data").mkdir()
    assert found("scripts/train.py", "data") == "src/data.py"
    Path("src/data.py").unlink()
    assert found("scripts/train.py", "data") == "scripts/data"


def test_a_package_in_parts() -> None:
    write("one/space/a.py", "space/b.py", "one/train.py")
    assert found("one/train.py", "space.a") == "one/space/a.py"
    assert found("one/train.py", "space.b") == "space/b.py"


# -- the project's folders ---------------------------------------------------------------------------------------------


def test_from_the_root_and_below_src() -> None:
    write("scripts/deep/train.py", "losses.py", "src/lib/__init__.py", "src/lib/nets.py", "scripts/common.py")
    assert found("scripts/deep/train.py", "losses") == "losses.py"
    assert found("scripts/deep/train.py", "lib.nets") == "src/lib/nets.py"
    assert found("scripts/deep/train.py", "common") == "scripts/common.py"
    assert found("scripts/deep/train.py", "src.lib.nets") == "src/lib/nets.py"


def test_the_nearest_counts() -> None:
    write("utils.py", "scripts/utils.py", "scripts/train.py", "tests/test_train.py", "src/utils.py")
    assert found("scripts/train.py", "utils") == "scripts/utils.py"
    assert found("tests/test_train.py", "utils") == "utils.py"


def test_a_file_of_a_package_finds_the_package_as_python_does() -> None:
    write("src/lib/__init__.py", "src/lib/train.py", "src/lib/losses.py", "src/other.py", "src/lib/sub/__init__.py")
    names = ["lib", "lib.losses", "other", "lib.sub"]
    told = python_finds("src", "lib", *names)
    assert {name: found("src/lib/train.py", name) for name in names} == told


def test_a_program_inside_a_package() -> None:
    """What lies beside it is found where nothing above the package has the name; which of two it is, none can tell."""
    write("lib/__init__.py", "lib/train.py", "lib/losses.py", "lib/utils.py", "utils.py")
    assert found("lib/train.py", "losses") == "lib/losses.py"
    assert found("lib/train.py", "utils") is None
    assert found("lib/train.py", "lib.utils") == "lib/utils.py"
    assert found("lib/train.py", ".utils") == "lib/utils.py"


def test_a_package_with_a_module_of_its_own_name() -> None:
    write("lib/__init__.py", "lib/train.py", "lib/lib.py", "lib/losses.py")
    assert found("lib/train.py", "lib.losses") == "lib/losses.py"
    assert found("lib/train.py", "lib") is None


def test_without_a_root_only_the_file_s_folder(tmp_path: Path) -> None:
    folder = tmp_path / "alone"
    write(*(str(folder / name) for name in ("above.py", "src/below.py", "run/train.py", "run/beside.py")))
    script = str(folder / "run/train.py")
    assert found(script, "beside") == str(folder / "run/beside.py")
    assert found(script, "above") is None
    assert found(script, "below") is None


def test_without_a_root_a_package_is_found_from_above_it(tmp_path: Path) -> None:
    folder = tmp_path / "alone"
    names = ("lib/__init__.py", "lib/sub/__init__.py", "lib/sub/train.py", "lib/nets.py", "beside.py")
    write(*(str(folder / name) for name in names))
    script = str(folder / "lib/sub/train.py")
    assert found(script, "lib.nets") == str(folder / "lib/nets.py")
    assert found(script, "beside") == str(folder / "beside.py")


@pytest.mark.parametrize("marker", [".git", "setup.py", "setup.cfg", "gradlint.toml"])
def test_what_marks_a_root(tmp_path: Path, marker: str) -> None:
    folder = tmp_path / "marked"
    write(*(str(folder / name) for name in ("above.py", "a/b/train.py")))
    script = str(folder / "a/b/train.py")
    assert found(script, "above") is None
    (folder / marker).mkdir() if marker == ".git" else (folder / marker).touch()
    assert found(script, "above") == str(folder / "above.py")


@pytest.mark.parametrize("packages", ["site-packages", "dist-packages"])
def test_an_installed_package_finds_itself_alone(packages: str) -> None:
    base = f".venv/lib/python3.11/{packages}"
    write(f"{base}/one/__init__.py", f"{base}/one/train.py", f"{base}/one/nets.py", f"{base}/two/__init__.py")
    write(f"{base}/three.py", f"{base}/one/sub/__init__.py", f"{base}/one/sub/deep.py", "two.py")
    script = f"{base}/one/train.py"
    assert found(script, "one.nets") == f"{base}/one/nets.py"
    assert found(script, ".nets") == f"{base}/one/nets.py"
    assert found(script, "one.sub.deep") == f"{base}/one/sub/deep.py"
    assert found(script, "two") is None
    assert found(script, "three") is None


# -- files that are none -----------------------------------------------------------------------------------------------


def test_the_file_itself() -> None:
    """It hides modules of its name further up, and its program is not read again."""
    write("train.py", "scripts/train.py", "scripts/helpers.py")
    module = Project("scripts/train.py").find("train", 0, "scripts/helpers.py")
    assert module is not None
    assert (module.path, module.code, module.own) == ("scripts/train.py", "", True)


def test_the_file_itself_as_a_package() -> None:
    write("lib/__init__.py", "lib/nets.py")
    project = Project("lib/__init__.py")
    module = project.find("", 1, None)
    assert module is not None
    assert (module.own, module.package, module.code) == (True, True, "")
    assert found("lib/__init__.py", ".nets") == "lib/nets.py"


def test_a_file_that_does_not_exist_yet() -> None:
    write("helpers.py")
    assert found("unsaved.py", "helpers") == "helpers.py"
    assert found("no/such/folder/unsaved.py", "helpers") == "helpers.py"


@pytest.mark.parametrize("data", [b"\xff\xfe\x00bad", b"# coding: nothing-known\nx = 1\n", b"x = '\xe9'\n"])
def test_a_module_that_cannot_be_decoded_hides_others(data: bytes) -> None:
    write("helpers.py", "scripts/train.py")
    Path("scripts/helpers.py").write_bytes(data)
    module = Project("scripts/train.py").find("helpers", 0, None)
    assert module is not None
    assert (module.path, module.code) == ("scripts/helpers.py", "")


def test_a_module_in_another_encoding() -> None:
    write("train.py")
    Path("helpers.py").write_bytes("# coding: latin-1\nNAME = 'é'\n".encode("latin-1"))
    module = Project("train.py").find("helpers", 0, None)
    assert module is not None
    assert "é" in module.code


def test_a_module_that_is_too_large_is_not_read() -> None:
    write("train.py")
    Path("helpers.py").write_text("x = 0\n" * (LARGEST // 6 + 1))
    module = Project("train.py").find("helpers", 0, None)
    assert module is not None
    assert module.code == ""


def test_links_that_go_round() -> None:
    write("train.py", "pkg/__init__.py")
    Path("loop.py").symlink_to("loop.py")
    Path("pkg/again").symlink_to("../pkg", target_is_directory=True)
    assert found("train.py", "loop") is None
    module = Project("train.py").find("pkg" + ".again" * 30, 0, None)
    assert module is not None
    assert module.code == "HERE = 'pkg/__init__.py'\n"
    assert found("train.py", "pkg" + ".again" * 2_000) is None


def test_a_linked_module() -> None:
    write("train.py", "real/losses.py")
    Path("losses.py").symlink_to("real/losses.py")
    module = Project("train.py").find("losses", 0, None)
    assert module is not None
    assert (module.path, module.code) == ("losses.py", "HERE = 'real/losses.py'\n")


def test_what_is_no_file_is_not_opened() -> None:
    write("train.py")
    os.mkfifo("helpers.py")
    Path("folder.py").mkdir()
    assert found("train.py", "helpers") is None
    assert found("train.py", "folder") is None


@pytest.mark.parametrize("name", ["a..b", "x\x00y", "n" * 5_000])
def test_names_that_no_file_can_have(name: str) -> None:
    write("train.py")
    assert Project("train.py").find(name, 0, None) is None


# -- what an editor holds ----------------------------------------------------------------------------------------------


def test_open_texts_count_instead_of_files() -> None:
    write("train.py", "helpers.py")
    texts = {os.path.abspath("helpers.py"): "HERE = 'helpers.py'\n", os.path.abspath("new/__init__.py"): "x = 1\n"}
    project = Project("train.py", texts)
    helpers, new = project.find("helpers", 0, None), project.find("new", 0, None)
    assert helpers is not None
    assert new is not None
    assert new.code == "x = 1\n"
    texts[os.path.abspath("helpers.py")] = "HERE = 'changed'\n"
    changed = Project("train.py", texts).find("helpers", 0, None)
    assert changed is not None
    assert changed.code == "HERE = 'changed'\n"


# -- what a result depends on ------------------------------------------------------------------------------------------


def test_what_was_looked_at_is_remembered() -> None:
    write("lib/__init__.py", "lib/train.py", "helpers.py")
    project = Project("lib/train.py")
    assert project.seen == {}
    module = project.find("helpers", 0, None)
    assert module is not None
    there = {os.path.relpath(path): stamp is not None for path, stamp in project.seen.items()}
    assert there["helpers.py"]
    assert not there["helpers/__init__.py"]
    assert there["lib/__init__.py"]
    assert not there["lib/helpers.py"]
    assert project.seen[os.path.abspath("helpers.py")] == (
        os.stat("helpers.py").st_mtime_ns,
        os.stat("helpers.py").st_size,
    )


def test_nothing_is_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    write("train.py", "helpers.py")
    project = Project("train.py")
    first = project.find("helpers", 0, None)
    Path("helpers.py").unlink()
    assert project.find("helpers", 0, "other.py") is first


# -- the package of a program ------------------------------------------------------------------------------------------


def test_the_package_that_a_file_belongs_to(root: Path) -> None:
    write("src/lib/__init__.py", "src/lib/sub/__init__.py", "src/lib/sub/train.py", "run/bare/train.py")
    assert Project("src/lib/sub/train.py").package() == (str(root / "src"), "lib.sub")
    assert Project("run/bare/train.py").package() == (str(root / "run/bare"), "")
    assert Project("run/bare/train.py").package(1) == (str(root / "run"), "bare")
    assert Project("run/bare/train.py").package(2) == (str(root), "run.bare")
    assert Project("src/lib/sub/train.py").package(1) == (str(root / "src"), "lib.sub")
