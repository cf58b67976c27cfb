"""Fixes of tapes, of what is done with gradients, and of numbers."""

from __future__ import annotations

import pytest

from gradlint.api import check_source
from gradlint.flow.causes import (
    AskedOnce,
    BadCall,
    GradientInside,
    HiddenSlope,
    InfiniteSlope,
    InnerGradient,
    Minimized,
    NotPairs,
    OtherVariables,
    TapeUnusable,
    ToPython,
    Underflow,
)

from .programs import arrived, claim, fix_of, mended, program, run

CALL = "tape.gradient(y, x)"
REUSED = {
    "neighbours with one target": (
        """
        x, w = tf.Variable(3.0), tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * x * w
        a = tape.gradient(y, x)
        g = tape.gradient(y, w)  # second
        print(a)
        """,
        """
        x, w = tf.Variable(3.0), tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * x * w
        a, g = tape.gradient(y, [x, w])
        print(a)
        """,
    ),
    "other targets": (
        """
        x, w = tf.Variable(3.0), tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * x * w
            z = y * y
        a = tape.gradient(z, x)
        g = tape.gradient(y, w)  # second
        """,
        """
        x, w = tf.Variable(3.0), tf.Variable(2.0)
        with tf.GradientTape(persistent=True) as tape:
            y = x * x * w
            z = y * y
        a = tape.gradient(z, x)
        g = tape.gradient(y, w)  # second
        del tape
        """,
    ),
    "an argument is there": (
        """
        x, w = tf.Variable(3.0), tf.Variable(2.0)
        def f(x, w):
            with tf.GradientTape(watch_accessed_variables=True) as tape:
                y = x * x * w
            return tape.gradient(y, x), tape.gradient(y, w)
        g = f(x, w)
        """,
        """
        x, w = tf.Variable(3.0), tf.Variable(2.0)
        def f(x, w):
            with tf.GradientTape(watch_accessed_variables=True, persistent=True) as tape:
                y = x * x * w
            return tape.gradient(y, x), tape.gradient(y, w)
        g = f(x, w)
        """,
    ),
    "persistent is false": (
        """
        x, w = tf.Variable(3.0), tf.Variable(2.0)
        tape = tf.GradientTape(persistent=False)
        with tape:
            y = x * x * w
        for v in [x, w]:
            g = tape.gradient(y, w)
        """,
        """
        x, w = tf.Variable(3.0), tf.Variable(2.0)
        tape = tf.GradientTape(persistent=True)
        with tape:
            y = x * x * w
        for v in [x, w]:
            g = tape.gradient(y, w)
        del tape
        """,
    ),
}


@pytest.mark.parametrize("name", REUSED)
def test_reused(name: str) -> None:
    broken, fixed = (program(one) for one in REUSED[name])
    call = "tape.gradient(y, w)"
    made = claim(broken, TapeUnusable(), call, (call, "w"))
    assert mended(broken, "GT401", made) == fixed
    assert isinstance(run(broken), RuntimeError)
    assert arrived(run(fixed))


def test_inner_gradient_moved_into_the_outer_block() -> None:
    code = program("""
    x = tf.Variable(3.0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x ** 3
    first = inner.gradient(y, x)
    g = outer.gradient(first, x)
    """)
    call = "outer.gradient(first, x)"
    made = claim(code, InnerGradient(), "inner.gradient(y, x)", (call, "x"))
    fixed = mended(code, "GT404", made)
    assert fixed == code.replace("\nfirst = ", "\n    first = ")
    assert run(code) is None
    assert float(run(fixed)) == 18.0


def test_call_moved_out_of_the_persistent_block() -> None:
    code = program("""
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x ** 3
        g = tape.gradient(y, x)
    """)
    assert mended(code, "GT402", claim(code, GradientInside(), CALL, (CALL, "x"))) == code.replace("    g =", "g =")


@pytest.mark.parametrize("target", ["-y", "2.0 * y", "tf.exp(y)"])
def test_what_the_call_computes_stays_in_the_block(target: str) -> None:
    code = program(f"""
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x ** 3
        g = tape.gradient({target}, x)
    """)
    (finding,) = check_source(code)
    assert finding.code == "GT402"
    assert f"compute `{target}` before it" in finding.message
    fixed = mended(code, "GT402", claim(code, GradientInside(), f"tape.gradient({target}, x)"))
    assert fixed == code.replace(
        f"    g = tape.gradient({target}, x)", f"    total = {target}\ng = tape.gradient(total, x)"
    )
    assert float(run(fixed)) == float(run(code))


