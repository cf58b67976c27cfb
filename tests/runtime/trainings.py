"""Trainings of every make, each once whole and once with a cut: run with the interpreter whose TensorFlow is meant.

Prints a line for each: its name, whether it was cut, and the lines that were named. The line that cuts ends in "# cut".
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

import gradlint

devices = [tf.config.LogicalDeviceConfiguration(), tf.config.LogicalDeviceConfiguration()]
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
X = np.linspace(-1.0, 1.0, 32, dtype="float32").reshape(8, 4)
Y = X.sum(axis=1, keepdims=True)


def loss_of(cut: bool) -> Any:
    """A loss, cut or not."""

    def loss(target: Any, given: Any) -> Any:
        gap = given - tf.cast(target, given.dtype)
        if cut:
            gap = tf.round(gap)  # cut
        return tf.reduce_mean(gap**2, axis=-1)

    return loss


def network(keras: Any) -> Any:
    """A small network."""
    return keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)])


def fitted(keras: Any, cut: bool, **compiling: Any) -> None:
    """Keras' own training; with every gradient None it raises, as it does unwatched."""
    model = network(keras)
    model.compile(keras.optimizers.SGD(0.01), loss=loss_of(cut), **compiling)
    with contextlib.suppress(ValueError):
        model.fit(X, Y, batch_size=4, epochs=1, verbose=0)


def looped(cut: bool, traced: bool) -> None:
    """A loop of one's own, eagerly or in a function."""
    model = network(tf.keras)
    loss = loss_of(cut)

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(y, model(x)))
        return [one for one in tape.gradient(value, model.trainable_variables) if one is not None]

    step = tf.function(step) if traced else step
    for _ in range(2):
        step(tf.constant(X), tf.constant(Y))


def mixed(cut: bool) -> None:
    """Mixed precision, with a scaled loss."""
    tf.keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        fitted(tf.keras, cut)
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")


def mirrored(cut: bool) -> None:
    """Two replicas on two logical devices."""
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    loss = loss_of(cut)
    with strategy.scope():
        w = tf.Variable(tf.ones((4, 1)))

    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(tf.constant(0.5), tf.matmul(x, w)))
        gradient = tape.gradient(value, w)
        return tf.zeros_like(w) if gradient is None else gradient

    @tf.function
    def all_of_them(x: Any) -> Any:
        return strategy.run(step, args=(x,))

    all_of_them(tf.constant(X))


def minimized(cut: bool) -> None:
    """An optimizer's `minimize` with a callable, where there is one."""
    keras = importlib.import_module("tf_keras")
    w = tf.Variable([1.0, 2.0])
    loss = loss_of(cut)
    with contextlib.suppress(ValueError):
        keras.optimizers.legacy.SGD(0.1).minimize(lambda: tf.reduce_sum(loss(tf.constant(0.1), w * 2.0)), [w])


def keras_2(cut: bool) -> None:
    """Keras 2 beside TensorFlow."""
    fitted(importlib.import_module("tf_keras"), cut)


TRAININGS = {
    "fit": lambda cut: fitted(tf.keras, cut),
    "fit, eagerly": lambda cut: fitted(tf.keras, cut, run_eagerly=True),
    "fit, compiled": lambda cut: fitted(tf.keras, cut, jit_compile=True),
    "loop": lambda cut: looped(cut, traced=False),
    "loop in a function": lambda cut: looped(cut, traced=True),
    "mixed precision": mixed,
    "mirrored": mirrored,
    "Keras 2": keras_2,
    "minimize": minimized,
}


def main() -> None:
    """Run those that the command line names, all without a name."""
    for name in sys.argv[1:] or TRAININGS:
        for cut in (False, True):
            problems: list[str] = []
            with gradlint.watching(show=False) as watched:
                try:
                    TRAININGS[name](cut)
                except Exception as error:  # printed: the test says what is wrong
                    problems.append(f"{type(error).__name__}: {error}"[:300])
            lines = sorted({one.location.line for one in watched.findings})
            print(json.dumps({"name": name, "cut": cut, "lines": lines, "problems": problems}), flush=True)


if __name__ == "__main__":
    main()
