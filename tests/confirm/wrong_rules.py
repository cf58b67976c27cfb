"""Claims that are false though the gradient is lost: a rule that says another thing, or another term of the line."""

from __future__ import annotations

from typing import Any

Claims = dict[str, tuple[str, dict[str, Any]]]


def wrong(code: str, flagged: str, rules: str, **more: Any) -> Claims:
    """Claims of several rules about one place of a program whose gradient is lost elsewhere."""
    keywords = {"flagged": flagged, **more}
    return {
        f"{rule} at {flagged}: {code[24:60]!r}": (code, {**keywords, "code_of_rule": rule}) for rule in rules.split()
    }


ROUNDED = """import tensorflow as tf
x = tf.Variable(1.5)
with tf.GradientTape() as tape:
    y = tf.round(x)
g = tape.gradient(y, x)
"""

WATCHED = """import tensorflow as tf
x = tf.constant(1.5)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.round(x)
g = tape.gradient(y, x)
"""

IN_GRAPH = """import tensorflow as tf
x = tf.constant(1.5)
@tf.function
def step(z):
    with tf.GradientTape() as tape:
        tape.watch(z)
        y = tf.floor(z)
    return tape.gradient(y, z)
step(x)
"""

UNWATCHED = """import tensorflow as tf
a, k, b = tf.Variable(1.5, trainable=False), tf.constant(2.0), tf.Variable(1.5)
with tf.GradientTape() as tape:
    h = a * b
    y = k * h
g = tape.gradient(y, [a, b, k])
"""

FLOORED = """import tensorflow as tf
a, b = tf.Variable(1.5), tf.Variable(2.5)
with tf.GradientTape() as tape:
    h = tf.floor(a)
    y = h * b
g = tape.gradient(y, [a, b])
"""

STOPPED = """import tensorflow as tf
x = tf.Variable(1.5)
with tf.GradientTape() as tape:
    z = tf.stop_gradient(x * x)
    y = z * 3.0
g = tape.gradient(y, x)
"""

USED_UP = """import tensorflow as tf
x = tf.Variable(1.5)
with tf.GradientTape() as tape:
    y = x * x
g = tape.gradient(y, x)
h = tape.gradient(y, x)
"""

MISSHAPEN = """import tensorflow as tf
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(x)
g = tape.gradient(y, x, output_gradients=tf.ones([3, 3]))
"""

ASTRAY = """import tensorflow as tf
x = tf.Variable(1.5)
with tf.GradientTape() as tape:
    y = x * x
g = tape.gradient(y, x)
g.nothing()
"""

HALVES = """import tensorflow as tf
x, z = tf.Variable(3.0), tf.Variable(4.0)
with tf.GradientTape() as tape:
    b = float(x) * z
    y = x * z + b
g = tape.gradient(y, [x, z])
"""

WRONG_RULES: Claims = {
    **wrong(ROUNDED, "tf.Variable(1.5)", "GT101 GT102 GT103 GT105 GT108"),
    **wrong(ROUNDED, "tape.gradient(y, x)", "GT102 GT105 GT107 GT207"),
    **wrong(ROUNDED, "tf.GradientTape()", "GT104"),
    **wrong(WATCHED, "tf.constant(1.5)", "GT101 GT102 GT103 GT105 GT108"),
    **wrong(WATCHED, "tf.GradientTape()", "GT104"),
    **wrong(WATCHED, "tape.watch(x)", "GT106"),
    **wrong(IN_GRAPH, "tape.watch(z)", "GT106", source="z"),
    **wrong(IN_GRAPH, "tape.gradient(y, z)", "GT307", source="z"),
    **wrong(UNWATCHED, "a * b", "GT202 GT301", source="a"),
    **wrong(UNWATCHED, "k * h", "GT301", source="k"),
    **wrong(FLOORED, "tf.floor(a)", "GT201 GT202 GT203 GT208 GT303 GT304 GT306 GT404", source="a"),
    **wrong(STOPPED, "tf.stop_gradient(x * x)", "GT201 GT202 GT208 GT301 GT303 GT304"),
    **wrong(STOPPED, "z * 3.0", "GT201"),
    **wrong(USED_UP, "g = tape.gradient(y, x)", "GT401", outcome="error", exception="RuntimeError"),
    **wrong(USED_UP, "h = tape.gradient(y, x)", "GT107 GT207", outcome="error", exception="RuntimeError", nth=1),
    **wrong(
        MISSHAPEN,
        "tape.gradient(y, x, output_gradients=tf.ones([3, 3]))",
        "GT401",
        outcome="error",
        exception="InvalidArgumentError",
    ),
    **wrong(ASTRAY, "g.nothing()", "GT407", source=None),
    **wrong(HALVES, "x * z", "GT202", outcome="partial"),
}
"""The place and the outcome are the program's own, and the rule says another thing of them: what is watched is called
unwatched, floats are called integers, a watch that came in time is called late, a Tensor an array, a tape that is used
up a target that is none; and of two parts of the same size the one that arrives is called missing."""

TERMS: Claims = {
    f"NaN at {flagged}": (
        """
        import tensorflow as tf
        def root(v):
            return tf.sqrt(v)
        x = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            y = root(x) + tf.exp(x) + tf.sqrt(x) + tf.sqrt(x * x + 1.0)
        g = tape.gradient(y, x)
        """,
        {"outcome": "nan", "flagged": flagged, "code_of_rule": "GT602"},
    )
    for flagged in ("root(x)", "tf.exp(x)", "tf.sqrt(x * x + 1.0)")
} | {
    "a root that is called the logarithm of a softmax": (
        """
        import tensorflow as tf
        x = tf.Variable([0.0, 1.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.sqrt(x))
        g = tape.gradient(y, x)
        """,
        {"outcome": "nan", "flagged": "tf.sqrt(x)", "code_of_rule": "GT603"},
    ),
}
"""Of several terms on one line another one has the infinite slope."""
