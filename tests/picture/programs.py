"""Programs whose gradients are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.checking import drawings_of
from gradlint.settings import Settings
from gradlint.sources.read import from_text

if TYPE_CHECKING:
    from gradlint.picture.record import Drawing

DECAY = """\
import numpy as np
import tensorflow as tf

time = np.linspace(0.0, 4.0, 50, dtype=np.float32)
observed = 3.0 * np.exp(-0.7 * time)

amplitude = tf.Variable(1.0)
rate = tf.Variable(0.1)

for step in range(500):
    with tf.GradientTape() as tape:
        curve = amplitude * np.exp(-rate * time)
        loss = tf.reduce_mean((curve - observed) ** 2)
    gradients = tape.gradient(loss, [amplitude, rate])
"""
CONNECTED = DECAY.replace("np.exp(-rate", "tf.exp(-rate")
PARTIAL = """\
import numpy as np
import tensorflow as tf

w = tf.Variable([0.5, 1.0])
b = tf.Variable(0.0)
x = tf.constant([1.0, 2.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * x + b) + np.sum(w.numpy() ** 2)
grads = tape.gradient(loss, [w, b])
"""
UNKNOWN = """\
import tensorflow as tf

def slope(model, x):
    u = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = model(x) + u
    return tape.gradient(y, [u, model.trainable_variables])
"""


def drawn(code: str, path: str = "train.py") -> tuple[Drawing, ...]:
    """The gradient calls of a program."""
    return drawings_of(from_text(code, path), Settings())
