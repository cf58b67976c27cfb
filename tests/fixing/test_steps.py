"""Which fixes are safe, which are a step, and which are not offered and say why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint import checking
from gradlint.nodes.program import LONGEST
from gradlint.rule import TOO_MANY

from .sources import source

if TYPE_CHECKING:
    from gradlint.finding import Finding

HEAD = "import tensorflow as tf\nimport numpy as np\n"


def finding(text: str, code: str) -> Finding:
    found = checking.check(source(HEAD + text, "a.py")).findings
    return next(one for one in found if one.code == code)


def applicability(text: str, code: str) -> str | None:
    fix = finding(text, code).fix
    return None if fix is None else fix.applicability


WATCH = """
x = tf.constant(3.0)
w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = {y}
print(tape.gradient(y, x))
"""


def test_a_fix_behind_which_another_cause_comes_up_is_unsafe() -> None:
    assert applicability(WATCH.format(y="x * x"), "GT102") == "safe"
    assert applicability(WATCH.format(y="tf.round(x) * w"), "GT102") == "unsafe"


def test_a_watch_of_what_the_target_is_not_computed_from_is_withheld() -> None:
    one = finding(WATCH.format(y="w * w"), "GT102")
    assert one.fix is None
    assert one.withheld is not None
    assert "another finding" in one.withheld


CONVERTED = """
def loss(x, r):
    with tf.GradientTape() as tape:
        y = {y}
    return tape.gradient(y, x)

loss(tf.Variable(2.0), 3.0)
"""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("tf.square(x.numpy())", "safe"),
        ("tf.square(x.numpy() * 2.0)", "safe"),
        ("tf.square(float(x) * tf.constant(2.0))", "safe"),
        ("tf.square(float(x) * 0.1)", "unsafe"),
        ("tf.square(x.numpy() * r)", "unsafe"),
        ("tf.square(x.numpy() ** 2.0)", "unsafe"),
    ],
)
def test_a_conversion_is_dropped_safely_where_the_numbers_stay(written: str, expected: str) -> None:
    assert applicability(CONVERTED.format(y=written), "GT202") == expected


UPDATE = """
w = tf.Variable(2.0)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = w * w
    g = tape.gradient(loss, w)
    w = w - 0.1 * g
"""
GIVEN = """
def train(w):
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = w * w
        g = tape.gradient(loss, w)
        w = w - 0.1 * g

train(tf.Variable(2.0))
"""


def test_an_update_of_a_parameter_is_unsafe() -> None:
    assert applicability(UPDATE, "GT101") == "safe"
    assert applicability(GIVEN, "GT101") == "unsafe"


def test_a_tape_is_not_moved_into_one_of_its_name() -> None:
    text = """
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    near = (w - 3.0) ** 2
with tf.GradientTape() as tape:
    total = near + (w - 5.0) ** 2
print(tape.gradient(total, w))
"""
    assert applicability(text, "GT205") is None


STOPPED = """
w, v = tf.Variable(1.0), tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = tf.stop_gradient(w * w) * v
print(tape.gradient(y, {sources}))
"""


def test_a_stop_beside_which_other_sources_get_their_gradient_stays() -> None:
    assert applicability(STOPPED.format(sources="[w]"), "GT306") == "unsafe"
    assert applicability(STOPPED.format(sources="[w, v]"), "GT306") is None


def test_a_long_program_says_why_it_has_no_fixes() -> None:
    text = WATCH.format(y="x * x") + "# filling\n" * (LONGEST // 10)
    one = finding(text, "GT102")
    assert one.fix is None
    assert one.withheld == "fixes are worked out for programs of up to 100,000 characters"


def test_what_is_stored_from_a_function_stays_a_value() -> None:
    text = """
class Best:
    loss = 0.0

best = Best()

@tf.function
def step(w):
    with tf.GradientTape() as tape:
        loss = w * w
    best.loss = loss.numpy()
    return tape.gradient(loss, w)

step(tf.Variable(2.0))
"""
    assert applicability(text, "GT202") is None


def test_too_many_findings_say_so() -> None:
    block = "x{n} = tf.constant(3.0)\nwith tf.GradientTape() as t:\n    y = x{n} * x{n}\nt.gradient(y, x{n})\n"
    text = HEAD + "".join(block.format(n=number) for number in range(700))
    found = [one for one in checking.check(source(text, "a.py")).findings if one.code == "GT102"]
    assert all(one.fix is not None or one.withheld is not None for one in found)
    assert any(one.withheld == TOO_MANY or one.withheld is None for one in found)
