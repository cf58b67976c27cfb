"""The GitHub Action: its steps' scripts run as a runner runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hostile.bait import MARK, ran, shadow
from tests.server.programs import BROKEN, FIXED

ROOT = Path(__file__).parent.parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: dict[str, Any] = {step["name"]: step for step in ACTION["runs"]["steps"]}


def run(step: str, folder: Path, **values: str) -> tuple[int, str, dict[str, str]]:
    """Run a step's script; gives its exit status, what it prints and its outputs."""
    assert set(values) == set(STEPS[step]["env"]), "the step takes other values"
    output = folder / "outputs"
    output.write_text("")
    environment = {**os.environ, **values, "GITHUB_OUTPUT": str(output), "RUNNER_TEMP": str(folder)}
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]["run"]]
    done = subprocess.run(script, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
    return done.returncode, done.stdout + done.stderr, outputs


def test_inputs_that_are_used_are_declared() -> None:
    used = {
        word.split(".")[1]
        for step in ACTION["runs"]["steps"]
        for text in [*step.get("env", {}).values(), *step.get("with", {}).values(), step.get("if", "")]
        for word in text.replace("}", " ").split()
        if word.startswith("inputs.")
    }
    assert used == set(ACTION["inputs"])
    assert all(one["description"].endswith(".") for one in ACTION["inputs"].values())


@pytest.fixture
def command(tmp_path: Path) -> str:
    """A ``gradlint`` command that runs the checkout."""
    script = tmp_path / "gradlint"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m gradlint "$@"\n')
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize(("program", "expected"), [(BROKEN, 1), (FIXED, 0)])
def test_check(tmp_path: Path, command: str, program: str, expected: int) -> None:
    (tmp_path / "train.py").write_text(program)
    values = {"COMMAND": command, "PATHS": "train.py", "ARGUMENTS": "--select GT2", "CONFIRM": "false"}
    status, said, outputs = run("Check", tmp_path, SARIF="out.sarif", **values)
    assert status == expected, said
    assert outputs == {"exit-status": str(expected)}
    assert ("::error" in said) == (expected == 1)
    assert (tmp_path / "out.sarif").exists()


def test_check_that_cannot_be_done(tmp_path: Path, command: str) -> None:
    values = {"COMMAND": command, "PATHS": "nowhere", "ARGUMENTS": "", "CONFIRM": "false", "SARIF": ""}
    status, said, outputs = run("Check", tmp_path, **values)
    assert (status, outputs) == (2, {"exit-status": "2"}), said


@pytest.mark.sweep(every=4)
def test_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh environment gets the command from the action's own checkout, and nothing of the one that is checked."""
    mark = tmp_path / "mark"
    mark.mkdir()
    monkeypatch.setenv(MARK, str(mark))
    shadow(tmp_path, sys.stdlib_module_names | {"pip", "venv", "ensurepip", "setuptools", "hatchling", "sitecustomize"})
    status, said, outputs = run("Install gradlint", tmp_path, SOURCE=str(ROOT), CONFIRM="false", PYTHON=sys.executable)
    assert status == 0, said
    version = subprocess.run(
        [outputs["command"], "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("gradlint ")
    assert ran(mark) == []
