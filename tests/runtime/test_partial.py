"""A term that has no gradient beside others that have: named where nobody means it, and silent where the code does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.watch_all import watched

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = """\
import numpy as np
import tensorflow as tf
w = tf.Variable([1.0, 2.0])
x = tf.constant([3.0, 4.0])
"""

LOST = {
    "a penalty by NumPy": """
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * x) + 0.1 * np.sum(np.square(w))  # lost
tape.gradient(loss, w)
""",
    "a penalty as a Python number": """
def penalty():
    return float(tf.reduce_sum(w**2))  # lost
for step in range(3):
    with tf.GradientTape() as tape:
        data = tf.reduce_mean((w * x - 1.0) ** 2)
        loss = data + 0.5 * penalty()
    w.assign_sub(0.01 * tape.gradient(loss, w))
""",
    "a term from before the block": """
decay = tf.nn.l2_loss(w)  # lost
for step in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((w * x) ** 2) + 0.1 * decay
    w.assign_sub(0.01 * tape.gradient(loss, w))
""",
    "a sum over tapes that nobody asked": """
total = 0.0
for one in [1.0, 2.0]:
    with tf.GradientTape() as tape:
        total += tf.reduce_sum((w * one - 1.0) ** 2)  # lost
tape.gradient(total, w)
""",
    "a term by numpy_function": """
with tf.GradientTape() as tape:
    size = tf.reshape(tf.numpy_function(lambda v: np.abs(v).sum(), [w], tf.float32), [])  # lost
    loss = tf.reduce_sum(w * x) + size
tape.gradient(loss, w)
""",
}

QUIET = {
    "a term that is stopped": """
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * x) + tf.stop_gradient(tf.reduce_sum(w**2))
tape.gradient(loss, w)
""",
    "log-probabilities of the policy before its update": """
old = tf.nn.log_softmax(w * x)
for epoch in range(3):
    with tf.GradientTape() as tape:
        new = tf.nn.log_softmax(w * x)
        ratio = tf.exp(new - old)
        loss = -tf.reduce_mean(ratio) + 0.1 * tf.reduce_mean(old - new)
    w.assign_sub(0.1 * tape.gradient(loss, w))
""",
    "a target from the model itself": """
for step in range(2):
    target = 1.0 + 0.9 * tf.reduce_max(w * x).numpy()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((target - tf.reduce_sum(w * x)) ** 2)
    w.assign_sub(0.1 * tape.gradient(loss, w))
""",
    "a smoothed loss": """
smoothed = tf.constant(0.0)
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((w * x) ** 2)
        smoothed = 0.9 * smoothed + 0.1 * loss
    w.assign_sub(0.1 * tape.gradient(smoothed, w))
""",
    "a number that is only printed": """
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * x)
    print(float(loss), loss.numpy())
    loss = loss + 0.25
tape.gradient(loss, w)
""",
    "a number that ends the training where it is large": """
def step(turn):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * x)
        if float(loss) > 1e6:
            raise RuntimeError("diverged")
        loss += 0.001 * (1.0 + turn) * tf.reduce_sum(w**2)
    w.assign_sub(0.001 * tape.gradient(loss, w))
for turn in range(3):
    step(turn)
""",
    "a weight of the loss that is a number of its own": """
with tf.GradientTape() as tape:
    first, second = tf.reduce_sum(w * x), tf.reduce_sum(w**2)
    loss = first + second * float(first) / float(second)
tape.gradient(loss, w)
""",
    "a term under stop_recording": """
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * x)
    with tape.stop_recording():
        offset = tf.reduce_sum(w**2)
    loss = loss + offset
tape.gradient(loss, w)
""",
    "a sum of losses whose tapes were asked": """
total = 0.0
for one in [1.0, 2.0]:
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_sum((w * one - 1.0) ** 2)
        total = total + loss
    tape.gradient(loss, w)
tape.gradient(total, w)
""",
    "a copy of the weights as an anchor": """
anchor = tf.Variable(w)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * x) + tf.reduce_sum((w - anchor) ** 2) + tf.reduce_sum(anchor)
tape.gradient(loss, w)
""",
    "a straight-through estimate": """
with tf.GradientTape() as tape:
    rounded = w + tf.stop_gradient(tf.round(w) - w)
    loss = tf.reduce_sum(rounded * x)
tape.gradient(loss, w)
""",
    "terms in a function": """
@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * x) + tf.reduce_sum(tf.square(x)) + 1.0
    return tape.gradient(loss, w)
step(x)
step(x)
""",
}


@pytest.fixture(scope="module")
def seen(asked: Callable[[str], list[str]]) -> dict[str, dict[str, Any]]:
    """What was observed of each program that is asked about."""
    programs = LOST | QUIET
    return watched([{"path": name, "code": HEAD + programs[name], "alone": True} for name in asked("name")])


@pytest.mark.parametrize("name", LOST)
def test_a_term_without_a_gradient_is_named(name: str, seen: dict[str, dict[str, Any]]) -> None:
    record = seen[name]
    line = next(number for number, text in enumerate((HEAD + LOST[name]).splitlines(), 1) if text.endswith("# lost"))
    assert [(one["outcome"], one["at"]) for one in record["observed"]] == [("partial", line)], record
    assert not record["failed"]


@pytest.mark.parametrize("name", QUIET)
def test_what_the_code_means_is_silent(name: str, seen: dict[str, dict[str, Any]]) -> None:
    record = seen[name]
    assert not record["findings"], record["findings"]
    assert record["raised"] is None
    assert not record["failed"]