PERSISTENT = {
    "tf.GradientTape(persistent=True)": "tf.GradientTape()",
    "tf.GradientTape(persistent=True, watch_accessed_variables=False)": (
        "tf.GradientTape(watch_accessed_variables=False)"
    ),
    "tf.GradientTape(watch_accessed_variables=(False), persistent=True)": (
        "tf.GradientTape(watch_accessed_variables=(False))"
    ),
    "tf.GradientTape(persistent=True,)": "tf.GradientTape()",
}


@pytest.mark.parametrize("written", PERSISTENT)
def test_needlessly_persistent(written: str) -> None:
    code = program(f"with {written} as tape:\n    pass\n")
    made = claim(code, AskedOnce(), written)
    assert mended(code, "GT403", made) == code.replace(written, PERSISTENT[written])


BAD_CALLS = {
    "tape.gradients(y, x)": ("unknown-method", "tape.gradient(y, x)"),
    "tape.gradient(y, source=x)": ("unknown-keyword", "tape.gradient(y, sources=x)"),
    "tape.gradient(y, x, w)": ("second-source", "tape.gradient(y, [x, w])"),
}


@pytest.mark.parametrize("written", BAD_CALLS)
def test_bad_call(written: str) -> None:
    how, fixed = BAD_CALLS[written]
    code = program(f"x = w = tf.Variable(3.0)\nwith tf.GradientTape() as tape:\n    y = x * x\ng = {written}\n")
    assert mended(code, "GT407", claim(code, BadCall(how=how), written)) == code.replace(written, fixed)
    assert arrived(run(code.replace(written, fixed)))


TRAINING = """
from tensorflow import keras
model = keras.Sequential([keras.layers.Dense(1)])
model.build((None, 2))
weights, other = model.trainable_variables, model.variables
optimizer = keras.optimizers.SGD()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(tf.ones((3, 2))))
{}
g = weights[0].value
"""
APPLIED = {
    "GT501 swapped": (
        "gradients = tape.gradient(loss, weights)\noptimizer.apply_gradients(zip(weights, gradients))",
        "zip(weights, gradients)",
        "zip(gradients, weights)",
    ),
    "GT501 no-zip": (
        "gradients = tape.gradient(loss, model.trainable_variables)\noptimizer.apply_gradients(gradients)",
        "optimizer.apply_gradients(gradients)",
        "optimizer.apply_gradients(zip(gradients, model.trainable_variables))",
    ),
    "GT502 other": (
        "gradients = tape.gradient(loss, weights)\noptimizer.apply_gradients(zip(gradients, other))",
        "optimizer.apply_gradients(zip(gradients, other))",
        "optimizer.apply_gradients(zip(gradients, weights))",
    ),
    "GT504 keras": (
        "optimizer.minimize(loss, weights)",
        "optimizer.minimize(loss, weights)",
        "gradients = tape.gradient(loss, weights)\noptimizer.apply_gradients(zip(gradients, weights))",
    ),
}
CAUSES = {
    "GT501 swapped": NotPairs(),
    "GT501 no-zip": NotPairs(how="no-zip"),
    "GT502 other": OtherVariables(),
    "GT504 keras": Minimized(),
}


@pytest.mark.parametrize("name", APPLIED)
def test_applied(name: str) -> None:
    of = name.partition(" ")[0]
    written, at, fixed = APPLIED[name]
    code = program(TRAINING.format(written))
    expected = code.replace(at, fixed)
    assert mended(code, of, claim(code, CAUSES[name], at)) == expected
    assert arrived(run(expected))
    if of != "GT502":
        assert isinstance(run(code), Exception)


