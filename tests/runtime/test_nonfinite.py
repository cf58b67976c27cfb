"""Gradients that are NaN or infinite inside traced functions: the operation is named, and what is finite is silent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.runtime.watch_all import watched

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
}

QUIET = {
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
def seen() -> dict[str, dict[str, Any]]:
    """What was observed of each program; all of them run in one process."""
    tasks = [{"path": name, "code": HEAD + code, "alone": True} for name, code in (LOST | QUIET).items()]
    return watched(tasks)


@pytest.mark.parametrize("name", LOST)
def test_the_operation_is_named(name: str, seen: dict[str, dict[str, Any]]) -> None:
    record = seen[name]
    line = next(number for number, text in enumerate((HEAD + LOST[name]).splitlines(), 1) if text.endswith("# lost"))
    assert {(one["outcome"], one["at"]) for one in record["observed"]} == {("nan", line)}, record
    assert not record["failed"]


@pytest.mark.parametrize("name", QUIET)
def test_what_is_finite_is_silent(name: str, seen: dict[str, dict[str, Any]]) -> None:
    record = seen[name]
    assert not record["findings"], record["findings"]
    assert record["raised"] is None
    assert not record["failed"]
