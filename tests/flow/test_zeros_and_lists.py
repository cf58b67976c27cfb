"""Where a graph or the program itself provides for a None, and which Keras a program runs on."""

from __future__ import annotations

import textwrap

import pytest

from gradlint.flow.analysis import analyse

HEAD = """\
import numpy as np
import tensorflow as tf
from tensorflow import keras

v = tf.Variable(2.0)
u = tf.Variable(3.0)
x = tf.ones(3)
"""

QUIET = {
    "an array as the argument of a graph, which gets a tensor": """
        @tf.function
        def f(a):
            with tf.GradientTape() as tape:
                tape.watch(a)
                y = a * a
            return tape.gradient(y, a)

        f(np.ones(3))
        """,
    "an array as the argument of a graph within a graph": """
        @tf.function
        def f(a):
            x = a[:, 0]
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = x * x
            return tape.gradient(y, x)

        @tf.function
        def h():
            return f(np.ones((3, 2)))

        h()
        """,
    "tf.map_fn in a graph": """
        @tf.function
        def f(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.map_fn(lambda one: tf.round(one), x)
            return tape.gradient(y, x)
        f(x)
        """,
    "the values that rows and a sparse matrix were made of": """
        values = tf.constant([1.0, 2.0, 3.0])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(values)
            rows = tf.RaggedTensor.from_row_splits(values, [0, 1, 3])
            nested = tf.RaggedTensor.from_row_lengths(rows, [1, 1])
            matrix = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], values, (2, 2))
            y = tf.reduce_sum(values * 2.0)
        tape.gradient(y, rows.values)
        tape.gradient(y, nested.flat_values)
        tape.gradient(y, matrix.values)
        """,
    "one of two results of a function of a graph": """
        @tf.function
        def losses(x):
            return v * x, u * x
        with tf.GradientTape() as tape:
            a, b = losses(tf.constant(3.0))
        tape.gradient(a, [v, u])
        """,
    "one entry of a dictionary that a method of a graph gives": """
        class Model(tf.Module):
            def __init__(self):
                self.a = tf.Variable(1.0)
                self.b = tf.Variable(1.0)
            @tf.function
            def __call__(self, x):
                return {"y": self.a * x, "aux": self.b * x}
        model = Model()
        with tf.GradientTape() as tape:
            y = model(2.0)["y"]
        tape.gradient(y, [model.a, model.b])
        """,
    "the values of a sparse matrix that a function gives, read after the block": """
        def filled(sp):
            return tf.sparse.fill_empty_rows(sp, -1.0)
        sp = tf.sparse.from_dense([[1.0, 0.0], [0.0, 2.0]])
        with tf.GradientTape() as tape:
            tape.watch(sp.values)
            rows, where = filled(sp)
        tape.gradient(rows.values, sp.values)
        """,
    "a list of which the program leaves out each None": """
        with tf.GradientTape() as tape:
            y = v * v
        gradients = tape.gradient(y, [v, u])
        pairs = [(g, w) for g, w in zip(gradients, [v, u]) if g is not None]
        """,
    "a list of which the program replaces each None": """
        with tf.GradientTape() as tape:
            y = v * v
        gradients = [tf.zeros(()) if g is None else g for g in tape.gradient(y, [v, u])]
        """,
    "one gradient that the program replaces if it is None": """
        with tf.GradientTape() as tape:
            y = v * 3.0
        g = tape.gradient(y, u)
        g = tf.zeros_like(u) if g is None else g
        """,
    "one gradient, a statement for None": """
        def gradient(tape, y, given):
            g = tape.gradient(y, given)
            if g is None:
                g = tf.zeros_like(given)
            return g
        with tf.GradientTape() as tape:
            y = v * 3.0
        gradient(tape, y, u)
        """,
    "zeros for the derivative of what is linear": """
        with tf.GradientTape() as second:
            with tf.GradientTape() as first:
                y = v * u
            g = first.gradient(y, u)
        second.gradient(g, u, unconnected_gradients="zero")
        """,
    "zeros for the second derivative of what may be linear": """
        with tf.GradientTape() as second:
            with tf.GradientTape() as first:
                y = v * u
            g = first.gradient(y, u)
        h = second.gradient(g, u)
        h = tf.zeros_like(u) if h is None else h
        """,
    "outputs of two layers by name": """
        net = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()])
        both = keras.Model(net.inputs, [net.layers[-2].output, net.layers[-1].output])
        with tf.GradientTape() as tape:
            inner, last = both(np.ones((1, 8, 8, 3)))
            top = last[:, 0]
        tape.gradient(top, inner)
        """,
    "outputs of two layers by name, the last one first": """
        net = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()])
        both = keras.Model(net.inputs, [net.layers[-1].output, net.layers[-2].output])
        with tf.GradientTape() as tape:
            last, inner = both(np.ones((1, 8, 8, 3)))
            top = last[:, 0]
        tape.gradient(top, inner)
        """,
    "a dropout whose rate may be zero": """
        def step(rate=0.0):
            model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dropout(rate)])
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(model(tf.ones((1, 2))))
            return tape.gradient(loss, model.variables)
        step()
        """,
    "a dropout whose rate stands in a file": """
        from elsewhere import config
        model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dropout(config.rate)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(tf.ones((1, 2))))
        tape.gradient(loss, model.variables)
        """,
    "a compiled loss that uses a symbol of the model": """
        given = keras.Input((3,))
        hidden = keras.layers.Dense(2)(given)
        model = keras.Model(given, hidden)
        def loss(y, predicted):
            return keras.ops.mean((y - predicted) ** 2) - keras.ops.mean(keras.ops.square(hidden))
        model.compile("sgd", loss)
        model.fit(np.ones((2, 3)), np.ones((2, 2)))
        """,
    "NumPy beside the value of a Keras variable": """
        k = keras.Variable(2.0)
        with tf.GradientTape() as tape:
            tape.watch(k.value)
            y = np.float32(2.0) * k.value
        tape.gradient(y, k.value)
        """,
    "Keras 2 from within TensorFlow": """
        from tensorflow.python.keras.layers import Layer
        class Scale(Layer):
            def __init__(self):
                super().__init__()
                self.w = tf.Variable(1.0)
            def call(self, x):
                return self.w * x
        scale = Scale()
        with tf.GradientTape() as tape:
            y = scale(tf.constant(1.0))
        tape.gradient(y, scale.trainable_variables)
        """,
    "a model that gives a name of Keras's own to something else, which raises": """
        class Scale(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.w = tf.Variable(1.0)
            def call(self, x):
                return self.w * x
        class Model(keras.Model):
            def __init__(self):
                super().__init__()
                self.layers = []
                self.layers.append(Scale())
            def call(self, x):
                return self.layers[0](x)
        model = Model()
        with tf.GradientTape() as tape:
            y = model(tf.constant(1.0))
        tape.gradient(y, model.trainable_variables)
        """,
    "an optimizer that Keras 3 does not make": """
        critic = keras.Sequential([keras.layers.Dense(1)])
        critic.compile(loss="mse", optimizer=keras.optimizers.RMSprop(lr=0.1))
        critic.trainable = False
        critic.train_on_batch(np.ones((2, 2)), np.ones((2, 1)))
        """,
    "fit of a layer without weights": """
        model = keras.Sequential([keras.Input((2,)), keras.layers.ReLU()])
        model.compile(loss="mse", optimizer="sgd")
        model.fit(np.ones((2, 2)), np.ones((2, 2)))
        """,
    "a program that has to make TensorFlow 1 eager": """
        tf.enable_eager_execution()
        model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dropout(0.5)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(tf.ones((1, 2))))
        tape.gradient(loss, model.variables)
        """,
    "an optimizer of Keras 2 that is asked for by the environment": """
        import os
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
        optimizer = tf.keras.optimizers.SGD(0.1)
        optimizer.minimize(lambda: v * v, [v])
        optimizer.minimize(lambda: v * v, lambda: [v])
        """,
}

