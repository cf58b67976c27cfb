"""A model that is one of several is followed as a source: its gradient is lost where that of each of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.flow.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fixtures.observe import Observation

HEAD = """
import os
import tensorflow as tf

class Deep(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.last = tf.keras.layers.Dense(3), tf.keras.layers.Dense(1)

    def call(self, x):
        return self.last(self.first(x))

def linear():
    return tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])

x = tf.ones((2, 4))
"""
TAPE = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean({loss})
g = tape.gradient(loss, model.trainable_variables)
"""
MADE = {
    "by an expression": 'model = Deep() if os.environ.get("DEEP") else linear()\n',
    "by branches": 'if os.environ.get("DEEP"):\n    model = Deep()\nelse:\n    model = linear()\n',
    "by branches without an else": 'if "PATH" in os.environ:\n    model = Deep()\nelif os.sep:\n    model = linear()\n',
}


@pytest.mark.parametrize("made", MADE)
def test_a_loss_on_each_way_is_found(made: str, observe: Callable[[Mapping[str, str]], dict[str, Observation]]) -> None:
    lost, kept = (
        HEAD + MADE[made] + TAPE.format(loss="tf.round(model(x))"),
        HEAD + MADE[made] + TAPE.format(loss="model(x)"),
    )
    seen = observe({"lost": lost, "kept": kept})
    assert [set(call.outcomes) for call in seen["lost"].calls] == [{"none"}]
    assert [set(call.outcomes) for call in seen["kept"].calls] == [{"value"}]
    assert [claim.kind for claim in analyse(lost).claims] == ["non-differentiable"]
    assert analyse(kept).claims == ()


@pytest.mark.parametrize(
    "loss",
    [
        "model(x) if isinstance(model, Deep) else tf.round(model(x))",
        "model(x) + tf.round(model(x))",
        "other(x) + tf.stop_gradient(model(x))",
    ],
)
def test_a_model_that_some_way_reaches_is_not_claimed_as_lost(loss: str) -> None:
    code = HEAD + MADE["by an expression"] + "other = model\n" + TAPE.format(loss=loss)
    assert not any(call.questions[0].answer == "lost" for call in analyse(code).calls)


def test_variables_that_are_not_known_do_not_matter_where_the_target_is_cut() -> None:
    code = """
import tensorflow as tf

class Base(tf.keras.Model):
    def compute_loss(self, inputs):
        raise NotImplementedError

    def train_step(self, inputs):
        with tf.GradientTape() as tape:
            loss = self.compute_loss(inputs)
            total = {total}
        gradients = tape.gradient(total, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
"""
    assert [claim.kind for claim in analyse(code.format(total="tf.round(loss)")).claims] == ["non-differentiable"]
    assert analyse(code.format(total="tf.sqrt(loss)")).claims == ()


BUILT = """
import tensorflow as tf

class Noisy(tf.keras.layers.Layer):
    def build(self, shape):
        self.mu = self.add_weight(shape=(shape[-1], 3), name="mu")
        self.sigma = self.add_weight(shape=(shape[-1], 3), initializer="ones", name="sigma")

    def call(self, inputs):
        return tf.matmul(inputs, self.mu + self.sigma * tf.random.normal(tf.shape(self.mu)))

layer = Noisy()
layer.build((None, 2))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(layer(tf.ones((4, 2))))
grads = tape.gradient(loss, layer.trainable_variables)
"""


def test_a_layer_that_the_program_builds_itself_is_built_once(
    observe: Callable[[Mapping[str, str]], dict[str, Observation]],
) -> None:
    (call,) = observe({"built": BUILT})["built"].calls
    assert call.outcomes == ["value", "value"]
    (asked,) = analyse(BUILT).calls
    assert [one.answer for one in asked.questions] == ["connected", "connected"]
    assert analyse(BUILT).claims == ()


OFTEN = """
import tensorflow as tf

class Cell(tf.keras.layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(4, 4), initializer="ones")

    def call(self, x):
        return x @ self.w

cell, x = Cell(), tf.ones((2, 4))
{first}
with tf.GradientTape() as tape:
    h = tf.zeros((2, 4))
    {again}
    loss = tf.reduce_mean({loss})
g = tape.gradient(loss, cell.trainable_variables)
"""
SOMETIMES = ("if tf.random.uniform(()) < 2.0: h = cell(x)", "for row in tf.unstack(x): h = cell(x)")


@pytest.mark.parametrize("first", ["", *SOMETIMES])
@pytest.mark.parametrize("again", SOMETIMES)
def test_a_layer_that_some_way_has_built_keeps_its_weights(
    first: str, again: str, observe: Callable[[Mapping[str, str]], dict[str, Observation]]
) -> None:
    kept, lost = (OFTEN.format(first=first, again=again, loss=loss) for loss in ("h", "tf.round(h)"))
    seen = observe({"kept": kept, "lost": lost})
    assert [set(call.outcomes) for call in seen["kept"].calls] == [{"value"}]
    assert [set(call.outcomes) for call in seen["lost"].calls] == [{"none"}]
    assert analyse(kept).claims == ()
    assert [claim.kind for claim in analyse(lost).claims] == ["non-differentiable"]


HELD = """
import tensorflow as tf

class Two(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.last = tf.keras.layers.Dense(4), tf.keras.layers.Dense(3)

    def call(self, x, both=True):
        x = self.first(x)
        return self.last(x) if both else x

model, x = Two(), tf.ones((2, 4))
{before}
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(x, both=False))
g = tape.gradient(loss, model.trainable_variables)
"""


def test_a_layer_that_only_unseen_code_may_have_built_is_not_asked_for(
    observe: Callable[[Mapping[str, str]], dict[str, Observation]],
) -> None:
    handed, built = (
        HELD.format(before="checkpoint = tf.train.Checkpoint(model=model)"),
        HELD.format(before="model(x)"),
    )
    seen = observe({"handed": handed, "built": built})
    assert [set(call.outcomes) for call in seen["handed"].calls] == [{"value"}]
    assert [set(call.outcomes) for call in seen["built"].calls] == [{"value", "none"}]
    assert analyse(handed).claims == ()
    assert [claim.kind for claim in analyse(built).claims] == ["unconnected"]
