"""``gradlint graph`` as users run it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from gradlint import cli
from tests.picture.programs import DECAY, PARTIAL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "decay.py").write_text(DECAY)
    (tmp_path / "both.py").write_text(DECAY + PARTIAL)
    cells = [{"cell_type": "markdown", "source": "# A study"}]
    cells += [{"cell_type": "code", "source": part} for part in DECAY.partition("for step")[::2]]
    cells[2]["source"] = "for step" + cells[2]["source"]
    (tmp_path / "study.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def graph(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.run(["graph", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_it_draws_every_gradient_call_of_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = graph(capsys, "both.py")
    assert (status, err) == (0, "")
    assert [row for row in out.splitlines() if row.startswith("both.py")] == [
        "both.py:14  tape.gradient(loss, [amplitude, rate])",
        "both.py:23  tape.gradient(loss, [w, b])",
    ]
    assert graph(capsys, "both.py:23")[1].startswith("both.py:23")


def test_the_line_of_a_finding_draws_the_calls_whose_paths_pass_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = graph(capsys, "both.py:12")
    assert status == 0
    assert [row for row in out.splitlines() if row.startswith("both.py")] == [
        "both.py:14  tape.gradient(loss, [amplitude, rate])"
    ]
    assert graph(capsys, "study.ipynb:3:3")[1].startswith("study.ipynb:cell 3:5")


def test_a_cell_of_a_notebook_is_counted_from_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = graph(capsys, "study.ipynb:3:5")
    assert out.splitlines()[0] == "study.ipynb:cell 3:5  tape.gradient(loss, [amplitude, rate])"
    assert "  2:8  │ ○  rate = tf.Variable(0.1)  ← gets None" in out


@pytest.mark.parametrize(
    ("name", "begins"),
    [("way.svg", "<svg "), ("way.mmd", "flowchart TB"), ("way.dot", "digraph "), ("way.txt", "decay.py:14")],
)
def test_the_name_of_the_output_says_what_to_draw(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, begins: str
) -> None:
    assert graph(capsys, "decay.py", "--output", name) == (0, "", "")
    assert (folder / name).read_text().startswith(begins)


def test_color(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[1;31m✗\x1b[0m" in graph(capsys, "decay.py", "--color", "always")[1]
    assert "\x1b" not in graph(capsys, "decay.py")[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["decay.py:3"],
            "decay.py:3: no gradient call is here, and no gradient passes here; there are gradient calls at 14",
        ),
        (["nothing.py"], "nothing.py: cannot be read"),
        (["broken.py"], "broken.py: syntax error"),
        (["decay.py", "-o", "decay.py"], "--output is the very file to draw"),
        (["decay.py", "-o", "nowhere/way.svg"], "nowhere/way.svg cannot be written"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    (folder / "broken.py").write_text("tf.GradientTape(\n")
    status, out, err = graph(capsys, *arguments)
    assert (status, out) == (2, "")
    assert told in err
    assert (folder / "decay.py").read_text() == DECAY


def test_help() -> None:
    result = CliRunner().invoke(cli.main, ["graph", "--help"])
    assert "gradlint graph train.py:42" in result.output
