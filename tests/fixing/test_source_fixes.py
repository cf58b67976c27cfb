"""Fixes of the sources: what they write, and that TensorFlow then gives the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.flow.causes import (
    Copied,
    NonTrainable,
    NotAccessed,
    NotATensor,
    NotFloating,
    Rebound,
    ReboundByUpdate,
    RefusedWatch,
    Unwatched,
    WatchedLate,
)

from .programs import arrived, claim, fix_of, mended, program, run

if TYPE_CHECKING:
    from gradlint.flow.facts import Cause

CALL = "tape.gradient(y, x)"

CASES = {
    "watch first": (
        "GT102",
        Unwatched(),
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:  # record
            # the forward pass
            y = x * x
        g = tape.gradient(y, x)
        """,
        CALL,
        "x",
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:  # record
            # the forward pass
            tape.watch(x)
            y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "watch behind what makes it": (
        "GT102",
        Unwatched(),
        """
        with tf.GradientTape() as tape:
            x = tf.constant(3.0)  # the input
            y = x * x
        g = tape.gradient(y, x)
        """,
        CALL,
        "x",
        """
        with tf.GradientTape() as tape:
            x = tf.constant(3.0)  # the input
            tape.watch(x)
            y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "watch on one line": (
        "GT102",
        Unwatched(),
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape: y = x * x
        g = tape.gradient(y, x)
        """,
        CALL,
        "x",
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape: tape.watch(x); y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "watch a tape that is entered by name": (
        "GT102",
        Unwatched(),
        """
        x = tf.constant(3.0)
        tape = tf.GradientTape()
        with tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        CALL,
        "x",
        """
        x = tf.constant(3.0)
        tape = tf.GradientTape()
        with tape:
            tape.watch(x)
            y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "watch in the function that asks": (
        "GT102",
        Unwatched(),
        """
        def slope(f, x):
        \twith tf.GradientTape() as t:
        \t\ty = f(x)
        \treturn t.gradient(y, x)
        g = slope(tf.square, tf.constant(3.0))
        """,
        "t.gradient(y, x)",
        "x",
        """
        def slope(f, x):
        \twith tf.GradientTape() as t:
        \t\tt.watch(x)
        \t\ty = f(x)
        \treturn t.gradient(y, x)
        g = slope(tf.square, tf.constant(3.0))
        """,
    ),
    "variable not watched": (
        "GT104",
        NotAccessed(),
        """
        x = tf.Variable(3.0)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        CALL,
        "x",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "non-trainable variable": (
        "GT103",
        NonTrainable(),
        """
        x = tf.Variable(3.0, trainable=False)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        CALL,
        "x",
        """
        x = tf.Variable(3.0, trainable=False)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "integer literal": (
        "GT105",
        NotFloating(),
        """
        x = tf.Variable([1, -2])
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        CALL,
        "x",
        """
        x = tf.Variable([1.0, -2.0])
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "integer dtype": (
        "GT105",
        NotFloating(),
        """
        x = tf.Variable([1, 2], dtype=tf.int32)
        with tf.GradientTape() as tape:
            y = x * 2
        g = tape.gradient(y, x)
        """,
        CALL,
        "x",
        """
        x = tf.Variable([1, 2], dtype=tf.float32)
        with tf.GradientTape() as tape:
            y = x * 2
        g = tape.gradient(y, x)
        """,
    ),
    "a fresh read": (
        "GT108",
        Copied(),
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x.read_value())
        """,
        "tape.gradient(y, x.read_value())",
        "x.read_value()",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "a slice": (
        "GT108",
        Copied(),
        """
        x = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * x)
        g = tape.gradient(y, x[0])
        """,
        "tape.gradient(y, x[0])",
        "x[0]",
        """
        x = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * x)
        g = tape.gradient(y, x)[0]
        """,
    ),
    "a slice with a name": (
        "GT108",
        Copied(),
        """
        x = tf.Variable([[3.0, 4.0]])
        column = x[:, 0:1]
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * x)
        g = tape.gradient(y, column)
        """,
        "tape.gradient(y, column)",
        "column",
        """
        x = tf.Variable([[3.0, 4.0]])
        column = x[:, 0:1]
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * x)
        g = tape.gradient(y, x)[:, 0:1]
        """,
    ),
    "a model as the source": (
        "GT107",
        NotATensor("model"),
        """
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            y = model(tf.ones((2, 3)))
        g = tape.gradient(y, model)
        """,
        "tape.gradient(y, model)",
        "model",
        """
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            y = model(tf.ones((2, 3)))
        g = tape.gradient(y, model.trainable_variables)
        """,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_source(name: str) -> None:
    of, cause, broken, call, source, fixed = CASES[name]
    code = program(broken)
    made = claim(code, cause, call, (call, source))
    assert mended(code, of, made) == program(fixed)
    assert not arrived(run(code))
    assert arrived(run(program(fixed)))


UPDATES = {
    "x = x - 0.1 * g": "x.assign_sub(0.1 * g)",
    "x -= 0.1 * g": "x.assign_sub(0.1 * g)",
    "x = x + g": "x.assign_add(g)",
    "x = g + x": "x.assign_add(g)",
    "x = x * 0.5 - g": "x.assign(x * 0.5 - g)",
    "x = tf.nn.relu(x - g)": "x.assign(tf.nn.relu(x - g))",
    "x *= 1.0 - g": "x.assign(x * (1.0 - g))",
    "x = x.assign_sub(g)": "x.assign_sub(g)",
    "x = tf.Variable(x - g)": "x.assign_sub(g)",
    "x = (x -\n         g)  # descend": "x.assign_sub(g)  # descend",
    "x, z = x - g, z - g": "x.assign_sub(g)\n    z.assign_sub(g)",
    "x = x - g; n = 1": "x.assign_sub(g); n = 1",
}


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize(("of", "cause"), [("GT101", Rebound()), ("GT505", ReboundByUpdate())])
def test_update(of: str, cause: Cause, update: str) -> None:
    text = """
    x, z = tf.Variable(3.0), tf.Variable(1.0)
    for step in range(3):
        with tf.GradientTape() as tape:
            y = x * x * z
        g = tape.gradient(y, x)
        UPDATE
    """
    code = program(text).replace("UPDATE", update)
    fixed = program(text).replace("UPDATE", UPDATES[update])
    statement = update.partition(";")[0].partition("  #")[0]
    made = claim(code, cause, statement, (CALL, "x"))
    assert mended(code, of, made) == fixed
    assert arrived(run(fixed))


@pytest.mark.parametrize(
    "update", ["x = g", "x, z = z - g, x - g", "x, *z = x - g, z", "x: tf.Tensor = x - g", "x = [x - g]"]
)
def test_no_update(update: str) -> None:
    code = program(f"x = z = tf.Variable(3.0)\nwith tf.GradientTape() as tape:\n    y = x * x\ng = {CALL}\n{update}\n")
    assert fix_of(code, "GT101", claim(code, Rebound(), update, (CALL, "x"))) is None


def test_variable_used_up_where_it_is_made() -> None:
    code = program(f"""
    x = tf.Variable(2.0) + 1.0
    with tf.GradientTape() as tape:
        y = x * x
    g = {CALL}
    """)
    made = claim(code, Rebound(expression=True), "x = tf.Variable(2.0) + 1.0", (CALL, "x"))
    fixed = mended(code, "GT101", made)
    assert "    tape.watch(x)\n    y = x * x\n" in fixed
    assert arrived(run(fixed))


def test_several_sources_are_watched_together() -> None:
    code = program("""
    x, z = tf.constant(1.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(tf.constant(0.0))
        y = x * z
    g = tape.gradient(y, [x, z])
    """)
    call = "tape.gradient(y, [x, z])"
    fixed = mended(code, "GT102", claim(code, Unwatched(), call, (call, "x"), (call, "z")))
    assert "    tape.watch(tf.constant(0.0))\n    tape.watch([x, z])\n    y = x * z\n" in fixed
    assert arrived(run(fixed))


@pytest.mark.parametrize(
    "body",
    [
        "with tf.GradientTape() as tape:\n    y = x * x\nx = tf.identity(x)\ng = tape.gradient(y, x)\n",
        "with tf.GradientTape() as tape:\n    y = x * x\ng = tape.gradient(y, x + 0.0)\n",
        "with tf.GradientTape() as tape:\n    for x in [x]:\n        y = x * x\ng = tape.gradient(y, x)\n",
    ],
)
def test_no_watch_of_what_is_not_plain(body: str) -> None:
    code = program("x = tf.constant(3.0)\n" + body)
    call = "tape.gradient(y, x + 0.0)" if "+ 0.0" in body else CALL
    source = "x + 0.0" if "+ 0.0" in body else "x"
    assert fix_of(code, "GT102", claim(code, Unwatched(), call, (call, source))) is None


def test_keras_variables_are_watched_by_their_value() -> None:
    code = program("""
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.build((None, 2))
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        y = model(tf.ones((1, 2)))
    g = tape.gradient(y, model.trainable_variables)
    """)
    call = "tape.gradient(y, model.trainable_variables)"
    made = claim(code, NotAccessed(of_keras=True), call, (call, "model.trainable_variables"))
    fixed = mended(code, "GT104", made)
    assert "    tape.watch([variable.value for variable in model.trainable_variables])\n" in fixed
    assert arrived(run(fixed))


def test_trainable_where_it_cannot_be_watched() -> None:
    code = program("""
    v = tf.Variable(3.0, trainable=False)
    def ask(tape, y):
        return tape.gradient(y, v)
    with tf.GradientTape() as tape:
        y = v * v
    g = ask(tape, y)
    """)
    call = "tape.gradient(y, v)"
    fix = fix_of(code, "GT103", claim(code, NonTrainable(), call, (call, "v")))
    assert fix is not None
    assert fix.applicability == "unsafe"
    assert arrived(run(code.replace("trainable=False", "trainable=True")))


@pytest.mark.parametrize(
    ("use", "applicability"),
    [("y = x * x", "safe"), ("y = tf.square(x) * 2", "safe"), ("y = x * w", "unsafe"), ("y = w * table[x]", None)],
)
def test_float_only_where_the_other_uses_allow(use: str, applicability: str | None) -> None:
    code = program(f"x = tf.constant(3)\nwith tf.GradientTape() as tape:\n    {use}\ng = {CALL}\n")
    fix = fix_of(code, "GT105", claim(code, NotFloating(), CALL, (CALL, "x")))
    assert (fix and fix.applicability) == applicability


@pytest.mark.parametrize("made", ["tf.constant(True)", 'tf.constant("a")', "load()", "tf.constant(0x10)"])
def test_no_float_of_what_is_none(made: str) -> None:
    code = program(f"x = {made}\nwith tf.GradientTape() as tape:\n    y = x * x\ng = {CALL}\n")
    fix = fix_of(code, "GT105", claim(code, NotFloating(), CALL, (CALL, "x")))
    assert fix is None or "dtype=tf.float32" in fix.edits[0].content


def test_watch_moved_up() -> None:
    code = program(f"""
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
        tape.watch(x)
        y = y * 2.0
    g = {CALL}
    """)
    fixed = mended(code, "GT106", claim(code, WatchedLate(), "tape.watch(x)", (CALL, "x")))
    assert "tape:\n    tape.watch(x)\n    y = x * x\n    y = y * 2.0\n" in fixed
    assert arrived(run(fixed))


def test_watch_after_the_block_moved_in() -> None:
    code = program(f"""
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.watch(x)
    g = {CALL}
    """)
    made = claim(code, WatchedLate(after_block=True), "tape.watch(x)", (CALL, "x"))
    fixed = mended(code, "GT106", made)
    assert "tape:\n    tape.watch(x)\n    y = x * x\ng = " in fixed
    assert arrived(run(fixed))


WATCHES = {
    "tape.watch(w)": ("keras-variable", "tape.watch(w.value)"),
    "tape.watch([w, w])": ("keras-variable", "tape.watch([w.value, w.value])"),
    "tape.watch(model.trainable_variables)": (
        "keras-variable",
        "tape.watch([variable.value for variable in model.trainable_variables])",
    ),
    "tape.watch(x, w)": ("two-arguments", "tape.watch([x, w])"),
}


@pytest.mark.parametrize("written", WATCHES)
def test_refused_watch(written: str) -> None:
    what, fixed = WATCHES[written]
    code = program(f"with tf.GradientTape() as tape:\n    {written}\n")
    made = claim(code, RefusedWatch(what), written)
    assert mended(code, "GT110", made) == code.replace(written, fixed)


def test_watch_before_the_block_moved_in() -> None:
    code = program(f"""
    x = tf.constant(3.0)
    tape = tf.GradientTape()
    tape.watch(x)
    with tape:
        y = x * x
    g = {CALL}
    """)
    fixed = mended(code, "GT110", claim(code, RefusedWatch("not-entered"), "tape.watch(x)"))
    assert "tape = tf.GradientTape()\nwith tape:\n    tape.watch(x)\n    y = x * x\n" in fixed
    assert arrived(run(fixed))


def test_number_made_a_tensor_before_the_tape() -> None:
    code = program(f"x = 3.0\nwith tf.GradientTape() as tape:\n    y = tf.square(x)\ng = {CALL}\n")
    fixed = mended(code, "GT107", claim(code, NotATensor("number"), CALL, (CALL, "x")))
    assert fixed.startswith(HEADER_AND_NUMBER)
    again = mended(fixed, "GT102", claim(fixed, Unwatched(), CALL, (CALL, "x")))
    assert arrived(run(again))


HEADER_AND_NUMBER = "import tensorflow as tf\nx = 3.0\nx = tf.convert_to_tensor(x, dtype=tf.float32)\nwith "
