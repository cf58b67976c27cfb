"""Terms of a sum that the tape takes for constants, and those that are none, or are meant to be."""

from __future__ import annotations

import textwrap

import pytest

from gradlint.flow.analysis import analyse

HEAD = "import tensorflow as tf\nw = tf.Variable(2.0)\nv = tf.Variable(3.0)\n"
LOST = {
    "computed before the block": """
        near = (w - 3.0) ** 2
        with tf.GradientTape() as tape:
            total = near + (w - 5.0) ** 2
        tape.gradient(total, w)
        """,
    "scaled in the block": """
        decay = tf.nn.l2_loss(w)
        with tf.GradientTape() as tape:
            total = (w - 5.0) ** 2 + 0.1 * decay / 2.0
        tape.gradient(total, [w])
        """,
    "summed over tapes of which the last is asked": """
        total = 0.0
        for x in [1.0, 2.0]:
            with tf.GradientTape() as tape:
                total += (w * x - 1.0) ** 2
        tape.gradient(total, w)
        """,
    "under stop_recording": """
        with tf.GradientTape() as tape:
            with tape.stop_recording():
                decay = w**2
            total = decay + (w - 5.0) ** 2
        tape.gradient(total, w)
        """,
}
SOUND = {
    "each tape has its turn": """
        total = 0.0
        for x in [1.0, 2.0]:
            with tf.GradientTape() as tape:
                loss = (w * x - 1.0) ** 2
                total += loss
            tape.gradient(total, w)
        """,
    "a goal computed before": """
        goal = 0.9 * w + 1.0
        with tf.GradientTape() as tape:
            loss = (w * 2.0 - goal) ** 2
        tape.gradient(loss, w)
        """,
    "an old probability in a ratio": """
        old = tf.math.log(w)
        with tf.GradientTape() as tape:
            loss = tf.exp(tf.math.log(w) - old)
        tape.gradient(loss, w)
        """,
    "cut on purpose": """
        old = tf.stop_gradient(w**2)
        with tf.GradientTape() as tape:
            loss = w**2 + old
        tape.gradient(loss, w)
        """,
    "of another variable": """
        other = v**2
        with tf.GradientTape() as tape:
            loss = w**2 + other
        tape.gradient(loss, w)
        """,
    "one tape over all turns": """
        total = 0.0
        with tf.GradientTape() as tape:
            for x in [1.0, 2.0]:
                total += (w * x - 1.0) ** 2
        tape.gradient(total, w)
        """,
}


def told(code: str) -> list[tuple[str, str]]:
    claims = analyse(HEAD + textwrap.dedent(code)).claims
    return [(claim.kind, lost.outcome) for claim in claims if claim.severity != "info" for lost in claim.gradients]


@pytest.mark.parametrize("name", LOST)
def test_a_term_that_is_a_constant_is_reported(name: str) -> None:
    assert told(LOST[name]) == [("outside", "partial")]


@pytest.mark.parametrize("name", SOUND)
def test_a_term_that_is_none_or_meant_to_be_is_not(name: str) -> None:
    assert told(SOUND[name]) == []


WEIGHED = {
    "an advantage": "loss = -tf.math.log(w) * (v - w).numpy()",
    "as a Python number": "loss = w * float(w - v)",
    "the other way round": "loss = (w * v).numpy() * w**2",
    "a divisor": "loss = w**2 / tf.abs(w).numpy()",
    "made a Tensor again": "loss = w**2 * tf.convert_to_tensor((w * v).numpy())",
}
LEAVING = {
    "a term of its own": ("loss = w**2 + (w * v).numpy()", "python"),
    "a weight and a term": ("held = (w * v).numpy()\n    loss = w**2 * held + held", "python"),
    "a weight of a constant": ("loss = w**2 + (w * v).numpy() * tf.constant(2.0)", "python"),
    "a function of NumPy": ("loss = w * np.log(w)", "numpy"),
}


def in_block(lines: str) -> str:
    return f"import numpy as np\nwith tf.GradientTape() as tape:\n    {lines}\ntape.gradient(loss, w)\n"


@pytest.mark.parametrize("name", WEIGHED)
def test_a_weight_that_the_program_converts_is_held_on_purpose(name: str) -> None:
    assert told(in_block(WEIGHED[name])) == []


@pytest.mark.parametrize("name", LEAVING)
def test_what_leaves_and_is_no_weight_is_reported(name: str) -> None:
    lines, kind = LEAVING[name]
    assert told(in_block(lines)) == [(kind, "partial")]


ASSIGNED = {
    "halved in the block": ("w.assign(w / 2.0)", "loss = w**2"),
    "kept on the unit sphere": ("w.assign(w / tf.norm([w, v]))", "loss = w**2 + v"),
}
KEPT = {
    "assigned after it was used": ("loss = w**2", "w.assign(w / 2.0)"),
    "moved by a number": ("w.assign_sub(0.1)", "loss = w**2"),
    "given what another variable is": ("w.assign(v)", "loss = w**2"),
    "assigned by a layer": ("layer = Bounded()", "loss = layer(3.0)"),
}
LAYER = """
class Bounded(tf.Module):
    def __call__(self, x):
        w.assign(tf.clip_by_value(w, -1.0, 1.0))
        return x * w
"""


def block(lines: tuple[str, ...]) -> str:
    return f"{LAYER}with tf.GradientTape() as tape:\n    " + "\n    ".join(lines) + "\ntape.gradient(loss, w)\n"


@pytest.mark.parametrize("name", ASSIGNED)
def test_a_variable_assigned_from_itself_loses_what_it_was(name: str) -> None:
    assert told(block(ASSIGNED[name])) == [("assigned", "partial")]


@pytest.mark.parametrize("name", KEPT)
def test_other_assignments_lose_nothing_of_it(name: str) -> None:
    assert told(block(KEPT[name])) == []


@pytest.mark.parametrize(
    ("code", "outcomes"),
    [
        ("tf.norm(d(x) - d(x))", ["nan"]),
        ("tf.sqrt(tf.reduce_sum(tf.square(d(x) - d(x))))", ["nan"]),
        ("tf.norm(d(x) - e(x))", []),
        ("tf.norm(drop(d(x)) - drop(d(x)))", []),
        ("tf.norm(d(x) - d(x + 1.0))", []),
    ],
)
def test_the_norm_of_one_computation_less_itself_has_no_slope(code: str, outcomes: list[str]) -> None:
    head = "d, e = tf.keras.layers.Dense(2), tf.keras.layers.Dense(2)\n"
    head += "drop = tf.keras.layers.Dropout(0.5)\nx = tf.ones((3, 2))\n"
    found = told(f"{head}with tf.GradientTape() as tape:\n    y = {code}\ntape.gradient(y, d.trainable_variables)\n")
    assert [outcome for _, outcome in found] == outcomes
