"""Messages of TensorFlow and Keras as people paste them: really provoked, then found again."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gradlint import cli, registry
from gradlint.knowledge.symptoms import find, symptoms, variables

LOST = """\
import numpy as np
import tensorflow as tf

w = tf.Variable(2.0)

with tf.GradientTape() as tape:
    y = tf.reduce_sum(np.square(w))

print(tape.gradient(y, w))
"""
KERAS = (
    "UserWarning: Gradients do not exist for variables ['dense_2/kernel', 'dense_2/bias'] when minimizing the loss. "
    "If using `model.compile()`, did you forget to provide a `loss` argument?"
)
ONCE = "RuntimeError: A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"


@pytest.fixture(scope="module")
def said() -> dict[str, list[str]]:
    """What TensorFlow and Keras say when the programs are run, by the symptom's name."""
    programs = {one.name: one.provoke for one in symptoms() if one.provoke}
    script = Path(__file__).with_name("provoke.py")
    done = subprocess.run(
        [sys.executable, str(script)], input=json.dumps(programs), text=True, capture_output=True, check=True
    )
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_tensorflow_and_keras_really_say_it(said: dict[str, list[str]]) -> None:
    silent = {
        name: told for name, told in said.items() if name not in {one.name for text in told for one in find(text)}
    }
    assert silent == {}
    assert len(said) >= 20


def test_what_is_provoked_is_found_first(said: dict[str, list[str]]) -> None:
    for name, told in said.items():
        assert name in {find(text)[0].name for text in told if find(text)}, told


def test_every_symptom_is_whole() -> None:
    codes = {rule.code for rule in registry.load()}
    assert len({one.name for one in symptoms()}) == len(symptoms())
    for one in symptoms():
        assert one.rules
        assert {code for code, _ in one.rules} <= codes
        assert one.means.endswith(".")
        assert find(one.says.replace("*", " x ")) == [one]


def names(text: str) -> list[str]:
    return [one.name for one in find(text)]


@pytest.mark.parametrize(
    "text",
    [
        KERAS,
        "WARNING:tensorflow:Gradients do not exist for variables ['dense_2/kernel:0', 'dense_2/bias:0'] when",
        "2024-05-01 10:11:12.123456: W tensorflow] Gradients do not exist for\nvariables ['a']",
        "\x1b[33mWARNING\x1b[0m:tensorflow:\x1b[1mGradients do not\nexist for vari\nables\x1b[0m [...]",
        "gradients   DO NOT exist for variables",
        "| Gradients do not exist\n| for variables ['w'] when minimizing the loss.",
        "/usr/lib/keras/optimizers/base_optimizer.py:855: UserWarning: Gradients do not exist for variables",
        "gradients for my variables do not exist",
    ],
)
def test_a_message_is_found_however_it_is_pasted(text: str) -> None:
    assert names(text) == ["Gradients do not exist for variables"]


def test_a_traceback_tells_by_its_end() -> None:
    traceback = (
        f'{KERAS}\nTraceback (most recent call last):\n  File "train.py", line 12, in <module>\n'
        f"    dx = tape.gradient(y, x)\n         ^^^^^^^^^^^^^^^^^^^\n{ONCE}\n"
    )
    assert names(traceback) == ["A non-persistent GradientTape is asked twice", "Gradients do not exist for variables"]
    pytest_says = (
        "E       RuntimeError: A non-persistent GradientTape can only be used to\nE       compute one set of gradients"
    )
    assert names(pytest_says) == ["A non-persistent GradientTape is asked twice"]


def test_the_longer_message_counts() -> None:
    assert names("AttributeError: 'NoneType' object has no attribute '_tape'") == ["A tape was not entered"]
    assert names("AttributeError: 'NoneType' object has no attribute 'dtype'") == [
        "None is used as if it were a gradient"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "the loss does not fall",
        "ValueError: Shapes (3,) and (4,) are incompatible",
        "x" * 3_000_000,
        "\x00\x1b[",
    ],
)
def test_other_messages_are_not_taken_for_one(text: str) -> None:
    assert find(text) == []


def test_the_variables_that_a_message_names() -> None:
    assert variables(KERAS) == ["dense_2/kernel", "dense_2/bias"]
    assert variables(ONCE) == []


# --- the command


def test_explain_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["explain", KERAS]) == 0
    told = capsys.readouterr().out
    assert told.startswith("# Gradients do not exist for variables\n\n")
    assert "It names `dense_2/kernel`, `dense_2/bias`." in told
    assert "- GT306 stopped-gradient: " in told
    assert max(map(len, told.splitlines())) <= 80


def test_explain_what_is_piped_in(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"\xff\xfe noise\n" + ONCE.encode())

    monkeypatch.setattr(sys, "stdin", Stdin())
    assert cli.run(["explain", "-", "--output-format", "json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert [cause["code"] for cause in record["causes"]] == ["GT401"]


def test_what_is_pasted_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["explain", "Gradients do not exist for variables ['a\x1b]0;x\x07', '`b\n::error::c']"]) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert not [line for line in told.splitlines() if line.startswith("::")]


def test_with_paths_the_findings_that_fit_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(LOST)
    assert cli.run(["explain", "ValueError: No gradients provided for any variable.", "."]) == 1
    assert "train.py:7:23: error[GT201] numpy-call\n" in capsys.readouterr().out
    assert cli.run(["explain", ONCE, "train.py"]) == 0
    assert "GT201" not in capsys.readouterr().out
    assert cli.run(["explain", ONCE, "nowhere.py"]) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["the loss does not fall"], "this is not a known message about lost gradients; give the line "),
        (["GT201", "train.py"], "paths go with a message; `gradlint --select RULE PATHS` checks for a rule\n"),
    ],
)
def test_what_cannot_be_explained(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["explain", *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"gradlint: {said}")
