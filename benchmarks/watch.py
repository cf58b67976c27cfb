"""What watching costs a program: ``python -m benchmarks.watch``.

Trains small models with and without ``gradlint.watching()`` in turn, in one process, and prints for each the processor
time of a step, the ratio, and whether the losses are the same bit for bit. ``--steps N`` trains N steps of the cheapest
one under the watcher and prints how much memory the process holds on the way.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from typing import TYPE_CHECKING, Any

import gradlint

if TYPE_CHECKING:
    from collections.abc import Callable

    Step = Callable[[], Any]


def eager(width: int, batch: int) -> Step:
    """A step of a Keras model with a loop of its own, run eagerly."""
    import tensorflow as tf

    tf.keras.utils.set_random_seed(7)
    model = tf.keras.Sequential([tf.keras.layers.Dense(width, activation="relu") for _ in range(4)])
    x, y = tf.random.normal((batch, width)), tf.random.normal((batch, width))
    optimizer = tf.keras.optimizers.Adam()

    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return step


def traced(width: int, batch: int) -> Step:
    """The same step inside a ``tf.function``."""
    import tensorflow as tf

    return tf.function(eager(width, batch))


def fitted(width: int, batch: int) -> Step:
    """An epoch of Keras' ``fit``."""
    import tensorflow as tf

    tf.keras.utils.set_random_seed(7)
    model = tf.keras.Sequential([tf.keras.layers.Dense(width, activation="relu") for _ in range(4)])
    x, y = tf.random.normal((batch * 10, width)), tf.random.normal((batch * 10, width))
    model.compile("adam", "mse")
    return lambda: model.fit(x, y, batch_size=batch, epochs=1, shuffle=False, verbose=0).history["loss"][0]


def convolved(width: int, batch: int) -> Step:
    """A step of a small convolutional network, run eagerly."""
    import tensorflow as tf

    tf.keras.utils.set_random_seed(7)
    filters = [tf.Variable(tf.random.normal((3, 3, 3 if i == 0 else width, width)) * 0.1) for i in range(3)]
    x = tf.random.normal((batch, 32, 32, 3))

    def step() -> Any:
        with tf.GradientTape() as tape:
            h = x
            for kernel in filters:
                h = tf.nn.relu(tf.nn.conv2d(h, kernel, 1, "SAME"))
            loss = tf.reduce_mean(h**2)
        for kernel, gradient in zip(filters, tape.gradient(loss, filters), strict=True):
            kernel.assign_sub(0.01 * gradient)
        return loss

    return step


CASES: dict[str, tuple[Callable[[int, int], Step], int, int]] = {
    "keras, eager": (eager, 256, 512),
    "keras, tf.function": (traced, 256, 512),
    "keras, fit": (fitted, 256, 512),
    "convolutions, eager": (convolved, 16, 32),
}


TURNS = 3
"""How often each program is trained without and with the watcher, so that a change of the machine's pace meets both."""


def compare(make: Callable[[int, int], Step], width: int, batch: int, rounds: int) -> tuple[float, float, bool]:
    """Milliseconds of a step without and with the watcher, in turn, and whether the losses are always the same."""
    plain: list[float] = []
    watched: list[float] = []
    same = True
    for _ in range(TURNS):
        times, losses = _timed(make(width, batch), rounds)
        plain += times
        with gradlint.watching(show=False):
            times, seen = _timed(make(width, batch), rounds)
        watched += times
        same = same and losses == seen
    return statistics.median(plain), statistics.median(watched), same


def _timed(step: Step, rounds: int) -> tuple[list[float], list[bytes]]:
    import numpy as np

    times, losses = [], []
    for _ in range(rounds):
        begin = time.process_time()
        losses.append(np.asarray(step()).tobytes())
        times.append(1000 * (time.process_time() - begin))
    return times[3:], losses


def memory(steps: int) -> None:
    """Train under the watcher and print the process' memory ten times."""
    with gradlint.watching(show=False):
        step = eager(16, 8)
        for number in range(1, steps + 1):
            step()
            if number % (steps // 10) == 0:
                print(
                    f"{number:>8,} steps {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB",
                    flush=True,
                )


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.steps:
        memory(arguments.steps)
        return
    for name, (make, width, batch) in CASES.items():
        plain, watched, same = compare(make, width, batch, arguments.rounds)
        losses = "the same losses" if same else "OTHER LOSSES"
        print(f"{name:<22} {plain:7.1f} ms {watched:7.1f} ms  ratio {watched / plain:5.2f}  {losses}")


if __name__ == "__main__":
    main()
