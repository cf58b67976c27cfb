"""False claims that each lean on something true near by: another line, source, kind, exception or term of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.confirm.wrong_rules import Claims


def made(body: str, flagged: str | None = None, rule: str = "GT307", **more: Any) -> tuple[str, dict[str, Any]]:
    """A claim on a program, of which only what follows the imports is written."""
    keywords = {"code_of_rule": rule, **more}
    return (
        f"import math\nimport numpy as np\nimport tensorflow as tf\n{body}\n",
        {**keywords, **({"flagged": flagged} if flagged else {})},
    )


def lost(lines: str, asked: str = "tape.gradient(y, x)", before: str = "x = tf.Variable([1.5, 2.5])") -> str:
    """A program with a block under a tape."""
    block = "".join(f"    {line}\n" for line in lines.splitlines())
    return f"{before}\nwith tf.GradientTape() as tape:\n{block}g = {asked}"


TWO = "a, b = tf.Variable([1.5, 2.5]), tf.Variable([0.5, 3.5])"
BOTH = "tape.gradient(y, [a, b])"

ON_CORRECT: Claims = {
    "a value and its rounded copy for a print": made(
        lost("r = tf.round(x)\nprint(r)\ny = x * 2.0"), "tf.round(x)", "GT301"
    ),
    "a straight-through round": made(
        lost("y = x + tf.stop_gradient(tf.round(x) - x)"), "tf.stop_gradient(tf.round(x) - x)", "GT306"
    ),
    "a mask on a connected value": made(lost("y = tf.where(x > 2.0, x * 3.0, x)"), "x > 2.0", "GT304"),
    "a cast between floats": made(lost("y = tf.cast(x, tf.float64) * 2.0"), "tf.cast(x, tf.float64)", "GT303"),
    "a constant of a Tensor that is the same": made(
        lost("h = x * 2.0\ny = tf.constant(h) * 3.0"), "tf.constant(h)", "GT203"
    ),
    "a py_function of its own input": made(
        lost("y = tf.py_function(tf.square, [x], tf.float32)"), "tf.py_function(tf.square, [x], tf.float32)", "GT206"
    ),
    "a watch that comes before its use": made(
        lost("tape.watch(x)\ny = x * x", before="x = tf.constant([1.5])"), "tape.watch(x)", "GT106"
    ),
    "a constant that is watched": made(
        lost("tape.watch(x)\ny = x * x", before="x = tf.constant([1.5])"), "tf.constant([1.5])", "GT102"
    ),
    "a Variable that is watched though not trainable": made(
        lost("tape.watch(x)\ny = x * x", before="x = tf.Variable([1.5], trainable=False)"),
        "tf.Variable([1.5], trainable=False)",
        "GT103",
    ),
    "a persistent tape that is asked twice": made(
        "x = tf.Variable(1.5)\nwith tf.GradientTape(persistent=True) as tape:\n    y = x * x\n"
        "g = tape.gradient(y, x)\nh = tape.gradient(y, x)",
        None,
        "GT401",
        outcome="error",
        exception="RuntimeError",
        nth=1,
    ),
    "an index that picks a connected value": made(
        lost("y = tf.gather(x, tf.argmax(x)) * 2.0"), "tf.argmax(x)", "GT301"
    ),
    "a branch by the source's value": made(lost("y = x * 2.0 if x[0] > 1.0 else x * 3.0"), "x[0] > 1.0", "GT305"),
    "a recording that was paused for a print": made(
        lost("with tape.stop_recording():\n    z = x * 2.0\ny = x * 3.0"), "x * 2.0", "GT205"
    ),
    "an assignment after its use": made(lost("y = x * x\nx.assign(x * 0.5)"), "x.assign(x * 0.5)", "GT204"),
    "a metric beside the loss": made(
        lost(
            "m.update_state(x)\nmean = m.result()\ny = x * x",
            before="x = tf.Variable([1.5])\nm = tf.keras.metrics.Mean()",
        ),
        "m.result()",
        "GT208",
    ),
    "an array times a Tensor": made(lost("y = np.float32(2.0) * x"), "np.float32(2.0)", "GT201"),
    "a number of the program's, read with float": made(
        lost("y = x * float(c)", before="c = tf.constant(2.0)\nx = tf.Variable(1.5)"), "float(c)", "GT202"
    ),
    "a logarithm that is far from zero": made(
        lost("y = tf.math.log(tf.nn.softmax(x))"), "tf.math.log(tf.nn.softmax(x))", "GT603", outcome="nan"
    ),
    "a second tape's call": made(
        "x = tf.Variable(1.5)\nwith tf.GradientTape() as outer:\n    with tf.GradientTape() as tape:\n"
        "        y = x * x * x\n    g = tape.gradient(y, x)\nh = outer.gradient(g, x)",
        "tape.gradient(y, x)",
        "GT404",
        nth=1,
    ),
}

ON_BROKEN: Claims = {
    "the sum after the block for the round in it": made(
        lost("h = tf.round(x)\ny = tf.reduce_sum(h)"), "tf.reduce_sum(h)", "GT205"
    ),
    "the sum for the round": made(lost("h = tf.round(x)\ny = tf.reduce_sum(h)"), "tf.reduce_sum(h)", "GT301"),
    "the cast back for the cast": made(
        lost("h = tf.cast(x, tf.int32)\ny = tf.cast(h, tf.float32) * 2.0"), "tf.cast(h, tf.float32)", "GT303"
    ),
    "the other source": made(lost("y = tf.round(a) * b", BOTH, TWO), "tf.round(a)", "GT301", source="b"),
    "the whole of what only lacks a part": made(lost("y = x * tf.round(x)"), "tf.round(x)", "GT301"),
    "a part of what is lost whole": made(lost("y = tf.round(x) * 2.0"), "tf.round(x)", "GT301", outcome="partial"),
    "a part of what is zero whole": made(
        lost(
            "y = tf.reduce_sum(tf.py_function(lambda t: t.numpy() ** 2, [x], tf.float32))",
        ),
        "tf.py_function(lambda t: t.numpy() ** 2, [x], tf.float32)",
        "GT206",
        outcome="partial",
    ),
    "zero for None": made(lost("y = tf.round(x) * 2.0"), "tf.round(x)", "GT301", outcome="zero"),
    "None for zero": made(lost("y = tf.sign(x) * 2.0"), "tf.sign(x)", "GT301"),
    "NaN for None": made(lost("y = tf.round(x) * 2.0"), "tf.round(x)", "GT602", outcome="nan"),
    "an error for None": made(
        lost("y = tf.round(x) * 2.0"), "tf.round(x)", "GT302", outcome="error", exception="LookupError"
    ),
    "another error": made(
        lost("y = tf.image.adjust_contrast(x, 2.0)", before="x = tf.Variable(tf.ones([1, 2, 2, 3]))"),
        "tf.image.adjust_contrast(x, 2.0)",
        "GT302",
        outcome="error",
        exception="ValueError",
    ),
    "an error's place on the line before": made(
        lost("h = x * 1.0\ny = tf.image.adjust_contrast(h, 2.0)", before="x = tf.Variable(tf.ones([1, 2, 2, 3]))"),
        "x * 1.0",
        "GT302",
        outcome="error",
        exception="LookupError",
    ),
    "the value read for the copy made": made(
        lost("h = x.numpy()\ny = tf.Variable(h) * 2.0"), "tf.Variable(h)", "GT203"
    ),
    "the copy for the value read": made(
        lost("h = tf.Variable(x * 2.0)\nk = h.numpy()\ny = tf.constant(k) * 2.0"), "h.numpy()", "GT202"
    ),
    "an unwatched constant for the round": made(
        lost("y = tf.round(x) * 2.0", before="x = tf.constant([1.5])"), "tf.round(x)", "GT301"
    ),
    "the round for the unwatched constant that is watched": made(
        lost("tape.watch(x)\ny = tf.round(x) * 2.0", before="x = tf.constant([1.5])"), "tf.constant([1.5])", "GT102"
    ),
    "an unconnected target for one that is stopped": made(lost("y = tf.stop_gradient(x) * 2.0")),
    "an unconnected target for one of another tape": made(
        "x = tf.Variable(1.5)\ny = x * x\nwith tf.GradientTape() as tape:\n    z = x * 2.0\ng = tape.gradient(y, x)"
    ),
    "integers for floats that are unwatched": made(
        lost("y = x * x", before="x = tf.constant([1.5])"), "tf.constant([1.5])", "GT105"
    ),
    "floats unwatched for integers": made(
        lost("tape.watch(x)\ny = x * x", before="x = tf.constant([1, 2])"), "tf.constant([1, 2])", "GT102"
    ),
    "the stop of one source for another's round": made(
        lost("y = tf.stop_gradient(a) * tf.round(b)", BOTH, TWO), "tf.stop_gradient(a)", "GT306", source="b"
    ),
    "a stop in a helper for a cast there": made(
        "def helper(v):\n    w = tf.stop_gradient(v)\n    return tf.cast(w, tf.int32)\n"
        + lost("y = tf.cast(helper(x), tf.float32) * 2.0"),
        "tf.cast(w, tf.int32)",
        "GT303",
    ),
    "a helper's call for another family": made(
        "def helper(v):\n    return tf.round(v)\n" + lost("y = helper(x) * 2.0"), "helper(x)", "GT206"
    ),
    "a helper's call for a stop": made(
        "def helper(v):\n    return tf.round(v)\n" + lost("y = helper(x) * 2.0"), "helper(x)", "GT306"
    ),
    "a helper's call for a copy": made(
        "def helper(v):\n    return tf.stop_gradient(v)\n" + lost("y = helper(x) * 2.0"), "helper(x)", "GT203"
    ),
    "a helper's call for a round": made(
        "def helper(v):\n    return tf.constant(v.numpy() * 2.0)\n" + lost("y = helper(x) * 2.0"), "helper(x)", "GT301"
    ),
    "a round in a function for a stop in it": made(
        "@tf.function\ndef helper(v):\n    w = tf.round(v)\n    return w * 2.0\n" + lost("y = helper(x) * 2.0"),
        "tf.round(v)",
        "GT306",
    ),
    "a numpy_function in a function for a cast": made(
        "@tf.function\ndef helper(v):\n    w = tf.numpy_function(np.square, [v], tf.float32)\n    return w * 2.0\n"
        + lost("y = helper(x) * 2.0"),
        "tf.numpy_function(np.square, [v], tf.float32)",
        "GT301",
    ),
    "a renamed round for a stop": made("halt = tf.round\n" + lost("y = halt(x) * 2.0"), "halt(x)", "GT306"),
    "a renamed stop for a copy": made("copy = tf.stop_gradient\n" + lost("y = copy(x) * 2.0"), "copy(x)", "GT203"),
    "an array's read for a NumPy function": made(lost("h = x.numpy()\ny = tf.constant(h) * 2.0"), "x.numpy()", "GT201"),
    "a NumPy function for a read": made(lost("h = np.exp(x)\ny = tf.constant(h) * 2.0"), "np.exp(x)", "GT202"),
    "a list of a Tensor for a prediction": made(
        lost("h = x.numpy().tolist()\ny = tf.constant(h) * 2.0"), "x.numpy().tolist()", "GT206"
    ),
    "a prediction for a NumPy function": made(
        lost(
            "h = m.predict(x, verbose=0)\ny = tf.constant(h) * 2.0",
            before="x = tf.Variable([[1.5]])\nm = tf.keras.Sequential([tf.keras.layers.Dense(1)])",
        ),
        "m.predict(x, verbose=0)",
        "GT201",
    ),
    "a prediction for a read": made(
        lost(
            "h = m.predict(x, verbose=0)\ny = tf.constant(h) * 2.0",
            before="x = tf.Variable([[1.5]])\nm = tf.keras.Sequential([tf.keras.layers.Dense(1)])",
        ),
        "m.predict(x, verbose=0)",
        "GT202",
    ),
    "a metric for a copy": made(
        lost("y = m(x)", before="x = tf.Variable([1.5])\nm = tf.keras.metrics.Mean()"), "m(x)", "GT203"
    ),
    "a metric for a round": made(
        lost("y = m(x)", before="x = tf.Variable([1.5, 2.25])\nm = tf.keras.metrics.Mean()"), "m(x)", "GT301"
    ),
    "an assignment for a copy": made(
        lost("kept.assign(x * 2.0)\ny = kept * 3.0", before="x, kept = tf.Variable([1.5]), tf.Variable([0.0])"),
        "kept.assign(x * 2.0)",
        "GT203",
    ),
    "an order of a sort for a cast": made(
        lost("h = tf.argsort(x)\ny = tf.cast(h, tf.float32) * 2.0"), "tf.argsort(x)", "GT303"
    ),
}
