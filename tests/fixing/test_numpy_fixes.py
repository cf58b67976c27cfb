"""NumPy's functions written with TensorFlow: what is written, and that the value stays and the gradient comes."""

from __future__ import annotations

import pytest

from gradlint.flow.causes import ToNumpy, ToPython

from .programs import arrived, claim, fix_of, mended, run

CALL = "tape.gradient(y, x)"
BLOCK = """import numpy as np
import tensorflow as tf
x = tf.Variable([[0.5, 0.25], [0.125, 0.75]])
with tf.GradientTape() as tape:
    z = {}
    y = tf.reduce_sum(tf.convert_to_tensor(z))
g = tape.gradient(y, x)
"""
OVER_LINES = "(  # all of them\n        x,\n        axis=(0, 1),\n    )"
CALLS = {
    "np.sum" + OVER_LINES: "tf.reduce_sum" + OVER_LINES,
    "np.mean(x)": "tf.reduce_mean(x)",
    "np.mean(x, axis=0)": "tf.reduce_mean(x, axis=0)",
    "np.mean(x, 0)": "tf.reduce_mean(x, 0)",
    "np.sum(x, keepdims=True)": "tf.reduce_sum(x, keepdims=True)",
    "np.sum(a=x)": "tf.reduce_sum(input_tensor=x)",
    "np.clip(x, 0.2, 0.6)": "tf.clip_by_value(x, 0.2, 0.6)",
    "np.clip(x, a_min=0.2, a_max=0.6)": "tf.clip_by_value(x, clip_value_min=0.2, clip_value_max=0.6)",
    "np.log(x)": "tf.math.log(x)",
    "np.power(x, 3.0)": "tf.pow(x, 3.0)",
    "np.ravel(x)": "tf.reshape(x, shape=[-1])",
    "np.ravel((x))": "tf.reshape((x), shape=[-1])",
    "np.dot(x, x)": "tf.tensordot(x, x, axes=1)",
    "np.concatenate([x, x])": "tf.concat([x, x], axis=0)",
    "np.concatenate([x, x], axis=1)": "tf.concat([x, x], axis=1)",
    "np.transpose(x, axes=(1, 0))": "tf.transpose(x, perm=(1, 0))",
    "np.linalg.norm(x, axis=1)": "tf.norm(x, axis=1)",
    "np.std(x)": "tf.math.reduce_std(x)",
    "np.stack([x, x], axis=-1)": "tf.stack([x, x], axis=-1)",
    "np.array(x)": "tf.convert_to_tensor(x)",
    "np.logaddexp(x, x)": "tf.experimental.numpy.logaddexp(x, x)",
}


@pytest.mark.parametrize("written", CALLS)
def test_call(written: str) -> None:
    code, fixed = BLOCK.format(written), BLOCK.format(CALLS[written])
    made = claim(code, ToNumpy(), written, (CALL, "x"))
    assert mended(code, "GT201", made) == fixed
    assert run(code) is None
    assert arrived(run(fixed))
    assert float(run(fixed, "y")) == pytest.approx(float(run(code, "y")), rel=1e-5)


@pytest.mark.parametrize(
    "written",
    [
        "np.mean(x, dtype=np.float64)",
        "np.std(x, ddof=1)",
        "np.sum(x, out=buffer)",
        "np.interp(x, x, x)",
        "np.sum(*x)",
        "np.sum(**k)",
        "np.cumsum(x)",
    ],
)
def test_no_call_that_means_another_thing(written: str) -> None:
    code = BLOCK.format(written)
    assert fix_of(code, "GT201", claim(code, ToNumpy(), written, (CALL, "x"))) is None


@pytest.mark.parametrize("use", ["z.fill(0.0)", "z[0] = 1.0", "n = z.astype(int)"])
def test_none_where_the_array_is_used_as_one(use: str) -> None:
    code = BLOCK.format("np.square(x)") + use + "\n"
    assert fix_of(code, "GT201", claim(code, ToNumpy(), "np.square(x)", (CALL, "x"))) is None


def test_unsafe_where_the_result_goes_to_what_is_unknown() -> None:
    code = BLOCK.format("np.square(x)") + "store(z)\n"
    fix = fix_of(code, "GT201", claim(code, ToNumpy(), "np.square(x)", (CALL, "x")))
    assert fix is not None
    assert fix.applicability == "unsafe"


@pytest.mark.parametrize(
    ("imported", "written", "expected"),
    [
        ("from numpy import mean\nimport tensorflow as tf", "mean(x)", "tf.reduce_mean(x)"),
        ("import numpy\nimport tensorflow as flow", "numpy.linalg.norm(x)", "flow.norm(x)"),
        ("import numpy.linalg as la\nimport tensorflow as tf", "la.norm(x)", "tf.norm(x)"),
        ("import numpy as np\nfrom tensorflow import GradientTape, reduce_mean as m", "np.mean(x)", "m(x)"),
    ],
)
def test_imports(imported: str, written: str, expected: str) -> None:
    code = f"{imported}\ny = {written} * x\n"
    assert mended(code, "GT201", claim(code, ToNumpy(), written)) == code.replace(written, expected)


def test_method_of_an_array() -> None:
    code = BLOCK.format("x.numpy().mean(axis=0)")
    fixed = mended(code, "GT202", claim(code, ToPython(), "x.numpy()", (CALL, "x")))
    assert fixed == BLOCK.format("tf.reduce_mean(x, axis=0)")
    assert arrived(run(fixed))


def test_array_before_a_keras_variable() -> None:
    code = """import numpy as np
import tensorflow as tf
x = tf.keras.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(np.ones(2) * x)
g = tape.gradient(y, x)
"""
    made = claim(code, ToNumpy(how="operator"), "np.ones(2) * x", (CALL, "x"))
    fixed = mended(code, "GT201", made)
    assert fixed == code.replace("* x)", "* x.value)")
    assert run(code) is None
    assert arrived(run(fixed))
