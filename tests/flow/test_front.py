"""Of several breaks the one is named that the others stand behind, and to mend it brings the gradient back."""

from __future__ import annotations

import pytest

from gradlint.flow.analysis import analyse
from tests.fixtures import running
from tests.reports.truth import lines_lost

HEAD = """\
import tensorflow as tf

w = tf.Variable([2.0, 3.0])
"""
PROGRAMS = {
    "integers behind a label of ones": """\
with tf.GradientTape() as tape:
    y = tf.sigmoid(w)
    label = tf.ones_like(y)
    loss = tf.reduce_mean(tf.keras.losses.binary_crossentropy(label, y))
    loss = tf.cast(tf.cast(loss, tf.int32), tf.float32)  # cause: loss = loss * 1.0
tape.gradient(loss, w)
""",
    "a sum behind the block over a stopped baseline": """\
with tf.GradientTape() as tape:
    y = tf.square(w)
    base = tf.stop_gradient(y)
    one = tf.reduce_sum(y - base)
    two = tf.reduce_sum(y)
total = one + two  # cause:     total = one + two
tape.gradient(total, w)
""",
    "a count of what a comparison of a stopped value gave": """\
with tf.GradientTape() as tape:
    y = tf.exp(w)
    kept = tf.stop_gradient(y) * y
    loss = tf.reduce_sum(tf.round(kept))  # cause: loss = tf.reduce_sum(kept)
tape.gradient(loss, w)
""",
}


def line_and_mended(program: str) -> tuple[int, str]:
    """The line of the cause, and the program without it."""
    lines = (HEAD + program).splitlines()
    (at,) = [index for index, line in enumerate(lines) if "# cause:" in line]
    lines[at] = (lines[at][: len(lines[at]) - len(lines[at].lstrip())] or "") + lines[at].partition("# cause:")[2][1:]
    return at + 1, "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_break_in_front_is_named(name: str) -> None:
    line, mended = line_and_mended(PROGRAMS[name])
    claims = analyse(HEAD + PROGRAMS[name]).claims
    assert [claim.span.line for claim in claims if claim.severity == "error"] == [line]
    assert not [claim for claim in analyse(mended).claims if claim.severity == "error"]


def test_tensorflow_gives_the_gradient_back_where_that_one_is_mended() -> None:
    codes = {name: HEAD + program for name, program in PROGRAMS.items()}
    codes |= {f"{name}, mended": line_and_mended(program)[1] for name, program in PROGRAMS.items()}
    seen = running.observe(codes)
    assert [name for name in codes if not lines_lost(seen[name])] == [f"{name}, mended" for name in PROGRAMS]
