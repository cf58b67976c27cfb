"""What each sort of claim is confirmed or refuted by, on real programs run by TensorFlow."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.confirm.claims import claim

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.finding import Confirmation, Finding

    Run = Callable[[str, Finding], Confirmation]

HEAD = "import numpy as np\nimport tensorflow as tf\n"


def program(text: str) -> str:
    return HEAD + textwrap.dedent(text)


LOST = {
    "none": (
        """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_mean(np.square(x))
        g = tape.gradient(y, x)
        """,
        {"outcome": "none", "flagged": "np.square(x)"},
        "the gradient with respect to x is None",
    ),
    "one of a list": (
        """
        a = tf.Variable(1.0)
        x = tf.constant(2.0)
        with tf.GradientTape() as tape:
            y = a * x
        g = tape.gradient(y, [a, x])
        """,
        {"outcome": "none"},
        "the gradient with respect to x is None",
    ),
    "some of a model's variables": (
        """
        model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(3), tf.keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(model.layers[1](tf.ones((1, 3))))
        g = tape.gradient(y, model.trainable_variables)
        """,
        {"outcome": "none", "source": "model.trainable_variables"},
        "2 of 4 gradients with respect to model.trainable_variables are None",
    ),
    "no sources": (
        """
        x = tf.Variable(1.0)
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, model.trainable_variables)
        """,
        {"outcome": "none", "source": "model.trainable_variables"},
        "an empty list",
    ),
    "in a later turn": (
        """
        x = tf.Variable(1.0)
        for step in range(1000):
            with tf.GradientTape() as tape:
                y = x * x
            g = tape.gradient(y, x)
            x = x - 0.1 * g
        """,
        {"outcome": "none", "flagged": "x = x - 0.1 * g"},
        "the gradient with respect to x is None",
    ),
    "in a graph": (
        """
        x = tf.Variable(1.0)

        @tf.function
        def step():
            if tf.reduce_sum(x) > 0.0:
                scale = 1.0
            else:
                scale = 2.0
            with tf.GradientTape() as tape:
                y = tf.stop_gradient(x * scale)
            return tf.zeros(()) if tape.gradient(y, x) is None else tf.ones(())

        step()
        """,
        {"outcome": "none", "flagged": "tf.stop_gradient(x * scale)"},
        "the gradient with respect to x is None",
    ),
    "error at the call": (
        """
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = float(x * x)
        g = tape.gradient(y, x)
        """,
        {"outcome": "error", "exception": "AttributeError", "flagged": "float(x * x)"},
        "AttributeError: 'float' object",
    ),
    "error that is caught": (
        """
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = x * x
        try:
            g = tape.gradient(y, x)
            h = tape.gradient(y, [x])
        except RuntimeError:
            h = None
        """,
        {"outcome": "error", "exception": "RuntimeError", "nth": 1},
        "RuntimeError: A non-persistent GradientTape",
    ),
    "zero": (
        """
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = tf.sign(x)
        g = tape.gradient(y, x)
        """,
        {"outcome": "zero"},
        "the gradient with respect to x is zero",
    ),
    "silenced": (
        """
        x = tf.Variable(1.0)
        w = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = w * w
        g = tape.gradient(y, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        """,
        {"outcome": "zero"},
        "is None, silenced as zero",
    ),
    "none beside a sparse tensor": (
        """
        x = tf.Variable(tf.reshape(tf.range(12.0), [4, 1, 3]))
        with tf.GradientTape() as tape:
            decoded, score = tf.nn.ctc_greedy_decoder(x, [4])
            y = tf.reduce_sum(score * score)
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.nn.ctc_greedy_decoder(x, [4])", "code_of_rule": "GT301"},
        "the gradient with respect to x is None",
    ),
    "nan at the program's input": (
        """
        x = tf.Variable([0.0, 1.0])
        with tf.GradientTape() as tape:
            y = tf.where(x > 0.5, tf.math.log(x), 0.0)
        g = tape.gradient(y, x)
        """,
        {"outcome": "nan", "flagged": "tf.math.log(x)"},
        "at the program's own input the gradient is",
    ),
    "nan at an input to be found": (
        """
        x = tf.Variable([3.0, 1.0])
        with tf.GradientTape() as tape:
            y = tf.norm(x) + tf.where(x > 0.5, 1.0 / x, 0.0)
        g = tape.gradient(y, x)
        """,
        {"outcome": "nan", "flagged": "tf.norm(x)"},
        "at x = 0 the gradient is",
    ),
    "nan where the sides meet": (
        """
        x = tf.Variable(3.0)
        edge = tf.constant(0.25)
        with tf.GradientTape() as tape:
            y = tf.where(tf.greater(x, 0.75), 1.0 / (x - 0.75), x)
        g = tape.gradient(y, x)
        """,
        {"outcome": "nan", "flagged": "1.0 / (x - 0.75)"},
        "at x = 0.75 the gradient is",
    ),
    "nan in a graph": (
        """
        x = tf.Variable([3.0, 1.0])

        @tf.function
        def slope():
            with tf.GradientTape() as tape:
                y = x ** 0.5
            return tape.gradient(y, x)

        slope()
        """,
        {"outcome": "nan", "flagged": "x ** 0.5"},
        "at x = 0 the gradient is",
    ),
    "partial by an array": (
        """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * x) + np.sum(np.sin(x))
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "np.sin(x)"},
        "what goes through the flagged value is missing",
    ),
    "partial by a tensor": (
        """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            h = x * 3.0
            y = tf.reduce_sum(x * tf.stop_gradient(h))
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "tf.stop_gradient(h)"},
        "what goes through the flagged value is missing",
    ),
    "partial in a model": (
        """
        model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            out = model(tf.ones((3, 2)))
            penalty = sum(np.sum(w ** 2) for w in model.get_weights())
            loss = tf.reduce_mean(out) + penalty
        g = tape.gradient(loss, model.trainable_variables)
        """,
        {"outcome": "partial", "source": "model.trainable_variables", "flagged": "model.get_weights()"},
        "what goes through the flagged value is missing",
    ),
}


