"""A project of more than one file as users meet it: what is printed, remembered, suppressed and left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.test_cli import gradlint

SCHEMA = Path(__file__).parent / "reporting" / "sarif-schema-2.1.0.json"
TRAIN = """\
import tensorflow as tf

from lib.losses import total

w = tf.Variable([1.0, 2.0])
x = tf.constant([3.0, 4.0])

with tf.GradientTape() as tape:
    loss = tf.sqrt(total(w, x))

grads = tape.gradient(loss, [w])
"""
LOSSES = """\
import numpy as np


def total(w, x):
    scaled = w * x
    return np.sum(scaled)
"""
MENDED = LOSSES.replace("import numpy as np", "import tensorflow as tf").replace("np.sum", "tf.reduce_sum")
MESSAGE = (
    "in lib/losses.py, line 6: `np.sum` returns a NumPy array, so the gradient of `loss` with respect to `w` "
    "(line 11) is None; use `tf.reduce_sum`."
)
FULL = """\
train.py:9:20: error[GT201] numpy-call
`np.sum` returns a NumPy array
   | lib/losses.py
 5 |     scaled = w * x
   |              ----- connected to `w`
 6 |     return np.sum(scaled)
   |            ^^^^^^^^^^^^^^ the gradient is lost here
   | train.py
 9 |     loss = tf.sqrt(total(w, x))
   |                    ----------- the gradient is lost in here
10 |
11 | grads = tape.gradient(loss, [w])
   |         ------------------------ `w` gets None
   |
   = so: the gradient of `loss` with respect to `w` (line 11) is None
   = help: use `tf.reduce_sum`

Found 1 error in 1 file (1 tape checked)
`gradlint explain GT201` says why, and how to fix it
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose helper loses a gradient, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("lib").mkdir()
    Path("lib/__init__.py").touch()
    Path("pyproject.toml").touch()
    Path("train.py").write_text(TRAIN)
    Path("lib/losses.py").write_text(LOSSES)
    return tmp_path


def run(*arguments: str, status: int, **more: Any) -> str:
    done = gradlint("check", *arguments, cwd=Path.cwd(), **more)
    assert done.returncode == status, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def messages(*arguments: str, **more: Any) -> list[str]:
    """What is found: the place and the code."""
    found = json.loads(run("--output-format", "json", "--exit-zero", *arguments, status=0, **more))
    return [f"{one['path']}:{one['location']['line']}: {one['code']}" for one in found]


def age(*paths: str, by: int = 60) -> None:
    """Let files be older than what may still change unseen."""
    for path in paths or [str(path) for path in Path().rglob("*.py")]:
        time = os.stat(path).st_mtime - by
        os.utime(path, (time, time))


# -- what is printed ---------------------------------------------------------------------------------------------------


def test_full() -> None:
    assert run("--no-cache", "train.py", status=1) == FULL


def test_concise() -> None:
    out = run("--no-cache", "--output-format", "concise", "train.py", status=1)
    assert out.splitlines()[0] == f"train.py:9:20: error: {MESSAGE} [GT201]"


def test_json() -> None:
    (record,) = json.loads(run("--no-cache", "--output-format", "json", "train.py", status=1))
    assert (record["path"], record["location"], record["end_location"]) == (
        "train.py",
        {"line": 9, "column": 20},
        {"line": 9, "column": 31},
    )
    assert record["message"] == MESSAGE
    assert record["fix"] is None
    steps = [(step.get("path"), step["line"], step["column"], step["text"]) for step in record["flow"]]
    assert steps[:2] == [("lib/losses.py", 5, 14, "w * x"), ("lib/losses.py", 6, 12, "np.sum(scaled)")]
    assert all("path" not in step for step in record["flow"] if step["line"] > 6)
    assert [(one["line"], one["source"]) for one in record["gradients"]] == [(11, "w")]


def test_a_step_of_the_file_itself_names_no_path() -> None:
    Path("train.py").write_text(
        TRAIN.replace("total(w, x)", "np.sum(w)").replace("from lib.losses import total", "import numpy as np")
    )
    (record,) = json.loads(run("--no-cache", "--output-format", "json", "train.py", status=1))
    assert record["flow"]
    assert all("path" not in step for step in record["flow"])


