"""``run --record`` and ``check --facts``: what a run has shown decides what reading leaves unknown."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from gradlint import cli
from gradlint.runtime.facts import FactsError, load
from tests.runtime.test_command import run

if TYPE_CHECKING:
    from collections.abc import Callable

TRAIN = """\
import importlib
import os
import sys
import tensorflow as tf

act = getattr(importlib.import_module("helper"), "act")
w = tf.Variable([1.0, 2.0], name="w")
u = tf.Variable(1.0)
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(act(sys.argv[1])(w * u))
    gradient = tape.gradient(loss, w)
os.chdir(os.sep)
with tf.GradientTape() as tape:
    loss = u * u
tape.gradient(loss, u)
"""
HELPER = """\
import numpy as np
import tensorflow as tf
TABLE = {"np": lambda v: np.tanh(v), "tf": tf.tanh}
def act(name):
    return TABLE[name]
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a program, and the facts of a run of it."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "train.py").write_text(TRAIN, encoding="utf-8")
    (folder / "helper.py").write_text(HELPER, encoding="utf-8")
    done = run(folder, "--record", "facts.json", "train.py", "np")
    assert done.returncode == 0, done.stderr
    assert "helper.py:3: GT201 numpy-call: `w`, 3 times" in done.stderr
    return folder


@pytest.fixture
def check(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Checks a copy of the folder."""
    for name in ("train.py", "helper.py", "facts.json"):
        (tmp_path / name).write_bytes((recorded / name).read_bytes())
    monkeypatch.chdir(tmp_path)

    def checked(*arguments: str) -> Any:
        status = cli.run(["check", "--no-cache", *arguments])
        return SimpleNamespace(exit_code=status, **capsys.readouterr()._asdict())

    return checked


def test_what_was_seen_is_kept_by_place(recorded: Path) -> None:
    files = json.loads((recorded / "facts.json").read_text(encoding="utf-8"))["files"]
    assert sorted(files) == ["helper.py", "train.py"]
    assert {"left": "__array__", "connected": ["u", "w"]} in files["helper.py"]["values"]["3"]
    assert {"operation": "Mul", "dtype": "float32", "connected": ["u"]} in files["train.py"]["values"]["15"]
    first, second = files["train.py"]["calls"]
    assert (first["line"], first["times"], first["lost"]) == (12, 3, {"w": {"none": 3}})
    assert (second["line"], second["times"], second["lost"]) == (16, 1, {})


def test_reading_alone_is_silent_and_with_the_facts_it_is_not(check: Callable[..., Any]) -> None:
    assert check(".").exit_code == 0
    done = check("--facts", "facts.json", "--output-format", "json", ".")
    assert done.exit_code == 1
    (finding,) = json.loads(done.out)
    assert (finding["code"], finding["path"], finding["location"]["line"]) == ("GT201", "helper.py", 3)
    assert "(train.py, line 12)" in finding["message"]
    assert finding["confirmation"]["status"] == "confirmed"
    assert finding["confirmation"]["detail"].startswith("observed in a run of train.py np: ")


@pytest.mark.parametrize("name", ["helper.py", "train.py"])
def test_facts_of_a_file_that_has_changed_are_not_used(name: str, check: Callable[..., Any]) -> None:
    Path(name).write_text(Path(name).read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    done = check("--facts", "facts.json", ".")
    assert done.exit_code == 0
    assert f"changed since the run recorded in facts.json, so ignored: {name}" in done.err


def test_only_what_is_checked_is_reported_under_the_rules_in_force(check: Callable[..., Any]) -> None:
    assert check("--facts", "facts.json", "train.py").exit_code == 0
    assert check("--facts", "facts.json", "--ignore", "GT201", ".").exit_code == 0
    facts = Path("facts.json")
    ignored = HELPER.replace("tf.tanh}", "tf.tanh}  # gradlint: ignore[GT201]")
    Path("helper.py").write_text(ignored, encoding="utf-8")
    record = json.loads(facts.read_text(encoding="utf-8"))
    record["files"]["helper.py"]["sha256"] = sha256(ignored.encode()).hexdigest()
    facts.write_text(json.dumps(record), encoding="utf-8")
    assert check("--facts", "facts.json", ".").exit_code == 0


def test_a_finding_that_the_run_contradicts_is_refuted(check: Callable[..., Any]) -> None:
    text = TRAIN.replace("loss = u * u", "loss = tf.constant((u * u).numpy())")
    Path("train.py").write_text(text, encoding="utf-8")
    assert check("train.py").exit_code == 1
    record = json.loads(Path("facts.json").read_text(encoding="utf-8"))
    record["files"]["train.py"]["sha256"] = sha256(text.encode()).hexdigest()
    Path("facts.json").write_text(json.dumps(record), encoding="utf-8")
    done = check("--facts", "facts.json", "--output-format", "json", "train.py")
    assert done.exit_code == 0
    assert [one["confirmation"]["status"] for one in json.loads(done.out)] == ["refuted"]
    assert "observed in a run of train.py np: u got its gradient each time" in done.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "No such file or directory"),
        ("no json", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "`gradlint run --record FILE` writes one"),
        ('{"gradlint-facts": 2}', "has version 2 of the format"),
        ('{"gradlint-facts": 1, "run": "x", "files": []}', "is not a facts file as"),
        ('{"gradlint-facts": 1, "run": "x", "files": {"a.py": {"sha256": 1}}}', "is not a facts file as"),
        (
            '{"gradlint-facts": 1, "run": "x", "files": {"a.py": {"sha256": "", "calls": [], "values": {},'
            ' "findings": [{"code": 1}]}}}',
            "is not a facts file as",
        ),
    ],
)
def test_what_is_no_facts_file(text: str | None, says: str, check: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    done = check("--facts", "other.json", ".")
    assert done.exit_code == 2
    assert says in done.err
    assert "Traceback" not in done.err
    with pytest.raises(FactsError):
        load(os.fspath(path))