FOUND = {
    "a result of a graph that another one was made from": (
        """
        @tf.function
        def f(x):
            b = x * 2.0
            return b, tf.reduce_sum(b * 3.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            b, c = f(x)
        tape.gradient(c, b)
        """,
        "copy",
    ),
    "a loop of Python within a graph": (
        """
        @tf.function
        def f(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.zeros(3)
                for _ in range(2):
                    y = y + tf.round(x)
            return tape.gradient(y, x)
        f(x)
        """,
        "non-differentiable",
    ),
    "a loop of a graph that the target does not come from": (
        """
        @tf.function
        def f(n, x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                count = tf.constant(0.0)
                for _ in tf.range(n):
                    count += 1.0
                y = tf.round(x)
            return tape.gradient(y, x)
        f(tf.constant(2), x)
        """,
        "non-differentiable",
    ),
    "a variable that no turn of a graph's loop uses": (
        """
        @tf.function
        def f(n):
            with tf.GradientTape() as tape:
                y = tf.constant(1.0)
                for _ in tf.range(n):
                    y = y * v
            return tape.gradient(y, [v, u])
        f(tf.constant(2))
        """,
        "unconnected",
    ),
    "two results of a function, neither of which leads to it": (
        """
        @tf.function
        def losses(x):
            return v * x, 2.0 * v * x
        with tf.GradientTape() as tape:
            a, b = losses(tf.constant(3.0))
        tape.gradient(a, [v, u])
        """,
        "unconnected",
    ),
    "the values of rows that another tensor was made of": (
        """
        values = tf.constant([1.0, 2.0, 3.0])
        with tf.GradientTape() as tape:
            tape.watch(values)
            rows = tf.RaggedTensor.from_row_splits(values * 2.0, [0, 1, 3])
            y = tf.reduce_sum(values * 2.0)
        tape.gradient(y, rows.values)
        """,
        "unconnected",
    ),
    "the only result of a function": (
        """
        @tf.function
        def loss(x):
            return tf.round(v * x)
        with tf.GradientTape() as tape:
            a = loss(tf.constant(3.0))
        tape.gradient(a, v)
        """,
        "non-differentiable",
    ),
    "a list of which everything is lost": (
        """
        with tf.GradientTape() as tape:
            y = tf.round(v)
        gradients = tape.gradient(y, [v])
        pairs = [(g, w) for g, w in zip(gradients, [v]) if g is not None]
        """,
        "non-differentiable",
    ),
    "another list than the one that is looked through": (
        """
        with tf.GradientTape() as tape:
            y = v * v
        gradients = tape.gradient(y, [v, u])
        others = [one for one in [1, None] if one is not None]
        """,
        "unconnected",
    ),
    "a gradient of which the program only tells": (
        """
        with tf.GradientTape() as tape:
            y = v * 3.0
        g = tape.gradient(y, u)
        if g is None:
            print("no gradient")
        """,
        "unconnected",
    ),
    "a gradient of which the program makes None": (
        """
        def slope(tape, y, given):
            g = tape.gradient(y, given)
            if g is None:
                return None
            return g * 2.0
        with tf.GradientTape() as tape:
            y = v * 3.0
        slope(tape, y, u)
        """,
        "unconnected",
    ),
    "a gradient that an operation loses, replaced": (
        """
        with tf.GradientTape() as tape:
            y = tf.round(v)
        g = tape.gradient(y, v)
        g = tf.zeros_like(v) if g is None else g
        """,
        "non-differentiable",
    ),
    "another gradient than the one that is replaced": (
        """
        with tf.GradientTape(persistent=True) as tape:
            y = v * v
        g = tape.gradient(y, v)
        h = tape.gradient(y, u)
        g = tf.zeros_like(v) if g is None else g
        """,
        "unconnected",
    ),
    "zeros for what another variable gives": (
        """
        with tf.GradientTape() as tape:
            y = v * v
        tape.gradient(y, u, unconnected_gradients="zero")
        """,
        "silenced",
    ),
    "zeros for all that is asked": (
        """
        with tf.GradientTape() as tape:
            y = tf.round(v)
        tape.gradient(y, v, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        """,
        "silenced",
    ),
    "a dropout that surely draws": (
        """
        model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dropout(0.5)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(tf.ones((1, 2))))
        tape.gradient(loss, model.variables)
        """,
        "non-trainable",
    ),
    "a critic that is frozen after it was compiled": (
        """
        critic = keras.Sequential([keras.layers.Dense(1)])
        critic.compile(loss="mse", optimizer=keras.optimizers.RMSprop(learning_rate=0.1))
        critic.trainable = False
        critic.train_on_batch(np.ones((2, 2)), np.ones((2, 1)))
        """,
        "no-variables",
    ),
    "NumPy beside a Keras variable": (
        """
        k = keras.Variable(2.0)
        with tf.GradientTape() as tape:
            y = np.float32(2.0) * k
        tape.gradient(y, k)
        """,
        "target-not-tensor",
    ),
}

