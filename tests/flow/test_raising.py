"""Programs that end before their gradient call: the exception is claimed, and no None that nobody would ever see."""

from __future__ import annotations

import textwrap

import pytest

from gradlint.flow.analysis import analyse
from gradlint.flow.causes import RefusedWatch

HEAD = "import numpy as np\nimport tensorflow as tf\n"

RAISING = {
    "an integer Variable times a float": (
        """
        v = tf.Variable(3)
        with tf.GradientTape() as tape:
            y = v * 2.0
        tape.gradient(y, v)
        """,
        "TypeError",
    ),
    "an integer tensor plus a float": (
        """
        v = tf.Variable(3)
        with tf.GradientTape() as tape:
            y = tf.identity(v) + 0.5
        tape.gradient(y, v)
        """,
        "InvalidArgumentError",
    ),
    "a float tensor times a complex number": (
        """
        v = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = v * complex(v)
            z = tf.stop_gradient(y)
        tape.gradient(z, v)
        """,
        "TypeError",
    ),
    "round of a tensor": (
        """
        v = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = tf.constant(2.0) * round(v * v)
        tape.gradient(y, v)
        """,
        "AttributeError",
    ),
    "round of a Variable": (
        """
        v = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = tf.constant(2.0) * round(v)
        tape.gradient(y, v)
        """,
        "TypeError",
    ),
    "divmod of a tensor": (
        """
        v = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = divmod(v * v, 2.0)[0]
        tape.gradient(y, v)
        """,
        "TypeError",
    ),
    "float of a symbolic tensor": (
        """
        v = tf.Variable(3.0)
        @tf.function(autograph=False)
        def f():
            return tf.identity(float(v * v))
        with tf.GradientTape() as tape:
            y = f()
        tape.gradient(y, v)
        """,
        "TypeError",
    ),
    "tf.constant of a symbolic tensor": (
        """
        v = tf.Variable(3.0)
        @tf.function
        def f():
            return tf.constant(v * v)
        with tf.GradientTape() as tape:
            y = f()
        tape.gradient(y, v)
        """,
        "TypeError",
    ),
    "tf.constant of a list of symbolic tensors": (
        """
        v = tf.Variable(3.0)
        @tf.function
        def f():
            return tf.constant([v * v, 1.0])
        with tf.GradientTape() as tape:
            y = f()
        tape.gradient(y, v)
        """,
        "TypeError",
    ),
    "tf.constant of a Variable while a graph is built": (
        """
        v = tf.Variable(3.0)
        @tf.function
        def f():
            return tf.constant(v)
        with tf.GradientTape() as tape:
            y = f()
        tape.gradient(y, v)
        """,
        "NotImplementedError",
    ),
    "numpy() in a step that fit runs": (
        """
        class M(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.d = tf.keras.layers.Dense(1)
            def call(self, x):
                return self.d(x)
            def train_step(self, data):
                x, y = data
                with tf.GradientTape() as tape:
                    loss = tf.constant(tf.reduce_mean((self(x) - y) ** 2).numpy())
                tape.gradient(loss, self.trainable_variables)
        m = M()
        m.compile("sgd")
        m.fit(tf.ones((2, 2)), tf.ones((2, 1)))
        """,
        "AttributeError",
    ),
}

SOUND = {
    "a Keras variable takes floats and a plus": """
        v = tf.keras.Variable(3.0)
        k = tf.keras.Variable(3, dtype="int32")
        with tf.GradientTape() as tape:
            y = +v * (k * 2.0)
        tape.gradient(y, v)
        """,
    "AutoGraph makes a cast of float": """
        v = tf.Variable(3.0)
        @tf.function
        def f():
            return tf.identity(float(v * v))
        with tf.GradientTape() as tape:
            y = f()
        tape.gradient(y, v)
        """,
    "a list of symbolic tensors is converted": """
        v = tf.Variable(3.0)
        @tf.function
        def f(x):
            return tf.convert_to_tensor([v * x, v])
        with tf.GradientTape() as tape:
            y = f(tf.constant(tf.constant(2.0)))
        tape.gradient(y, v)
        """,
    "NumPy's promotion is on": """
        tf.experimental.numpy.experimental_enable_numpy_behavior()
        v = tf.Variable(3.0)
        n = tf.constant(3)
        with tf.GradientTape() as tape:
            y = v * (n * 2.0)
        tape.gradient(y, v)
        """,
    "both branches of a tf.function are traced": """
        v, w = tf.Variable(3.0), tf.Variable(4.0)
        @tf.function
        def f():
            return v * v if v > 0.0 else w * 2.0
        with tf.GradientTape() as tape:
            y = f()
        tape.gradient(y, [v, w])
        """,
    "the recording is stopped": """
        v = tf.Variable(3.0)
        with tf.GradientTape(persistent=True) as tape:
            y = v * v
            with tape.stop_recording():
                tape.gradient(y, v)
                tape.gradient(y, v)
        """,
    "a square root that is asked for nothing": """
        v = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            y = tf.maximum(tf.sqrt(v), 1.0) + v
        tape.gradient(y, v)
        """,
}


def program(text: str) -> str:
    return HEAD + textwrap.dedent(text)


@pytest.mark.parametrize("name", RAISING)
def test_the_exception_is_claimed(name: str) -> None:
    code, exception = RAISING[name]
    lost = [gradient for claim in analyse(program(code)).claims for gradient in claim.gradients]
    assert {(gradient.outcome, gradient.exception) for gradient in lost} == {("error", exception)}


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_claimed_of_what_arrives(name: str) -> None:
    claims = [claim for claim in analyse(program(SOUND[name])).claims if claim.severity != "info"]
    assert claims == []


@pytest.mark.parametrize(
    ("line", "reason", "exception"),
    [
        ("tape.watch(a, b)", "two-arguments", "TypeError"),
        ("tape.watch(x for x in (a, b))", "generator", "ValueError"),
    ],
)
def test_what_watch_refuses_is_said_once(line: str, reason: str, exception: str) -> None:
    code = f"""
        a, b = tf.constant(2.0), tf.constant(3.0)
        with tf.GradientTape() as tape:
            {line}
            y = a * b
        tape.gradient(y, [a, b])
        """
    (claim,) = analyse(program(code)).claims
    assert isinstance(claim.cause, RefusedWatch)
    assert (claim.cause.what, claim.exception) == (reason, exception)


@pytest.mark.parametrize(("name", "outcome"), [("is_nan", "error"), ("is_finite", "error"), ("round", "none")])
def test_an_operation_without_a_gradient_raises_as_the_very_target(name: str, outcome: str) -> None:
    code = f"""
        v = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = tf.math.{name}(v * v)
        tape.gradient(y, v)
        """
    (claim,) = analyse(program(code)).claims
    assert [gradient.outcome for gradient in claim.gradients] == [outcome]


def test_a_py_function_that_converts_gives_zeros() -> None:
    code = """
        v = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.py_function(lambda t: np.square(t.numpy()), [v], tf.float32))
        tape.gradient(y, v)
        """
    (claim,) = analyse(program(code)).claims
    assert [gradient.outcome for gradient in claim.gradients] == ["zero"]
