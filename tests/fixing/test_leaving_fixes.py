"""Fixes of values that leave the tape: what they write, and that TensorFlow then gives the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.flow.causes import (
    Assigned,
    CastAway,
    Opaque,
    Outside,
    Rewrapped,
    Stopped,
    TargetNotTensor,
    ToPython,
    Unconnected,
)

from .programs import arrived, claim, fix_of, mended, program, run

if TYPE_CHECKING:
    from gradlint.flow.facts import Cause

CALL = "tape.gradient(y, x)"
BLOCK = """
x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    {}
g = tape.gradient(y, x)
"""


def block(*lines: str) -> str:
    return program(BLOCK.format("\n    ".join(lines)))


CONVERSIONS = {
    "y = tf.square(x.numpy())": ("x.numpy()", "y = tf.square(x)", "safe"),
    "y = x * (x * 2.0).numpy()": ("(x * 2.0).numpy()", "y = x * (x * 2.0)", "safe"),
    "y = tf.square(float(x + 1.0))": ("float(x + 1.0)", "y = tf.square(x + 1.0)", "safe"),
    "y = 2.0 ** float(x + 1.0)": ("float(x + 1.0)", "y = 2.0 ** (x + 1.0)", "unsafe"),
    "y = tf.square(float(x.numpy().item()))": ("float(x.numpy().item())", "y = tf.square(x)", "safe"),
    "y = tf.square(float(x\n        + 1.0))": ("float(x\n        + 1.0)", "y = tf.square(x\n        + 1.0)", "safe"),
    "y = float(x\n        + 1.0) * x": ("float(x\n        + 1.0)", "y = (x\n        + 1.0) * x", "safe"),
    "v = float(x); y = v * x": ("float(x)", "v = x; y = v * x", "safe"),
    "v = float(x); y = f(v) * x": ("float(x)", "v = x; y = f(v) * x", "unsafe"),
    "y = x * tf.keras.backend.get_value(x)": ("tf.keras.backend.get_value(x)", "y = x * x", "safe"),
    "y = x * math.sqrt(x)": ("math.sqrt(x)", "y = x * tf.sqrt(x)", "safe"),
}


@pytest.mark.parametrize("written", CONVERSIONS)
def test_conversion(written: str) -> None:
    at, fixed, applicability = CONVERSIONS[written]
    prelude = "import math\nimport tensorflow as tf\nf = tf.identity\n"
    code = prelude + block(written)
    made = claim(code, ToPython(), at, (CALL, "x"))
    fix = fix_of(code, "GT202", made)
    assert fix is not None
    assert fix.applicability == applicability
    assert mended(code, "GT202", made) == prelude + block(fixed)
    before, after = run(code), run(prelude + block(fixed))
    assert arrived(after)
    assert not arrived(before) or float(before) != float(after)


@pytest.mark.parametrize("at", ["float('1')", "math.log(x, 2.0)", "len(x)", "float(*x)"])
def test_no_conversion(at: str) -> None:
    code = block(f"y = x * {at}")
    fix = fix_of(code, "GT202", claim(code, ToPython(), at, (CALL, "x")))
    assert fix is None or at == "float('1')"


REWRAPPED = {
    "y = tf.square(tf.Variable(x * 2.0))": ("tf.Variable(x * 2.0)", "y = tf.square(x * 2.0)"),
    "y = tf.square(tf.constant(x))": ("tf.constant(x)", "y = tf.square(tf.convert_to_tensor(x))"),
    "y = tf.square(tf.constant(x.numpy()))": ("tf.constant(x.numpy())", "y = tf.square(x)"),
    "y = tf.constant((x * 2.0).numpy()) * x": ("tf.constant((x * 2.0).numpy())", "y = (x * 2.0) * x"),
    "h = tf.Variable(x + 1.0, name='h'); y = h * h": ("tf.Variable(x + 1.0, name='h')", "h = x + 1.0; y = h * h"),
    "y = tf.reduce_sum(tf.constant(x, shape=(1, 1)))": (
        "tf.constant(x, shape=(1, 1))",
        "y = tf.reduce_sum(tf.reshape(x, (1, 1)))",
    ),
}


@pytest.mark.parametrize("written", REWRAPPED)
def test_rewrapped(written: str) -> None:
    at, fixed = REWRAPPED[written]
    code = block(written)
    assert mended(code, "GT203", claim(code, Rewrapped(), at, (CALL, "x"))) == block(fixed)
    assert arrived(run(block(fixed)))


def test_rewrapped_that_is_assigned_is_unsafe() -> None:
    code = block("h = tf.Variable(x + 1.0); h.assign_add(1.0); y = h * h")
    fix = fix_of(code, "GT203", claim(code, Rewrapped(), "tf.Variable(x + 1.0)", (CALL, "x")))
    assert fix is not None
    assert fix.applicability == "unsafe"


OUTSIDE = {
    "a sum behind the block": (
        "y = tf.reduce_sum(z)",
        "safe",
        """
        x = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            z = x * x
        y = tf.reduce_sum(z)  # the loss
        g = tape.gradient(y, x)
        """,
        """
        x = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            z = x * x
            y = tf.reduce_sum(z)  # the loss
        g = tape.gradient(y, x)
        """,
    ),
    "several lines behind the block": (
        "y = z * 2.0",
        "unsafe",
        '''
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            z = x * x

        # scaled
        print("""z is
        squared""")
        if True:
            y = z * 2.0
        g = tape.gradient(y, x)
        ''',
        '''
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            z = x * x

            # scaled
            print("""z is
        squared""")
            if True:
                y = z * 2.0
        g = tape.gradient(y, x)
        ''',
    ),
    "in the call": (
        "tf.reduce_mean(z)",
        "safe",
        """
        x = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            z = x * x
        g = tape.gradient(tf.reduce_mean(z), x)
        """,
        """
        x = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            z = x * x
            target = tf.reduce_mean(z)
        g = tape.gradient(target, x)
        """,
    ),
    "before the block": (
        "z = x * x",
        "unsafe",
        """
        x = tf.Variable(3.0)
        z = x * x  # the forward pass
        n = 2.0

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = z * n
        g = tape.gradient(y, x)
        """,
        """
        x = tf.Variable(3.0)

        with tf.GradientTape() as tape:
            tape.watch(x)
            z = x * x  # the forward pass
            n = 2.0
            y = z * n
        g = tape.gradient(y, x)
        """,
    ),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside(name: str) -> None:
    at, applicability, broken, fixed = OUTSIDE[name]
    code = program(broken)
    call = "tape.gradient(tf.reduce_mean(z), x)" if name == "in the call" else CALL
    made = claim(code, Outside(), at, (call, "x"))
    fix = fix_of(code, "GT205", made)
    assert fix is not None
    assert fix.applicability == applicability
    assert mended(code, "GT205", made) == program(fixed)
    assert run(code) is None
    assert arrived(run(program(fixed)))


@pytest.mark.parametrize(
    "between",
    ["del tape\n", "h = tape.gradient(z, x)\n", "return_ = [0]; z = z * 1.0\n", "def f(z):\n    return z\nz = f(z)\n"],
)
def test_nothing_moved_where_it_could_harm(between: str) -> None:
    code = program("x = tf.Variable(3.0)\nwith tf.GradientTape(persistent=True) as tape:\n    z = x * x\n")
    code += between + "y = z * 2.0\ng = tape.gradient(y, x)\n"
    assert fix_of(code, "GT205", claim(code, Outside(), "y = z * 2.0", (CALL, "x"))) is None


def test_target_kept_a_tensor() -> None:
    code = program(f"x = tf.Variable(3.0)\nwith tf.GradientTape() as tape:\n    y = float(x * x)\ng = {CALL}\n")
    fixed = mended(code, "GT207", claim(code, TargetNotTensor(what="number"), CALL, (CALL, "x")))
    assert fixed == code.replace("float(x * x)", "x * x")
    assert arrived(run(fixed))


def test_model_called() -> None:
    code = program("""
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    x = tf.ones((2, 3))
    with tf.GradientTape() as tape:
        y = tf.constant(model.predict(x, verbose=0)) + tf.zeros(())
    g = tape.gradient(y, model.trainable_variables)
    """)
    call = "tape.gradient(y, model.trainable_variables)"
    at = "model.predict(x, verbose=0)"
    fixed = mended(code, "GT206", claim(code, Opaque(how="model-method"), at, (call, "model.trainable_variables")))
    assert fixed == code.replace(at, "model(x)")
    assert arrived(run(fixed))


ASSIGNED = {
    "state.assign(x * x)\ny = state * 2.0": "new_state = x * x\nstate.assign(new_state)\ny = new_state * 2.0",
    "state.assign_add(x)  # add\ny = state * state": (
        "new_state = state + x  # add\nstate.assign(new_state)\ny = new_state * new_state"
    ),
    "y = state.assign(x * x)": "y = x * x\nstate.assign(y)",
}


@pytest.mark.parametrize("written", ASSIGNED)
def test_assigned(written: str) -> None:
    prelude = "import tensorflow as tf\nstate = tf.Variable(0.0)\n"
    code = prelude + block(*written.split("\n"))
    at = written.partition(")")[0].removeprefix("y = ") + ")"
    fixed = prelude + block(*ASSIGNED[written].split("\n"))
    assert mended(code, "GT204", claim(code, Assigned(), at, (CALL, "x"))) == fixed
    assert run(code) is None
    assert arrived(run(fixed))


@pytest.mark.parametrize("more", ["", "print(s.value())"])
def test_assigned_in_a_loop(more: str) -> None:
    prelude = "import tensorflow as tf\ns = tf.Variable(0.0, trainable=False)\n"
    lines = ["for i in range(3):", "    s.assign_add(x)", "y = s * 2.0"]
    code = prelude + block(*lines) + more
    made = claim(code, Assigned(), "s.assign_add(x)", (CALL, "x"))
    if more:
        assert fix_of(code, "GT204", made) is None
    else:
        assert mended(code, "GT204", made) == code.replace("s.assign_add(x)", "s = s + x")
        assert arrived(run(code.replace("s.assign_add(x)", "s = s + x")))


@pytest.mark.parametrize(
    ("of", "cause", "written", "fixed"),
    [
        ("GT303", CastAway(), "tf.cast(x * 2.0, tf.int32)", "x * 2.0"),
        ("GT306", Stopped(), "tf.stop_gradient(x * 2.0)", "x * 2.0"),
    ],
)
def test_dropped_on_demand(of: str, cause: Cause, written: str, fixed: str) -> None:
    code = block(f"y = tf.cast({written}, tf.float32)")
    made = claim(code, cause, written, (CALL, "x"))
    fix = fix_of(code, of, made)
    assert fix is not None
    assert fix.applicability == "unsafe"
    assert mended(code, of, made) == block(f"y = tf.cast({fixed}, tf.float32)")
    assert arrived(run(block(f"y = tf.cast({fixed}, tf.float32)")))


def test_swapped_arguments() -> None:
    code = block("y = x * x").replace(CALL, "tape.gradient(x, y)")
    made = claim(code, Unconnected(why="swapped"), "tape.gradient(x, y)", ("tape.gradient(x, y)", "y"))
    assert mended(code, "GT307", made) == block("y = x * x")