ZEROS = {
    "a loop of a graph, which makes zeros": """
        @tf.function
        def f(n, x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.zeros(3)
                for _ in tf.range(n):
                    y = y + tf.round(x)
            return tape.gradient(y, x)
        f(tf.constant(2), x)
        """,
    "a while of a graph": """
        @tf.function
        def f(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.zeros(3)
                while tf.reduce_sum(y) < 10.0:
                    y = y + tf.stop_gradient(x)
            return tape.gradient(y, x)
        f(x)
        """,
    "a result of a function of a graph that only decides, beside one that does not": """
        @tf.function
        def infer(x):
            soft = tf.nn.softmax(v * x)
            return {"label": tf.one_hot(tf.argmax(soft), 3), "soft": soft}
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(infer(tf.ones(3))["label"])
        tape.gradient(loss, v)
        """,
}


def program(text: str) -> str:
    return HEAD + textwrap.dedent(text)


@pytest.mark.parametrize("name", QUIET)
def test_what_gives_no_none_is_not_claimed(name: str) -> None:
    claims = analyse(program(QUIET[name])).claims
    assert [(claim.kind, claim.span.line) for claim in claims if claim.severity != "info"] == []


@pytest.mark.parametrize("name", ZEROS)
def test_what_gives_zeros_is_said_to_be_zero(name: str) -> None:
    claims = analyse(program(ZEROS[name])).claims
    assert [lost.outcome for claim in claims if claim.severity != "info" for lost in claim.gradients] == ["zero"]


