"""What holds for some versions of TensorFlow only is claimed only where the program may be meant for them."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from gradlint import checking
from gradlint.flow.analysis import analyse
from gradlint.knowledge.versions import Demand, Target
from gradlint.settings import Settings, SettingsError
from gradlint.sources import read

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "import numpy as np\nimport tensorflow as tf\n"
OLD = Target((Demand("tensorflow", "==2.3.1", "requirements.txt"),))
OLDEST = Target((Demand("tensorflow", "==1.15", "requirements.txt"),))
NEW = Target((Demand("tensorflow", ">=2.4", "setup.py"),))

UNTRACKED = """
class Scaled(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.gain = tf.Variable(1.0)
        self.dense = tf.keras.layers.Dense(1)

    def call(self, x):
        return self.dense(x) * self.gain

model = Scaled()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(tf.ones((1, 2))))
tape.gradient(loss, model.trainable_variables)
"""
SEEDS = """
model = tf.keras.Sequential([tf.keras.layers.Dense(2), tf.keras.layers.Dropout(0.5), tf.keras.layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(tf.ones((1, 2)), training=True))
tape.gradient(loss, model.variables)
"""
MINIMIZE = """
w = tf.Variable(1.0)
tf.keras.optimizers.SGD(0.1).minimize(lambda: tf.square(w), [w])
"""
WATCH = """
dense = tf.keras.layers.Dense(1)
dense.build((None, 2))
with tf.GradientTape() as tape:
    tape.watch(dense.kernel)
    loss = tf.reduce_sum(dense(tf.ones((1, 2))))
tape.gradient(loss, dense.kernel)
"""
SCALED = """
optimizer = tf.keras.mixed_precision.LossScaleOptimizer(tf.keras.optimizers.SGD(0.1))
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = optimizer.get_scaled_loss(tf.square(w))
tape.gradient(loss, w)
"""
FROZEN = """
inputs = tf.keras.Input((3,))
critic = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(inputs))
critic.compile("sgd", loss="mse")
critic.trainable = False
critic.train_on_batch(np.ones((4, 3)), np.zeros(4))
"""
KERAS_3 = {
    "frozen": FROZEN,
    "untracked": UNTRACKED,
    "seeds": SEEDS,
    "minimize": MINIMIZE,
    "watch": WATCH,
    "scaled": SCALED,
}

ROUNDED = """
w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = tf.round(w * 3.0)
tape.gradient(y, w)
"""


def claims(text: str, target: Target | None = None) -> list[str]:
    facts = analyse(HEAD + textwrap.dedent(text), target=target)
    return [claim.kind for claim in facts.claims if claim.severity != "info"]


@pytest.mark.parametrize("name", KERAS_3)
def test_what_keras_3_does_is_claimed_where_it_may_run(name: str) -> None:
    assert claims(KERAS_3[name]) != []
    assert claims(KERAS_3[name], NEW) == claims(KERAS_3[name])


@pytest.mark.parametrize("name", KERAS_3)
@pytest.mark.parametrize("target", [OLD, OLDEST])
def test_what_keras_3_does_is_not_claimed_of_an_older_one(name: str, target: Target) -> None:
    assert claims(KERAS_3[name], target) == []


@pytest.mark.parametrize("name", KERAS_3)
@pytest.mark.parametrize(
    "shown",
    [
        "def other():\n    return tf.keras.optimizers.Adam(lr=0.1)\n",
        "import tensorflow_addons as tfa\n",
        "import tensorflow_federated as tff\n",
        "def other():\n    return tf.keras.layers.Dense(1, name='head/dense')\n",
        "from tf_agents.agents.dqn import dqn_agent\n",
        "def other(x):\n    return tf.keras.layers.experimental.preprocessing.Rescaling(2.0)(x)\n",
        "from tensorflow.keras import optimizers\ndef other():\n    return optimizers.legacy.SGD(0.1)\n",
        "def other():\n    return tf.Session()\n",
        "from keras.utils.np_utils import to_categorical\n",
    ],
)
def test_nor_where_the_program_shows_that_it_is_meant_for_an_older_one(name: str, shown: str) -> None:
    assert claims(shown + KERAS_3[name]) == []


@pytest.mark.parametrize(
    "shown",
    [
        "if tf.__version__ < '2':\n    tf.enable_eager_execution()\n",
        "try:\n    import tensorflow_addons as tfa\nexcept ImportError:\n    tfa = None\n",
        "if hasattr(tf, 'contrib'):\n    eager = tf.contrib.eager\n",
        "def other():\n    return tf.compat.v1.Session()\n",
        "try:\n    tf.enable_eager_execution()\nexcept AttributeError:\n    pass\n",
    ],
)
def test_a_program_that_asks_which_version_runs_is_judged_by_the_newest(shown: str) -> None:
    assert claims(shown + UNTRACKED) == ["untracked"]
    assert claims(shown + ROUNDED) == ["non-differentiable"]


ENDS = [
    "tf.enable_eager_execution()\n",
    "tfe = tf.contrib.eager\n",
    "import tensorflow.contrib.eager as tfe\n",
    "def start():\n    tf.enable_eager_execution()\nstart()\n",
]
OLDER = [
    "optimizer = tf.keras.optimizers.Adam(lr=0.1)\n",
    "mean = tf.keras.metrics.Mean()\nmean.reset_states()\n",
    "layer = tf.keras.layers.LSTM(2, time_major=True)\n",
    "def start():\n    return tf.keras.optimizers.Adam(lr=0.1)\nstart()\n",
]


@pytest.mark.parametrize("before", ENDS)
def test_what_comes_after_the_end_of_a_program_is_not_claimed(before: str) -> None:
    assert claims(before + ROUNDED) == []
    assert claims(ROUNDED + before) == ["non-differentiable"]
    facts = analyse(HEAD + before + ROUNDED)
    assert "the program ends before" in facts.calls[0].questions[0].because


@pytest.mark.parametrize("before", OLDER)
def test_a_program_that_needs_an_older_version_of_tensorflow_2_is_judged_by_that(before: str) -> None:
    assert claims(before + ROUNDED) == ["non-differentiable"]
    assert claims(before + ROUNDED, NEW) == ["non-differentiable"]
    assert [claims(before + KERAS_3[name]) for name in KERAS_3] == [[]] * len(KERAS_3)


@pytest.mark.parametrize("versions", ["==2.17", ">=2.16,<3", "~=2.18", ">2.17"])
@pytest.mark.parametrize("before", OLDER)
def test_it_ends_where_the_project_asks_for_newer_versions_only(before: str, versions: str) -> None:
    newest = Target((Demand("tensorflow", versions, "setup.py"),))
    assert claims(before + ROUNDED, newest) == []


def test_what_catches_the_exception_runs_next() -> None:
    caught = (
        "try:\n    a = tf.keras.optimizers.Adam(lr=0.1)\nexcept ValueError:\n    a = tf.keras.optimizers.Adam(0.1)\n"
    )
    assert claims(caught + ROUNDED) == ["non-differentiable"]
    assert claims(caught + UNTRACKED) == ["untracked"]


@pytest.mark.parametrize("before", ["tf.enable_eager_execution()\n", "tf.contrib.eager\n"])
def test_a_function_that_does_not_end_there_is_judged(before: str) -> None:
    inside = "def old():\n" + textwrap.indent(before, "    ")
    assert claims(inside + ROUNDED) == ["non-differentiable"]
    assert claims(inside + "def step():\n" + textwrap.indent(ROUNDED, "    ")) == ["non-differentiable"]


def test_a_version_that_has_it_goes_on() -> None:
    old = "optimizer = tf.keras.optimizers.Adam(lr=0.1)\n"
    assert claims(old + ROUNDED, OLD) == ["non-differentiable"]
    assert claims("tf.enable_eager_execution()\n" + ROUNDED, OLD) == []


def test_nothing_is_claimed_of_tensorflow_1() -> None:
    facts = analyse(HEAD + ROUNDED, target=OLDEST)
    assert facts.claims == ()
    assert [(one.kind, one.because) for one in facts.withheld] == [
        ("non-differentiable", "it holds from TensorFlow 2.0 on, and requirements.txt asks for `tensorflow==1.15`")
    ]


def test_the_project_is_asked_and_the_settings_before_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "requirements.txt").write_text("tensorflow==2.3.1\n")
    path = tmp_path / "model.py"
    path.write_text(HEAD + UNTRACKED)

    def found(settings: Settings) -> list[str]:
        return [one.code for one in checking.check(read.read_path(path, str(path)), settings).findings]

    assert found(Settings()) == []
    assert found(Settings().override(tensorflow_version="2.16")) == ["GT111"]
    assert found(Settings().override(tensorflow_version=">=2.3,<2.10")) == []
    (tmp_path / "requirements.txt").write_text("tensorflow\n")
    assert found(Settings()) == ["GT111"]
    assert found(Settings().override(tensorflow_version="2.15")) == []


def test_a_notebook_says_it_itself(tmp_path: Path) -> None:
    path = tmp_path / "model.ipynb"

    def found(install: str) -> list[str]:
        cells = [
            {"cell_type": "code", "source": one, "metadata": {}, "outputs": []} for one in (install, HEAD + UNTRACKED)
        ]
        path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        return [one.code for one in checking.check(read.read_path(path, str(path))).findings]

    assert found("!pip install tensorflow") == ["GT111"]
    assert found("%pip install -q tensorflow==2.4") == []
    assert found("%tensorflow_version 1.x") == []


@pytest.mark.parametrize("value", ["", "two", "2.x", ">=", 2.15])
def test_what_is_no_version_is_refused(value: object) -> None:
    with pytest.raises(SettingsError, match="a version or versions"):
        Settings().override(tensorflow_version=value) if value else Settings().override(tensorflow_version=["2"])
