"""What the files of a project say of the versions that it needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gradlint.sources import requirements
from gradlint.sources.project import Project, is_as_then

if TYPE_CHECKING:
    from pathlib import Path

SAID = {
    "requirements.txt": ("# pinned\ntensorflow==2.3.1  # old\n-r more.txt\nnumpy\n", ("tensorflow", "==2.3.1")),
    "requirements-dev.txt": ("tensorflow_gpu >= 2.4, < 2.6\n", ("tensorflow-gpu", "<2.6,>=2.4")),
    "pyproject.toml": (
        '[project]\nrequires-python = "<3.9"\n[project.optional-dependencies]\ntf = ["tensorflow[and-cuda]~=2.10"]\n',
        ("tensorflow", "~=2.10"),
    ),
    "setup.cfg": ("[options]\ninstall_requires =\n    tensorflow<2.12\n    numpy\n", ("tensorflow", "<2.12")),
    "setup.py": (
        "from setuptools import setup\nextras = {'tf': ['tensorflow==2.9.0']}\nsetup(extras_require=extras)\n",
        ("tensorflow", "==2.9.0"),
    ),
    "environment.yml": (
        "dependencies:\n  - python=3.7\n  - conda-forge::tensorflow=2.4=gpu\n",
        ("tensorflow", "==2.4.*"),
    ),
    "Pipfile": ('[packages]\ntensorflow = "==2.2"\n', ("tensorflow", "==2.2")),
    "Dockerfile": ("FROM tensorflow/tensorflow:2.5.0-gpu\nRUN pip install numpy\n", ("tensorflow", "==2.5.0.*")),
    "Dockerfile.gpu": ("FROM tensorflow/tensorflow:2.5.0-gpu\n", ("tensorflow", "==2.5.0.*")),
    "docker/gpu.Dockerfile": ("FROM tensorflow/tensorflow:2.4.1-gpu\n", ("tensorflow", "==2.4.1.*")),
    "README.md": ("Install it: `pip install tensorflow==2.1 numpy`.\n", ("tensorflow", "==2.1")),
    "runtime.txt": ("python-3.7.9\n", ("python", "==3.7.9")),
}


def about(package: str) -> bool:
    return package.startswith("tensorflow") or package == "python"


@pytest.mark.parametrize("name", SAID)
def test_each_form_is_read(tmp_path: Path, name: str) -> None:
    text, (package, versions) = SAID[name]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    found = requirements.of_project(str(tmp_path), None, about)
    assert (package, versions, path.name) in [(one.package, one.versions, one.place) for one in found]


def test_poetry_has_signs_of_its_own(tmp_path: Path) -> None:
    table = '[tool.poetry.dependencies]\ntensorflow = "^2.4"\npython = "^3.7"\n[tool.poetry.group.gpu.dependencies]\n'
    (tmp_path / "pyproject.toml").write_text(table + 'tensorflow-gpu = {version = "~2.4.1", optional = true}\n')
    found = {one.package: one.versions for one in requirements.of_project(str(tmp_path), None, about)}
    assert found == {"tensorflow": ">=2.4.0,<3", "python": ">=3.7.0,<4", "tensorflow-gpu": ">=2.4.1,<2.5"}


def test_the_nearest_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["tensorflow>=2.16"]\n')
    old, new = tmp_path / "old", tmp_path / "new" / "deep"
    old.mkdir()
    new.mkdir(parents=True)
    (old / "requirements.txt").write_text("tensorflow==2.3\n")
    assert [one.versions for one in Project(str(old / "a.py")).stated(about)] == ["==2.3"]
    assert [one.versions for one in Project(str(new / "a.py")).stated(about)] == [">=2.16"]


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml", "setup.py", "setup.cfg", "environment.yml"])
def test_what_cannot_be_read_says_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe(((\n[[[ tensorflow")
    assert requirements.of_project(str(tmp_path), None, about) == ()


def test_setup_py_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nREQUIRED = ['tensorflow==2.3']\n")
    assert [one.versions for one in requirements.of_project(str(tmp_path), None, about)] == ["==2.3"]
    assert not (tmp_path / "ran").exists()


def test_a_notebook_says_what_it_installs_and_what_saved_it() -> None:
    cells = [
        {"cell_type": "code", "source": ["!pip install -q tensorflow==2.1.0\n", "import tensorflow as tf"]},
        {"cell_type": "code", "source": "%tensorflow_version 1.x"},
        {"cell_type": "markdown", "source": "pip install tensorflow==2.9"},
    ]
    metadata = {"language_info": {"name": "python", "version": "3.6.9"}}
    found = requirements.of_notebook(json.dumps({"cells": cells, "metadata": metadata}))
    assert [(one.package, one.versions) for one in found] == [
        ("tensorflow", "==2.1.0"),
        ("tensorflow", "==1.*"),
        ("python", "==3.6.9"),
    ]


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 3}', '{"cells": [3], "metadata": {"language_info": 3}}'])
def test_what_is_no_notebook_says_nothing(text: str) -> None:
    assert requirements.of_notebook(text) == ()


def test_a_result_is_forgotten_when_the_requirements_change(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    project = Project(str(tmp_path / "a.py"))
    project.stated(about)
    key = next(key for key in project.seen if requirements.is_key(key))
    assert is_as_then(key, project.seen[key])
    (tmp_path / "requirements.txt").write_text("tensorflow==2.3\n")
    assert not is_as_then(key, project.seen[key])
    then = requirements.stamp_of(key)
    (tmp_path / "requirements.txt").write_text("tensorflow==2.3  # the old one\n")
    (tmp_path / "setup.py").write_text("")
    assert is_as_then(key, then)
    (tmp_path / "requirements.txt").write_text("tensorflow==2.4\n")
    assert not is_as_then(key, then)


@pytest.mark.parametrize(
    ("line", "versions"),
    [
        ("* Tensorflow 2.3.0", "==2.3.0.*"),
        ("TensorFlow 2.0 is needed.", "==2.0.*"),
        ("Tested with TensorFlow==2.4", "==2.4.*"),
        ("- `tensorflow` >= 2.1", ">=2.1"),
        ("TensorFlow 2.4+", ">=2.4"),
        ("needs TensorFlow 2.4 or later", ">=2.4"),
        ("TF version: 2.2", "==2.2.*"),
        ("tensorflow-gpu (2.1.0)", "==2.1.0.*"),
        ("TensorFlow 2 and Python 3.7", ""),
        ("https://www.tensorflow.org/versions/r2.3", ""),
    ],
)
def test_a_page_names_a_version(tmp_path: Path, line: str, versions: str) -> None:
    (tmp_path / "README.md").write_text(f"# A model\n\n{line}\n")
    found = [one.versions for one in requirements.of_project(str(tmp_path), None, about)]
    assert found == ([versions] if versions else [])
