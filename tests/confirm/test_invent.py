"""Functions and methods that the file never calls, run with invented arguments until the gradient is reached."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.confirm.claims import claim

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.finding import Confirmation, Finding

    Run = Callable[[str, Finding], Confirmation]

HEAD = "import numpy as np\nimport tensorflow as tf\n"

NEVER_CALLED = {
    "a training step with a model, a batch, a loss and an optimizer": (
        """
        def train_step(model, optimizer, loss_fn, x, y):
            with tf.GradientTape() as tape:
                predictions = model(x, training=True)
                loss = np.mean(loss_fn(y, predictions)) * tf.constant(1.0)
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables))
            return loss
        """,
        "model.trainable_variables",
    ),
    "images": (
        """
        def saliency(model, image, class_index):
            with tf.GradientTape() as tape:
                height, width = image.shape[1], image.shape[2]
                scores = model(image)
                score = scores[:, class_index]
            return tape.gradient(score, image)
        """,
        "image",
    ),
    "a matrix that must fit a weight": (
        """
        weight = tf.Variable(tf.random.normal((3, 2)))

        def loss_of(inputs):
            with tf.GradientTape() as tape:
                out = tf.matmul(inputs, weight)
                loss = tf.reduce_sum(tf.constant(out.numpy()))
            return tape.gradient(loss, weight)
        """,
        "weight",
    ),
    "counts, rates and words": (
        """
        def descend(start: float, steps: int, learning_rate, name: str, verbose=False):
            x = tf.Variable(start)
            for _ in range(steps):
                with tf.GradientTape() as tape:
                    y = tf.stop_gradient(x * x, name=name)
                g = tape.gradient(y, x)
                x.assign_sub(learning_rate * 1.0)
            return x
        """,
        "x",
    ),
    "a data set": (
        """
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])

        def fit(dataset):
            for inputs, targets in dataset:
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.round(model(inputs) - targets))
                grads = tape.gradient(loss, model.trainable_variables)
        """,
        "model.trainable_variables",
    ),
    "a dictionary": (
        """
        def step(batch):
            w = tf.Variable(1.0)
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(batch["x"]) * float(w) + tf.reduce_sum(batch["mask"])
            return tape.gradient(loss, w)
        """,
        "w",
    ),
    "a function to differentiate": (
        """
        def derivative(f, x):
            with tf.GradientTape() as tape:
                y = f(x)
            return tape.gradient(y, x)
        """,
        "x",
    ),
    "a method of an object that must be made": (
        """
        class Regressor:
            def __init__(self, units, rate=0.1):
                self.w = tf.Variable(tf.ones((units, 1)))
                self.rate = rate

            def step(self, x, y):
                with tf.GradientTape() as tape:
                    loss = np.sum(self.w) * tf.constant(1.0)
                g = tape.gradient(loss, self.w)
                return g
        """,
        "self.w",
    ),
    "a Keras model's train_step": (
        """
        class Custom(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = tf.keras.layers.Dense(1)

            def call(self, x):
                return self.dense(x)

            def train_step(self, data):
                x, y = data
                with tf.GradientTape() as tape:
                    y_pred = self(x, training=True)
                    loss = tf.stop_gradient(self.compute_loss(y=y, y_pred=y_pred))
                grads = tape.gradient(loss, self.trainable_variables)
                return {"loss": loss}
        """,
        "self.trainable_variables",
    ),
    "a function inside a function": (
        """
        def make_step(model):
            @tf.function
            def step(x):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(tf.floor(model(x)))
                grads = tape.gradient(loss, model.trainable_variables)
                return loss
            return step
        """,
        "model.trainable_variables",
    ),
    "a data class": (
        """
        import dataclasses

        @dataclasses.dataclass
        class Scale:
            factor: float

            def slope(self, x):
                with tf.GradientTape() as tape:
                    y = x * self.factor
                return tape.gradient(y, x)
        """,
        "x",
    ),
    "a static method": (
        """
        class Tools:
            @staticmethod
            def slope(x):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = tf.sign(x) > 0.0
                return tape.gradient(y, x)
        """,
        "x",
    ),
}


@pytest.mark.parametrize("name", NEVER_CALLED)
def test_arguments_are_invented_until_it_runs(name: str, run: Run) -> None:
    text, source = NEVER_CALLED[name]
    code = HEAD + textwrap.dedent(text)
    verdict = run(code, claim(code, source))
    assert verdict.status == "confirmed", verdict


def test_the_file_knows_better_how_to_call_its_functions(run: Run) -> None:
    code = HEAD + textwrap.dedent(
        """
        def slope(kind, x):
            with tf.GradientTape() as tape:
                if kind == "a kind that nobody would guess":
                    y = tf.constant(x.numpy())
                else:
                    y = x * x
            return tape.gradient(y, x)

        def main():
            x = tf.Variable(2.0)
            for _ in range(3):
                print(slope("a kind that nobody would guess", x))

        if __name__ == "__main__":
            main()
        """
    )
    assert run(code, claim(code, flagged="x.numpy()")).status == "confirmed"


def test_an_invented_call_that_misses_the_line_refutes_nothing(run: Run) -> None:
    code = HEAD + textwrap.dedent(
        """
        def slope(kind, x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.constant(x.numpy()) if kind == "a kind that nobody would guess" else x * x
            return tape.gradient(y, x)
        """
    )
    verdict = run(code, claim(code, flagged="x.numpy()"))
    assert verdict.status == "inconclusive", verdict


def test_what_cannot_be_invented_says_so(run: Run) -> None:
    code = HEAD + textwrap.dedent(
        """
        def slope(thing):
            value = thing.something_unheard_of().deeper(3)
            with tf.GradientTape() as tape:
                y = value * value
            return tape.gradient(y, value)
        """
    )
    verdict = run(code, claim(code, "value"))
    assert verdict.status == "inconclusive"
    assert "no input could be invented" in verdict.detail
