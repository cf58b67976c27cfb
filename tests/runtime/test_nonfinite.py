"""Gradients that are there and are wrong: NaN or infinite inside traced functions, zeros in the place of None."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.watch_all import watched

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = """\
import numpy as np
import tensorflow as tf
w = tf.Variable([0.0, 1.0])
"""

LOST = {
    "a function under a tape": """
@tf.function
def penalty(v):
    first = tf.reduce_sum(tf.square(v))
    second = tf.sqrt(v)  # lost
    return first + tf.reduce_sum(second)
with tf.GradientTape() as tape:
    loss = penalty(w * 1.0) * 2.0
tape.gradient(loss, w)
""",
    "a function in a function under a tape": """
@tf.function
def inner(v):
    return tf.reduce_sum(v / tf.norm(v))  # lost
@tf.function
def outer(v):
    return inner(v * 0.0) * 2.0
with tf.GradientTape() as tape:
    loss = outer(w)
tape.gradient(loss, w)
""",
    "a tape in a function, in a later step": """
@tf.function
def step(scale):
    with tf.GradientTape() as tape:
        shares = tf.nn.relu(w * scale + 0.5)
        logs = tf.math.log(shares)  # lost
        loss = tf.reduce_sum(logs)
    gradient = tape.gradient(loss, [w])[0]
    w.assign_sub(0.1 * gradient)
    return loss
for scale in (1.0, 2.0, -9.0, 1.0):
    step(tf.constant(scale))
""",
    "a finite loss": """
@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sqrt(tf.abs(w * x)))  # lost
    w.assign_sub(0.1 * tape.gradient(loss, w))
    return loss
for _ in range(2):
    step(tf.constant([1.0, 1.0]))
""",
    "a loss of Keras' fit": """
def root(y, guess):
    return tf.reduce_mean(tf.sqrt(tf.abs(y - guess)))  # lost
x = np.ones((24, 3), "f4")
x[16:] = 0.0
layers = [tf.keras.layers.Dense(4, use_bias=False), tf.keras.layers.Dropout(0.1)]
model = tf.keras.Sequential([tf.keras.Input((3,)), *layers, tf.keras.layers.Dense(1, use_bias=False)])
model.compile("sgd", root)
model.fit(x, x[:, :1], batch_size=8, shuffle=False, verbose=0)
""",
    "a train_step of the program's own, and a model with a loop": """
class Model(tf.keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            guess = self(x, training=True)
            shares = guess / tf.reduce_sum(x)  # lost
            loss = tf.reduce_mean(shares * y)
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {"loss": loss}
given = tf.keras.Input((5, 2))
normal = tf.keras.layers.BatchNormalization()(given)
model = Model(given, tf.keras.layers.Dense(1)(tf.keras.layers.LSTM(3)(normal)))
model.compile("adam")
x = np.ones((12, 5, 2), "f4")
x[8:] = 0.0
model.fit(tf.data.Dataset.from_tensor_slices((x, np.ones((12, 1), "f4"))).batch(4), epochs=2, verbose=0)
""",
    "an iterator that a function in a function reads, and an embedding": """
table = tf.keras.layers.Embedding(10, 2)
table.build((None,))
optimizer = tf.keras.optimizers.Adam(0.1)
@tf.function
def step(iterator):
    numbers, y = next(iterator)
    with tf.GradientTape() as tape:
        scale = tf.math.log(y)  # lost
        loss = tf.reduce_mean(tf.reduce_sum(table(numbers), -1) * scale)
    weights = table.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
@tf.function
def epoch(iterator):
    step(iterator)
pairs = np.arange(8), np.array([1, 1, 1, 1, 1, 0, 1, 1], "f4")
iterator = iter(tf.data.Dataset.from_tensor_slices(pairs).batch(2))
for _ in range(4):
    epoch(iterator)
""",
}

ZEROS = {
    "a batch Jacobian through NumPy": """
x = tf.Variable([[0.0, 1.0]])
with tf.GradientTape() as tape:
    y = tf.square(np.square(x) * 2.0)  # lost
tape.batch_jacobian(y, x)
""",
}

QUIET = {
    "a batch Jacobian that is zero here": """
x = tf.Variable([[-2.0, -1.0]])
with tf.GradientTape() as tape:
    y = tf.nn.relu(x * 2.0)
assert not tape.batch_jacobian(y, x).numpy().any()
""",
    "a fit whose values are finite": """
def root(y, guess):
    return tf.reduce_mean(tf.sqrt(tf.abs(y - guess) + 0.1))
model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(4), tf.keras.layers.Dense(1)])
model.compile("sgd", root, metrics=["mae"])
model.fit(np.ones((24, 3), "f4"), np.ones((24, 1), "f4"), batch_size=8, verbose=0)
assert np.isfinite(model.get_weights()[0]).all()
""",
    "a function whose values are finite": """
@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sqrt(tf.abs(w * x) + 1.0))
    w.assign_sub(0.1 * tape.gradient(loss, w))
    return loss
for _ in range(3):
    step(tf.constant([1.0, 1.0]))
""",
    "an output that is infinite, and no gradient": """
@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * x)
    w.assign_sub(0.1 * tape.gradient(loss, w))
    return loss, tf.reduce_max(-x) * np.inf
for _ in range(2):
    step(tf.constant([1.0, 1.0]))
""",
    "memory that is lent": """
assert bytes(memoryview(tf.constant([1.0, 2.0]))) == np.array([1.0, 2.0], "f4").tobytes()
assert np.frombuffer(tf.constant([1.0, 2.0]), "f4").sum() == 3.0
try:
    memoryview(w.handle)
except (TypeError, SystemError, BufferError):
    pass
""",
}


@pytest.fixture(scope="module")
def seen(asked: Callable[[str], list[str]]) -> dict[str, dict[str, Any]]:
    """What was observed of each program that is asked about."""
    programs = LOST | ZEROS | QUIET
    return watched([{"path": name, "code": HEAD + programs[name], "alone": True} for name in asked("name")])


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize("name", [*LOST, *ZEROS])
def test_the_operation_is_named(name: str, seen: dict[str, dict[str, Any]]) -> None:
    record = seen[name]
    lines = (HEAD + (LOST | ZEROS)[name]).splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.endswith("# lost"))
    outcome = "nan" if name in LOST else "zero"
    assert {(one["outcome"], one["at"]) for one in record["observed"]} == {(outcome, line)}, record
    assert not record["failed"]


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize("name", QUIET)
def test_what_is_finite_is_silent(name: str, seen: dict[str, dict[str, Any]]) -> None:
    record = seen[name]
    assert not record["findings"], record["findings"]
    assert record["raised"] is None
    assert not record["failed"]
