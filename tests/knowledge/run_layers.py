"""Makes and calls layers and modules of other packages under a tape and prints, as the last line, what each did."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FLAT, LINE, IMAGE, VOLUME = (2, 8), (2, 8, 4), (2, 8, 8, 4), (2, 4, 4, 4, 3)
IDS = (1, 5)
SONNET: dict[str, tuple[tuple[int, ...], tuple[Any, ...], tuple[Any, ...]]] = {
    "Linear": (FLAT, (3,), ()),
    "Bias": (FLAT, (), ()),
    "Conv1D": (LINE, (3, 3), ()),
    "Conv2D": (IMAGE, (3, 3), ()),
    "Conv3D": (VOLUME, (3, 3), ()),
    "Conv1DTranspose": (LINE, (3, 3), ()),
    "Conv2DTranspose": (IMAGE, (3, 3), ()),
    "Conv3DTranspose": (VOLUME, (3, 3), ()),
    "DepthwiseConv2D": (IMAGE, (3,), ()),
    "Embed": (IDS, (10, 4), ()),
    "GRU": (FLAT, (3,), ("state",)),
    "VanillaRNN": (FLAT, (3,), ("state",)),
    "LSTM": (FLAT, (3,), ("state",)),
    "BatchNorm": (FLAT, (True, True), (True,)),
    "LayerNorm": (FLAT, (-1, True, True), ()),
    "InstanceNorm": (IMAGE, (True, True), ()),
    "GroupNorm": (IMAGE, (2, True, True), ()),
    "Flatten": (IMAGE, (), ()),
    "Reshape": (IMAGE, ([-1],), ()),
    "Dropout": (IMAGE, (0.5,), (True,)),
    "nets.MLP": (FLAT, ([3, 2],), ()),
}
"""For each class of Sonnet's the input's shape, what it is made with and what it is called with besides."""
KERAS_HUB: dict[str, tuple[tuple[int, ...], tuple[Any, ...], tuple[Any, ...]]] = {
    "layers.AlibiBias": ((2, 2, 5, 5), (), ()),
    "layers.CachedMultiHeadAttention": (LINE, (2, 4), ("input",)),
    "layers.FNetEncoder": (LINE, (16,), ()),
    "layers.PositionEmbedding": (LINE, (8,), ()),
    "layers.ReversibleEmbedding": (IDS, (10, 8), ()),
    "layers.RotaryEmbedding": (LINE, (), ()),
    "layers.SinePositionEncoding": (LINE, (), ()),
    "layers.TokenAndPositionEmbedding": (IDS, (10, 5, 8), ()),
    "layers.TransformerDecoder": (LINE, (16, 2), ()),
    "layers.TransformerEncoder": (LINE, (16, 2), ()),
}
ADDONS: dict[str, tuple[tuple[int, ...], tuple[Any, ...], tuple[Any, ...]]] = {
    "layers.FilterResponseNormalization": (IMAGE, (), ()),
    "layers.NoisyDense": (FLAT, (3,), ()),
    "layers.TLU": (IMAGE, (), ()),
    "layers.GroupNormalization": (IMAGE, (2,), ()),
    "layers.InstanceNormalization": (IMAGE, (), ()),
    "layers.AdaptiveAveragePooling2D": (IMAGE, (2,), ()),
    "layers.AdaptiveMaxPooling2D": (IMAGE, (2,), ()),
    "layers.ESN": (LINE, (3,), ()),
    "layers.GELU": (FLAT, (), ()),
    "layers.Maxout": (FLAT, (2,), ()),
    "layers.Sparsemax": (FLAT, (), ()),
    "layers.SpatialPyramidPooling2D": (IMAGE, ([1, 2],), ()),
}
PACKAGES: Mapping[str, Mapping[str, tuple[tuple[int, ...], tuple[Any, ...], tuple[Any, ...]]]] = {
    "sonnet": SONNET,
    "keras_hub": KERAS_HUB,
    "tensorflow_addons": ADDONS,
}


def main() -> None:
    """Run the classes of the packages that are named."""
    seen = {
        f"{package}.{name}": called(getattr(importlib.import_module(module), last), *row)
        for package in sys.argv[1:]
        for name, row in PACKAGES[package].items()
        for module, _, last in [f"{package}.{name}".rpartition(".")]
    }
    print(json.dumps(seen))


def called(cls: Callable[..., Any], shape: tuple[int, ...], made_with: tuple[Any, ...], also: tuple[Any, ...]) -> Any:
    """Whether a gradient passes to the input, to how many of the object's variables, and how many there are."""
    import tensorflow as tf

    value = tf.zeros(shape, tf.int32) if shape == IDS else tf.random.stateless_normal(shape, (1, 2))
    made = cls(*made_with)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(value)
        states = {"state": lambda: made.initial_state(shape[0]), "input": lambda: value}
        given = [states[one]() if one in states else one for one in also]
        result = tf.nest.flatten(made(value, *given))
        loss = tf.add_n([tf.reduce_sum(one * one) for one in result if one.dtype.is_floating])
    variables = trainable(made)
    reached = [one for one in variables if tape.gradient(loss, one) is not None]
    return {
        "input": tape.gradient(loss, value) is not None,
        "outputs": len(result),
        "variables": len(variables),
        "reached": len(reached),
    }


def trainable(made: Any) -> list[Any]:
    """An object's trainable variables: those of Keras as the tape knows them, and none where Sonnet raises instead."""
    try:
        found = made.trainable_variables
    except ValueError as error:
        if "does not currently contain" not in str(error):
            raise
        return []
    return [one.value if type(one).__module__.startswith("keras.") else one for one in found]


if __name__ == "__main__":
    main()
