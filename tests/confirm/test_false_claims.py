"""Claims that are false, each of a kind that a careless judge would bear out; and the true ones beside them."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING, Any

from tests.confirm.claims import claim, source_of

if TYPE_CHECKING:
    from gradlint.confirm import Confirmer

FALSE: dict[str, tuple[str, dict[str, Any]]] = {
    "a watch behind a partial, and data that is not there": (
        """
        import functools
        import tensorflow as tf
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            look = functools.partial(tape.watch, x)
            look()
            y = x * x
        table = open("table.csv").read()
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.constant(3.0)", "code_of_rule": "GT102"},
    ),
    "a watch by an object that keeps the tape, and data that is not there": (
        """
        import tensorflow as tf
        class Watcher:
            def __init__(self, tape, value):
                self.tape, self.value = tape, value
            def summary(self):
                self.tape.watch(self.value)
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            watcher = Watcher(tape, x)
            watcher.summary()
            y = x * x
        table = open("table.csv").read()
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.constant(3.0)", "code_of_rule": "GT102"},
    ),
    "a watch in a loop over functions, and data that is not there": (
        """
        import functools
        import tensorflow as tf
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            for look in [functools.partial(tape.watch, x)]:
                look()
            y = x * x
        table = open("table.csv").read()
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.constant(3.0)", "code_of_rule": "GT102"},
    ),
    "an early turn's None": (
        """
        import tensorflow as tf
        x, y = tf.Variable(3.0), tf.Variable(1.0)
        for turn in range(3):
            with tf.GradientTape() as tape:
                loss = y * 2.0 if turn == 0 else x * y
            g = tape.gradient(loss, x)
        """,
        {"code_of_rule": "GT307"},
    ),
    "an early turn's None on one persistent tape": (
        """
        import tensorflow as tf
        x, y = tf.Variable(3.0), tf.Variable(1.0)
        with tf.GradientTape(persistent=True) as tape:
            for turn in range(3):
                loss = y * 2.0 if turn == 0 else x * y
                g = tape.gradient(loss, x)
        """,
        {"code_of_rule": "GT307"},
    ),
    "another target's None": (
        """
        import tensorflow as tf
        x, z = tf.Variable(3.0), tf.Variable(1.0)
        with tf.GradientTape(persistent=True) as tape:
            first = tf.stop_gradient(x) + x
            second = z * 2.0
        gradients = [tape.gradient(target, x) for target in (first, second)]
        """,
        {"flagged": "tf.stop_gradient(x)", "code_of_rule": "GT306"},
    ),
    "an exception of the same type, of the program's own gradient": (
        """
        import tensorflow as tf
        @tf.custom_gradient
        def f(x):
            def grad(dy):
                raise LookupError("gradient registry has no entry for: Mine")
            return x * 2.0, grad
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = f(x)
        g = tape.gradient(y, x)
        """,
        {"outcome": "error", "exception": "LookupError", "flagged": "f(x)", "code_of_rule": "GT302"},
    ),
    "an exception of the same type, of another line": (
        """
        import tensorflow as tf
        x = tf.Variable(3.0)
        with tf.GradientTape() as used:
            y = x * x
        used.gradient(y, x)
        def sources():
            used.gradient(y, x)
            return x
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, sources())
        """,
        {"outcome": "error", "exception": "RuntimeError", "source": "sources()", "nth": 2, "code_of_rule": "GT401"},
    ),
    "a None that the program makes of a gradient": (
        """
        import tensorflow as tf
        class Tape(tf.GradientTape):
            def gradient(self, target, sources):
                super().gradient(target, sources)
                return None
        x = tf.Variable(3.0)
        with Tape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        {"nth": 1, "code_of_rule": "GT307"},
    ),
    "a source of the same name": (
        """
        import tensorflow as tf
        x = tf.constant(3.0)
        def step(x):
            with tf.GradientTape() as tape:
                y = x * x
            return tape.gradient(y, x)
        g = step(tf.Variable(2.0))
        """,
        {"flagged": "tf.constant(3.0)", "code_of_rule": "GT102"},
    ),
    "a part that is stopped on purpose, and another one is flagged": (
        """
        import tensorflow as tf
        a, b = tf.Variable(3.0), tf.Variable(2.0)
        with tf.GradientTape() as tape:
            part = b * b
            y = part + tf.stop_gradient(a * a)
        g = tape.gradient(y, [a, b])
        """,
        {"source": "b", "outcome": "partial", "flagged": "b * b", "code_of_rule": "GT306"},
    ),
    "zeros at the program's own input alone": (
        """
        import tensorflow as tf
        x = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        {"outcome": "zero", "code_of_rule": "GT405"},
    ),
    "a NaN of another line": (
        """
        import tensorflow as tf
        x = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            far = tf.exp(x)
            y = tf.sqrt(x) * 0.0 + far
        g = tape.gradient(y, x)
        """,
        {"outcome": "nan", "flagged": "tf.exp(x)", "code_of_rule": "GT602"},
    ),
    "an array of objects beside the way": (
        """
        import numpy as np
        import tensorflow as tf
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            held = np.array([x[0], x[1]], dtype=object)
            y = held[0] * held[1]
        g = tape.gradient(y, x)
        """,
        {"flagged": "np.array([x[0], x[1]], dtype=object)", "code_of_rule": "GT201"},
    ),
    "a data set beside the way": (
        """
        import tensorflow as tf
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            data = tf.data.Dataset.from_tensors(2.0).map(lambda one: one * 2.0)
            y = tf.add_n([one * x for one in data])
        g = tape.gradient(y, x)
        """,
        {"flagged": "data", "code_of_rule": "GT206"},
    ),
    "an update before the block that takes nothing away": (
        """
        import tensorflow as tf
        x, scale = tf.Variable(3.0), 2.0
        scale *= 3.0
        with tf.GradientTape() as tape:
            y = x * scale
        g = tape.gradient(y, x)
        """,
        {"flagged": "scale *= 3.0", "code_of_rule": "GT205"},
    ),
    "a variable that is tracked": (
        """
        import tensorflow as tf
        class Model(tf.Module):
            def __init__(self):
                super().__init__()
                self.gain = tf.Variable(2.0)
        model = Model()
        with tf.GradientTape() as tape:
            y = model.gain * 2.0
        g = tape.gradient(y, model.trainable_variables)
        """,
        {"source": None, "flagged": "tf.Variable(2.0)", "code_of_rule": "GT111"},
    ),
    "a variable that is not tracked and moves nothing": (
        """
        import tensorflow as tf
        class Model(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.count = tf.Variable(2.0)
                self.dense = tf.keras.layers.Dense(1)
        model = Model()
        with tf.GradientTape() as tape:
            y = model.dense(tf.ones([1, 2]))
        g = tape.gradient(y, model.trainable_variables)
        """,
        {"source": None, "flagged": "tf.Variable(2.0)", "code_of_rule": "GT111"},
    ),
    "a variable of somebody else's": (
        """
        import tensorflow as tf
        other = tf.Variable(2.0)
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            y = model(tf.ones([1, 2])) * other
        g = tape.gradient(y, model.trainable_variables)
        """,
        {"source": None, "flagged": "tf.Variable(2.0)", "code_of_rule": "GT111"},
    ),
    "a watch that takes what it is given": (
        """
        import tensorflow as tf
        def refuse(*tensors):
            raise TypeError("watch() takes 2 positional arguments but 3 were given")
        a, b = tf.constant(2.0), tf.constant(3.0)
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            y = a * b
        g = tape.gradient(y, [a, b])
        refuse(a, b)
        """,
        {"source": None, "flagged": "tape.watch([a, b])", "code_of_rule": "GT110"},
    ),
    "an exception that the program catches": (
        """
        import tensorflow as tf
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            try:
                y = tf.linalg.matmul(x, x)
            except tf.errors.InvalidArgumentError:
                y = x * x
        g = tape.gradient(y, x)
        """,
        {
            "outcome": "error",
            "exception": "InvalidArgumentError",
            "flagged": "tf.linalg.matmul(x, x)",
            "code_of_rule": "GT302",
        },
    ),
    "a NaN of another expression on the line": (
        """
        import tensorflow as tf
        a, b = tf.Variable(0.0), tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = tf.sqrt(a) + tf.math.log(b)
        g = tape.gradient(y, [a, b])
        """,
        {"source": "a", "outcome": "nan", "flagged": "tf.math.log(b)", "code_of_rule": "GT602"},
    ),
    "a constant beside the one that is asked for": (
        """
        import tensorflow as tf
        a, b = tf.constant(2.0), tf.constant(3.0)
        with tf.GradientTape() as tape:
            y = a * b
        g = tape.gradient(y, [a, b])
        """,
        {"source": "a", "flagged": "tf.constant(3.0)", "code_of_rule": "GT102"},
    ),
    "a NaN of a line that comes later": (
        """
        import tensorflow as tf
        x = tf.Variable([0.0, 4.0])
        with tf.GradientTape() as tape:
            near = x * 2.0
            y = tf.reduce_sum(tf.sqrt(near))
        g = tape.gradient(y, x)
        """,
        {"outcome": "nan", "flagged": "x * 2.0", "code_of_rule": "GT602"},
    ),
    "a tape that a helper asks": (
        """
        import tensorflow as tf
        ask = tf.GradientTape.gradient
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = ask(tape, y, x)
        """,
        {"source": None, "flagged": "tf.GradientTape()", "code_of_rule": "GT406"},
    ),
    "a persistent tape that is asked twice, under another name": (
        """
        import tensorflow as tf
        x = tf.Variable(3.0)
        with tf.GradientTape(persistent=True) as tape:
            y = x * x
        ask = tape.gradient
        g = ask(y, x), ask(y, x)
        h = tape.gradient
        """,
        {"source": None, "flagged": "tf.GradientTape(persistent=True)", "code_of_rule": "GT403"},
    ),
    "gradients of which those that are None are left out": (
        """
        import tensorflow as tf
        x, z = tf.Variable(3.0), tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, [x, z])
        pairs = [(one, v) for one, v in zip(g, [x, z]) if one is not None]
        tf.keras.optimizers.SGD().apply_gradients(pairs)
        """,
        {
            "source": None,
            "flagged": "tf.keras.optimizers.SGD().apply_gradients(pairs)",
            "code_of_rule": "GT503",
        },
    ),
}
"""Each program with a claim about it that TensorFlow does not bear out."""

