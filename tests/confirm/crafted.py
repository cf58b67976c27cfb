"""False claims made by hand: on what a graph's function holds, on training steps, and on slopes that are level."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from tests.confirm.devious import BOTH, TWO, lost, made

if TYPE_CHECKING:
    from tests.confirm.wrong_rules import Claims


def real(body: str, flagged: str, rule: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A claim on a program as it is written in a test."""
    return made(textwrap.dedent(body).strip(), flagged, rule, **more)


def graph(body: str, rule: str) -> tuple[str, dict[str, Any]]:
    """A claim on the call of a function that is run as a graph."""
    function = f"@tf.function\ndef f(v):\n    return {body}\n"
    return made(function + lost("y = f(x) * 2.0", before=SOURCE), "f(x)", rule)


SOURCE = "x = tf.Variable([1.4, 2.3])"
G = "@tf.function\ndef f(v):\n    return {}\n"
SLOPE = """\
def slope(v):
    x = {}
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = {}
    return tape.gradient(y, x)

slope({})
"""
IN_GRAPHS = {
    "tf.round(v) * 1.0": "GT201 GT202 GT203 GT206 GT302 GT303 GT304 GT306 GT208 GT204",
    "tf.stop_gradient(v * 1.3)": "GT201 GT203 GT206 GT301 GT302 GT303 GT304 GT305",
    "tf.numpy_function(lambda a: a, [v], tf.float32)": "GT301 GT302 GT303 GT304 GT306 GT203",
}
"""What a function's graph holds, and rules that speak of something else."""
TRAIN = """
class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.one = tf.keras.layers.Dense(3, activation="tanh")
        self.two = tf.keras.layers.Dense(1)
    def call(self, inputs):
        return self.two(self.one(inputs))
net = Net()
data = tf.constant([[0.5, -0.4], [0.3, 0.9]])
labels = tf.constant([[1.0], [0.0]])
"""
CRAFTED: Claims = {
    **{
        f"{body} of a graph for {rule}": graph(body, rule)
        for body, rules in IN_GRAPHS.items()
        for rule in rules.split()
    },
    "graph traced before stop": made(
        G.format("tf.round(v)") + "f(tf.Variable([0.3, 0.4]))\n" + lost("y = f(x) * 2.0", before=SOURCE),
        "f(x)",
        "GT306",
    ),
    "graph nested": made(
        "@tf.function\ndef g(v):\n    return tf.round(v)\n" + G.format("g(v)") + lost("y = f(x) * 2.0", before=SOURCE),
        "f(x)",
        "GT306",
    ),
    "graph concrete": made(
        G.format("tf.round(v)")
        + "h = f.get_concrete_function(tf.TensorSpec([2]))\n"
        + lost("y = h(x * 1.0) * 2.0", before=SOURCE),
        "h(x * 1.0)",
        "GT306",
    ),
    "graph of a loop": made(
        "@tf.function\ndef f(v):\n    for _ in tf.range(2):\n        v = tf.round(v)\n    return v\n"
        + lost("y = f(x) * 2.0", before=SOURCE),
        "f(x)",
        "GT306",
    ),
    "a jit function": made(
        "@tf.function(jit_compile=True)\ndef f(v):\n    return tf.floor(v)\n" + lost("y = f(x) * 2.0", before=SOURCE),
        "f(x)",
        "GT306",
    ),
    "stop elsewhere in graph for round": made(
        "@tf.function\ndef f(v):\n    a = tf.stop_gradient(v)\n    return tf.round(v) + 0.0 * tf.reduce_sum(a)\n"
        + lost("y = f(x) * 2.0", before=SOURCE),
        "f(x)",
        "GT303",
    ),
    "train step none": real(
        TRAIN
        + """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(data) - labels) ** 2)
g = tape.gradient(loss, net.trainable_variables)
""",
        "net(data)",
        "GT206",
        source="net.trainable_variables",
    ),
    "train step metric": real(
        TRAIN
        + """
m = tf.keras.metrics.MeanSquaredError()
with tf.GradientTape() as tape:
    out = net(data)
    loss = tf.reduce_mean((out - labels) ** 2)
m.update_state(labels, out)
g = tape.gradient(loss, net.trainable_variables)
""",
        "m.update_state(labels, out)",
        "GT208",
        source="net.trainable_variables",
    ),
    "train step a layer of several": real(
        TRAIN
        + """
with tf.GradientTape() as tape:
    hidden = tf.stop_gradient(net.one(data))
    loss = tf.reduce_mean((net.two(hidden) - labels) ** 2)
g = tape.gradient(loss, net.one.trainable_variables + net.two.trainable_variables)
""",
        "net.two(hidden)",
        "GT306",
        source="net.two.trainable_variables",
    ),
    "argmax for metric": real(
        TRAIN
        + """
with tf.GradientTape() as tape:
    out = net(data)
    hits = tf.reduce_mean(tf.cast(tf.argmax(out, 1) == 0, tf.float32))
    loss = tf.reduce_mean((out - labels) ** 2)
g = tape.gradient(loss, net.trainable_variables)
""",
        "tf.argmax(out, 1)",
        "GT301",
        source="net.trainable_variables",
        outcome="partial",
    ),
    "a loss with a logged part": made(
        lost("y = tf.reduce_sum(x ** 2)\nlog = float(y)\nz = y * 1.0", "tape.gradient(z, x)"),
        "float(y)",
        "GT202",
        outcome="partial",
    ),
    "weights scaled by a detached norm": made(
        lost("n = tf.stop_gradient(tf.norm(x))\ny = tf.reduce_sum(x / n)"), "tf.norm(x)", "GT306", outcome="partial"
    ),
    "a constant factor named lost": made(
        lost("k = tf.constant(np.float32(2.0))\ny = k * x"), "tf.constant(np.float32(2.0))", "GT203", outcome="partial"
    ),
    "penalty watched": made(
        lost("y = tf.reduce_sum(x * c)\n", before="x = tf.Variable([1.5, 2.5])\nc = tf.constant([1.0, 2.0])"),
        "tf.constant([1.0, 2.0])",
        "GT102",
    ),
    "second order": made(
        lost("with tf.GradientTape() as inner:\n    y = x ** 3\nd = inner.gradient(y, x)", "tape.gradient(d, x)"),
        "inner.gradient(y, x)",
        "GT404",
        nth=1,
    ),
    "second order outside": made(
        lost(
            "with tf.GradientTape() as inner:\n    y = x ** 3\nd = inner.gradient(y, x)\ne = d * 1.0",
            "tape.gradient(e, x)",
        ),
        "d * 1.0",
        "GT205",
        nth=1,
    ),
    "nan of another op": made(
        lost("y = tf.sqrt(x) + tf.math.log(x)", before="x = tf.Variable([0.0])"), "tf.sqrt(x)", "GT603", outcome="nan"
    ),
    "nan elsewhere on a slope that is level": made(
        lost(
            "a = tf.sqrt(x) * 0.0\nb = tf.math.log(w) * x\ny = a + b",
            before="x = tf.Variable([0.0])\nw = tf.constant([0.0])",
        ),
        "tf.sqrt(x)",
        "GT602",
        outcome="nan",
    ),
    "nan for a safe where": made(
        lost(
            "s = tf.where(x > 0.0, x, 1.0)\ny = tf.where(x > 0.0, tf.sqrt(s), 0.0)",
            before="x = tf.Variable([0.0, 4.0])",
        ),
        "tf.sqrt(s)",
        "GT602",
        outcome="nan",
    ),
    "jacobian": made(lost("y = x * x", "tape.jacobian(y, x)"), "x * x", "GT301"),
    "batch jacobian": made(
        lost("y = x * x", "tape.batch_jacobian(y, x)", before="x = tf.Variable([[1.5, 2.5]])"), "x * x", "GT301"
    ),
    "ragged": made(
        lost("r = tf.RaggedTensor.from_row_lengths(x, [1, 1])\ny = tf.reduce_sum(r.to_tensor())"),
        "r.to_tensor()",
        "GT302",
    ),
    "gather": made(lost("i = tf.argmax(x)\ny = tf.gather(x, i) * 2.0"), "tf.argmax(x)", "GT301"),
    "dropout off": made(
        lost("y = d(x) * 2.0", before="x = tf.Variable([1.5, 2.5])\nd = tf.keras.layers.Dropout(0.5)"), "d(x)", "GT305"
    ),
    "vectorized map": made(
        lost("y = tf.vectorized_map(lambda e: e * 2.0, x)"), "tf.vectorized_map(lambda e: e * 2.0, x)", "GT206"
    ),
    "map_fn": made(lost("y = tf.map_fn(lambda e: e * 2.0, x)"), "tf.map_fn(lambda e: e * 2.0, x)", "GT206"),
    "scan zero": made(
        lost("y = tf.scan(lambda a, e: a * e, x)"), "tf.scan(lambda a, e: a * e, x)", "GT305", outcome="zero"
    ),
    "clip inside zero": made(
        lost("y = tf.clip_by_value(x, 0.0, 2.0)", before="x = tf.Variable([2.5, 3.5])"),
        "tf.clip_by_value(x, 0.0, 2.0)",
        "GT301",
        outcome="zero",
    ),
    "relu dead zero": made(
        lost("y = tf.nn.relu(x)", before="x = tf.Variable([-2.5, -3.5])"), "tf.nn.relu(x)", "GT301", outcome="zero"
    ),
    "softmax sum zero": made(lost("y = tf.reduce_sum(tf.nn.softmax(x))"), "tf.nn.softmax(x)", "GT301", outcome="zero"),
    "level square zero": made(
        lost("h = x * x\ny = tf.reduce_sum(h)", before="x = tf.Variable([0.0, 0.0])"), "x * x", "GT301", outcome="zero"
    ),
    "abs at kink": made(lost("y = tf.abs(x)", before="x = tf.Variable([0.0])"), "tf.abs(x)", "GT301", outcome="zero"),
    "constant through sign-squared of another": made(
        lost("s = tf.sign(b)\ny = tf.reduce_sum(s * s) + tf.reduce_sum(a * 0.0)", BOTH, TWO),
        "tf.sign(b)",
        "GT301",
        outcome="zero",
        source="a",
    ),
    "partial: level other part that is the same value": made(
        lost("h = x * 1.0\ny = tf.reduce_sum(h * h)", before="x = tf.Variable([0.0, 0.0])"),
        "x * 1.0",
        "GT306",
        outcome="partial",
    ),
    "partial whole through stop at zero": made(
        lost(
            "y = tf.reduce_sum(tf.stop_gradient(x) * 2.0) + tf.reduce_sum(x * 0.0)",
            before="x = tf.Variable([0.5, 0.5])",
        ),
        "x * 0.0",
        "GT306",
        outcome="partial",
    ),
    "kept array for its read": made(
        lost("kept = np.zeros(2, np.float32)\nh = tf.round(x)\nkept[0] = h[0]\ny = tf.reduce_sum(kept)"),
        "kept[0] = h[0]",
        "GT201",
    ),
    "array item of another source": made(
        lost("kept = np.zeros(2, np.float32)\nkept[0] = a[0]\ny = tf.reduce_sum(kept * b)", BOTH, TWO),
        "kept[0] = a[0]",
        "GT201",
        source="b",
    ),
    "one of two truth values and a connected value": made(
        lost("m = tf.logical_and(x > 1.0, x < 2.0)\ny = tf.where(m, x, x * 2.0)"), "x > 1.0", "GT304"
    ),
    "truth value beside the target": made(
        lost("m = tf.logical_and(x > 1.0, x > 9.0)\ny = tf.cast(x > 2.0, tf.float32)"), "x > 1.0", "GT304"
    ),
    "png of another": made(
        lost(
            "p = tf.io.encode_png(tf.cast(x, tf.uint8))\ny = tf.io.serialize_tensor(x)",
            before="x = tf.Variable([[[1.3], [7.2]]])",
        ),
        "tf.cast(x, tf.uint8)",
        "GT303",
    ),
    "a made tensor that is watched": made(
        SLOPE.format("tf.constant(v)", "x * x", 0.0),
        "x * x",
        "GT301",
        outcome="zero",
    ),
    "a made tensor level at first": made(
        SLOPE.format("tf.convert_to_tensor(v)", "tf.nn.relu(x)", -1.0),
        "tf.nn.relu(x)",
        "GT301",
        outcome="zero",
    ),
}
