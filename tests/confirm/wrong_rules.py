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
}
"""The place and the outcome are the program's own, and the rule says another thing of them: what is watched is called
unwatched, floats are called integers, a watch that came in time is called late."""

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
}
"""Of several terms on one line another one has the infinite slope."""