NUMBERS = {
    "GT601 log": (
        HiddenSlope(),
        "tf.where(x > 0.0, tf.math.log(x), 0.0)",
        "tf.math.log(x)",
        "tf.where(x > 0.0, tf.math.log(tf.where(x > 0.0, x, tf.ones_like(x))), 0.0)",
        "safe",
    ),
    "GT601 division on the other side": (
        HiddenSlope(),
        "tf.where(x == 0.0, 0.0, tf.sin(x) / x)",
        "tf.sin(x) / x",
        "tf.where(x == 0.0, 0.0, tf.sin(x) / tf.where(x == 0.0, tf.ones_like(x), x))",
        "safe",
    ),
    "GT601 power, pointed at whole": (
        HiddenSlope(),
        "tf.where(x > 0.0, x ** 0.5, 0.0)",
        "tf.where(x > 0.0, x ** 0.5, 0.0)",
        "tf.where(x > 0.0, tf.where(x > 0.0, x, tf.ones_like(x)) ** 0.5, 0.0)",
        "safe",
    ),
    "GT602 sqrt": (InfiniteSlope(), "tf.sqrt(x)", "tf.sqrt(x)", "tf.sqrt(x + 1e-12)", "unsafe"),
    "GT602 power": (InfiniteSlope(), "x ** 0.5", "x ** 0.5", "(x + 1e-12) ** 0.5", "unsafe"),
    "GT602 division": (InfiniteSlope(), "x / x", "x / x", "tf.math.divide_no_nan(x, x)", "unsafe"),
    "GT602 norm": (
        InfiniteSlope(),
        "tf.norm(x, axis=-1)",
        "tf.norm(x, axis=-1)",
        "tf.sqrt(tf.reduce_sum(tf.square(x), axis=-1) + 1e-12)",
        "unsafe",
    ),
    "GT603 softmax": (
        Underflow(),
        "tf.math.log(tf.nn.softmax(1000.0 * x, axis=-1))[1]",
        "tf.math.log(tf.nn.softmax(1000.0 * x, axis=-1))",
        "tf.nn.log_softmax(1000.0 * x, axis=-1)[1]",
        "safe",
    ),
    "GT603 sigmoid": (
        Underflow(),
        "tf.math.log(tf.sigmoid(x - 200.0))",
        "tf.math.log(tf.sigmoid(x - 200.0))",
        "tf.math.log_sigmoid(x - 200.0)",
        "safe",
    ),
    "GT603 one minus sigmoid": (
        Underflow(),
        "tf.math.log(1.0 - tf.sigmoid(x + 200.0))",
        "tf.math.log(1.0 - tf.sigmoid(x + 200.0))",
        "tf.math.log_sigmoid(-(x + 200.0))",
        "safe",
    ),
    "GT603 with an epsilon": (
        Underflow(),
        "tf.math.log(tf.sigmoid(x) + 1e-8)",
        "tf.math.log(tf.sigmoid(x) + 1e-8)",
        "tf.math.log_sigmoid(x)",
        "unsafe",
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name: str) -> None:
    cause, written, at, fixed, applicability = NUMBERS[name]
    of = name.partition(" ")[0]
    code = program(f"x = tf.Variable([2.0, 0.0])\nwith tf.GradientTape() as tape:\n    y = {written}\ng = {CALL}\n")
    made = claim(code, cause, at, (CALL, "x", 0, "nan"), severity="warning")
    fix = fix_of(code, of, made)
    assert fix is not None
    assert fix.applicability == applicability
    assert mended(code, of, made) == code.replace(written, fixed)
    assert arrived(run(code.replace(written, fixed)))
    assert not arrived(run(code)) or "norm" in name or "epsilon" in name


def test_softmax_with_a_name() -> None:
    code = program(f"""
    x = tf.Variable([0.0, 1000.0])
    with tf.GradientTape() as tape:
        p = tf.nn.softmax(x)
        y = tf.math.log(p)[0]
    g = {CALL}
    """)
    at = "tf.math.log(p)"
    fixed = mended(code, "GT603", claim(code, Underflow(), at, (CALL, "x")))
    assert fixed == code.replace(at, "tf.nn.log_softmax(x)")
    assert arrived(run(fixed))


IMPORTS = {
    "import tensorflow as tf": "tf.math.erf",
    "import tensorflow": "tensorflow.math.erf",
    "import tensorflow.compat.v2 as tf2": "tf2.math.erf",
    "from tensorflow import math as tm, GradientTape": "tm.erf",
    "from tensorflow.math import erf as root": "root",
    "from tensorflow import GradientTape": "tf.math.erf",
}


@pytest.mark.parametrize("imported", IMPORTS)
def test_functions_are_spelled_as_the_file_imports_them(imported: str) -> None:
    code = f"{imported}\nimport math\nwith Tape() as tape:\n    y = math.erf(x)\n"
    made = mended(code, "GT202", claim(code, ToPython(), "math.erf(x)"))
    assert f"    y = {IMPORTS[imported]}(x)\n" in made
