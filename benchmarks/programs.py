"""Programs that grow: each function gives one of a size, for measuring what the analysis costs."""

from __future__ import annotations

import json
from collections.abc import Callable

Make = Callable[[int], str]
HEAD = "import numpy as np\nimport tensorflow as tf\n\n"

STEP = """\
w{n} = tf.Variable([1.0, 2.0])
b{n} = tf.Variable(0.5)
x{n} = tf.constant([0.3, 0.7])


def loss{n}(value):
    hidden = tf.nn.relu(value * w{n} + b{n})
    if tf.reduce_sum(hidden) > 0:
        hidden = hidden * 2.0
    return tf.reduce_mean(tf.square(hidden - 1.0))


with tf.GradientTape() as tape{n}:
    total = loss{n}(x{n})
    scaled = total * np.float32(2.0)
grads{n} = tape{n}.gradient(scaled, [w{n}, b{n}])
w{n}.assign_sub(0.1 * grads{n}[0])
print("step {n}", float(total))


"""

METHODS = """\
class Trainer{n}:
    def __init__(self, model, optimizer):
        self.model = model
        self.optimizer = optimizer
        self.scale = tf.Variable(1.0)

    def train_step(self, images, labels):
        with tf.GradientTape() as tape:
            predicted = self.model(images) * self.scale
            loss = tf.reduce_mean(tf.square(predicted - labels))
        gradients = tape.gradient(loss, [self.scale])
        self.optimizer.apply_gradients(zip(gradients, [self.scale]))
        return loss


"""


def script(times: int) -> str:
    """A training script of ``times`` steps, each with a tape and a function of its own."""
    return HEAD + "".join(STEP.format(n=n) for n in range(times))


def classes(times: int) -> str:
    """A module of ``times`` classes, each with a training step that nothing here calls."""
    return HEAD + "".join(METHODS.format(n=n) for n in range(times))


def chained(times: int) -> str:
    """One tape over ``times`` operations, each of which uses the one before."""
    lines = [HEAD, "w = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = w * w\n"]
    lines += [f"    y = tf.sin(y) + w * {n}.0\n" for n in range(times)]
    return "".join([*lines, "print(tape.gradient(y, w))\n"])


def variables(times: int) -> str:
    """One tape over ``times`` variables, all of which the gradient is asked for."""
    names = [f"w{n}" for n in range(times)]
    lines = [HEAD, *(f"{name} = tf.Variable(1.0)\n" for name in names)]
    lines.append("with tf.GradientTape() as tape:\n    y = 0.0\n")
    lines += [f"    y = y + tf.sin({name})\n" for name in names]
    return "".join([*lines, f"print(tape.gradient(y, [{', '.join(names)}]))\n"])


def nested_ifs(depth: int) -> str:
    """Conditions that nobody can decide, one in the other."""
    lines = [HEAD, "w = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = w * 2.0\n"]
    for level in range(depth):
        indent = "    " * (level + 1)
        lines.append(f"{indent}if flag({level}):\n{indent}    y = y * w\n")
    for level in reversed(range(depth)):
        indent = "    " * (level + 1)
        lines.append(f"{indent}else:\n{indent}    y = y + {level}.0\n")
    return "".join([*lines, "print(tape.gradient(y, w))\n"])


def call_chain(depth: int, calls: int = 1) -> str:
    """Functions of which each calls the next, so many times."""
    lines = [HEAD, f"def f{depth}(x):\n    return tf.sin(x)\n\n\n"]
    for level in reversed(range(depth)):
        terms = " + ".join([f"f{level + 1}(x)"] * calls)
        lines.append(f"def f{level}(x):\n    return {terms}\n\n\n")
    lines.append("w = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = f0(w)\nprint(tape.gradient(y, w))\n")
    return "".join(lines)


def functions(count: int) -> str:
    """Functions that each take a gradient and that nothing calls."""
    body = (
        "def step{n}(model, x, w):\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(model(x) * w)\n"
        "    return tape.gradient(loss, w)\n\n\n"
    )
    return HEAD + "".join(body.format(n=n) for n in range(count))


def elifs(count: int) -> str:
    """A chain of conditions that nobody can decide, each of which binds a name of its own."""
    lines = [HEAD, "w = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    if flag():\n        y = w * 2.0\n"]
    lines += [f"    elif flag({n}):\n        z{n} = {n}\n        y = w * {n}.0\n" for n in range(count)]
    return "".join([*lines, "    else:\n        y = w\nprint(tape.gradient(y, w))\n"])


def dictionary(entries: int) -> str:
    """A long dictionary display beside a tape."""
    items = "".join(f"    'key {n}': {n},\n" for n in range(entries))
    return f"{HEAD}table = {{\n{items}}}\n{chained(3)}"


def appends(count: int) -> str:
    """A list that grows item by item, and a gradient of its sum."""
    lines = [HEAD, "w = tf.Variable(1.0)\nparts = []\nwith tf.GradientTape() as tape:\n"]
    lines += [f"    parts.append(w * {n}.0)\n" for n in range(count)]
    return "".join([*lines, "    y = tf.add_n(parts)\nprint(tape.gradient(y, w))\n"])


def doubled(times: int) -> str:
    """A value that is added to itself so often that its ways back are beyond counting."""
    body = "    y = y + y\n" * times
    return f"{HEAD}w = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = w\n{body}print(tape.gradient(y, w))\n"


def notebook(lines: int) -> str:
    """A notebook of so many lines of code, as JSON."""
    steps = [STEP.format(n=n) for n in range(lines // len(STEP.splitlines()) + 1)]
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": text}
        for text in [HEAD, *steps]
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