def test_sarif() -> None:
    log = json.loads(run("--no-cache", "--output-format", "sarif", "train.py", status=1))
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(log)
    (result,) = log["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "train.py"
    steps = [step["location"] for step in result["codeFlows"][0]["threadFlows"][0]["locations"]]
    places = [
        (step["physicalLocation"]["artifactLocation"], step["physicalLocation"]["region"]["startLine"])
        for step in steps
    ]
    assert ({"uri": "lib/losses.py", "uriBaseId": "SRCROOT"}, 6) in places
    assert ({"uri": "train.py", "uriBaseId": "SRCROOT"}, 11) in places
    assert "fixes" not in result


def test_lsp(root: Path) -> None:
    lines = run("--no-cache", "--output-format", "lsp", "train.py", status=1).splitlines()
    (published,) = [json.loads(line) for line in lines]
    assert published["uri"] == (root / "train.py").as_uri()
    (diagnostic,) = published["diagnostics"]
    assert diagnostic["range"]["start"] == {"line": 8, "character": 19}
    places = {
        (related["location"]["uri"], related["location"]["range"]["start"]["line"])
        for related in diagnostic["relatedInformation"]
    }
    assert places == {
        ((root / "lib/losses.py").as_uri(), 4),
        ((root / "lib/losses.py").as_uri(), 5),
        ((root / "train.py").as_uri(), 10),
    }


def test_from_another_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "lib")
    (record,) = json.loads(run("--no-cache", "--output-format", "json", "../train.py", status=1))
    assert record["message"].startswith("in losses.py, line 6: ")
    assert {step.get("path") for step in record["flow"] if step["line"] < 9} == {"losses.py"}


