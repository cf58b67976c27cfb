"""Findings of programs of more than one file, run by TensorFlow: the probe imports what the program imports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradlint.confirm import Confirmer, ConfirmUnavailable, Options
from gradlint.runner import run
from gradlint.settings import Settings
from gradlint.sources.read import read_path
from tests.flow.projects import BROKEN, Program, program

if TYPE_CHECKING:
    from gradlint.finding import Confirmation, Finding

SQUARED = "import numpy as np\n\ndef squared(w):\n    return np.square(w)\n"
KEPT = "import tensorflow as tf\n\ndef squared(w):\n    return tf.square(w)\n"
TRAIN = """\
import tensorflow as tf
{}
w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(squared(w))
g = tape.gradient(loss, w)
"""


def verdicts(confirmer: Confirmer, path: str) -> list[tuple[Finding, Confirmation]]:
    """The findings of a file with what TensorFlow says of them."""
    (result,) = run([path], Settings(), cache=False)
    said = dict(confirmer.confirm(read_path(path, result.path), result.findings))
    return [(finding, said[index]) for index, finding in enumerate(result.findings)]


@pytest.mark.parametrize("case", BROKEN, ids=lambda one: one.name.replace(" ", "-"))
def test_what_is_found_across_files_is_confirmed(
    case: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, confirmer: Confirmer
) -> None:
    """From a working directory in which the modules do not lie."""
    path = case.write(tmp_path / "code")
    monkeypatch.chdir(tmp_path)
    found = verdicts(confirmer, os.path.relpath(path))
    assert len(found) == len(case.claims)
    for finding, verdict in found:
        assert verdict.status == "confirmed", (finding.message, verdict.detail)


def test_a_claim_about_a_helper_that_is_mended_is_refuted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, confirmer: Confirmer
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(TRAIN.format("from helpers import squared"))
    Path("helpers.py").write_text(SQUARED)
    (result,) = run(["train.py"], Settings(), cache=False)
    Path("helpers.py").write_text(KEPT)
    ((_, verdict),) = confirmer.confirm(read_path("train.py"), result.findings)
    assert verdict.status == "refuted"


@pytest.mark.parametrize(
    ("path", "line", "helper"),
    [
        ("lib/train.py", "from .losses import squared", "lib/losses.py"),
        ("lib/train.py", "from lib.losses import squared", "lib/losses.py"),
        ("lib/train.py", "from losses import squared", "lib/losses.py"),
        ("lib/sub/train.py", "from ..losses import squared", "lib/losses.py"),
        ("lib/sub/train.py", "from . import squared", "lib/sub/__init__.py"),
        ("bare/train.py", "from .losses import squared", "bare/losses.py"),
        ("bare/deep/train.py", "from ..losses import squared", "bare/losses.py"),
        ("scripts/train.py", "from common.losses import squared", "src/common/losses.py"),
        ("scripts/train.py", "from common.losses import squared", "common/losses.py"),
    ],
)
def test_where_the_probe_imports_from(
    path: str, line: str, helper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, confirmer: Confirmer
) -> None:
    project = tmp_path / "project"
    for name in ("lib", "lib/sub", "bare/deep", "scripts", "src/common", "common"):
        (project / name).mkdir(parents=True)
    (project / "pyproject.toml").touch()
    for name in ("lib/__init__.py", "lib/sub/__init__.py"):
        (project / name).touch()
    (project / path).write_text(TRAIN.format(line))
    (project / helper).write_text(SQUARED)
    monkeypatch.chdir(tmp_path)
    ((finding, verdict),) = verdicts(confirmer, f"project/{path}")
    assert finding.message.startswith(f"in project/{helper}, line 4: ")
    assert (verdict.status, finding.code) == ("confirmed", "GT201"), verdict.detail


def test_a_package_s_modules_hide_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, confirmer: Confirmer
) -> None:
    """In a package a module may have a library's name: the library is imported all the same."""
    case = program(
        "hidden",
        f"# == lib/train.py\n{TRAIN.format('from .losses import squared')}# == lib/__init__.py\n"
        f"# == lib/losses.py\n{SQUARED}# == lib/colorsys.py\nraise RuntimeError\n"
        "# == lib/numpy.py\nraise RuntimeError\n",
    )
    case.write(tmp_path)
    path = tmp_path / "lib/losses.py"
    path.write_text(f"import colorsys\n{SQUARED}")
    monkeypatch.chdir(tmp_path / "lib")
    ((_, verdict),) = verdicts(confirmer, "train.py")
    assert verdict.status == "confirmed", verdict.detail


def test_a_notebook_and_a_page_with_a_module_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, confirmer: Confirmer
) -> None:
    (tmp_path / "study").mkdir()
    monkeypatch.chdir(tmp_path)
    Path("study/helpers.py").write_text(SQUARED)
    text = TRAIN.format("from helpers import squared")
    cells = [{"cell_type": "code", "source": part} for part in text.split("w = ", 1)]
    cells[1]["source"] = "w = " + cells[1]["source"]
    Path("study/study.ipynb").write_text(json.dumps({"cells": cells}))
    Path("study/study.md").write_text(f"# Study\n\n```python\n{text}```\n")
    for path in ("study/study.ipynb", "study/study.md"):
        ((finding, verdict),) = verdicts(confirmer, path)
        assert finding.message.startswith("in study/helpers.py, line 4: ")
        assert verdict.status == "confirmed", verdict.detail


