"""``fit`` of a model that was compiled without a loss: Keras 3.15 raises ValueError where nothing else adds one."""

from __future__ import annotations

import pytest

from gradlint.flow.analysis import analyse

PROGRAM = """
import tensorflow as tf
from tensorflow.keras import layers

class Penalised(layers.Layer):
    def call(self, x):
        self.add_loss(tf.reduce_sum(x**2))
        return x

class Own(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        return self.dense(x)

{more}
x, y = tf.random.normal([8, 3]), tf.random.normal([8, 1])
model = {model}
{compile}
model.fit(x, y, verbose=0)
"""
SEQUENTIAL = "tf.keras.Sequential([tf.keras.Input([3]), layers.Dense(1)])"


def named(model: str, compiled: str, more: str = "") -> list[str]:
    code = PROGRAM.format(model=model, compile=compiled, more=more)
    if "Penalised" not in model:
        code = code.replace("self.add_loss(tf.reduce_sum(x**2))", "pass")
    return ["named" for claim in analyse(code).claims if claim.kind == "bad-call"]


@pytest.mark.parametrize("model", [SEQUENTIAL, "Own()"])
@pytest.mark.parametrize("compiled", ["model.compile('adam')", "model.compile(optimizer='adam', loss=None)"])
def test_a_model_without_a_loss_is_named(model: str, compiled: str) -> None:
    assert named(model, compiled) == ["named"]


@pytest.mark.parametrize(
    ("model", "compiled", "more"),
    [
        (SEQUENTIAL, "model.compile('adam', 'mse')", ""),
        (SEQUENTIAL, "model.compile('adam')\nmodel.compile('adam', 'mse')", ""),
        (SEQUENTIAL, "model.compile(**{'loss': 'mse'})", ""),
        (SEQUENTIAL, "model.compile(*['adam', 'mse'])", ""),
        (
            SEQUENTIAL,
            "if x.shape[0] > y.shape[0]:\n    model.compile('adam')\nelse:\n    model.compile('adam', 'mse')",
            "",
        ),
        ("tf.keras.Sequential([layers.Dense(1), Penalised()])", "model.compile('adam')", ""),
        ("tf.keras.Sequential([layers.Dense(1, kernel_regularizer='l2')])", "model.compile('adam')", ""),
        ("unseen.model()", "model.compile('adam')", "import unseen"),
        ("tf.keras.Sequential([unseen.Layer()])", "model.compile('adam')", "import unseen"),
        (
            "Judged()",
            "model.compile('adam')",
            "class Judged(Own):\n    def compute_loss(self, x=None, y=None, y_pred=None, *args, **kwargs):\n"
            "        return tf.reduce_mean((y - y_pred) ** 2)",
        ),
        (
            "Compiled()",
            "model.compile('adam', 'mse')",
            "class Compiled(Own):\n    def compile(self, optimizer, judge):\n"
            "        super().compile(optimizer=optimizer, loss=judge)",
        ),
    ],
)
def test_a_loss_from_anywhere_is_none_missing(model: str, compiled: str, more: str) -> None:
    assert named(model, compiled, more) == []
