"""Functions without a gradient written anew: straight through, by a formula, or by what they stand for."""

from __future__ import annotations

import pytest

from gradlint.sources.read import from_text
from tests.fixing.mending import fixed_source
from tests.fixing.programs import arrived, run

PROGRAM = """import math
import numpy as np
import tensorflow as tf
from tensorflow import keras
v = tf.Variable([1.3, -0.7, 2.6, 0.4])
with tf.GradientTape() as tape:
    h = v * v
{}
    y = tf.reduce_sum(e * e)
g = tape.gradient(y, v)
loss = float(y)
"""
KEEPING_THE_VALUE = {
    "e = h // 0.3": "e = h / 0.3 + tf.stop_gradient((h // 0.3) - h / 0.3)",
    "e = tf.math.floordiv(h, 0.3)": "e = h / 0.3 + tf.stop_gradient(tf.math.floordiv(h, 0.3) - h / 0.3)",
    "e = tf.floor(tf.exp(v))": "value = tf.exp(v)\n    e = value + tf.stop_gradient(tf.floor(value) - value)",
    "e = 2.0 * math.floor(h[0])": "e = 2.0 * (h[0] + tf.stop_gradient(tf.floor(h[0]) - h[0]))",
    "e = tf.one_hot([0, 1], 2, on_value=v[0])": "e = v[0] * tf.one_hot([0, 1], 2)",
    "e = tf.truncatemod(h, 0.5)": "e = h - 0.5 * tf.stop_gradient(tf.truncatediv(h, 0.5))",
    "e = tf.math.bincount([0, 1, 1, 2], weights=h)": (
        "e = tf.math.unsorted_segment_sum(h, [0, 1, 1, 2], tf.reduce_max([0, 1, 1, 2]) + 1)"
    ),
    "e = np.einsum('i,i->', h, h)": "e = tf.einsum('i,i->', h, h)",
    "e = np.matmul(h, h)": "e = tf.experimental.numpy.matmul(h, h)",
    "e = np.array(h).sum()": "e = tf.reduce_sum(h)",
    "e = np.float32(h[0])": "e = tf.cast(h[0], tf.float32)",
    "e = h[0].numpy().item()": "e = h[0]",
    "a = np.zeros(4, np.float32)\n    for i in range(4):\n        a[i] = h[i]\n    e = a": (
        "a = []\n    for i in range(4):\n        a.append(h[i])\n    a = tf.stack(a)\n    e = a"
    ),
    "b = []\n    b.append(h[0].numpy())\n    e = tf.constant(b)": "b = []\n    b.append(h[0])\n    e = tf.stack(b)",
    "e = tf.py_function(lambda: v * v, [], tf.float32)": "e = tf.py_function(lambda v: v * v, [v], tf.float32)",
}
OTHERWISE = {
    "e = tf.pad(tf.ones([2]), [[1, 1]], constant_values=v[0])": "e = tf.pad(tf.ones([2]) - v[0], [[1, 1]]) + v[0]",
    "e = tf.range(v[3], 5.0)": "e = v[3] + tf.range(0.0, 5.0 - v[3])",
    "e = tf.cast(tf.saturate_cast(h, tf.uint8), tf.float32)": "e = tf.clip_by_value(h, 0.0, 255.0)",
    "e = tf.cast((h > 1.0) & ~(h > 2.0), tf.float32)": (
        "e = tf.sigmoid(10.0 * (h - 1.0)) * tf.sigmoid(10.0 * (2.0 - h))"
    ),
    "e = tf.cast(tf.reduce_any(h > 1.0), tf.float32)": "e = tf.reduce_max(tf.sigmoid(10.0 * (h - 1.0)))",
    "e = v * (v > 0.0)": "e = v * tf.cast(v > 0.0, v.dtype)",
    "e = keras.metrics.binary_accuracy([[1.0, 0.0, 1.0, 0.0]], [v])": (
        "e = keras.losses.binary_crossentropy([[1.0, 0.0, 1.0, 0.0]], [v])"
    ),
    "e = tf.random.shuffle(h)": "e = tf.gather(h, tf.random.shuffle(tf.range(tf.shape(h)[0])))",
    "e = tf.linalg.qr(tf.reshape(v, [4, 1]), full_matrices=True)[1]": "e = tf.linalg.qr(tf.reshape(v, [4, 1]))[1]",
    "e = float(int(h[0]))": "e = h[0]",
}


@pytest.mark.parametrize("written", [*KEEPING_THE_VALUE, *OTHERWISE])
def test_the_gradient_arrives(written: str) -> None:
    wanted = KEEPING_THE_VALUE.get(written) or OTHERWISE[written]
    code = PROGRAM.format("    " + written)
    result = fixed_source(from_text(code, "program.py"))
    assert result.after.text == PROGRAM.format("    " + wanted)
    assert all(one.fix.applicability == "unsafe" for one in result.applied) or written in SAFE
    assert not arrived(run(code))
    assert arrived(run(result.after.text))
    if written in KEEPING_THE_VALUE and not isinstance(run(code, "loss"), Exception):
        assert run(result.after.text, "loss") == pytest.approx(run(code, "loss"), rel=1e-6)


SAFE = {
    "e = np.float32(h[0])",
    "e = h[0].numpy().item()",
    "e = tf.py_function(lambda: v * v, [], tf.float32)",
    "b = []\n    b.append(h[0].numpy())\n    e = tf.constant(b)",
}


