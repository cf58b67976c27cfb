"""An operation whose gradient is zero whatever goes in: the gradient is lost where every way passes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.flow.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fixtures.observe import Observation

PROGRAM = """
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
v = tf.Variable(2.0)

@tf.custom_gradient
def binarized(x):
    return tf.sign(x), lambda upstream: upstream

def straight(x):
    return x + tf.stop_gradient(tf.sign(x) - x)

with tf.GradientTape() as tape:
    y = {}
g = tape.gradient(y, {})
"""
ZERO = {
    "a sign": ("tf.reduce_sum(tf.sign(w * 3.0))", "w"),
    "a sign beside a factor": ("tf.reduce_sum(tf.math.sign(w) * v)", "w"),
    "two signs": ("tf.reduce_sum(tf.sign(w) + tf.sign(2.0 * w))", "w"),
    "of Keras": ("tf.reduce_sum(tf.keras.ops.sign(w))", "w"),
}
THERE = {
    "the factor": ("tf.reduce_sum(tf.sign(w) * v)", "v"),
    "another term": ("tf.reduce_sum(tf.sign(w) + w)", "w"),
    "another factor": ("tf.reduce_sum(tf.abs(w) * tf.sign(w))", "w"),
    "straight through": ("tf.reduce_sum(straight(w))", "w"),
    "a gradient of its own": ("tf.reduce_sum(binarized(w))", "w"),
    "one branch": ("tf.reduce_sum(tf.where(w > 1.0, tf.sign(w), w))", "w"),
}


@pytest.mark.parametrize("name", [*ZERO, *THERE])
def test_zero_where_tensorflow_gives_zeros(
    name: str, observe: Callable[[Mapping[str, str]], dict[str, Observation]]
) -> None:
    programs = {f"/{one}.py": PROGRAM.format(*parts) for one, parts in (ZERO | THERE).items()}
    outcomes = {outcome for call in observe(programs)[f"/{name}.py"].calls for outcome in call.outcomes}
    assert outcomes == {"zero" if name in ZERO else "value"}
    claims = analyse(programs[f"/{name}.py"]).claims
    assert [lost.outcome for claim in claims for lost in claim.gradients] == (["zero"] if name in ZERO else [])


def test_forwards_the_answer_is_none(observe: Callable[[Mapping[str, str]], dict[str, Observation]]) -> None:
    code = """
import tensorflow as tf
x = tf.constant([1.0])
with tf.autodiff.ForwardAccumulator(x, tf.ones(1)) as acc:
    y = tf.sign(x)
assert acc.jvp(y) is None
"""
    assert observe({"/forwards.py": code})["/forwards.py"].raised is None
    assert [lost.outcome for claim in analyse(code).claims for lost in claim.gradients] == ["none"]
