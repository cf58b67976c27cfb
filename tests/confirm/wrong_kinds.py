"""Claims that name the place where the gradient is really lost, and a cause of another family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.confirm.wrong_rules import wrong

if TYPE_CHECKING:
    from tests.confirm.wrong_rules import Claims

KINDS = frozenset(f"GT{number}" for number in (*range(201, 207), 208, *range(301, 307), 404))
"""The rules whose findings say how a value loses its gradient on the way."""


def program(expression: str, before: str = "x = tf.Variable([1.5, 2.5])", after: str = "") -> str:
    """A program whose gradient is lost in one expression."""
    return (
        f"import math\nimport numpy as np\nimport tensorflow as tf\n{before}\n"
        f"with tf.GradientTape() as tape:\n    h = {expression}\n"
        f"    y = tf.reduce_sum(tf.cast(tf.convert_to_tensor(h), tf.float32) * 2.0)\n{after}g = tape.gradient(y, x)\n"
    )


SCALAR = "x = tf.Variable(1.5)"
PLACES: dict[str, tuple[str, str]] = {
    "tf.numpy_function(lambda v: v * 2.0, [x], tf.float32)": ("GT206", ""),
    "tf.cast(x, tf.int32)": ("GT303", ""),
    "np.sin(x)": ("GT201", ""),
    "tf.argmax(x)": ("GT301", ""),
    "tf.round(x)": ("GT301", ""),
    "tf.stop_gradient(x)": ("GT306", ""),
    "tf.greater(x, 2.0)": ("GT304", ""),
    "float(x)": ("GT202", SCALAR),
    "math.exp(x)": ("GT202", SCALAR),
}
"""Expressions that lose the gradient of a source, and the rule whose findings are right about it."""

WRONG_KINDS: Claims = {
    name: made
    for expression, (right, before) in PLACES.items()
    for name, made in wrong(
        program(expression, before) if before else program(expression),
        expression,
        " ".join(sorted(KINDS - {right} - ({"GT305"} if expression == "tf.greater(x, 2.0)" else set()))),
    ).items()
}

RIGHT_KINDS: Claims = {
    f"{right} at {expression}": (
        program(expression, before) if before else program(expression),
        {"flagged": expression, "code_of_rule": right},
    )
    for expression, (right, before) in PLACES.items()
}
