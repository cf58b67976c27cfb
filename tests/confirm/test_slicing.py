"""The probe's program: what the claim needs and no more."""

from __future__ import annotations

import ast
import textwrap

import pytest

from gradlint.confirm.names import NamedProgram
from gradlint.confirm.places import METHODS
from gradlint.confirm.slicing import Slicer, callers, enclosing


def sliced(text: str, *, whole: bool = False) -> str:
    """The slice for the program's last gradient call, and what leads to it."""
    tree = ast.parse(textwrap.dedent(text))
    program = NamedProgram(tree)
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS
    ]
    call = max(calls, key=lambda node: node.lineno)
    through = callers(program, enclosing(tree, call)) if enclosing(tree, call) else []
    return ast.unparse(Slicer(program, [id(call), *map(id, through)], whole=whole).module())


def dedented(text: str) -> str:
    return ast.unparse(ast.parse(textwrap.dedent(text)))


SLICES = {
    "what is shown, loaded and stored is left out": (
        """
        import tensorflow as tf
        import matplotlib.pyplot as plt
        import pandas as pd
        table = pd.read_csv("data.csv")
        x = tf.Variable(1.0)
        fig, ax = plt.subplots()
        ax.plot(x, table)
        with tf.GradientTape() as tape:
            y = x * x
            print("y", y)
            unused = tf.exp(x)
        g = tape.gradient(y, x)
        print(g)
        plt.show()
        """,
        """
        import tensorflow as tf
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "changes in place stay": (
        """
        import tensorflow as tf
        x = tf.constant(1.0)
        w = tf.Variable(2.0)
        other = tf.Variable(2.0)
        losses = []
        with tf.GradientTape() as tape:
            tape.watch(x)
            w.assign(x * 2.0)
            other.assign(x)
            losses.append(w * x)
            total = tf.add_n(losses)
        g = tape.gradient(total, [x, w])
        """,
        """
        import tensorflow as tf
        x = tf.constant(1.0)
        w = tf.Variable(2.0)
        losses = []
        with tf.GradientTape() as tape:
            tape.watch(x)
            w.assign(x * 2.0)
            losses.append(w * x)
            total = tf.add_n(losses)
        g = tape.gradient(total, [x, w])
        """,
    ),
    "changes under another name stay": (
        """
        import tensorflow as tf
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        first = model.layers[0]
        first.trainable = False
        with tf.GradientTape() as tape:
            y = model(tf.ones((1, 2)))
        g = tape.gradient(y, model.trainable_variables)
        """,
        None,
    ),
    "a loop keeps what its next turn needs": (
        """
        import tensorflow as tf
        x = tf.Variable(1.0)
        history = []
        for step in range(5):
            with tf.GradientTape() as tape:
                y = x * x
            g = tape.gradient(y, x)
            history.append(float(y))
            if step % 2 == 0:
                print(step)
            x = x - 0.1 * g
        """,
        """
        import tensorflow as tf
        x = tf.Variable(1.0)
        for step in range(5):
            with tf.GradientTape() as tape:
                y = x * x
            g = tape.gradient(y, x)
            x = x - 0.1 * g
        """,
    ),
    "what a function reads is there, wherever it is set": (
        """
        import tensorflow as tf
        class Net:
            def step(self, x):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = scale * x
                return tape.gradient(y, x)
        scale = 2.0
        unused = 3.0
        net = Net()
        print(net.step(tf.constant(1.0)))
        """,
        """
        import tensorflow as tf
        class Net:
            def step(self, x):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = scale * x
                return tape.gradient(y, x)
        scale = 2.0
        net = Net()
        print(net.step(tf.constant(1.0)))
        """,
    ),
    "the library's own state stays": (
        """
        import tensorflow as tf
        tf.keras.backend.set_floatx("float64")
        tf.random.set_seed(1)
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        None,
    ),
    "a later definition of the name stands for itself": (
        """
        import tensorflow as tf
        x = open("nowhere").read()
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        """
        import tensorflow as tf
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "a discarded result that changes its object stays": (
        """
        import tensorflow as tf
        x = tf.Variable(1.0)
        array = tf.TensorArray(tf.float32, 1)
        with tf.GradientTape() as tape:
            array.write(0, x)
            y = array.stack()
        g = tape.gradient(y, x)
        """,
        None,
    ),
}


@pytest.mark.parametrize("name", SLICES)
def test_slice(name: str) -> None:
    text, expected = SLICES[name]
    assert sliced(text) == dedented(text if expected is None else expected)


def test_the_whole_program_ends_with_the_call_and_shows_nothing() -> None:
    text = """
    import tensorflow as tf
    x = tf.Variable(1.0)
    z = x.numpy()
    print(z)
    with tf.GradientTape() as tape:
        y = x * x
    g = tape.gradient(y, x)
    after = 1
    """
    shown = text.replace("    print(z)\n", "").replace("    after = 1\n", "")
    assert sliced(text, whole=True) == dedented(shown)


def test_a_function_that_nobody_calls_has_no_callers() -> None:
    tree = ast.parse("def f(x):\n    return x\n\ndef g():\n    return f(1)\n")
    program = NamedProgram(tree)
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    assert callers(program, [function]) == []


def test_keras_calls_a_train_step() -> None:
    tree = ast.parse("class M(keras.Model):\n    def train_step(self, data):\n        pass\nm = M()\nm.fit(1)\n")
    function = tree.body[0]
    assert isinstance(function, ast.ClassDef)
    found = [ast.unparse(place) for place in callers(NamedProgram(tree), [function, function.body[0]])]
    assert "m.fit" in found
