"""What models count, what libraries call and configure: each lost program beside its nearest sound one."""

from __future__ import annotations

import textwrap

import pytest

from gradlint.flow.analysis import analyse

HEAD = "import numpy as np\nimport tensorflow as tf\n"
LAYER = """
class Gain(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(1)
        self.gain = {gain}
    def call(self, x):
        {before}
        return self.dense(x) * self.gain
layer = Gain()
with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_sum(layer(tf.ones((2, 1))))
tape.gradient(loss, {sources})
"""
OWN = "layer.trainable_variables"


def layer(gain: str, sources: str = OWN, before: str = "pass") -> str:
    return LAYER.format(gain=gain, sources=sources, before=before)


def step(made: str, ran: str) -> str:
    return f"""
w = tf.Variable(2.0)
{made}
def step(x):
    with tf.GradientTape() as tape:
        loss = {ran}
    return tape.gradient(loss, w)
print(strategy.run(step, args=(tf.ones(()),)))
"""


def fit(loss: str, *, model: str = "tf.keras.layers.Dense(1)", options: str = "") -> str:
    return f"""
model = tf.keras.Sequential([tf.keras.Input((2,)), {model}])
model.compile("sgd", loss={loss}{options})
model.fit(np.ones((4, 2)), np.ones((4, 1)))
"""


def of(value: str, setup: str) -> str:
    return f"""
{setup}
width = tf.Variable({value})
with tf.GradientTape() as tape:
    y = tf.cast(width, tf.float32) ** 2
tape.gradient(y, width)
"""


def array(made: str, used: str) -> str:
    return f"""
w = tf.Variable([1.0, -2.0])
{made}
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.cast({used}, tf.float32))
tape.gradient(loss, w)
"""


def custom(body: str, given: str = "upstream", answer: str = "upstream") -> str:
    return f"""
scale = tf.Variable(2.0)
@tf.custom_gradient
def scaled(x):
    def grad({given}):
        return {answer}
    return {body}, grad
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = scaled(w * 1.0)
tape.gradient(y, w)
"""


DEVICE = 'strategy = tf.distribute.OneDeviceStrategy("/cpu:0")'
PARSER = "import argparse\nparser = argparse.ArgumentParser()\n"
SPACE = "from types import SimpleNamespace\n"


def forward(value: str) -> str:
    return f"""
w = tf.Variable([1.5, 2.5])
with tf.autodiff.ForwardAccumulator(w, tf.ones((2,))) as acc:
    y = tf.reduce_sum({value})
print(acc.jvp(y))
with tf.GradientTape() as tape:
    z = tf.reduce_sum(w)
tape.gradient(z, w)
"""


def hidden(data: str, side: str) -> str:
    return f"""
gain, data = tf.Variable(10.0), {data}
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.where(data > 0, {side}, 0.0))
tape.gradient(loss, gain)
"""


def drawn(action: str) -> str:
    return f"""
actor = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(2, activation="softmax")])
state, loss = np.zeros((1, 4), "float32"), 0.0
with tf.GradientTape() as tape:
    for _ in range(3):
        chances = actor(state)
        action = {action}
        loss -= tf.math.log(chances[0, action])
        state = state + 0.1 * (action - 0.5)
tape.gradient(loss, actor.trainable_variables)
"""


def outer(given: str) -> str:
    return f"""
net = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
copy = tf.keras.models.clone_model(net)
{given}
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(copy(tf.ones((2, 1))) ** 2)
grads = tape.gradient(loss, copy.trainable_variables)
tf.keras.optimizers.SGD().apply_gradients(zip(grads, net.trainable_variables))
"""


def added(penalty: str) -> str:
    return f"""
class Count(tf.keras.layers.Layer):
    def call(self, x):
        self.add_loss(tf.reduce_mean({penalty}))
        return x
dense, count = tf.keras.layers.Dense(4), Count()
with tf.GradientTape() as tape:
    count(dense(tf.ones((3, 2))))
    loss = tf.add_n(count.losses)
tape.gradient(loss, dense.trainable_variables)
"""


