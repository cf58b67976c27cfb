"""The wheel holds all that the command needs: built by the real backend, unpacked, and run from there."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import hatchling.build
import pytest

ROOT = Path(__file__).parents[2]
LOST = """\
import numpy as np
import tensorflow as tf

x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = np.exp(x)
tape.gradient(y, x)
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds."""
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        name = hatchling.build.build_wheel(str(folder))
    with zipfile.ZipFile(folder / name) as wheel:
        wheel.extractall(folder / "unpacked")
    return folder / "unpacked"


def _files(folder: Path, pattern: str) -> dict[str, bytes]:
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob(pattern) if path.is_file()}
    return {name: content for name, content in found.items() if "__pycache__" not in name}


@pytest.mark.parametrize(
    ("inside", "beside"),
    [("gradlint/rules", "rules"), ("gradlint/pages", "docs/rules"), ("gradlint/models", "gradlint/models")],
)
def test_what_lies_beside_the_package_lies_in_it(unpacked: Path, inside: str, beside: str) -> None:
    assert _files(unpacked / inside, "*") == _files(ROOT / beside, "*") != {}


def test_no_file_of_the_package_is_left_out(unpacked: Path) -> None:
    assert _files(ROOT / "gradlint", "*").items() <= _files(unpacked / "gradlint", "*").items()


def test_only_the_package_is_installed(unpacked: Path) -> None:
    assert sorted(path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")) == ["gradlint"]


def test_the_command_runs_from_it_and_its_pages_are_there(unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(LOST)
    command = [sys.executable, "-m", "gradlint", "--no-cache", "--output-format", "json", "train.py"]
    environment = {"PYTHONPATH": str(unpacked), "PATH": "", "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    (finding,) = json.loads(done.stdout)
    page = Path(finding["url"].removeprefix("file://"))
    assert page.is_relative_to(unpacked)
    assert page.read_text().startswith("<!--")
