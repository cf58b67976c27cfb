"""One cause gives one finding, which names what follows from it."""

from __future__ import annotations

import pytest

from gradlint import engine, registry
from gradlint.sources.source import Source

STEP = """\
import tensorflow as tf

w = tf.Variable(5.0)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = (w - 3.0) ** 2
    gradient = tape.gradient(loss, w)
    w = w - 0.1 * gradient
"""
UNUSED = """\
import tensorflow as tf

w, unused = tf.Variable(5.0), tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = (w - 3.0) ** 2
first, second = tape.gradient(loss, [w, unused])
print(tf.square(second))
tf.keras.optimizers.SGD(0.1).apply_gradients([(second, unused)])
"""
TWO = """\
import tensorflow as tf

w, unused = tf.Variable(5.0), tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = tf.square(tf.round(w))
print(0.1 * tape.gradient(loss, w))
with tf.GradientTape() as tape:
    loss = tf.square(w)
print(0.1 * tape.gradient(loss, unused))
"""


def found(code: str, *off: str) -> list[tuple[str, int, list[str]]]:
    rules = [rule for rule in registry.load() if rule.default and rule.code not in off]
    return [
        (one.code, one.location.line, [step.note for step in one.flow if step.note.endswith(")")])
        for one in engine.check(Source("a.py", "python", code, code), rules)
    ]


def test_an_update_that_rebinds_is_told_with_the_gradient_that_it_loses() -> None:
    told = ["binds the name to a Tensor (GT505)", "raises TypeError (GT503)"]
    assert [(code, line, sorted(notes)) for code, line, notes in found(STEP)] == [("GT101", 8, told)]


def test_what_raises_for_a_gradient_is_told_with_what_loses_it() -> None:
    (code, line, notes), *others = found(UNUSED)
    assert (code, line, others) == ("GT307", 6, [])
    assert notes[0] == "raises ValueError (GT503)"


def test_the_message_names_the_line_that_raises() -> None:
    (one,) = engine.check(Source("a.py", "python", UNUSED, UNUSED))
    assert "is None, and line 7 raises ValueError" in one.message


@pytest.mark.parametrize(("off", "alone"), [(("GT307",), "GT503"), (("GT503",), "GT307")])
def test_each_stands_alone_where_the_other_is_off(off: tuple[str, ...], alone: str) -> None:
    assert {code for code, _, _ in found(UNUSED, *off)} == {alone}
    assert [note for _, _, notes in found(UNUSED, *off) for note in notes] == []


def test_each_consequence_goes_with_its_own_cause() -> None:
    assert [(code, notes) for code, _, notes in found(TWO)] == [
        ("GT301", ["raises TypeError (GT503)"]),
        ("GT307", ["raises TypeError (GT503)"]),
    ]