NAN = "nan-through-where"
LOST = {
    "a tf.Variable of a layer": (layer("tf.Variable(2.0)"), "untracked"),
    "in a dictionary of a layer": (layer("{'a': tf.Variable(2.0)}['a']"), "untracked"),
    "a model of a Flatten": (
        "m = tf.keras.Sequential([tf.keras.Input((2, 2)), tf.keras.layers.Flatten()])\n"
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(m(tf.ones((1, 2, 2))))\n"
        "tape.gradient(loss, m.trainable_variables)",
        "no-variables",
    ),
    "a step of a strategy": (step(DEVICE, "tf.round(w * x)"), "non-differentiable"),
    "a compiled loss that rounds": (fit("lambda y, p: tf.reduce_mean(tf.abs(y - tf.round(p)))"), "non-differentiable"),
    "a layer that rounds in fit": (
        fit('"mse"', model="tf.keras.layers.Dense(1), tf.keras.layers.Lambda(tf.round)"),
        "non-differentiable",
    ),
    "a whole number of a parser": (
        of("args.width", PARSER + 'parser.add_argument("--width", type=int, default=3)\nargs = parser.parse_args()'),
        "integer-source",
    ),
    "a whole number of a namespace": (of("s.width", SPACE + "s = SimpleNamespace(width=3)"), "integer-source"),
    "a polynomial": (array("curve = np.poly1d([2.0, 0.0])", "curve(w)"), "numpy"),
    "rows put together": (array("", "np.r_[w, 1.0]"), "numpy"),
    "along an axis": (array("", "np.apply_along_axis(lambda r: r * 2, 0, w)"), "numpy"),
    "vectorized": (array("f = np.vectorize(lambda a: a * 2)", "f(w)"), "numpy"),
    "a custom gradient over a Variable": (custom("x * scale"), "no-gradient"),
    "a custom gradient that gives nothing": (custom("x * 2.0", answer="[]"), "no-gradient"),
    "a custom gradient that leaves its Variable out": (custom("x * scale", "upstream, variables=None"), "no-gradient"),
    "a factor beside a hidden logarithm": (hidden("tf.constant([0.3, -1.2])", "gain * tf.math.log(data)"), NAN),
    "a factor beside a hidden quotient": (hidden("tf.constant([0.3, 0.0])", "gain * (1.0 / data)"), NAN),
    "a hidden exponential out of range": (hidden("tf.constant([0.3, -1.2])", "tf.exp(tf.exp(gain))"), NAN),
    "a hidden power out of range": (hidden("tf.constant([0.3, -1.2])", "tf.pow(10.0, tf.exp(gain))"), NAN),
    "forward through a rounding": (forward("tf.round(w * 3.0)"), "non-differentiable"),
    "gradients of one model for another": (outer("copy = tf.keras.models.clone_model(net)"), "mismatched-zip"),
    "an added loss that counts": (added("tf.cast(x > 0.0, tf.float32)"), "comparison"),
    "a number in a text": (
        "w = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n"
        "    y = tf.strings.to_number('%.4f' % (w * 2.0))\ntape.gradient(y, w)",
        "python",
    ),
    "a root of a relu": (
        "w = tf.Variable([1.0, -2.0])\nwith tf.GradientTape() as tape:\n"
        "    y = tf.reduce_sum(tf.sqrt(tf.nn.relu(w * 2.0)))\n"
        "tape.gradient(y, w)",
        "infinite-slope",
    ),
    "a plain object as a source": (
        "class Rate:\n    def __init__(self):\n        self.v = tf.Variable(1.0)\nrate = Rate()\n"
        "with tf.GradientTape() as tape:\n    y = rate.v * 2.0\ntape.gradient(y, rate)",
        "not-a-tensor",
    ),
    "target and sources swapped": (
        "def step(model, x):\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(model(x))\n"
        "    return tape.gradient(model.trainable_variables, loss)",
        "unconnected",
    ),
}
SOUND = {
    "a weight of a layer": layer("self.add_weight(shape=())"),
    "a keras.Variable of a layer": layer("tf.keras.Variable(2.0)"),
    "a tf.Variable that is asked for too": layer("tf.Variable(2.0)", f"{OWN} + [layer.gain]"),
    "a tf.Variable that is not trainable": layer("tf.Variable(2.0, trainable=False)"),
    "a tf.Variable that is assigned": layer("tf.Variable(2.0)", before="self.gain.assign(0.9 * self.gain)"),
    "Keras 2": "import tf_keras\n" + layer("tf.Variable(2.0)"),
    "a model of a Flatten and what a caller adds": (
        "def step(m, x):\n    net = tf.keras.Sequential([tf.keras.layers.Flatten(), *m])\n"
        "    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(net(x))\n"
        "    return tape.gradient(loss, net.trainable_variables)"
    ),
    "a step of a strategy": step(DEVICE, "(w * x) ** 2"),
    "a compiled loss": fit("lambda y, p: tf.reduce_mean(tf.abs(y - p))"),
    "a loss that a configuration names": "import wandb\n" + fit("wandb.config.loss"),
    "a float of a parser": of(
        "args.width", PARSER + 'parser.add_argument("--width", type=float, default=3)\nargs = parser.parse_args()'
    ),
    "an option that something else adds": of("args.width", PARSER + "args = parser.parse_args()"),
    "a float of a namespace": of("s.width", SPACE + "s = SimpleNamespace(width=3.0)"),
    "a polynomial evaluated by its coefficients": array("", "2.0 * w**2 + 1.0"),
    "vectorized with objects": array("f = np.vectorize(lambda a: a * 2, otypes=[object])", "w * 1.0"),
    "a custom gradient with variables": custom("x * scale", "upstream, variables=None", "upstream, [upstream]"),
    "a custom gradient over an argument": custom("x * 2.0"),
    "a factor beside the logarithm of positive numbers": hidden("tf.constant([0.3, 1.2])", "gain * tf.math.log(data)"),
    "a hidden exponential in range": hidden("tf.constant([0.3, -1.2])", "tf.exp(gain)"),
    "an action drawn by NumPy": drawn("np.random.choice(2, p=np.squeeze(chances))"),
    "an action chosen by NumPy": drawn("np.argmax(np.squeeze(chances))"),
    "forward through a sine": forward("tf.sin(w * 3.0)"),
    "gradients of a copy for its model": outer("copy.set_weights(net.get_weights())"),
    "an added loss": added("tf.nn.relu(x)"),
    "a remainder": "w = tf.Variable(7.0)\nwith tf.GradientTape() as tape:\n    y = 4.0 % w\ntape.gradient(y, w)",
    "a root of a relu kept from zero": (
        "w = tf.Variable([1.0, -2.0])\nwith tf.GradientTape() as tape:\n"
        "    y = tf.reduce_sum(tf.sqrt(tf.nn.relu(w) + 1e-6))\ntape.gradient(y, w)"
    ),
}


