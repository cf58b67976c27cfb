"""What is remembered between runs, and what happens where it cannot be."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gradlint import cache as cache_module
from gradlint.cache import FOLDER, Cache, clean, environment
from gradlint.runner import FileResult, run
from gradlint.settings import Settings

MARKER = os.path.join(os.path.dirname(__file__), "marker")
NEEDLE = "from tensorflow import GradientTape\n"
OLD = 1_600_000_000


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(MARKER).parent.parent))
    monkeypatch.setenv("GRADLINT_TRUST", "1")


def write(path: str, text: str, time: int = OLD) -> None:
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    os.utime(place, (time, time))


def settings(**overrides: Any) -> Settings:
    return Settings(rules=(MARKER,)).override(**overrides)


def lines(*paths: str, cache: bool = True, **overrides: Any) -> dict[str, list[int]]:
    """The lines of the findings by path."""
    found = run(paths or ["."], settings(**overrides), cache=cache)
    return {result.path: [finding.location.line for finding in result.findings] for result in found}


def remembered() -> Path:
    (path,) = Path(FOLDER).glob("*.json")
    return path


def plant(path: str, line: int) -> None:
    """Change what is remembered of a file, so that it shows whether it is used."""
    header, _, body = remembered().read_text().partition("\n")
    plain, entries = json.loads(body)
    (key,) = [name for name in entries if name.endswith(path)]
    for finding in entries[key]["result"]["findings"]:
        finding["location"]["line"] = line
    data = json.dumps([plain, entries]).encode()
    remembered().write_bytes(f"{header.split()[0]} {cache_module.digest(data)}\n".encode() + data)


def test_what_is_remembered_is_used() -> None:
    write("a.py", NEEDLE + "lost()\n")
    write("b.py", "x = 1\n")
    assert lines() == {"a.py": [2]}
    plant("a.py", 77)
    assert lines() == {"a.py": [77]}
    assert lines(cache=False) == {"a.py": [2]}


def test_results_are_the_same_cold_and_warm() -> None:
    write("a.py", NEEDLE + "lost('call')\nasked()\nx = 1  # gradlint: ignore[XX101]\nlost()  # noqa\n")
    write("b.py", NEEDLE + "print x\n")
    write("c.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": NEEDLE + "lost()"}]}))
    cold: list[FileResult] = list(run(["."], settings()))
    assert list(run(["."], settings())) == cold
    assert list(run(["."], settings(), cache=False)) == cold


def test_a_change_is_seen() -> None:
    write("a.py", NEEDLE + "lost()\n")
    write("b.py", "x = 1\n")
    lines()
    write("a.py", NEEDLE + "\nlost()\n")
    write("b.py", NEEDLE + "lost()\n", OLD + 1)
    assert lines() == {"a.py": [3], "b.py": [2]}
    write("a.py", "\n" * 50, OLD + 2)
    assert lines() == {"b.py": [2]}


def test_a_change_of_the_same_size_a_moment_later_is_seen() -> None:
    for text, expected in (("lost()\n\n", 2), ("\nlost()\n", 3)):
        Path("a.py").write_text(NEEDLE + text)
        os.utime("a.py")
        assert lines() == {"a.py": [expected]}
    Path("b.py").write_text("x" * len(NEEDLE) + "lost()\n")
    assert "b.py" not in lines()
    Path("b.py").write_text(NEEDLE + "lost()\n")
    assert lines()["b.py"] == [2]


def test_content_counts_where_the_time_has_changed() -> None:
    write("a.py", NEEDLE + "lost()\n")
    lines()
    plant("a.py", 77)
    os.utime("a.py", (OLD + 5, OLD + 5))
    assert lines() == {"a.py": [77]}


def test_settings_count() -> None:
    write("a.py", NEEDLE + "lost()\nother()\n")
    assert lines() == {"a.py": [2, 3]}
    assert lines(ignore=["XX101"]) == {"a.py": [3]}
    assert lines(output_format="json", jobs=2) == {"a.py": [2, 3]}


def test_the_code_of_rules_counts(tmp_path: Path) -> None:
    rule = Path(MARKER, "lost_marker.py").read_text()
    write("house/one.py", rule)
    write("src/a.py", NEEDLE + "lost()\n")
    program = (
        "from gradlint.runner import run; from gradlint.settings import Settings;"
        "print(*[f.message for r in run(['src'], Settings(rules=('house',))) for f in r.findings])"
    )

    def messages() -> str:
        return subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        ).stdout.strip()

    assert messages() == "the gradient is lost."
    write("house/one.py", rule.replace("the gradient is lost", "it is gone"), OLD + 9)
    assert messages() == "it is gone."


def test_the_environment_counts() -> None:
    assert environment([b"a"]) == environment([b"a"])
    assert environment([b"a"]) != environment([b"b"])
    write("a.py", NEEDLE + "lost()\n")
    lines()
    plant("a.py", 77)
    header, _, body = remembered().read_text().partition("\n")
    remembered().write_text("0" * 32 + " " + header.split()[1] + "\n" + body)
    assert lines() == {"a.py": [2]}


def test_own_code_is_part_of_the_environment() -> None:
    names = {os.path.basename(path) for path, _, _ in cache_module.stamps(cache_module.code_folders())}
    assert {"cache.py", "numpy_call.py", "analysis.py"} <= names
    assert not any(name.endswith(".pyc") for name in names)


def test_the_folder_is_marked() -> None:
    write("a.py", "x = 1\n")
    lines()
    assert Path(FOLDER, "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert Path(FOLDER, ".gitignore").read_text() == "*\n"
    assert len(list(Path(FOLDER).iterdir())) == 3


def test_where_it_lies(tmp_path: Path) -> None:
    write("sub/a.py", NEEDLE)
    lines("sub", cache_dir="elsewhere")
    assert os.listdir("elsewhere") == [FOLDER]
    assert Path("elsewhere", FOLDER, "CACHEDIR.TAG").exists()
    lines("sub", cache_dir=f"other/{FOLDER}")
    assert Path("other", FOLDER, "CACHEDIR.TAG").exists()
    write("gradlint.toml", "")
    os.chdir("sub")
    list(run(["a.py"]))
    assert (tmp_path / FOLDER).is_dir()
    os.chdir("..")
    write("gradlint.toml", "cache = false\n")
    clean(FOLDER)
    list(run(["."]))
    assert not Path(FOLDER).exists()


def test_nothing_is_written_where_nothing_has_changed() -> None:
    write("a.py", NEEDLE + "lost()\n")
    write("b.py", "x = 1\n")
    lines()
    before = remembered().stat()
    lines()
    assert remembered().stat().st_mtime_ns == before.st_mtime_ns
    assert remembered().stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"{}", b"\xff\xfe\x00", b"null\n", b"[]" * 1000, b"key digest\n[1, 2]", b"[" * 100_000],
)
def test_a_corrupt_cache_is_as_good_as_none(content: bytes) -> None:
    write("a.py", NEEDLE + "lost()\n")
    lines()
    remembered().write_bytes(content)
    assert lines() == {"a.py": [2]}
    plant("a.py", 77)
    assert lines() == {"a.py": [77]}


@pytest.mark.parametrize("body", ["[]", "[{}, []]", "[[], {}]", "3", '[{"x": 1}, {"PATH": 3}]', '[{}, {"PATH": {}}]'])
def test_a_cache_of_another_shape_is_as_good_as_none(body: str, tmp_path: Path) -> None:
    write("a.py", NEEDLE + "lost()\n")
    lines()
    key = remembered().read_text().split()[0]
    data = body.replace("PATH", str(tmp_path / "a.py")).encode()
    remembered().write_bytes(f"{key} {cache_module.digest(data)}\n".encode() + data)
    assert lines() == {"a.py": [2]}


def test_a_result_of_another_shape_is_as_good_as_none(tmp_path: Path) -> None:
    write("a.py", NEEDLE + "lost()\n")
    for result in ({}, {"findings": 3}, {"findings": [{}], "suppressed": 0, "tapes": 0, "problems": []}, [], None):
        lines()
        header, _, body = remembered().read_text().partition("\n")
        plain, entries = json.loads(body)
        entries[str(tmp_path / "a.py")]["result"] = result
        data = json.dumps([plain, entries]).encode()
        remembered().write_bytes(f"{header.split()[0]} {cache_module.digest(data)}\n".encode() + data)
        assert lines() == {"a.py": [2]}


def test_every_cut_and_every_flipped_byte_is_noticed() -> None:
    write("a.py", NEEDLE + "lost()\n")
    lines()
    plant("a.py", 77)
    good = remembered().read_bytes()
    for index in range(0, len(good), 37):
        for bad in (good[:index], good[:index] + bytes([good[index] ^ 4]) + good[index + 1 :]):
            remembered().write_bytes(bad)
            assert (
                Cache(FOLDER, good.split()[0].decode()).by_content(
                    str(Path("a.py").absolute()), os.stat("a.py"), Path("a.py").read_bytes(), "x"
                )
                is None
            )
            assert lines("a.py", cache=True)["a.py"] == [2]
        remembered().write_bytes(good)


@pytest.mark.parametrize("folder", ["file/cache", "file", "/proc/gradlint-cache", "/dev/null/cache"])
def test_a_folder_that_cannot_be_written(folder: str) -> None:
    write("file", "")
    write("a.py", NEEDLE + "lost()\n")
    assert lines("a.py", cache_dir=folder) == {"a.py": [2]}


def test_a_full_disk() -> None:
    write("a.py", NEEDLE + "lost()\n" * 200)
    write("b.py", NEEDLE + "lost()\n")
    program = (
        "from gradlint.runner import run; from gradlint.settings import Settings;"
        f"print([len(r.findings) for r in run(['.'], Settings(rules=({MARKER!r},)))])"
    )

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))

    done = subprocess.run(
        [sys.executable, "-c", program], preexec_fn=no_room, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[200, 1]\n"
    assert done.stderr == ""
    assert [path.name for path in Path(FOLDER).iterdir() if path.suffix == ".json" or path.name.startswith("tmp")] == []
    assert lines()["b.py"] == [2]


def test_runs_side_by_side() -> None:
    for index in range(30):
        write(f"{index:02}.py", NEEDLE + "lost()\n" * (index % 5) if index % 2 else "x = 1\n")
    expected = str(lines(cache=False))
    program = (
        "from gradlint.runner import run; from gradlint.settings import Settings\n"
        "for _ in range(5):\n"
        f"    results = run(['.'], Settings(rules=({MARKER!r},)))\n"
        "    got = {r.path: [f.location.line for f in r.findings] for r in results}\n"
        f"    assert str(got) == {expected!r}, got\n"
    )
    going = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [process.wait() for process in going] == [0, 0, 0, 0]
    assert len(list(Path(FOLDER).iterdir())) == 3
    assert str(lines()) == expected


def test_internal_errors_are_not_remembered() -> None:
    write("a.py", NEEDLE + "boom()\n")
    (first,) = run(["."], settings())
    assert first.problems[0].kind == "internal"
    _, _, body = remembered().read_text().partition("\n") if list(Path(FOLDER).glob("*.json")) else ("", "", "[{},{}]")
    assert json.loads(body)[1] == {}


def test_paths_follow_the_working_directory(tmp_path: Path) -> None:
    write("src/a.py", NEEDLE + "lost()\n")
    write("gradlint.toml", f"rules = [{json.dumps(MARKER)}]\n")
    assert [result.path for result in run(["src"])] == ["src/a.py"]
    os.chdir("src")
    (result,) = run(["."])
    assert result.path == result.findings[0].path == "a.py"


def test_what_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_OTHERS", 2)
    for name in "abcd":
        write(f"{name}.py", "x = 1\n")
    lines("a.py", "b.py")
    lines("c.py", "d.py")
    _, _, body = remembered().read_text().partition("\n")
    assert sorted(os.path.basename(path) for path in json.loads(body)[0]) == ["c.py", "d.py"]


def files(folder: Path) -> dict[str, str]:
    """Every entry below a folder: a link's target, a file's text."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_file():
            found[name] = path.read_bytes().decode(errors="replace")
        else:
            found[name] = "folder"
    return found