@pytest.mark.parametrize("name", FOUND)
def test_what_is_none_is_still_claimed(name: str) -> None:
    code, kind = FOUND[name]
    assert kind in {claim.kind for claim in analyse(program(code)).claims if claim.severity != "info"}


def test_states_in_one_list_are_one_claim() -> None:
    code = program("""
        model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dropout(0.5), keras.layers.GaussianNoise(0.1)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(tf.ones((1, 2))))
        tape.gradient(loss, model.variables)
        """)
    claims = [claim for claim in analyse(code).claims if claim.severity != "info"]
    assert [claim.kind for claim in claims] == ["non-trainable"]
    assert len(claims[0].gradients) == 2


SEVERAL = """
@tf.function
def f(a):
    b = a * 2.0
    return b, b * 3.0, tf.stack([a, b])

@tf.function
def g(x, y):
    return x * 2.0, y * 3.0

with tf.GradientTape() as tape:
    tape.watch(x)
    r = f(x)
    s = g(r[0], r[1])
print(tape.gradient({target}, {source}))
"""


@pytest.mark.parametrize(
    ("target", "source", "answer"),
    [
        # A function is one operation: no result of it is made from another one.
        ("r[0]", "r[2]", "lost"),
        ("r[1]", "r[2]", "lost"),
        ("r[2]", "r[1]", "lost"),
        ("r[2]", "x", "connected"),
        ("s[0]", "r[0]", "connected"),
        # What another call is given gets zeros from it.
        ("s[0]", "r[1]", "unknown"),
    ],
)
def test_a_result_of_a_function_is_no_source_of_another(target: str, source: str, answer: str) -> None:
    calls = analyse(HEAD + SEVERAL.format(target=target, source=source)).calls
    assert [one.answer for call in calls for one in call.questions] == [answer]