@pytest.mark.parametrize(
    "written",
    [
        "for f in (tf.floor, tf.exp):\n        e = f(h)",
        "e = tf.reduce_sum([tf.floor(tf.exp(x)) for x in [h]])",
        "e = tf.cast(tf.bitwise.invert(tf.cast(h, tf.int32)), tf.float32)",
        "a = np.zeros(4, np.float32)\n    for i in range(3):\n        a[i] = h[i]\n    e = a",
        "e = tf.ones_like(h)",
        "e = tf.cast(tf.argmax(h), tf.float32)",
    ],
)
def test_left_as_it_is(written: str) -> None:
    code = PROGRAM.format("    " + written)
    assert fixed_source(from_text(code, "program.py")).after.text == code


LAYER = """import tensorflow as tf
from tensorflow import keras


class Scaled(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.w = {}

    def call(self, x):
        return x * self.w


layer = Scaled()
with tf.GradientTape() as tape:
    y = tf.reduce_sum(layer(tf.ones([2, 3])))
g = tape.gradient(y, layer.trainable_variables)
"""
WEIGHTS = {
    "tf.Variable(2.0)": "self.add_weight(shape=(), initializer=tf.keras.initializers.Constant(2.0))",
    "tf.Variable(tf.zeros([3]), name='w')": "self.add_weight(shape=[3], initializer=\"zeros\", name='w')",
    "tf.Variable(tf.random.normal([3], stddev=0.1))": (
        "self.add_weight(shape=[3], initializer=tf.keras.initializers.RandomNormal(stddev=0.1))"
    ),
    "tf.Variable(initial_value=tf.ones([3], dtype='float32'), trainable=True)": (
        "self.add_weight(shape=[3], initializer=\"ones\", trainable=True, dtype='float32')"
    ),
}


@pytest.mark.parametrize("written", WEIGHTS)
def test_a_variable_becomes_a_weight(written: str) -> None:
    code = LAYER.format(written)
    result = fixed_source(from_text(code, "program.py"))
    assert result.after.text == LAYER.format(WEIGHTS[written])
    assert run(code) == []
    assert len(run(result.after.text)) == 1
    assert arrived(run(result.after.text))


def test_an_input_that_is_not_there_yet() -> None:
    code = """import keras
import tensorflow as tf
model = keras.Sequential()
model.add(keras.layers.Flatten(input_shape=(2, 2)))
model.add(keras.layers.Dense(3))
inner = keras.Model(model.{}, model.{})
with tf.GradientTape() as tape:
    y = inner(tf.ones([1, 2, 2]))
g = len(tape.gradient(y, inner.trainable_variables))
"""
    result = fixed_source(from_text(code.format("input", "output"), "program.py"))
    assert result.after.text == code.format("inputs[0]", "outputs[0]")
    assert isinstance(run(code.format("input", "output")), AttributeError)
    assert run(result.after.text) == 2


def test_what_the_program_catches_is_left() -> None:
    code = """import tensorflow as tf
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = x * x
first = tape.gradient(y, x)
{}    g = tape.gradient(y, x)
{}"""
    caught = code.format("try:\n", "except RuntimeError as error:\n    print(error)\n")
    assert fixed_source(from_text(caught, "program.py")).after.text == caught
    plain = code.format("if True:\n", "")
    assert "persistent=True" in fixed_source(from_text(plain, "program.py")).after.text


def test_a_loss_of_an_unknown_model_moves_into_the_block() -> None:
    code = """import tensorflow as tf
from models import model
def step(x, y):
    with tf.GradientTape() as tape:
        p = model(x)
    loss = tf.reduce_mean(tf.square(y - p))
    return tape.gradient(loss, model.variables)
"""
    result = fixed_source(from_text(code, "program.py"))
    assert "        loss = tf.reduce_mean" in result.after.text
    assert [one.fix.applicability for one in result.applied] == ["unsafe"]


def test_a_frozen_model_learns_while_it_is_trained() -> None:
    code = """import numpy as np
import tensorflow as tf
judge = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1, activation="sigmoid")])
judge.compile(optimizer="sgd", loss="binary_crossentropy")
judge.trainable = False
z = tf.keras.Input((3,))
both = tf.keras.Model(z, judge(tf.keras.layers.Dense(2)(z)))
both.compile(optimizer="sgd", loss="binary_crossentropy")
before = [one.numpy() for one in judge.weights]
for step in range(2):
{}    judge.train_on_batch(np.ones((4, 2)), np.ones(4))
    judge.train_on_batch(np.zeros((4, 2)), np.zeros(4))
{}    both.train_on_batch(np.ones((4, 3)), np.ones(4))
g = sum(float(abs(one.numpy() - old).sum()) for one, old in zip(judge.weights, before))
"""
    broken = code.format("", "")
    result = fixed_source(from_text(broken, "program.py"))
    assert result.after.text == code.format("    judge.trainable = True\n", "    judge.trainable = False\n")
    assert not run(broken) or isinstance(run(broken), Exception)
    assert run(result.after.text) > 0.0


@pytest.mark.parametrize("read_behind", [False, True])
def test_a_term_that_is_computed_once_before_a_loop(*, read_behind: bool) -> None:
    code = """import tensorflow as tf
w = tf.Variable([1.0, 2.0])
{}for _ in range(2):
    with tf.GradientTape() as tape:
{}        loss = tf.reduce_sum(tf.exp(w)) + decay
    g = tape.gradient(loss, w)
    w.assign_sub(0.1 * g)
"""
    broken = code.format("decay = tf.nn.l2_loss(w)\n", "") + ("print(decay)\n" if read_behind else "")
    result = fixed_source(from_text(broken, "program.py"))
    if read_behind:
        assert result.after.text == broken
        return
    assert result.after.text == code.format("", "        decay = tf.nn.l2_loss(w)\n")
    assert float(run(result.after.text)[0]) > float(run(broken)[0])