def test_what_is_written_out_runs_where_the_package_can_be_imported(tmp_path: Path) -> None:
    case = program(
        "repro",
        f"# == lib/sub/train.py\n{TRAIN.format('from ..losses import squared')}# == lib/__init__.py\n"
        f"# == lib/sub/__init__.py\n# == lib/losses.py\n{SQUARED}",
    )
    path = str(case.write(tmp_path))
    with Confirmer(Options(timeout=60, repro=tmp_path / "repro")) as confirmer:
        ((_, verdict),) = verdicts(confirmer, path)
    assert verdict.status == "confirmed"
    (written,) = (tmp_path / "repro").iterdir()
    assert "from lib.losses import squared" in written.read_text()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run([sys.executable, written], capture_output=True, text=True, env=environment, check=True)
    assert "loss by w: None" in done.stdout


# -- the Python that has TensorFlow ------------------------------------------------------------------------------------


def gradlint(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gradlint", "check", "--trust", "--no-cache", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose helper loses the gradient, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(TRAIN.format("from helpers import squared"))
    Path("helpers.py").write_text(SQUARED)
    return tmp_path


def configure(python: str) -> None:
    Path("gradlint.toml").write_text(f"[confirm]\npython = {json.dumps(python)}\n")


def make_python(folder: Path, *, tensorflow: bool) -> Path:
    """Another Python, with the packages of this one where it is to have TensorFlow."""
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if tensorflow:
        asked = subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        )
        Path(asked.stdout.strip(), "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_another_python_confirms(project: Path) -> None:
    python = make_python(project / ".venv", tensorflow=True)
    Path("helpers.py").write_text(f"import sys\nassert sys.prefix == {str(project / '.venv')!r}, sys.prefix\n{SQUARED}")
    configure(os.path.relpath(python))
    done = gradlint("--confirm", "--output-format", "json", "train.py")
    (record,) = json.loads(done.stdout)
    assert record["confirmation"]["status"] == "confirmed", record["confirmation"]
    assert done.returncode == 1


def test_another_python_without_tensorflow(project: Path) -> None:
    python = make_python(project / ".venv", tensorflow=False)
    configure(str(python))
    done = gradlint("--confirm", "train.py")
    assert done.returncode == 2
    assert "No module named 'tensorflow'" in done.stderr
    assert f"the setting confirm.python names {python}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_python_that_is_not_there(project: Path) -> None:
    configure("no/such/python")
    done = gradlint("--confirm", "train.py")
    assert done.returncode == 2
    assert f"{project}/no/such/python cannot be started: No such file or directory" in done.stderr
    assert "confirm.python" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("fork", [True, False])
def test_a_python_that_is_none(fork: bool, tmp_path: Path) -> None:
    path = tmp_path / "python"
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(0o755)
    source = tmp_path / "train.py"
    source.write_text(TRAIN.format("from helpers import squared"))
    (tmp_path / "helpers.py").write_text(SQUARED)
    with (
        pytest.raises(ConfirmUnavailable, match=r"the setting confirm\.python names"),
        Confirmer(Options(python=str(path), fork=fork)) as confirmer,
    ):
        verdicts(confirmer, str(source))


STEPS = """\
import tensorflow as tf


def slope(model, point):
    with tf.GradientTape() as tape:
        moved = tf.tanh(point)
        loss = tf.reduce_sum(moved ** 2) + tf.reduce_sum(model.predict(moved, verbose=0))
    return tape.gradient(loss, point)
"""
LEADING = """\
import tensorflow as tf
from steps import slope

model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
print(slope(model, tf.Variable([[0.0, 0.4, 0.9]])))
"""


@pytest.fixture
def two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function in one file of the working directory, and its call in another."""
    monkeypatch.chdir(tmp_path)
    Path("steps.py").write_text(STEPS)
    Path("main.py").write_text(LEADING)


@pytest.mark.usefixtures("two_files")
def test_a_finding_about_a_call_of_another_file_is_judged_by_running_that_file(confirmer: Confirmer) -> None:
    ((_, verdict),) = verdicts(confirmer, "steps.py")
    assert verdict.status == "confirmed"
    assert verdict.detail.startswith("when main.py runs: along point the target changes by ")


@pytest.mark.usefixtures("two_files")
def test_what_the_other_file_does_now_counts(confirmer: Confirmer) -> None:
    """Its model is a plain function, whose gradient arrives: the claim is false by then."""
    (result,) = run(["steps.py"], Settings(), cache=False)
    plain = "class Plain:\n    def predict(self, value, verbose):\n        return value * 2.0\n\nmodel = Plain()"
    Path("main.py").write_text(re.sub("model = .*", plain, LEADING))
    ((_, verdict),) = confirmer.confirm(read_path("steps.py"), result.findings)
    assert verdict.status == "refuted"
    assert verdict.detail.startswith("when main.py runs: the gradient is the whole derivative")
