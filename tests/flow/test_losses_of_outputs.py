"""``compile`` with a loss for each output: the layers of one that has none get no gradient (Keras 3.15)."""

from __future__ import annotations

import pytest

from gradlint.flow.analysis import analyse

PROGRAM = """
import numpy as np
import tensorflow as tf
from tensorflow import keras

data = keras.Input((4,))
hidden = keras.layers.Dense(3)(data)
a, b = keras.layers.Dense(1, name="a")(hidden), keras.layers.Dense(1, name="b")(hidden)
model = keras.Model(data, {outputs})
model.compile("sgd", loss={losses})
x, y = np.ones((4, 4), "float32"), np.ones((4, 1), "float32")
model.fit(x, {labels}, verbose=0)
"""
NAMED, LISTED = '{"a": a, "b": b}', "[a, b]"


def asked(outputs: str, losses: str) -> dict[str, str]:
    """What each of the model's layers gets."""
    labels = outputs.replace(": a", ": y").replace(": b", ": y").replace("[a, b]", "[y, y]")
    [call] = analyse(PROGRAM.format(outputs=outputs, losses=losses, labels=labels)).calls
    return {question.source: question.answer for question in call.questions}


@pytest.mark.parametrize(
    ("outputs", "losses"),
    [
        (NAMED, '{"a": "mse", "b": None}'),
        (LISTED, '["mse", None]'),
        (NAMED, '{"a": "mse", "b": lambda t, p: tf.round(p - t)}'),
    ],
)
def test_an_output_without_a_loss_of_its_own_is_named(outputs: str, losses: str) -> None:
    assert asked(outputs, losses) == {"model (Dense)": "connected", "model (a)": "connected", "model (b)": "lost"}


@pytest.mark.parametrize(
    ("outputs", "losses"),
    [
        (NAMED, '{"a": "mse", "b": keras.losses.Huber()}'),
        (LISTED, '["mse", "mae"]'),
        (NAMED, '{"b": lambda t, p: tf.abs(p - t), "a": "mse"}'),
    ],
)
def test_outputs_with_losses_are_connected(outputs: str, losses: str) -> None:
    assert set(asked(outputs, losses).values()) == {"connected"}


@pytest.mark.parametrize(
    ("outputs", "losses"),
    [
        # Which output is whose is not known, or a loss is not.
        (LISTED, '{"a": "mse", "b": None}'),
        (NAMED, '{"a": "mse", "b": __import__("losses").own}'),
        (NAMED, '{"a": None, "b": None}'),
    ],
)
def test_what_is_not_known_is_not_asked(outputs: str, losses: str) -> None:
    code = PROGRAM.format(outputs=outputs, losses=losses, labels="y")
    assert analyse(code).claims == ()