@pytest.mark.parametrize("name", LOST)
def test_a_true_claim_is_confirmed(name: str, run: Run) -> None:
    text, claimed, detail = LOST[name]
    code = program(text)
    verdict = run(code, claim(code, **{"source": "x", **claimed}))
    assert verdict.status == "confirmed", verdict
    assert detail in verdict.detail
    assert verdict.tensorflow
    assert verdict.seconds is not None


CONNECTED = """
x = tf.Variable([1.0, 2.0])
z = tf.Variable(0.5)
with tf.GradientTape(persistent=True) as tape:
    h = tf.sin(x) * z
    y = tf.reduce_sum(x * x) + tf.reduce_sum(h)
g = tape.gradient(y, x)
"""


@pytest.mark.parametrize("outcome", ["none", "error", "zero"])
def test_a_false_claim_is_refuted(outcome: str, run: Run) -> None:
    code = program(CONNECTED)
    exception = "ValueError" if outcome == "error" else None
    verdict = run(code, claim(code, "x", outcome, flagged="tf.sin(x)", exception=exception))  # type: ignore[arg-type]
    assert verdict.status == "refuted", verdict
    assert "arrived: [" in verdict.detail


def test_a_connected_term_is_not_partial(run: Run) -> None:
    code = program(CONNECTED)
    verdict = run(code, claim(code, "x", "partial", flagged="tf.sin(x)"))
    assert verdict.status == "refuted", verdict


def test_a_constant_term_is_not_partial(run: Run) -> None:
    code = program(CONNECTED.replace("tf.sin(x) * z", "tf.sin(x) * np.cos(1.0)"))
    verdict = run(code, claim(code, "x", "partial", flagged="np.cos(1.0)"))
    assert verdict.status == "inconclusive", verdict


def test_no_input_gives_nan(run: Run) -> None:
    code = program(CONNECTED)
    verdict = run(code, claim(code, "x", "nan", flagged="tf.sin(x)"))
    assert verdict.status == "inconclusive"
    assert "no input was found" in verdict.detail


def test_another_exception_does_not_confirm(run: Run) -> None:
    code = program(LOST["error at the call"][0])
    verdict = run(code, claim(code, "x", "error", exception="LookupError"))
    assert verdict.status == "inconclusive"
    assert "AttributeError" in verdict.detail


def test_a_line_that_did_not_run_refutes_nothing(run: Run) -> None:
    code = program(
        """
        x = tf.Variable(1.0)
        logged = False
        with tf.GradientTape() as tape:
            y = x * x
            if logged:
                y = tf.constant(y.numpy())
        g = tape.gradient(y, x)
        """
    )
    verdict = run(code, claim(code, flagged="y.numpy()"))
    assert verdict.status == "inconclusive"
    assert "not the line that the finding points at" in verdict.detail