TRUE: dict[str, tuple[str, dict[str, Any]]] = {
    "one of several targets of one tape": (
        """
        import tensorflow as tf
        x, z = tf.Variable(3.0), tf.Variable(1.0)
        with tf.GradientTape(persistent=True) as tape:
            first, second = x * x, z * 2.0
        gradients = [tape.gradient(target, x) for target in (first, second)]
        """,
        {"code_of_rule": "GT307"},
    ),
    "a constant beside another one": (
        """
        import tensorflow as tf
        a, b = tf.constant(2.0), tf.constant(3.0)
        with tf.GradientTape() as tape:
            y = a * b
        g = tape.gradient(y, [a, b])
        """,
        {"source": "b", "flagged": "tf.constant(3.0)", "code_of_rule": "GT102"},
    ),
    "a NaN beside another expression on the line": (
        """
        import tensorflow as tf
        a, b = tf.Variable(0.0), tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = tf.sqrt(a) + tf.math.log(b)
        g = tape.gradient(y, [a, b])
        """,
        {"source": "a", "outcome": "nan", "flagged": "tf.sqrt(a)", "code_of_rule": "GT602"},
    ),
    "a module that only shows is not installed": (
        """
        import bokeh.plotting
        import tensorflow as tf
        x = tf.constant(3.0)
        bokeh.plotting.figure(title="x")
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.constant(3.0)", "code_of_rule": "GT102"},
    ),
    "an array of objects on the way": (
        """
        import numpy as np
        import tensorflow as tf
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            held = np.array([x[0] * 1.0, x[1] * 1.0], dtype=object)
            y = tf.reduce_sum(tf.constant(2.0) * held)
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.constant(2.0) * held", "code_of_rule": "GT201"},
    ),
    "an update that makes a Tensor of a weight": (
        """
        import tensorflow as tf
        import keras
        x = start = keras.Variable(3.0)
        x -= 1.0
        with tf.GradientTape() as tape:
            y = x * 2.0
        g = tape.gradient(y, start)
        """,
        {"source": "start", "flagged": "x -= 1.0", "code_of_rule": "GT205"},
    ),
}
"""The nearest programs of which the like is true."""


def verdicts(confirmer: Confirmer, claims: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, str]:
    """The verdicts on the claims, by their names, with their reasons."""
    codes = {name: dedent(code).lstrip() for name, (code, _) in claims.items()}
    work = [(source_of(codes[name]), [claim(codes[name], **keywords)]) for name, (_, keywords) in claims.items()]
    names = list(claims)
    return {names[n]: f"{verdict.status}: {verdict.detail}" for n, _, verdict in confirmer.confirm_all(work)}


def test_none_is_confirmed(confirmer: Confirmer) -> None:
    found = verdicts(confirmer, FALSE)
    assert {name: told for name, told in found.items() if told.startswith("confirmed")} == {}


def test_what_is_true_is_confirmed(confirmer: Confirmer) -> None:
    found = verdicts(confirmer, TRUE)
    assert {name: told for name, told in found.items() if not told.startswith("confirmed")} == {}
