"""Loops that a ``tf.function`` makes operations of: zeros where a gradient is lost in one, None after a dataset's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradlint.flow.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fixtures.observe import Observation

PROGRAM = """
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
v = tf.Variable(3.0)
x = tf.constant([0.5, 0.7])
layer = tf.keras.layers.Dense(2)
layer(tf.ones((1, 2)))
data = tf.data.Dataset.from_tensor_slices(tf.ones((4, 2))).batch(2)

{decorator}
def computed():
{body}

with tf.GradientTape() as tape:
    y = computed()
g = tape.gradient(y, {source})
"""
STEPS = "s = x\nfor _ in tf.range(3):\n    {}\nreturn tf.reduce_sum(s)"
ZERO = {
    "stopped in a turn": (STEPS.format("s = s * v + tf.stop_gradient(w)"), "w"),
    "rounded in a turn": (STEPS.format("s = s * v + tf.round(w * 2.0)"), "w"),
    "a position in a turn": (STEPS.format("s = s * v + tf.cast(tf.argmax(w), tf.float32)"), "w"),
    "a layer's weight": (STEPS.format("s = s * v + tf.stop_gradient(layer(s[None])[0])"), "layer.kernel"),
    "beside what is asked for": ("q = x\n" + STEPS.format("s = s * v\n    q = q + w"), "w"),
    "while": (
        "s = x\ni = tf.constant(0)\nwhile i < 3:\n    s = s * v + tf.round(w)\n    i += 1\nreturn tf.norm(s)",
        "w",
    ),
    "range of a Tensor": (STEPS.replace("tf.range(3)", "range(tf.constant(3))").format("s = s * v + tf.round(w)"), "w"),
    "rows of a Tensor": ("s = x\nfor e in x[:, None]:\n    s = s * v + e * tf.round(w)\nreturn tf.norm(s)", "w"),
    "tf.while_loop": (
        "return tf.norm(tf.while_loop(lambda s: tf.norm(s) < 9.0, lambda s: (s * v + tf.stop_gradient(w),), (x,))[0])",
        "w",
    ),
    "tf.map_fn": ("return tf.norm(tf.map_fn(lambda e: e * v + tf.stop_gradient(w), x[:, None]))", "w"),
    "tf.scan": ("return tf.norm(tf.scan(lambda a, e: a * v + tf.stop_gradient(w) * e, x, initializer=x))", "w"),
}
TOTAL = "t = tf.constant(0.0)\nfor {} in {}:\n    t += tf.reduce_sum(e * v)\nreturn t"
NONE = {
    "used before the loop": ("t = tf.stop_gradient(w)\n" + STEPS.format("s = s * v"), "w"),
    "stopped behind the loop": (
        "s = x\nfor _ in tf.range(3):\n    s = s * w\nreturn v + tf.stop_gradient(s)[0]",
        "w",
    ),
    "a sum over a dataset": (TOTAL.format("e", "data"), "v"),
    "the last of a dataset": (TOTAL.format("e", "data.take(1)").replace("+=", "="), "v"),
    "in a branch of a dataset's loop": (TOTAL.format("e", "data").replace("t +=", "if t < 99.0: t +="), "v"),
    "range of a number": (STEPS.replace("tf.range(3)", "range(3)").format("s = s * v + tf.round(w)"), "w"),
    "what went into a dataset's loop": ("t = v * 1.0\nfor e in data:\n    t += tf.reduce_sum(e)\nreturn t", "v"),
}
THERE = {
    "one branch of a turn": (STEPS.format("if tf.norm(s) > 0.0:\n        s = s * v"), "v"),
    "both ways in a turn": (STEPS.format("s = s * v + tf.stop_gradient(w) * w"), "w"),
    "beside a dataset's loop": ("t = v * 1.0\nfor e in data:\n    q = tf.reduce_sum(e)\nreturn t", "v"),
    "printed in a dataset's loop": ("t = v * 1.0\nfor e in data:\n    tf.print(e)\nreturn t", "v"),
}
EAGER = {
    "a sum over a dataset": NONE["a sum over a dataset"],
    "the last of a dataset": NONE["the last of a dataset"],
    "what went into a dataset's loop": NONE["what went into a dataset's loop"],
}


def program(body: str, source: str, decorator: str = "@tf.function") -> str:
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    return PROGRAM.format(body=indented, source=source, decorator=decorator)


PROGRAMS = {
    **{f"zero: {name}": program(*parts) for name, parts in ZERO.items()},
    **{f"none: {name}": program(*parts) for name, parts in NONE.items()},
    **{f"value: {name}": program(*parts) for name, parts in THERE.items()},
    **{f"value: {name}, eagerly": program(*parts, decorator="") for name, parts in EAGER.items()},
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The programs' texts by their paths, from which AutoGraph reads them."""
    folder = tmp_path_factory.mktemp("programs")
    texts = {str(folder / f"{number}.py"): text for number, text in enumerate(PROGRAMS.values())}
    for path, text in texts.items():
        Path(path).write_text(text)
    return texts


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_said_is_what_tensorflow_gives(
    name: str, written: dict[str, str], observe: Callable[[Mapping[str, str]], dict[str, Observation]]
) -> None:
    expected = name.split(":")[0]
    path = list(written)[list(PROGRAMS).index(name)]
    assert {outcome for call in observe(written)[path].calls for outcome in call.outcomes} == {expected}
    claimed = [lost.outcome for claim in analyse(PROGRAMS[name]).claims for lost in claim.gradients]
    assert claimed == ([] if expected == "value" else [expected])


@pytest.mark.parametrize("name", ZERO)
def test_what_runs_eagerly_after_all_is_left_open(name: str) -> None:
    code = f"{program(*ZERO[name])}\ntf.config.run_functions_eagerly(True)\n"
    assert not analyse(code).claims
