"""Tapes beside others, arrays that collect tensors, gradients that a program gives itself, and data by ``next``."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from gradlint.flow.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fixtures.observe import Observation

HEAD = """\
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

v = tf.Variable(2.0)
w = tf.Variable(3.0)
x = tf.constant([1.0, 2.0, 3.0])
"""
PROGRAMS = {
    "gradient taken after a block, within another one": """
        def residual(x):
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(x)
                u = v * x**3
            return tape.gradient(tape.gradient(u, x), x)  # lost

        with tf.GradientTape() as outer:
            residual(x)
        """,
    "gradient taken in a block, within another one": """
        def residual(x):
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(x)
                u_x = tape.gradient(v * x**3, x)
            return tape.gradient(u_x, x)

        with tf.GradientTape() as outer:
            residual(x)
        """,
    "one of the stacked": """
        with tf.GradientTape() as tape:
            array = tf.TensorArray(tf.float32, size=3)
            for i in range(3):
                array = array.write(i, v * x[i])
            stacked = array.stack()
            y = v * x[0]
        tape.gradient(y, stacked[0])  # lost
        """,
    "the array's stack and what was unstacked": """
        with tf.GradientTape() as tape:
            array = tf.TensorArray(tf.float32, size=3, clear_after_read=False).unstack(v * x)
            y = array.read(0) + tf.reduce_sum(array.gather([1, 2])) + tf.reduce_sum(array.stack())
        tape.gradient(y, v)
        """,
    "a write whose array is not kept, outside a graph": """
        with tf.GradientTape() as tape:
            array = tf.TensorArray(tf.float32, size=1)
            array.write(0, v * 2.0)
            y = array.stack()
        tape.gradient(y, v)
        """,
    "a write whose array is not kept, in a graph": """
        @tf.function
        def step():
            with tf.GradientTape() as tape:
                array = tf.TensorArray(tf.float32, size=1, element_shape=())
                array.write(0, v * 2.0)
                y = array.stack() * w
            return tape.gradient(y, v)  # lost

        step()
        """,
    "the array itself": """
        with tf.GradientTape() as tape:
            array = tf.TensorArray(tf.float32, size=1).write(0, v * 2.0)
        tape.gradient(array, v)  # lost
        """,
    "a second derivative of a gradient that is linear": """
        @tf.custom_gradient
        def op(x):
            return x * 5.0, lambda dy: dy * 5.0

        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = op(x)
            dy_dx = inner.gradient(y, x)
        outer.gradient(dy_dx, x)  # lost
        """,
    "a second derivative of a gradient that uses what was computed": """
        @tf.custom_gradient
        def op(x):
            y = tf.exp(x)
            return y, lambda dy: dy * y

        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = op(x)
            dy_dx = inner.gradient(y, x)
        outer.gradient(dy_dx, x)
        """,
    "a second derivative of a linear gradient of something squared": """
        @tf.custom_gradient
        def op(x):
            return x * 5.0, lambda dy: dy * 5.0

        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = op(x * x)
            dy_dx = inner.gradient(y, x)
        outer.gradient(dy_dx, x)
        """,
    "data by next": """
        def batches(size):
            order = np.arange(6)
            while True:
                np.random.shuffle(order)
                for start in range(0, 6, size):
                    chosen = order[start:start + size]
                    yield chosen.astype("float32"), (chosen % 2).astype("float32")

        loader = {"train": batches(2)}
        for step in range(2):
            a, b = next(loader["train"])
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(v * a - b)
            tape.gradient(loss, w)  # lost
        """,
    "a picture of bytes that a generator drew": """
        rng = np.random.default_rng(3)
        image = tf.constant(np.stack([rng.integers(0, 256, size=(2, 2), dtype=np.uint8)]))
        with tf.GradientTape() as tape:
            tape.watch(image)
            y = v * tf.cast(image, tf.float32)
        tape.gradient(y, image)  # lost
        """,
    "a picture of numbers that a generator drew": """
        image = tf.constant(np.stack([np.random.default_rng(3).normal(size=(2, 2))]))
        with tf.GradientTape() as tape:
            tape.watch(image)
            y = image * image
        tape.gradient(y, image)
        """,
    "an option that is not given": """
        import argparse

        def loss(argv):
            parser = argparse.ArgumentParser()
            parser.add_argument("--bias", action="store_true")
            args = parser.parse_args(argv)
            return v * x + w if args.bias else v * x

        params = {"w": w, "v": v}
        with tf.GradientTape() as tape:
            y = loss([])
        tape.gradient(y, [params[name] for name in sorted(params)])  # lost
        """,
    "an option that is given": """
        import argparse

        def loss(argv):
            parser = argparse.ArgumentParser()
            parser.add_argument("--bias", action="store_true")
            args = parser.parse_args(argv)
            return v * x + w if args.bias else v * x

        with tf.GradientTape() as tape:
            y = loss(["--bias"])
        tape.gradient(y, w)
        """,
    "a weighted tensor by next": """
        def scales():
            yield w * 2.0
            yield w * 3.0

        with tf.GradientTape() as tape:
            loss = v * next(scales())
        tape.gradient(loss, w)
        """,
    "what a generator keeps as it goes": """
        class Source:
            def __init__(self):
                self.scale = tf.constant(1.0)

            def items(self):
                self.scale = w * 2.0
                yield 1.0
                self.scale = tf.constant(1.0)
                yield 2.0

        source = Source()
        with tf.GradientTape() as tape:
            items = source.items()
            loss = next(items) * v * source.scale
        tape.gradient(loss, w)
        """,
    "a list outside that next fills": """
        kept = [tf.constant(1.0)]

        def items():
            for _ in range(3):
                kept.append(w * 1.0)
                yield 2.0

        source = items()
        with tf.GradientTape() as tape:
            loss = next(source) * v * kept[-1]
        tape.gradient(loss, w)
        """,
}
FUNCTIONS = {
    "a rounded argument": ("value_and_gradient(lambda a: tf.reduce_sum(tf.round(a)), x)", {"x"}),
    "one of two arguments": ("value_and_gradient(lambda a, b: tf.reduce_sum(a * 2.0), [x, v])", {"v"}),
    "both arguments": ("value_and_gradient(lambda a, b: tf.reduce_sum(a * b), x, v)", set()),
    "a variable that the function sees": ("value_and_gradient(lambda: v * v, v)", set()),
    "a variable that it does not see": ("value_and_gradient(lambda: v * v, w)", {"w"}),
    "a number": ("value_and_gradient(lambda a: v * a, 3.0)", set()),
    "a library's function": ("value_and_gradient(tf.math.log, x)", set()),
    "an auxiliary value": ("value_and_gradient(lambda a: (tf.reduce_sum(a), a), x, has_aux=True)", set()),
    "minimized": ("minimize(lambda: (v - 1.0) ** 2, 1, tf.keras.optimizers.Adam(), trainable_variables=[v])", set()),
    "minimized by another": (
        "minimize(lambda: (v - 1.0) ** 2, 1, tf.keras.optimizers.Adam(), trainable_variables=[v, w])",
        {"w"},
    ),
}


def written(name: str) -> str:
    return HEAD + textwrap.dedent(PROGRAMS[name])


def marked(code: str) -> set[int]:
    return {n for n, line in enumerate(code.splitlines(), 1) if "# lost" in line}


@pytest.mark.parametrize("name", PROGRAMS)
def test_lost_where_tensorflow_loses(name: str, observe: Callable[[Mapping[str, str]], dict[str, Observation]]) -> None:
    code = written(name)
    seen = observe({f"/{one}.py": written(one) for one in PROGRAMS})[f"/{name}.py"]
    last = seen.calls[-1].line if seen.raised_line is None else seen.raised_line
    lost = bool(seen.raised) or any(outcome == "none" for outcome in seen.calls[-1].outcomes)
    assert ({last} if lost else set()) == marked(code)
    claimed = {gradient.call.line for claim in analyse(code).claims for gradient in claim.gradients if gradient.certain}
    assert claimed == marked(code)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_with_tapes_of_their_own(
    name: str, observe: Callable[[Mapping[str, str]], dict[str, Observation]]
) -> None:
    call, expected = FUNCTIONS[name]
    code = HEAD + f"tfp.math.{call}\n"
    seen = observe({f"/{one}.py": HEAD + f"tfp.math.{FUNCTIONS[one][0]}\n" for one in FUNCTIONS})[f"/{name}.py"]
    assert any("none" in outcome for one in seen.calls for outcome in one.outcomes) is bool(expected)
    assert {lost.source for claim in analyse(code).claims for lost in claim.gradients} == expected
