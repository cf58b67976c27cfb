"""Functions that only other files of the project call are judged by those calls, and TensorFlow says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.runner import run
from gradlint.settings import Settings
from tests.flow.projects import Program, outcomes, program

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = [
    program(
        "a variable that the model does not use",
        """
# == main.py
import tensorflow as tf
from steps import step

g = step(tf.ones((2, 2)))[1]
# == steps.py
import tensorflow as tf

class Mixture(tf.Module):
    def __init__(self):
        self.main = tf.Variable(tf.ones((2, 1)))
        self.spare = tf.Variable(tf.ones((2, 1)))

    def __call__(self, x):
        return x @ self.main

model = Mixture()

def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - 1.0) ** 2)
    return tape.gradient(loss, model.trainable_variables)
""",
        ("GT307", 16, ""),
    ),
    program(
        "a loss that is handed in leaves TensorFlow",
        """
# == main.py
import numpy as np
import tensorflow as tf
import steps

w = tf.Variable([1.0, 2.0])

def loss(v):
    return np.sum(v * v)

if __name__ == "__main__":
    g = steps.slope(loss, w)
# == steps.py
import tensorflow as tf

def slope(loss, w):
    with tf.GradientTape() as tape:
        value = tf.sqrt(loss(w))
    return tape.gradient(value, w)
""",
        ("GT201", 5, "main.py"),
    ),
    program(
        "a method of an object that another file makes",
        """
# == main.py
import tensorflow as tf
from steps import Trainer

g = Trainer(tf.keras.layers.Dense(2), hard=True).step(tf.ones((1, 3)))[0]
# == steps.py
import tensorflow as tf

class Trainer:
    def __init__(self, model, hard):
        self.model = model
        self.hard = hard

    def step(self, x):
        with tf.GradientTape() as tape:
            y = self.model(x)
            if self.hard:
                y = tf.round(y)
            loss = tf.reduce_sum(y)
        return tape.gradient(loss, self.model.trainable_variables)
""",
        ("GT301", 12, ""),
    ),
    program(
        "a model that comes through two other files",
        """
# == main.py
import tensorflow as tf
from train import train

g = train(tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(2)]), tf.ones((1, 3)))[0]
# == train.py
from steps import Trainer

def train(model, data):
    return Trainer(model, scale=0).step(data)
# == steps.py
import tensorflow as tf

class Trainer:
    def __init__(self, model, scale):
        self.model = model
        self.scale = scale

    def step(self, x):
        with tf.GradientTape() as tape:
            y = self.model(x)
            loss = tf.reduce_sum(tf.round(y))
        return tape.gradient(loss, self.model.trainable_variables)
""",
        ("GT301", 11, ""),
    ),
    program(
        "a class whose subclass another file makes",
        """
# == main.py
import tensorflow as tf
from nets import Scaled

model = Scaled(tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(2)]))
g = model.step(tf.ones((1, 3)))[0]
# == nets.py
import tensorflow as tf
from steps import Base

class Scaled(Base):
    def loss(self, y):
        return tf.reduce_sum(y) * 2.0
# == steps.py
import tensorflow as tf

class Base(tf.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def step(self, x):
        with tf.GradientTape() as tape:
            y = tf.stop_gradient(self.model(x))
            loss = self.loss(y)
        return tape.gradient(loss, self.model.trainable_variables)
""",
        ("GT306", 10, ""),
    ),
]
CLEAN = [
    program(
        "the same model through two other files",
        """
# == main.py
import tensorflow as tf
from train import train

g = train(tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(2)]), tf.ones((1, 3)))[0]
# == train.py
from steps import Trainer

def train(model, data):
    return Trainer(model, hard=False).step(data)
# == steps.py
import tensorflow as tf

class Trainer:
    def __init__(self, model, hard):
        self.model = model
        self.hard = hard

    def step(self, x):
        with tf.GradientTape() as tape:
            y = self.model(x)
            loss = tf.reduce_sum(tf.round(y) if self.hard else y)
        return tape.gradient(loss, self.model.trainable_variables)
""",
    ),
    program(
        "the same loss, kept in TensorFlow",
        """
# == main.py
import tensorflow as tf
import steps

w = tf.Variable([1.0, 2.0])
g = steps.slope(lambda v: tf.reduce_sum(v * v), w)
# == steps.py
import tensorflow as tf

