"""What public code taught the analysis: each program has the shape of one that was judged wrongly before."""

from __future__ import annotations

import pytest

from gradlint.flow.analysis import analyse

HEAD = """\
import numpy as np
import tensorflow as tf
from tensorflow import keras

"""

CLEAN = {
    "a model whose outputs stand under computed names": """\
backbone = keras.applications.InceptionV3(weights=None, include_top=False)
layers = {"mixed4": 1.0, "mixed5": 1.5}
outputs = dict([(layer.name, layer.output) for layer in [backbone.get_layer(name) for name in layers.keys()]])
extractor = keras.Model(backbone.inputs, outputs)

def ascend(image, rate):
    with tf.GradientTape() as tape:
        tape.watch(image)
        features = extractor(image)
        loss = tf.zeros(())
        for name in features.keys():
            loss += layers[name] * tf.reduce_sum(tf.square(features[name]))
    return image + rate * tape.gradient(loss, image)

ascend(tf.ones((1, 200, 200, 3)), 0.1)
""",
    "a layer whose kernel another model predicts": """\
outer = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(2)])
inner = keras.Sequential([keras.layers.Dense(12)])
optimizer = keras.optimizers.SGD(0.1)

def step(x, y):
    with tf.GradientTape() as tape:
        predicted = inner(x)
        outer.layers[0].kernel = tf.reshape(predicted[0], (3, 4))
        loss = tf.reduce_mean(tf.square(outer(x) - y))
    gradients = tape.gradient(loss, inner.trainable_weights)
    optimizer.apply_gradients(zip(gradients, inner.trainable_weights))

for x, y in [(tf.ones((1, 3)), tf.ones((1, 2)))]:
    step(x, y)
""",
    "an inner step of meta-learning that writes the layers of a copy": """\
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(4)
        self.out = keras.layers.Dense(1)

    def call(self, x):
        return self.out(self.hidden(x))

def train(model, x, y, rate=0.1):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = inner.gradient(loss, model.trainable_variables)
        fast = Net()
        fast(x)
        for i in range(len(fast.layers)):
            fast.layers[i].kernel = model.layers[i].kernel - rate * gradients[2 * i]
        loss = tf.reduce_mean(tf.square(fast(x) - y))
    return outer.gradient(loss, model.trainable_variables)

train(Net(), tf.ones((3, 2)), tf.ones((3, 1)))
""",
    "a model that a solver of others calls": """\
from solvers import odeint

class Field(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(4)

    def call(self, t, y):
        return self.hidden(y)

field = Field()
for _ in range(10):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(odeint(field, tf.ones((1, 4)), tf.linspace(0.0, 1.0, 3)))
    gradients = tape.gradient(loss, field.variables)
""",
    "a persistent tape that is asked while it does not record": """\
w = tf.Variable(1.0)
with tf.GradientTape(persistent=True) as tape:
    loss = w * w
    with tape.stop_recording():
        gradient = tape.gradient(loss, w)
del tape
""",
    "a method that subclasses must write": """\
class Defence:
    def forward(self, x):
        raise NotImplementedError

    def gradient(self, x):
        with tf.GradientTape() as tape:
            x = tf.convert_to_tensor(x, dtype=tf.float32)
            tape.watch(x)
            y = self.forward(x)[0]
        return tape.gradient(y, x)
""",
    "a closure that watches for a tape of the function around it": """\
def explain(model, layer, x):
    def watch_layer(layer, tape):
        def decorator(call):
            def wrapper(*args, **kwargs):
                layer.result = call(*args, **kwargs)
                tape.watch(layer.result)
                return layer.result
            return wrapper
        layer.call = decorator(layer.call)

    with tf.GradientTape() as tape:
        watch_layer(layer, tape)
        y = model(x)
    return tape.gradient(y, layer.result)
""",
    "more layers in a list than can be told apart": """\
class Net(keras.Model):
    def __init__(self, depth):
        super().__init__()
        self.blocks = []
        for scale in range(depth):
            self.blocks.append(keras.layers.Conv2D(8 << scale, 3))
            self.blocks.append(keras.layers.Conv2D(16 << scale, 3))
            self.blocks.append(keras.layers.AveragePooling2D())
        self.blocks.append(keras.layers.Conv2D(10, 1))

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return tf.reduce_mean(x, [1, 2])

def main(images, labels, depth):
    net = Net(depth)
    net(images)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(images) - labels))
    return tape.gradient(loss, net.trainable_variables)
""",
}

BROKEN = {
    "the pass runs after the block, which only sets weights": (
        """\
class Trainer:
    def step(self, x, u, w):
        with tf.GradientTape() as tape:
            self.set_weights(w)
        loss = tf.reduce_mean(tf.square(self.model(x) - u))
        return tape.gradient(loss, self.model.trainable_variables)
""",
        "outside",
    ),
    "the list of variables is read before the first call": (
        """\
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.out = keras.layers.Dense(1)

    def call(self, x):
        return self.out(x)

net = Net()

def step(x):
    variables = net.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(net(x))
    return tape.gradient(loss, variables)

step(tf.ones((2, 3)))
""",
        "no-variables",
    ),
    "a decorator of others hides nothing of the function below it": (
        """\
import settings

@settings.configurable
def train(steps):
    w = tf.Variable(1.0)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = 2.0 * tf.constant(np.square(w))
        gradient = tape.gradient(loss, w)
""",
        "numpy",
    ),
    "a tf.Variable that Keras does not count": (
        """\
from solvers import odeint

class Field(keras.Model):
    def __init__(self):
        super().__init__()
        self.rates = tf.Variable([1.0, 2.0])

    def call(self, t, y):
        return self.rates * y

field = Field()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(odeint(field, tf.ones((1, 2)), tf.linspace(0.0, 1.0, 3)))
gradients = tape.gradient(loss, field.trainable_variables)
""",
        "untracked",
    ),
}


def kinds(program: str) -> set[str]:
    """The kinds of everything but remarks that is claimed of a program."""
    facts = analyse(HEAD + program)
    assert facts.tapes
    return {claim.kind.value for claim in facts.claims if claim.severity != "info"}


@pytest.mark.parametrize("name", CLEAN)
def test_right_code_is_left_alone(name: str) -> None:
    assert kinds(CLEAN[name]) == set()


@pytest.mark.parametrize("name", BROKEN)
def test_wrong_code_is_named(name: str) -> None:
    program, kind = BROKEN[name]
    assert kinds(program) == {kind}