def test_clean() -> None:
    write("a.py", NEEDLE)
    lines()
    assert clean(FOLDER) is True
    assert not Path(FOLDER).exists()
    assert clean(FOLDER) is False
    write("precious/CACHEDIR.TAG", "Signature: something else\n")
    assert clean("precious") is False
    assert Path("precious").exists()


@pytest.mark.parametrize("place", [".", "data", "../victim", "~", "new/deep"])
def test_only_a_folder_of_its_own_is_written_and_removed(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever place is named for the cache, a run and ``clean`` leave everything there as it was."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("project/.git/HEAD", "project/data/precious", "victim/precious", "home/precious"):
        write(name, "precious")
    write("project/a.py", NEEDLE + "lost()\n")
    write("project/pyproject.toml", f"[tool.gradlint]\ncache-dir = {json.dumps(place)}\n")
    before = files(tmp_path)
    monkeypatch.chdir("project")
    for options in (["--cache-dir", place], []):
        command = [sys.executable, "-m", "gradlint"]
        subprocess.run([*command, *options, "."], check=True, capture_output=True)
        made = files(tmp_path).keys() - before.keys()
        assert {name for name in made if FOLDER not in name} <= {"project/new", "project/new/deep"}
        assert not any(path.name == ".gitignore" and path.parent.name != FOLDER for path in tmp_path.rglob("*"))
        subprocess.run([*command, "clean", *options], check=True, capture_output=True)
        after = files(tmp_path)
        assert {name: text for name, text in after.items() if "/new" not in name} == before
        assert not any(FOLDER in name for name in after)


def test_clean_leaves_what_it_does_not_know() -> None:
    write("a.py", NEEDLE)
    lines()
    write(f"{FOLDER}/notes.txt", "precious")
    write(f"{FOLDER}/0.0.9-cpython-311.json/inside", "precious")
    Path("outside").mkdir()
    write("outside/precious", "precious")
    Path(FOLDER, "tmp-abc").symlink_to("../outside")
    Path(FOLDER, "link").symlink_to("../outside")
    assert clean(FOLDER) is True
    left = {"notes.txt": "precious", "link": "-> ../outside"}
    left |= {"0.0.9-cpython-311.json": "folder", "0.0.9-cpython-311.json/inside": "precious"}
    assert files(Path(FOLDER)) == left
    assert files(Path("outside")) == {"precious": "precious"}


def test_a_folder_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    write("a.py", NEEDLE + "lost()\n")
    write("victim/CACHEDIR.TAG", cache_module.TAG)
    write("victim/0.1.0-cpython-311.json", "precious")
    before = files(tmp_path / "victim")
    Path(FOLDER).symlink_to("victim")
    assert lines("a.py") == {"a.py": [2]}
    assert clean(FOLDER) is False
    assert files(tmp_path / "victim") == before
    assert Path(FOLDER).is_symlink()


@pytest.mark.parametrize("name", ["CACHEDIR.TAG", ".gitignore", "results"])
@pytest.mark.parametrize("target", ["../precious", "../made", "/dev/zero"])
def test_links_in_a_folder_are_not_followed(name: str, target: str, tmp_path: Path) -> None:
    write("a.py", NEEDLE + "lost()\n")
    write("precious", cache_module.TAG if name == "CACHEDIR.TAG" else "precious")
    lines("a.py")
    place = remembered() if name == "results" else Path(FOLDER, name)
    place.unlink()
    place.symlink_to(target)
    assert lines("a.py") == {"a.py": [2]}
    assert Path("precious").read_text() == (cache_module.TAG if name == "CACHEDIR.TAG" else "precious")
    assert not Path("made").exists()


@pytest.mark.parametrize("content", [{}, {"CACHEDIR.TAG": "mine"}, {"data.csv": "precious"}])
def test_a_folder_that_gradlint_has_not_made_is_left_alone(content: dict[str, str], tmp_path: Path) -> None:
    write("a.py", NEEDLE + "lost()\n")
    Path(FOLDER).mkdir()
    for name, text in content.items():
        write(f"{FOLDER}/{name}", text)
    assert lines("a.py") == {"a.py": [2]}
    assert clean(FOLDER) is not bool(content)
    assert not content or files(Path(FOLDER)) == content


@pytest.mark.parametrize("kind", ["fifo", "folder", "zero"])
def test_remembered_results_that_are_no_regular_file(kind: str) -> None:
    write("a.py", NEEDLE + "lost()\n")
    lines()
    path = remembered()
    path.unlink()
    {"fifo": lambda: os.mkfifo(path), "folder": path.mkdir, "zero": lambda: path.symlink_to("/dev/zero")}[kind]()
    assert lines("a.py") == {"a.py": [2]}


@pytest.mark.parametrize("marker", ["setup.py", "setup.cfg", "pyproject.toml", ".git", "gradlint.toml"])
def test_what_tells_a_project_s_root_counts(marker: str) -> None:
    """A result is not stale where a marker comes or goes: it decides which modules are found."""
    program = (
        "import tensorflow as tf\nfrom losses import total\n\nx = tf.Variable(2.0)\nwith tf.GradientTape() as tape:\n"
        "    y = tf.sqrt(total(x))\ngradient = tape.gradient(y, x)\n"
    )
    write("project/sub/a.py", program)
    write("project/losses.py", "import numpy as np\n\n\ndef total(x):\n    return np.sum(x)\n")

    def codes() -> list[str]:
        (result,) = run(["project/sub/a.py"], Settings())
        return [finding.code for finding in result.findings]

    assert (codes(), codes()) == ([], [])
    write(f"project/{marker}", "")
    assert (codes(), codes()) == (["GT201"], ["GT201"])
    Path("project", marker).unlink()
    assert codes() == []


def test_what_a_marker_holds_does_not_count() -> None:
    write("a.py", NEEDLE + "import helpers\nlost()\n")
    write("setup.py", "")
    lines()
    plant("a.py", 77)
    write("setup.py", "changed = True\n")
    assert lines()["a.py"] == [77]