@pytest.mark.parametrize("output", ["full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "lsp"])
def test_every_format_takes_an_odd_helper(output: str) -> None:
    """A helper with tabs, letters beyond ASCII, form feeds and Windows' line ends."""
    odd = LOSSES.replace("    ", "\t").replace("scaled", "größe").replace("\n\n\n", "\n\x0c\n").replace("\n", "\r\n")
    Path("lib/losses.py").write_bytes(odd.encode())
    out = run("--no-cache", "--output-format", output, "train.py", status=1)
    assert "losses.py" in out


# -- what is asked and left alone --------------------------------------------------------------------------------------


def test_it_can_be_turned_off() -> None:
    Path("gradlint.toml").write_text("follow-imports = false\n")
    assert messages("--no-cache", "train.py") == []


def test_the_helper_itself_is_not_blamed() -> None:
    assert messages("--no-cache", ".") == ["train.py:9: GT201"]


def test_standard_input_has_the_place_of_its_name() -> None:
    assert messages("--no-cache", "--stdin-filename", "new.py", "-", stdin=TRAIN) == ["new.py:9: GT201"]
    assert messages("--no-cache", "--stdin-filename", "lib/new.py", "-", stdin=TRAIN) == ["lib/new.py:9: GT201"]
    assert messages("--no-cache", "-", stdin=TRAIN.replace("lib.", "elsewhere.")) == []


def test_a_comment_at_the_place_suppresses_it() -> None:
    call = "    loss = tf.sqrt(total(w, x))"
    Path("train.py").write_text(TRAIN.replace(call, f"{call}  # gradlint: ignore[GT201]"))
    assert messages("--no-cache", "train.py") == []
    Path("lib/losses.py").write_text(MENDED)
    assert messages("--no-cache", "train.py") == ["train.py:9: GT900"]


def test_a_comment_in_the_helper_is_the_helper_s_own() -> None:
    Path("lib/losses.py").write_text(LOSSES.replace("(scaled)", "(scaled)  # gradlint: ignore"))
    assert messages("--no-cache", "train.py") == ["train.py:9: GT201"]


def test_ignores_are_added_at_the_place() -> None:
    done = gradlint("add-ignores", "train.py", cwd=Path.cwd())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "total(w, x))  # gradlint: ignore[GT201]" in Path("train.py").read_text()
    assert Path("lib/losses.py").read_text() == LOSSES
    assert messages("--no-cache", "train.py") == []


def test_a_baseline_knows_it_wherever_the_helper_s_lines_go() -> None:
    done = gradlint("check", "--baseline", "known.json", "--write-baseline", "train.py", cwd=Path.cwd())
    assert done.returncode == 0, done.stdout + done.stderr
    Path("gradlint.toml").write_text('baseline = "known.json"\n')
    assert messages("--no-cache", "train.py") == []
    Path("lib/losses.py").write_text("# one line\n# and another\n" + LOSSES)
    assert messages("--no-cache", "train.py") == []


def test_nothing_is_mended_in_the_helper() -> None:
    out = run("--no-cache", "--fix", "--unsafe-fixes", "train.py", status=1)
    assert "GT201" in out
    assert (Path("train.py").read_text(), Path("lib/losses.py").read_text()) == (TRAIN, LOSSES)


def test_a_notebook_and_a_page() -> None:
    cells = [
        {"cell_type": "code", "source": part} for part in (TRAIN[: TRAIN.index("w = ")], TRAIN[TRAIN.index("w =") :])
    ]
    Path("study.ipynb").write_text(json.dumps({"cells": cells}))
    Path("study.md").write_text(f"# Study\n\n```python\n{TRAIN}```\n")
    assert messages("--no-cache", "study.ipynb", "study.md") == ["study.ipynb:5: GT201", "study.md:12: GT201"]
    out = run("--no-cache", "study.ipynb", status=1)
    assert "study.ipynb:cell 2:5:20: error[GT201] numpy-call" in out
    assert "  | lib/losses.py\n" in out
    assert "  | cell 2\n" in out


# -- what is remembered ------------------------------------------------------------------------------------------------


def test_a_helper_that_changes_changes_the_result() -> None:
    age()
    assert messages("train.py") == messages("train.py") == ["train.py:9: GT201"]
    Path("lib/losses.py").write_text(MENDED)
    age("lib/losses.py", by=30)
    assert messages("train.py") == messages("train.py") == []
    Path("lib/losses.py").write_text(LOSSES)
    assert messages("train.py") == messages("train.py") == ["train.py:9: GT201"]
    Path("lib/losses.py").write_text(MENDED)
    assert messages("train.py") == []


def test_a_helper_that_comes_and_goes() -> None:
    Path("lib/losses.py").unlink()
    age()
    assert messages("train.py") == messages("train.py") == []
    Path("lib/losses.py").write_text(LOSSES)
    age("lib/losses.py")
    assert messages("train.py") == messages("train.py") == ["train.py:9: GT201"]
    Path("lib/losses.py").unlink()
    assert messages("train.py") == []


def test_a_module_that_comes_to_stand_before_another() -> None:
    age()
    assert messages("train.py") == ["train.py:9: GT201"]
    Path("lib/losses").mkdir()
    assert messages("train.py") == ["train.py:9: GT201"]
    Path("lib/losses/__init__.py").write_text(MENDED)
    assert messages("train.py") == []


def test_a_package_that_comes_with_its_folder() -> None:
    Path("train.py").write_text(
        TRAIN.replace("from lib.losses import total", "import new.losses").replace("total(w", "new.losses.total(w")
    )
    age()
    assert messages("train.py") == messages("train.py") == []
    Path("new").mkdir()
    Path("new/losses.py").write_text(LOSSES)
    assert messages("train.py") == ["train.py:9: GT201"]


def test_a_script_that_becomes_part_of_a_package(root: Path) -> None:
    """What its imports mean changes with the file that makes its folder a package."""
    Path("utils.py").write_text(LOSSES)
    Path("run").mkdir()
    Path("run/utils.py").write_text(MENDED)
    Path("run/train.py").write_text(TRAIN.replace("lib.losses", "utils"))
    age()
    assert messages("run/train.py") == messages("run/train.py") == []
    Path("run/utils.py").unlink()
    assert messages("run/train.py") == ["run/train.py:9: GT201"]


def test_a_helper_of_a_helper_changes_the_result() -> None:
    Path("lib/losses.py").write_text("from .inner import total\n")
    Path("lib/inner.py").write_text(LOSSES)
    age()
    assert messages("train.py") == messages("train.py") == ["train.py:9: GT201"]
    Path("lib/inner.py").write_text(MENDED)
    assert messages("train.py") == []


def test_following_or_not_is_remembered_apart() -> None:
    age()
    assert messages("train.py") == ["train.py:9: GT201"]
    Path("gradlint.toml").write_text("follow-imports = false\n")
    assert messages("train.py") == []
    Path("gradlint.toml").unlink()
    assert messages("train.py") == ["train.py:9: GT201"]


def test_more_processes_find_the_same() -> None:
    padding = "# padding\n" * 2_000
    for number in range(8):
        Path(f"train{number}.py").write_text(TRAIN + padding)
    one = run("--no-cache", "--jobs", "1", ".", status=1)
    assert one == run("--no-cache", "--jobs", "2", ".", status=1)
    assert one.count("   | lib/losses.py\n") == 9


def test_a_result_is_forgotten_when_a_file_that_calls_it_changes() -> None:
    Path("steps.py").write_text(
        "import tensorflow as tf\n\n\ndef slope(loss, w):\n    with tf.GradientTape() as tape:\n"
        "        value = tf.sqrt(loss(w))\n    return tape.gradient(value, w)\n"
    )
    main = "import numpy as np\nimport tensorflow as tf\nfrom steps import slope\n\nslope(np.sum, tf.Variable([1.0]))\n"
    Path("main.py").write_text(main)
    age()
    assert messages("steps.py") == ["steps.py:6: GT201"]
    assert messages("steps.py") == ["steps.py:6: GT201"]
    Path("main.py").write_text(main.replace("np.sum", "tf.reduce_sum"))
    assert messages("steps.py") == []
    Path("other.py").write_text(main)
    assert messages("steps.py") == ["steps.py:6: GT201"]