EVIDENCE = {
    "GT110": (
        """
        k = tf.keras.Variable(1.0)
        with tf.GradientTape() as tape:
            tape.watch(k)
            y = k * k
        """,
        "tape.watch(k)",
        "ValueError: Passed in object",
    ),
    "GT402": (
        """
        x = tf.Variable(1.0)
        with tf.GradientTape(persistent=True) as tape:
            y = x * x
            g = tape.gradient(y, x)
        """,
        "tape.gradient(y, x)",
        "a persistent tape is asked while it records",
    ),
    "GT403": (
        """
        x = tf.Variable(1.0)
        with tf.GradientTape(persistent=True) as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        "tf.GradientTape(persistent=True)",
        "persistent and was asked for one gradient",
    ),
    "GT406": (
        """
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = x * x
        print(y)
        """,
        "tf.GradientTape()",
        "no gradient was asked",
    ),
    "GT501": (
        """
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, [x])
        tf.keras.optimizers.SGD().apply_gradients(zip([x], g))
        """,
        "zip([x], g)",
        "Error",
    ),
    "GT502": (
        """
        x, w = tf.Variable(1.0), tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * w
        g = tape.gradient(y, [x, w])
        tf.keras.optimizers.SGD().apply_gradients(zip(g, [w, x]))
        """,
        "tf.keras.optimizers.SGD().apply_gradients(zip(g, [w, x]))",
        "2 of 2 gradients are applied to another variable",
    ),
    "GT503": (
        """
        x = tf.Variable(1.0)
        w = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, w)
        w.assign_sub(0.1 * g)
        """,
        "0.1 * g",
        "TypeError: unsupported operand",
    ),
    "GT504": (
        """
        x = tf.Variable(1.0)
        tf.keras.optimizers.SGD().minimize(x * x, [x])
        """,
        "tf.keras.optimizers.SGD().minimize(x * x, [x])",
        "AttributeError",
    ),
    "GT505": (
        """
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        x = x - 0.1 * g
        """,
        "x = x - 0.1 * g",
        "holds a Tensor after it",
    ),
    "GT603": (
        """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = -tf.math.log(tf.sigmoid(x))
        g = tape.gradient(y, x)
        """,
        "tf.math.log(tf.sigmoid(x))",
        "at x = -10000 the gradient is",
    ),
    "GT701": (
        """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        "tape.gradient(y, x)",
        "the target has 2 elements",
    ),
}


@pytest.mark.parametrize("code_of_rule", EVIDENCE)
def test_what_claims_no_gradient_has_evidence_of_its_own(code_of_rule: str, run: Run) -> None:
    text, flagged, detail = EVIDENCE[code_of_rule]
    code = program(text)
    verdict = run(code, claim(code, None, flagged=flagged, code_of_rule=code_of_rule))
    assert verdict.status == "confirmed", verdict
    assert detail in verdict.detail


HARMLESS = {
    "GT402": (
        "x = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = x * x\n    g = tape.gradient(y, x)\n",
        "tape.gradient(y, x)",
    ),
    "GT403": (
        "x = tf.Variable(1.0)\nwith tf.GradientTape(persistent=True) as tape:\n    y = x * x\n"
        "g = tape.gradient(y, x)\nh = tape.gradient(y, x)\n",
        "tf.GradientTape(persistent=True)",
    ),
    "GT406": (
        "x = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = x * x\ng = tape.gradient(y, x)\n",
        "tf.GradientTape()",
    ),
    "GT501": (
        "x = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = x * x\ng = tape.gradient(y, [x])\n"
        "tf.keras.optimizers.SGD().apply_gradients(zip(g, [x]))\n",
        "zip(g, [x])",
    ),
    "GT505": ("x = tf.Variable(1.0)\nx = tf.Variable(x - 1.0)\n", "x = tf.Variable(x - 1.0)"),
    "GT701": (
        "x = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = x * x\ng = tape.gradient(y, x)\n",
        "tape.gradient(y, x)",
    ),
}


@pytest.mark.parametrize("code_of_rule", HARMLESS)
def test_evidence_that_is_not_there_refutes(code_of_rule: str, run: Run) -> None:
    text, flagged = HARMLESS[code_of_rule]
    code = HEAD + text
    verdict = run(code, claim(code, None, flagged=flagged, code_of_rule=code_of_rule))
    assert verdict.status == "refuted", verdict


REASONS = {
    "needs data that does not exist: line 3": "x = tf.Variable(np.loadtxt('measured.csv'))",
    "a module is not installed: a_module_nobody_has (line 3)": (
        "import a_module_nobody_has\nx = tf.Variable(a_module_nobody_has.start)"
    ),
    "refused: the network": (
        "import urllib.request\nx = tf.Variable(len(urllib.request.urlopen('http://127.0.0.1:9/').read()))"
    ),
    "the program raised ZeroDivisionError before the gradient call: line 3": "x = tf.Variable(1 / 0)",
    "the program called sys.exit": "import sys\nx = tf.Variable(sys.exit())",
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_cannot_be_run_says_why(reason: str, run: Run) -> None:
    code = HEAD + REASONS[reason] + "\nwith tf.GradientTape() as tape:\n    y = x * x\ng = tape.gradient(y, x)\n"
    verdict = run(code, claim(code))
    assert verdict.status == "inconclusive"
    assert reason in verdict.detail
