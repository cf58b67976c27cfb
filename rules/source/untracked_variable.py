"""GT111 untracked-variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._wording import call, name, source

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class UntrackedVariable(Rule):
    """A model holds a Variable that its `trainable_variables` leave out, so that it never trains.

    ## What it does
    Reports a `tf.Variable` in an attribute of a Keras layer or model, and a Keras layer in an attribute of a
    `tf.Module`, where the loss depends on it and the gradients are asked of `trainable_variables` alone. It says
    nothing of a Variable that the program assigns itself or asks for elsewhere.

    ## Why the gradient is lost
    Keras 3 tracks `keras.Variable` objects and Keras layers, and no `tf.Variable`; a `tf.Module` tracks `tf.Variable`
    objects and other modules, and no Keras layer. What is not tracked is not among the `trainable_variables`: no
    gradient is asked for it and no optimizer sees it. Where nothing else is tracked, the list is empty, and
    `apply_gradients` raises ValueError. Keras 2 tracked them all, so that programs written for it stop to train
    without a word.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    In a Keras layer or model make the weight with `self.add_weight(...)`, or hold a `keras.Variable`. In place of a
    `tf.Module` that holds Keras layers write a `keras.Model`, or add the layers' own `trainable_variables`.

    ## References
    - Making new layers and models via subclassing: https://www.tensorflow.org/guide/keras/making_new_layers_and_models_via_subclassing
    - Introduction to modules, layers, and models: https://www.tensorflow.org/guide/intro_to_modules
    """

    code = "GT111"
    name = "untracked-variable"
    kinds = (Kind.UNTRACKED,)
    examples = (
        Example(
            title="a gain beside a layer",
            broken="""\
import tensorflow as tf


class Amplifier(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(4)
        self.gain = tf.Variable(2.0)

    def call(self, signal):
        return self.gain * self.dense(signal)


amplifier = Amplifier()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(amplifier(tf.ones([8, 3])) ** 2)

gradients = tape.gradient(loss, amplifier.trainable_variables)
""",
            fixed="""\
import tensorflow as tf


class Amplifier(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(4)
        self.gain = self.add_weight(shape=(), initializer=tf.keras.initializers.Constant(2.0))

    def call(self, signal):
        return self.gain * self.dense(signal)


amplifier = Amplifier()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(amplifier(tf.ones([8, 3])) ** 2)

gradients = tape.gradient(loss, amplifier.trainable_variables)
""",
            outcome=None,
        ),
        Example(
            title="a model of Variables only",
            broken="""\
import tensorflow as tf


class Line(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.coefficients = [tf.Variable(float(power)) for power in range(2)]

    def call(self, x):
        return self.coefficients[0] + self.coefficients[1] * x


line = Line()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((line(tf.constant([1.0, 2.0])) - 3.0) ** 2)

gradients = tape.gradient(loss, line.trainable_variables)
""",
            fixed="""\
import tensorflow as tf


class Line(tf.Module):
    def __init__(self):
        super().__init__()
        self.coefficients = [tf.Variable(float(power)) for power in range(2)]

    def __call__(self, x):
        return self.coefficients[0] + self.coefficients[1] * x


line = Line()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((line(tf.constant([1.0, 2.0])) - 3.0) ** 2)

gradients = tape.gradient(loss, line.trainable_variables)
""",
            outcome=None,
        ),
        Example(
            title="a Keras layer in a tf.Module",
            broken="""\
import tensorflow as tf


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(1)
        self.scale = tf.Variable(1.0)

    def __call__(self, x):
        return self.scale * self.dense(x)


net = Net()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(net(tf.ones([4, 2])) ** 2)

gradients = tape.gradient(loss, net.trainable_variables)
""",
            fixed="""\
import tensorflow as tf


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(1)
        self.scale = tf.Variable(1.0)

    def __call__(self, x):
        return self.scale * self.dense(x)


net = Net()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(net(tf.ones([4, 2])) ** 2)

gradients = tape.gradient(loss, [net.scale, *net.dense.trainable_variables])
""",
            outcome=None,
        ),
    )
    clean = (
        """\
import tensorflow as tf


class Counting(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(1)
        self.scale = tf.Variable(1.0, trainable=False)
        self.mean = tf.Variable(1.0)

    def call(self, x):
        self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(x))
        return self.scale * self.dense(x) / self.mean


layer = Counting()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(layer(tf.ones([4, 2])) ** 2)

print(tape.gradient(loss, layer.trainable_variables))
""",
        """\
import tensorflow as tf


class Gain(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(1)
        self.gain = tf.Variable(2.0)

    def call(self, x):
        return self.gain * self.dense(x)


layer = Gain()
with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_mean(layer(tf.ones([4, 2])) ** 2)

print(tape.gradient(loss, layer.trainable_variables), tape.gradient(loss, layer.gain))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``variable``, ``reason`` (``keras`` or ``module``) and ``list`` (``empty`` or nothing)."""
        variable = name(claim, "variable", "This Variable")
        asked = source(claim, "the list of variables")
        if claim.detail.get("reason") == "keras":
            told = f"{variable} is a `tf.Variable`, which Keras 3 does not track"
            cure = "use `self.add_weight`"
        else:
            told = f"{variable} is a Keras layer, which a `tf.Module` does not track"
            cure = "use a `keras.Model`, or add the layer's own variables"
        if claim.detail.get("list"):
            return f"{told}, so {asked} is empty and {call(claim)} gives no gradient at all; {cure}."
        return f"{told}, so {asked} leaves it out and it never trains; {cure}."
