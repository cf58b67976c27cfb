"""Functions of others that the settings speak of: what passes, what does not, and what nothing is said of."""

from __future__ import annotations

import pytest

from gradlint.api import check_source
from gradlint.settings import Settings

PROGRAM = """\
import tensorflow as tf
from mylib import ops

w = tf.Variable(2.0)

with tf.GradientTape() as tape:
    loss = tf.reduce_sum(ops.render(w) ** 2)

gradient = tape.gradient(loss, w)
"""


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        (Settings(), []),
        (Settings(differentiable=("mylib.ops.*",)), []),
        (Settings(opaque=("mylib.ops.*",)), ["GT206"]),
        (Settings(opaque=("otherlib.*",)), []),
        (Settings(differentiable=("mylib.*",), opaque=("mylib.ops.render",)), ["GT206"]),
    ],
)
def test_what_the_settings_say_of_a_function(settings: Settings, codes: list[str]) -> None:
    assert [finding.code for finding in check_source(PROGRAM, path="train.py", settings=settings)] == codes


def test_a_differentiable_function_gives_a_tensor() -> None:
    program = PROGRAM.replace("ops.render(w) ** 2", "tf.cast(ops.render(w), tf.int32)")
    assert [finding.code for finding in check_source(program, settings=Settings(differentiable=("mylib.*",)))] == [
        "GT303"
    ]
