"""What a layer counts by is no Variable: it raises for one, when it is made or when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTED = "counted:"
SHAPES = {"GRU": (2, 5, 4), "SimpleRNN": (2, 5, 4), "MultiHeadAttention": (2, 3, 4)}
"""What a layer is called with, where (2, 4) is not for it."""
OTHERS: dict[str, dict[str, int]] = {
    "Embedding": {"input_dim": 4, "output_dim": 4},
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 4},
}
"""What else a layer has to be given."""


def counted() -> list[tuple[str, str]]:
    """Every layer that counts by a parameter, with the parameter."""
    words = [(name, word) for name, words in behaviours.lines().items() for word in words]
    return [(name.rpartition(".")[2], word.removeprefix(COUNTED)) for name, word in words if word.startswith(COUNTED)]


def called(layer: str, parameter: str, value: object) -> None:
    """Make a layer and call it."""
    import tensorflow as tf

    kind: Any = getattr(tf.keras.layers, layer)
    inputs = tf.ones(SHAPES.get(layer, (2, 4)))
    made = kind(**{**OTHERS.get(layer, {}), parameter: value})
    made(*([inputs, inputs] if layer == "MultiHeadAttention" else [inputs]))


def variables() -> list[Callable[[], object]]:
    """Ways to make what may be differentiated, of the same value."""
    import keras
    import tensorflow as tf

    return [lambda: tf.Variable(3.0), lambda: tf.Variable(3), lambda: tf.constant(3.0), lambda: keras.Variable(3.0)]


@pytest.mark.parametrize(("layer", "parameter"), counted())
def test_it_raises_for_a_variable_and_takes_a_number(layer: str, parameter: str) -> None:
    called(layer, parameter, 3)
    for make in variables():
        with pytest.raises((TypeError, ValueError, AttributeError)):
            called(layer, parameter, make())