def slope(loss, w):
    with tf.GradientTape() as tape:
        value = tf.sqrt(loss(w))
    return tape.gradient(value, w)
""",
    ),
    program(
        "a test that says that the gradient is lost",
        """
# == main.py
import tensorflow as tf
import steps

def test_round():
    w = tf.Variable([1.0, 2.0])
    assert steps.slope(tf.round, w) is None
    return w

g = steps.slope(tf.square, test_round())
# == steps.py
import tensorflow as tf

def slope(loss, w):
    with tf.GradientTape() as tape:
        value = loss(w)
    return tape.gradient(value, w)
""",
    ),
    program(
        "what another file does to the program's state is undone after it",
        """
# == main.py
import tensorflow as tf
import steps

steps.state["scale"] = 0
g = steps.slope(tf.Variable(1.0))
# == steps.py
import tensorflow as tf

state = {"scale": 2.0}

def slope(w):
    with tf.GradientTape() as tape:
        value = w * state["scale"]
    return tape.gradient(value, w)

def other():
    w = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        value = w * state["scale"]
    return tape.gradient(value, w)
""",
    ),
]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What TensorFlow gives for each program: ``gradient``, ``none`` or the name of an exception."""
    return outcomes([*BROKEN, *CLEAN], tmp_path_factory)


def look(one: Program, folder: Path, name: str = "steps.py") -> list[tuple[str, int, str]]:
    """Lints a file of a program; gives each finding's code, line and the file of its cause."""
    one.write(folder)
    (result,) = run([str(folder / name)], Settings(), cache=False)
    assert not result.problems
    return [
        (found.code, found.location.line, found.message[3:].partition(",")[0] if found.message[:3] == "in " else "")
        for found in result.findings
        if found.severity != "info"
    ]


@pytest.mark.parametrize("one", BROKEN, ids=lambda one: one.name)
def test_a_loss_that_only_a_call_shows_is_found(
    one: Program, judged: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert judged[one.name] == "none"
    assert look(one, tmp_path) == one.claims


@pytest.mark.parametrize("one", CLEAN, ids=lambda one: one.name)
def test_nothing_is_said_where_every_call_gets_its_gradient(
    one: Program, judged: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert judged[one.name] == "gradient"
    assert look(one, tmp_path) == []


def test_a_test_folder_of_the_project_calls_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    steps = BROKEN[1].files["steps.py"]
    call = "import numpy as np\nimport tensorflow as tf\nfrom pack.steps import slope\n\n\n"
    call += "def test_slope():\n    assert slope(lambda v: np.sum(v), tf.Variable([1.0])) is not None\n"
    files = {"src/pack/steps.py": steps, "src/pack/__init__.py": "", "tests/test_steps.py": call, "pyproject.toml": ""}
    (code, line, file) = look(Program("a test", files), tmp_path, "src/pack/steps.py")[0]
    assert (code, line, file) == ("GT201", 5, "tests/test_steps.py")


def test_without_a_root_only_what_lies_beside_the_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"steps.py": BROKEN[1].files["steps.py"], "deep/main.py": BROKEN[1].files["main.py"]}
    assert look(Program("far away", files), tmp_path) == []


def test_the_finding_names_the_call_that_shows_it(tmp_path: Path) -> None:
    BROKEN[0].write(tmp_path)
    (result,) = run([str(tmp_path / "steps.py")], Settings(), cache=False)
    (finding,) = result.findings
    step = next(step for step in finding.flow if step.path is not None)
    assert (step.path, step.line, step.text, step.note) == (
        str(tmp_path / "main.py"),
        4,
        "step(tf.ones((2, 2)))",
        "by this call",
    )


def test_a_function_whose_caller_does_not_come_to_its_end_is_still_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    steps = BROKEN[1].files["steps.py"].replace("tf.sqrt(loss(w))", "tf.round(tf.exp(loss(w)))")
    loss = "def loss(v):\n" + "    v = v * 1.0 + 2.0 - 2.0\n" * 500 + "    return v\n"
    calls = "for one in range(100):\n    loss(w)\n" * 200
    main = f"import tensorflow as tf\nimport steps\n\nw = tf.Variable(1.0)\n{loss}\n{calls}g = steps.slope(loss, w)\n"
    assert [code for code, *_ in look(Program("long", {"steps.py": steps, "main.py": main}), tmp_path)] == ["GT301"]