def kinds(code: str) -> list[str]:
    return [claim.kind.value for claim in analyse(HEAD + textwrap.dedent(code)).claims if claim.severity != "info"]


@pytest.mark.parametrize("name", LOST)
def test_the_loss_is_reported(name: str) -> None:
    code, kind = LOST[name]
    assert set(kinds(code)) == {kind}


@pytest.mark.parametrize("name", SOUND)
def test_the_sound_program_is_not(name: str) -> None:
    assert kinds(SOUND[name]) == []


SEQUENTIAL = "s = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(2)])\n"
TAPE = (
    "with tf.GradientTape() as tape:\n    y = tf.reduce_sum(s(tf.ones((1, 3))))\n"
    "tape.gradient(y, s.trainable_variables)\n"
)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("s.output", ["bad-call"]),
        ("s.input", ["bad-call"]),
        ("s.outputs", []),
        ("x = tf.keras.Input((3,))\nm = tf.keras.Model(x, s(x))\ns.output", []),
        ("m = tf.keras.Sequential([tf.keras.Input((3,)), s])\ns.output", []),
        ("import others\nothers.use(s)\ns.output", []),
        ("def later():\n    return s.output", []),
    ],
)
def test_a_sequential_has_an_output_once_it_is_called_on_symbols(read: str, expected: list[str]) -> None:
    assert kinds(f"{SEQUENTIAL}{read}\n{TAPE}") == expected


@pytest.mark.parametrize(("method", "expected"), [("get_scaled_loss", ["bad-call"]), ("scale_loss", [])])
def test_optimizers_of_keras_3_scale_the_loss_themselves(method: str, expected: list[str]) -> None:
    code = (
        "o = tf.keras.mixed_precision.LossScaleOptimizer(tf.keras.optimizers.SGD())\nw = tf.Variable(1.0)\n"
        f"with tf.GradientTape() as tape:\n    loss = o.{method}(w * w)\ntape.gradient(loss, w)\n"
    )
    assert kinds(code) == expected
