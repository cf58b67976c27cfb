"""How a program comes by TensorFlow, and what a reduction of a dataset gives, with TensorFlow's word on each."""

from __future__ import annotations

import textwrap

import pytest

from gradlint.flow.analysis import analyse
from tests.fixtures import running
from tests.reports.truth import lines_lost

ENTRIES = {
    "importorskip": 'import pytest\n\ntf = pytest.importorskip("tensorflow")\n',
    "importorskip with a version": 'import pytest\n\ntf = pytest.importorskip("tensorflow", minversion="2.0")\n',
    "importorskip by its name": 'from pytest import importorskip\n\ntf = importorskip("tensorflow")\n',
    "import_module": 'import importlib\n\ntf = importlib.import_module("tensorflow")\n',
    "import_module by its name": 'from importlib import import_module\n\ntf = import_module("tensorflow")\n',
}
USE = """
w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = tf.{operation}(w)
tape.gradient(y, w)
"""
REDUCED = """\
import tensorflow as tf

w = tf.Variable(2.0)
data = tf.data.Dataset.from_tensor_slices([1.0, 2.0])
with tf.GradientTape() as tape:
    {body}
tape.gradient(y, w)
"""
LOST = {name: entry + USE.format(operation="round") for name, entry in ENTRIES.items()} | {
    "what a reduction reads": REDUCED.format(body="y = data.reduce(0.0, lambda total, x: total + x * w)"),
    "a reduction's first state": REDUCED.format(body="y = data.reduce(w * 1.0, lambda total, x: total + x)"),
    "a reduction of two states": REDUCED.format(
        body="y, n = data.reduce((0.0, 0.0), lambda state, x: (state[0] + x * w, state[1] + 1.0))"
    ),
}
KEPT = {name: entry + USE.format(operation="square") for name, entry in ENTRIES.items()} | {
    "a factor of a reduction": REDUCED.format(body="y = w * data.reduce(0.0, lambda total, x: total + x)"),
    "a term beside a reduction": REDUCED.format(body="y = w + data.reduce(0.0, lambda total, x: total + x)"),
    "a loop over the elements": REDUCED.format(body="y = sum(x * w for x in data)"),
}


@pytest.mark.parametrize("name", LOST)
def test_what_is_lost_is_found(name: str) -> None:
    assert [claim.severity for claim in analyse(LOST[name]).claims] == ["error"]


@pytest.mark.parametrize("name", KEPT)
def test_nothing_is_said_of_what_is_kept(name: str) -> None:
    assert analyse(KEPT[name]).claims == ()


def test_the_older_name_of_a_preprocessing_layer_is_the_same_layer() -> None:
    code = """
        import tensorflow as tf

        words = tf.keras.layers.experimental.preprocessing.TextVectorization(100)
        words.adapt(["foo", "bar"])
        model = tf.keras.Sequential([words, tf.keras.layers.Embedding(100, 2), tf.keras.layers.Dense(1)])
        model.compile("sgd", loss="mse")
        model.fit(x=["foo", "bar"], y=[0.0, 1.0])
    """
    assert analyse(textwrap.dedent(code)).claims == ()


def test_tensorflow_says_the_same() -> None:
    seen = running.observe(LOST | {f"{name}, kept": code for name, code in KEPT.items()})
    assert [name for name, one in seen.items() if lines_lost(one)] == list(LOST)


FORWARD = """\
import tensorflow as tf
x = tf.Variable([1.0, 2.0])
with tf.autodiff.ForwardAccumulator(x, tf.ones(2)) as acc:
    y = tf.{operation}(x)
print(acc.jvp(y))
"""


def test_a_program_that_only_differentiates_forward_is_looked_at() -> None:
    """The truth of jvp's outcomes stands in the table; here it is that no tape has to be named."""
    assert [claim.span.line for claim in analyse(FORWARD.format(operation="argmax")).claims] == [4]
    assert analyse(FORWARD.format(operation="square")).claims == ()
    assert analyse(FORWARD.format(operation="argmax").replace("tf.autodiff.Forward", "tf.autodiff.Back")).calls == ()
