"""Programs of more than one file, with what TensorFlow does to their gradient: for the tests of followed imports.

The first file of each is run; it leaves its gradient in ``g``. A broken one gives None or raises.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

HEAD = "import tensorflow as tf\n"

RUN = """
import json, os, runpy, sys
import tensorflow
known = set(sys.modules)
for folder, main in json.load(sys.stdin):
    sys.path.insert(0, folder)
    os.chdir(folder)
    try:
        gradient = runpy.run_path(main, run_name="__main__")["g"]
        result = "none" if gradient is None else "gradient"
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        result = type(error).__name__
    sys.path.remove(folder)
    for name in set(sys.modules) - known:
        if (getattr(sys.modules[name], "__file__", None) or folder).startswith(folder):
            del sys.modules[name]
    print("RESULT", json.dumps(result))
"""


@dataclass(frozen=True)
class Program:
    """A program of more than one file.

    Attributes:
        name: What it shows.
        files: The texts by path; the first is the one that is run and linted.
        claims: For each finding, its code, the line in the first file and the file that its cause lies in (empty for
            the first one).
    """

    name: str
    files: dict[str, str]
    claims: list[tuple[str, int, str]] = field(default_factory=list)

    @property
    def main(self) -> str:
        """The file that is run and linted."""
        return next(iter(self.files))

    def write(self, folder: Path) -> Path:
        """Write the files into a folder; gives the path of the one that is linted."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return folder / self.main


def outcomes(programs: Sequence[Program], folders: pytest.TempPathFactory) -> dict[str, str]:
    """What TensorFlow gives for each program, run in one process: ``gradient``, ``none`` or an exception's name."""
    homes = [folders.mktemp("run") for _ in programs]
    jobs = [(str(folder), str(one.write(folder))) for one, folder in zip(programs, homes, strict=True)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(jobs), env=environment, text=True, capture_output=True, check=True
    )
    results = [json.loads(line[7:]) for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    return {one.name: result for one, result in zip(programs, results, strict=True)}


def program(name: str, text: str, *claims: tuple[str, int, str]) -> Program:
    """A program from one text, in which ``# == path`` begins a file."""
    _, *parts = re.split(r"^# == (\S+)\n", text, flags=re.MULTILINE)
    return Program(name, dict(zip(parts[::2], (part.rstrip() + "\n" for part in parts[1::2]), strict=True)), [*claims])


BROKEN = [
    program(
        "a loss in a helper",
        """
# == train.py
import tensorflow as tf
from helpers import mean_loss

w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    loss = tf.square(mean_loss(w))
g = tape.gradient(loss, w)
after = mean_loss(w)
# == helpers.py
import numpy as np

def mean_loss(w):
    scaled = w * 2.0
    return np.mean(scaled)
""",
        ("GT201", 6, "helpers.py"),
    ),
    program(
        "a helper of a helper",
        """
# == train.py
import tensorflow as tf
import outer

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.sqrt(outer.loss(w))
g = tape.gradient(loss, w)
# == outer.py
from inner import cut

def loss(w):
    return cut(w) * 2.0
# == inner.py
import tensorflow as tf

def cut(w):
    return tf.stop_gradient(w)
""",
        ("GT306", 6, "inner.py"),
    ),
    program(
        "the target itself is NumPy's",
        """
# == train.py
import tensorflow as tf
from helpers import mean_loss as criterion

w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    loss = criterion(w)
g = tape.gradient(loss, w)
# == helpers.py
from numpy import mean

def mean_loss(w):
    return mean(w)
""",
        ("GT207", 7, "helpers.py"),
    ),
    program(
        "a constant of another module is the source",
        """
# == train.py
import tensorflow as tf
import config

with tf.GradientTape() as tape:
    loss = tf.square(config.RATE)
g = tape.gradient(loss, config.RATE)
# == config.py
import tensorflow as tf
RATE = tf.constant(0.5)
""",
        ("GT102", 6, "config.py"),
    ),
    program(
        "a Variable of another module that is not trainable",
        """
# == train.py
import tensorflow as tf
from state import step

with tf.GradientTape() as tape:
    loss = step * 2.0
g = tape.gradient(loss, step)
# == state.py
import tensorflow as tf
step = tf.Variable(1.0, trainable=False)
""",
        ("GT103", 6, "state.py"),
    ),
    program(
        "an integer Variable of a package",
        """
# == train.py
import tensorflow as tf
from model.state import counter

with tf.GradientTape() as tape:
    loss = tf.cast(counter, tf.float32) * 2.0
g = tape.gradient(loss, counter)
# == model/__init__.py
# == model/state.py
import tensorflow as tf
counter = tf.Variable(3)
""",
        ("GT105", 6, "model/state.py"),
    ),
    program(
        "a value computed when the module was imported",
        """
# == train.py
import tensorflow as tf
import model

with tf.GradientTape() as tape:
    loss = model.penalty * 3.0
g = tape.gradient(loss, model.w)
# == model.py
import tensorflow as tf
w = tf.Variable(2.0)
penalty = w * w
""",
        ("GT205", 6, "model.py"),
    ),
    program(
        "a tf.Module in another module",
        """
# == train.py
import tensorflow as tf
from nets import Linear

net = Linear()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(net(tf.constant([1.0, 2.0])))
g = tape.gradient(loss, net.w)
# == nets.py
import tensorflow as tf

class Linear(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable([0.5, 0.5])

    def __call__(self, x):
        return tf.constant(self.w.numpy()) * x
""",
        ("GT202", 6, "nets.py"),
    ),
    program(
        "a Keras model in another module",
        """
# == train.py
import tensorflow as tf
from nets import Net

net = Net()
x = tf.ones((2, 3))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(net(x))
g = tape.gradient(loss, net.scale)
# == nets.py
import tensorflow as tf

class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(2.0)
        self.dense = tf.keras.layers.Dense(1)

    def call(self, inputs):
        return tf.round(self.dense(inputs) * self.scale)
""",
        ("GT301", 7, "nets.py"),
    ),
    program(
        "a class inherited across files",
        """
# == train.py
import tensorflow as tf
from base import Base

class Net(Base):
    def __call__(self, x):
        return self.squash(self.w * x)

net = Net()
with tf.GradientTape() as tape:
    loss = net(tf.constant(3.0)) * 1.0
g = tape.gradient(loss, net.w)
# == base.py
import tensorflow as tf

class Base(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(2.0)

    def squash(self, y):
        return tf.sign(tf.stop_gradient(y))
""",
        ("GT306", 6, "base.py"),
    ),
    program(
        "a decorator of another module",
        """
# == train.py
import tensorflow as tf
from deco import in_numpy

@in_numpy
def loss_of(w):
    return tf.square(w)

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.identity(loss_of(w))
g = tape.gradient(loss, w)
# == deco.py
import functools

def in_numpy(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args).numpy()
    return inner
""",
        ("GT202", 10, "deco.py"),
    ),
    program(
        "a tf.function of another module",
        """
# == train.py
import tensorflow as tf
from steps import forward

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = forward(w)
g = tape.gradient(loss, w)
# == steps.py
import tensorflow as tf

@tf.function
def forward(w):
    hard = tf.cast(w, tf.int32)
    return tf.cast(hard, tf.float32)
""",
        ("GT303", 6, "steps.py"),
    ),
    program(
        "a generator of another module",
        """
# == train.py
import tensorflow as tf
from gen import parts

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.constant(0.0)
    for part in parts(w):
        loss = loss + part
g = tape.gradient(loss, w)
# == gen.py
import tensorflow as tf

def parts(w):
    for factor in (1.0, 2.0):
        yield tf.stop_gradient(w * factor)
""",
        ("GT306", 7, "gen.py"),
    ),
    program(
        "a closure of another module",
        """
# == train.py
import tensorflow as tf
from make import make_loss

w = tf.Variable(3.0)
criterion = make_loss(2.0)
with tf.GradientTape() as tape:
    loss = tf.square(criterion(w))
g = tape.gradient(loss, w)
# == make.py
def make_loss(factor):
    def loss(w):
        return float(w) * factor
    return loss
""",
        ("GT202", 7, "make.py"),
    ),
    program(
        "a callback into the file",
        """
# == train.py
import tensorflow as tf
from apply import twice

def halve(v):
    return tf.constant(v.numpy() / 2.0)

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = twice(halve, w)
g = tape.gradient(loss, w)
# == apply.py
def twice(function, value):
    return function(function(value))
""",
        ("GT202", 5, ""),
    ),
    program(
        "the tape comes from another module",
        """
# == train.py
import tensorflow as tf
from tapes import recorder

w = tf.Variable(3.0)
with recorder(tf.GradientTape) as tape:
    loss = tf.square(w)
g = tape.gradient(loss, w)
again = tape.gradient(loss, w)
# == tapes.py
def recorder(kind):
    return kind()
""",
        ("GT401", 8, "tapes.py"),
    ),
    program(
        "a name that a package hands on",
        """
# == train.py
import tensorflow as tf
from lib import loss_of

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(loss_of(w))
g = tape.gradient(loss, w)
# == lib/__init__.py
from .losses import *
from .losses import loss_of as loss_of
# == lib/losses.py
import numpy as np

def loss_of(w):
    return np.square(w)
""",
        ("GT201", 6, "lib/losses.py"),
    ),
    program(
        "a star that a package hands on",
        """
# == train.py
import tensorflow as tf
from lib import *

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(loss_of(w))
g = tape.gradient(loss, w)
# == lib/__init__.py
from .losses import *
# == lib/losses.py
import numpy as np

def loss_of(w):
    return np.square(w)
""",
        ("GT201", 6, "lib/losses.py"),
    ),
    program(
        "both ways of an import lose it",
        """
# == train.py
import tensorflow as tf
try:
    from fast import loss_of
except ImportError:
    from slow import loss_of

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(loss_of(w))
g = tape.gradient(loss, w)
# == slow.py
import numpy as np

def loss_of(w):
    return np.square(w)
""",
        ("GT201", 9, "slow.py"),
    ),
    program(
        "an import inside a function",
        """
# == train.py
import tensorflow as tf

def loss_of(w):
    from losses import squared
    return squared(w)

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(loss_of(w))
g = tape.gradient(loss, w)
# == losses.py
import numpy as np

def squared(w):
    return np.square(w)
""",
        ("GT201", 5, "losses.py"),
    ),
    program(
        "an import inside a class",
        """
# == train.py
import tensorflow as tf

class Losses:
    from losses import squared

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(Losses.squared(w))
g = tape.gradient(loss, w)
# == losses.py
import numpy as np

def squared(w):
    return np.square(w)
""",
        ("GT201", 8, "losses.py"),
    ),
    program(
        "modules that import one another",
        """
# == train.py
import tensorflow as tf
import ping

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(ping.start(w))
g = tape.gradient(loss, w)
# == ping.py
import pong

def start(w):
    return pong.middle(w)

def end(w):
    import numpy as np
    return np.square(w)
# == pong.py
import ping

def middle(w):
    return ping.end(w)
""",
        ("GT201", 6, "ping.py"),
    ),
    program(
        "a functional model of another module, asked for the gradient of its input",
        """
# == train.py
import tensorflow as tf
from nets import build

model = build()
x = tf.ones((1, 3))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(x))
g = tape.gradient(loss, x)
# == nets.py
from tensorflow.keras import Input, Model, layers

def build():
    inputs = Input((3,))
    return Model(inputs, layers.Dense(1)(inputs))
""",
        ("GT102", 5, ""),
    ),
    program(
        "a model of another module whose prediction is NumPy's",
        """
# == train.py
import tensorflow as tf
from nets import build, predict

model = build()
x = tf.ones((1, 3))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(predict(model, x))
g = tape.gradient(loss, model.trainable_variables)[0]
# == nets.py
from tensorflow.keras import Sequential, Input, layers

def build():
    return Sequential([Input((3,)), layers.Dense(1)])

def predict(model, x):
    return model.predict(x, verbose=0)
""",
        ("GT206", 7, "nets.py"),
    ),
    program(
        "a dictionary of losses",
        """
# == train.py
import tensorflow as tf
from losses import LOSSES

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(LOSSES["squared"](w))
g = tape.gradient(loss, w)
# == losses.py
import numpy as np

LOSSES = {"squared": lambda w: np.square(w)}
""",
        ("GT201", 6, "losses.py"),
    ),
    program(
        "the main part of a package beside the module's own",
        """
# == train.py
import tensorflow as tf
import a.b as c

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(c.loss_of(w))
g = tape.gradient(loss, w)
# == a/__init__.py
def b():
    return 1
# == a/b.py
import numpy as np

def loss_of(w):
    return np.square(w)
""",
        ("GT201", 6, "a/b.py"),
    ),
    program(
        "a folder without a file of its own is a package",
        """
# == train.py
import tensorflow as tf
from parts.losses import loss_of

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(loss_of(w))
g = tape.gradient(loss, w)
# == parts/losses.py
import numpy as np

def loss_of(w):
    return np.square(w)
""",
        ("GT201", 6, "parts/losses.py"),
    ),
    program(
        "a module that imports itself",
        """
# == train.py
import tensorflow as tf
import own

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(own.loss_of(w))
g = tape.gradient(loss, w)
# == own.py
import own
from own import *
import numpy as np

def loss_of(w):
    return own.inner(w)

def inner(w):
    return np.square(w)
""",
        ("GT201", 6, "own.py"),
    ),
    program(
        "a module of windows",
        """
# == train.py
import tensorflow as tf
import other

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(other.loss_of(w))
g = tape.gradient(loss, w)
# == other.py
import numpy as np\r
\r
def loss_of(w):\r
    return np.square(w)\r
""",
        ("GT201", 6, "other.py"),
    ),
    program(
        "a test that replaces something else",
        """
# == train.py
import tensorflow as tf
from unittest import mock
import helpers

w = tf.Variable(1.0)
with mock.patch("helpers.other", tf.square):
    with tf.GradientTape() as tape:
        loss = tf.abs(helpers.squared(w))
    g = tape.gradient(loss, w)
# == helpers.py
import numpy as np

def squared(w):
    return np.square(w)

def other(w):
    return np.square(w)
""",
        ("GT201", 8, "helpers.py"),
    ),
    program(
        "a module whose top is long",
        """
# == train.py
import tensorflow as tf
from helpers import squared

w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = tf.abs(squared(w))
g = tape.gradient(loss, w)
# == helpers.py
import numpy as np

def squared(w):
    return np.square(w)

"""
        + "x = 1 + 2 + 3 + 4\n" * 2_000,
        ("GT201", 6, "helpers.py"),
    ),
    program(
        "two calls of one helper",
        """
# == train.py
import tensorflow as tf
from helpers import cut

w = tf.Variable(3.0)
v = tf.Variable(3.0)
with tf.GradientTape(persistent=True) as tape:
    loss = tf.abs(cut(w))
g = tape.gradient(loss, w)
with tf.GradientTape() as other:
    loss = tf.abs(cut(v))
h = other.gradient(loss, v)
# == helpers.py
import tensorflow as tf

def cut(w):
    return tf.stop_gradient(w)
""",
        ("GT306", 7, "helpers.py"),
    ),
]

CLEAN = [
    program(
        "an optimizer of Keras 2, which a module of the project imports",
        """
# == train.py
import tensorflow as tf
from backend import kept

w = tf.Variable(1.0)
kept.optimizers.SGD(0.1).minimize(lambda: w * w, [w])
with tf.GradientTape() as tape:
    loss = w * w
g = tape.gradient(loss, w)
# == backend.py
try:
    import tf_keras
except ModuleNotFoundError:
    import tensorflow.keras as tf_keras

kept = tf_keras
""",
    ),
    program(
        "losses, models, constants and Variables of other modules",
        """
# == train.py
import tensorflow as tf
import numpy as np
from lib import losses, LIMIT
from lib.nets import Net
import lib.state as state

net = Net(4)
x = tf.constant(np.ones((2, 3), dtype="float32"))
with tf.GradientTape() as tape:
    y = net(x) * state.scale
    loss = losses.loss_of(y, LIMIT)
grads = tape.gradient(loss, [*net.trainable_variables, state.scale])
g = grads[-1]
# == lib/__init__.py
LIMIT = 2.0
# == lib/losses.py
import tensorflow as tf

def loss_of(y, limit):
    print(float(tf.reduce_max(y)))
    return tf.reduce_mean(tf.minimum(tf.square(y), limit))
# == lib/nets.py
import tensorflow as tf

class Net(tf.keras.Model):
    def __init__(self, units):
        super().__init__()
        self.dense = tf.keras.layers.Dense(units, activation="tanh")

    def call(self, inputs):
        return self.dense(inputs)
# == lib/state.py
import tensorflow as tf
scale = tf.Variable(1.0)
""",
    ),
    program(
        "a name that is set from outside",
        """
# == train.py
import tensorflow as tf
import helpers

helpers.loss_of = lambda w: tf.square(w)
w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(helpers.total(w))
g = tape.gradient(loss, w)
# == helpers.py
import numpy as np

def loss_of(w):
    return np.square(w)

def total(w):
    return loss_of(w) * 2.0
""",
    ),
    program(
        "a name that is set from outside by setattr",
        """
# == train.py
import tensorflow as tf
import helpers

setattr(helpers, "loss_of", tf.square)
w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(helpers.loss_of(w))
g = tape.gradient(loss, w)
# == helpers.py
import numpy as np

def loss_of(w):
    return np.square(w)
""",
    ),
    program(
        "a name that was taken before it was set anew",
        """
# == train.py
import tensorflow as tf
from helpers import w, reset

reset()
with tf.GradientTape() as tape:
    loss = tf.square(w)
g = tape.gradient(loss, w)
# == helpers.py
import tensorflow as tf

w = tf.Variable(3.0)

def reset():
    global w
    w = tf.constant(1.0)
""",
    ),
    program(
        "a name that is set by a function of its module",
        """
# == train.py
import tensorflow as tf
import helpers

helpers.init()
with tf.GradientTape() as tape:
    loss = helpers.loss()
g = tape.gradient(loss, helpers.w)
# == helpers.py
import tensorflow as tf

w = None

def init():
    global w
    w = tf.Variable(3.0)

def loss():
    return w * w
""",
    ),
    program(
        "a star that takes the place of a function",
        """
# == train.py
import numpy as np
import tensorflow as tf

def loss_of(w):
    return np.square(w)

from helpers import *

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(loss_of(w))
g = tape.gradient(loss, w)
# == helpers.py
import tensorflow as tf

def loss_of(w):
    return tf.square(w)
""",
    ),
    program(
        "a function that takes the place of a star's",
        """
# == train.py
import tensorflow as tf
from helpers import *

def loss_of(w):
    return tf.square(w)

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(loss_of(w))
g = tape.gradient(loss, w)
# == helpers.py
import numpy as np

def loss_of(w):
    return np.square(w)
""",
    ),
    program(
        "a star takes what __all__ lists",
        """
# == train.py
import tensorflow as tf
from good import *
from bad import *

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(loss_of(w)) + _own(w)
g = tape.gradient(loss, w)
# == good.py
import tensorflow as tf

__all__ = ["loss_of", "_own"]

def loss_of(w):
    return tf.square(w)

def _own(w):
    return w
# == bad.py
import numpy as np

__all__ = ["other"]

def loss_of(w):
    return np.square(w)

def _own(w):
    return np.square(w)

def other(w):
    return w
""",
    ),
    program(
        "the main part of an imported module is not run",
        """
# == train.py
import tensorflow as tf
from helpers import loss_of, w

with tf.GradientTape() as tape:
    loss = loss_of(w)
g = tape.gradient(loss, w)
# == helpers.py
import numpy as np
import tensorflow as tf

w = tf.Variable(3.0)

def loss_of(w):
    return tf.square(w)

if __name__ == "__main__":
    w = tf.constant(3.0)
    def loss_of(w):
        return np.square(w)
""",
    ),
    program(
        "one way of an import keeps it",
        """
# == train.py
import tensorflow as tf
try:
    from fast import loss_of
except ImportError:
    def loss_of(w):
        return tf.square(w)

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(loss_of(w))
g = tape.gradient(loss, w)
# == fast.py
raise ImportError("no compiler")

import numpy as np

def loss_of(w):
    return np.square(w)
""",
    ),
    program(
        "a module that raises at its top and is caught",
        """
# == train.py
import tensorflow as tf
try:
    import fast
except Exception:
    fast = None

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.square(w) if fast is None else fast.loss_of(w)
g = tape.gradient(loss, w)
# == fast.py
import numpy as np
raise RuntimeError("no device")

def loss_of(w):
    return np.square(w)
""",
    ),
    program(
        "a module that looks back into the file",
        """
# == train.py
import tensorflow as tf

w = tf.Variable(3.0)

if __name__ == "train":
    import helpers
else:
    import sys
    sys.modules["train"] = sys.modules["__main__"]
    import helpers

with tf.GradientTape() as tape:
    loss = helpers.loss()
g = tape.gradient(loss, w)
# == helpers.py
import tensorflow as tf

def loss():
    import train
    from train import w
    return train.w * w
""",
    ),
    program(
        "a module that cannot be followed uses another one's Variable",
        """
# == train.py
import tensorflow as tf
from state import w
from legacy import loss

with tf.GradientTape() as tape:
    value = loss()
g = tape.gradient(value, w)
# == state.py
import tensorflow as tf
w = tf.Variable(3.0)
# == legacy.py
from state import w
"""
        + "x = 0\n" * 90_000
        + """
def loss():
    return w * w
""",
    ),
    program(
        "a module that cannot be followed uses a Variable that a function made",
        """
# == train.py
import tensorflow as tf
import state
from legacy import loss

def step():
    with tf.GradientTape() as tape:
        value = loss()
    return tape.gradient(value, state.w)

state.init()
g = step()
# == state.py
import tensorflow as tf

w = None

def init():
    global w
    w = tf.Variable(3.0)
# == legacy.py
import state
"""
        + "x = 0\n" * 90_000
        + """
def loss():
    return state.w * state.w
""",
    ),
    program(
        "a registry that an import fills",
        """
# == train.py
import tensorflow as tf
from registry import LOSSES, chosen
import extra  # fills the registry

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = LOSSES["squared"](w) + chosen("squared")(w)
g = tape.gradient(loss, w)
# == registry.py
import numpy as np

LOSSES = {}

def chosen(name):
    if name in LOSSES:
        return LOSSES[name]
    return np.square
# == extra.py
import tensorflow as tf
from registry import LOSSES

LOSSES["squared"] = tf.square
""",
    ),
    program(
        "a registry that a decorator fills",
        """
# == train.py
import tensorflow as tf
from registry import LOSSES, register

@register("squared")
def squared(w):
    return tf.square(w)

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = LOSSES["squared"](w)
g = tape.gradient(loss, w)
# == registry.py
LOSSES = {}

def register(name):
    def add(function):
        LOSSES[name] = function
        return function
    return add
""",
    ),
    program(
        "a helper that measures in NumPy beside the loss",
        """
# == train.py
import tensorflow as tf
from helpers import measured

w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    loss, number = measured(w)
g = tape.gradient(loss, w)
print(number)
# == helpers.py
import numpy as np
import tensorflow as tf

def measured(w):
    loss = tf.reduce_sum(w * w)
    return loss, np.mean(loss.numpy())
""",
    ),
    program(
        "a helper with a tape of its own that loses it",
        """
# == train.py
import tensorflow as tf
from helpers import probe

w = tf.Variable([1.0, 2.0])
probe(w)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * w)
g = tape.gradient(loss, w)
# == helpers.py
import numpy as np
import tensorflow as tf

def probe(w):
    with tf.GradientTape() as tape:
        loss = tf.constant(np.mean(w))
    return tape.gradient(loss, w)
""",
    ),
    program(
        "an attribute of a package beside its module of the same name",
        """
# == train.py
import tensorflow as tf
from a import b
import a.b

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = b(w) + a.b.kept(w)
g = tape.gradient(loss, w)
# == a/__init__.py
from .b import kept as b
# == a/b.py
import tensorflow as tf

def kept(w):
    return tf.square(w)

kept.kept = kept
""",
    ),
    program(
        "a module beside an attribute of its package",
        """
# == train.py
import tensorflow as tf
import a.b

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = a.b.kept(w)
g = tape.gradient(loss, w)
# == a/__init__.py
import numpy as np

class b:
    @staticmethod
    def kept(w):
        return np.square(w)
# == a/b.py
import tensorflow as tf

def kept(w):
    return tf.square(w)
""",
    ),
    program(
        "a module that is not Python",
        """
# == train.py
import tensorflow as tf
try:
    from legacy import loss_of
except SyntaxError:
    loss_of = tf.square

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = loss_of(w)
g = tape.gradient(loss, w)
# == legacy.py
import numpy as np

def loss_of(w):
    print "loss"
    return np.square(w)
""",
    ),
    program(
        "a module that is not there",
        """
# == train.py
import tensorflow as tf
try:
    from missing import loss_of
except ImportError:
    from present import loss_of

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = loss_of(w)
g = tape.gradient(loss, w)
# == present.py
from tensorflow import square as loss_of
""",
    ),
    program(
        "a custom gradient of another module",
        """
# == train.py
import tensorflow as tf
from ops import rounded

w = tf.Variable(3.4)
with tf.GradientTape() as tape:
    loss = rounded(w) * 2.0
g = tape.gradient(loss, w)
# == ops.py
import tensorflow as tf

@tf.custom_gradient
def rounded(x):
    return tf.round(x), lambda dy: dy
""",
    ),
    program(
        "a straight-through estimator of another module",
        """
# == train.py
import tensorflow as tf
from ops import rounded

w = tf.Variable(3.4)
with tf.GradientTape() as tape:
    loss = rounded(w) * 2.0
g = tape.gradient(loss, w)
# == ops.py
import tensorflow as tf

def rounded(x):
    return x + tf.stop_gradient(tf.round(x) - x)
""",
    ),
    program(
        "a context manager of another module",
        """
# == train.py
import tensorflow as tf
from timing import timed, recording

w = tf.Variable(3.0)
with timed("step"), recording(tf.GradientTape) as tape:
    loss = tf.square(w)
g = tape.gradient(loss, w)
# == timing.py
import contextlib
import time

@contextlib.contextmanager
def timed(name):
    start = time.time()
    yield
    print(name, time.time() - start)

@contextlib.contextmanager
def recording(kind):
    with kind() as tape:
        yield tape
""",
    ),
    program(
        "a class of another module with a state that it keeps",
        """
# == train.py
import tensorflow as tf
from trainer import Trainer

class Mine(Trainer):
    def loss(self, x):
        return tf.reduce_mean(self.forward(x))

trainer = Mine(tf.Variable(2.0))
g = trainer.step(tf.constant([1.0, 2.0]))
with tf.GradientTape() as tape:
    loss = trainer.loss(tf.constant([1.0, 2.0]))
g = tape.gradient(loss, trainer.w)
# == trainer.py
import tensorflow as tf

class Trainer:
    def __init__(self, w):
        self.w = w
        self.history = []

    def forward(self, x):
        return self.w * x

    def step(self, x):
        with tf.GradientTape() as tape:
            loss = self.loss(x)
        self.history.append(float(loss))
        return tape.gradient(loss, self.w)
""",
    ),
    program(
        "a library by the name of a project's file",
        """
# == train.py
import tensorflow as tf
from pkg.train import step

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = step(w)
g = tape.gradient(loss, w)
# == pkg/__init__.py
# == pkg/numpy.py
def square(x):
    raise RuntimeError("not this one")
# == pkg/train.py
import tensorflow as tf
import numpy

def step(w):
    return w * numpy.square(2.0)
""",
    ),
    program(
        "a configuration of another module",
        """
# == train.py
import tensorflow as tf
from conf import Config
cfg = Config()
w = tf.Variable(tf.ones((3,)))
with tf.GradientTape(persistent=cfg.persistent) as tape:
    loss = tf.reduce_sum(w) * cfg.weight
g = tape.gradient(loss, w)
h = tape.gradient(loss, w)
# == conf.py
from dataclasses import dataclass
@dataclass
class Config:
    persistent: bool = True
    weight: float = 1.0
""",
    ),
    program(
        "a flag of another module",
        """
# == train.py
import tensorflow as tf
import conf
w = tf.Variable(tf.ones((3,)))
with tf.GradientTape() as tape:
    if conf.USE_NUMPY:
        import numpy as np
        loss = tf.constant(np.sum(w))
    else:
        loss = tf.reduce_sum(w)
g = tape.gradient(loss, w)
# == conf.py
USE_NUMPY = False
""",
    ),
    program(
        "a flag that is set before the import",
        """
# == train.py
import tensorflow as tf
import conf
conf.TRAINABLE = True
from nets import make
w = make()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w)
g = tape.gradient(loss, w)
# == conf.py
TRAINABLE = False
# == nets.py
import conf
import tensorflow as tf
FLAG = conf.TRAINABLE
def make():
    return tf.Variable(tf.ones((3,)), trainable=FLAG)
""",
    ),
    program(
        "a flag that is set after the import",
        """
# == train.py
import tensorflow as tf
import conf
import nets
conf.TRAINABLE = False
w = nets.make()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w)
g = tape.gradient(loss, w)
# == conf.py
TRAINABLE = True
# == nets.py
import conf
import tensorflow as tf
FLAG = conf.TRAINABLE
def make():
    return tf.Variable(tf.ones((3,)), trainable=FLAG)
""",
    ),
    program(
        "a dictionary that the program fills",
        """
# == train.py
import tensorflow as tf
from conf import CFG
CFG.update(trainable=True)
CFG["extra"] = 1
w = tf.Variable(tf.ones((3,)), trainable=CFG["trainable"])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w)
g = tape.gradient(loss, w)
# == conf.py
CFG = {"trainable": False}
""",
    ),
    program(
        "a list that another module fills",
        """
# == train.py
import tensorflow as tf
import store, fill
fill.fill()
with tf.GradientTape() as tape:
    loss = tf.add_n([v * v for v in store.VARS])
g = tape.gradient(loss, store.VARS)[0]
# == store.py
VARS = []
# == fill.py
import tensorflow as tf
from store import VARS
def fill():
    VARS.append(tf.Variable(1.0))
""",
    ),
    program(
        "a tape that a helper lets watch",
        """
# == train.py
import tensorflow as tf
from h import compute
w = tf.constant([1.,2.])
with tf.GradientTape() as tape:
    loss = compute(tape, w)
g = tape.gradient(loss, w)
# == h.py
import tensorflow as tf
def compute(tape, w):
    tape.watch(w)
    return tf.reduce_sum(w*w)
""",
    ),
    program(
        "a method that is set from outside",
        """
# == train.py
import numpy as np
import tensorflow as tf
import nets
def call(self, x):
    return self.w * x
nets.Net.__call__ = call
net = nets.Net()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(net(tf.constant([1.,2.])))
g = tape.gradient(loss, net.w)
# == nets.py
import tensorflow as tf
import numpy as np
class Net:
    def __init__(self):
        self.w = tf.Variable(1.0)
    def __call__(self, x):
        return np.square(self.w)
""",
    ),
    program(
        "a name that a test replaces by its path",
        """
# == train.py
import tensorflow as tf
from unittest.mock import patch
import h
w = tf.Variable(1.0)
with patch("h.loss", tf.square):
    with tf.GradientTape() as tape:
        loss = tf.abs(h.loss(w))
    g = tape.gradient(loss, w)
# == h.py
import numpy as np
def loss(w):
    return np.square(w)
""",
    ),
    program(
        "a helper for tensors and arrays",
        """
# == train.py
import tensorflow as tf
from h import square
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = square(w)
g = tape.gradient(loss, w)
# == h.py
import numpy as np
import tensorflow as tf
def square(x):
    if tf.is_tensor(x) or isinstance(x, tf.Variable):
        return tf.square(x)
    return np.square(x)
""",
    ),
    program(
        "a backend by the environment",
        """
# == train.py
import tensorflow as tf
import backend as B
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = B.square(w)
g = tape.gradient(loss, w)
# == backend/__init__.py
import os
if os.environ.get("B", "tf") == "np":
    from .np_backend import *
else:
    from .tf_backend import *
# == backend/np_backend.py
from numpy import square
# == backend/tf_backend.py
from tensorflow import square
""",
    ),
    program(
        "a backend that is tried first",
        """
# == train.py
import tensorflow as tf
import backend as B
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = B.square(w)
g = tape.gradient(loss, w)
# == backend/__init__.py
try:
    from .fast import *
except ImportError:
    from .slow import *
# == backend/slow.py
from numpy import square
# == backend/fast.py
from tensorflow import square
""",
    ),
    program(
        "a package that makes its names",
        """
# == train.py
import tensorflow as tf
import lazy
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = lazy.square(w)
g = tape.gradient(loss, w)
# == lazy/__init__.py
import importlib
def __getattr__(name):
    return getattr(importlib.import_module("lazy.impl"), name)
# == lazy/square.py
from numpy import square
# == lazy/impl.py
from tensorflow import square
""",
    ),
    program(
        "a module that is loaded again",
        """
# == train.py
import importlib
import tensorflow as tf
import h
h.w = tf.constant(1.0)
importlib.reload(h)
with tf.GradientTape() as tape:
    loss = h.w * h.w
g = tape.gradient(loss, h.w)
# == h.py
import tensorflow as tf
w = tf.Variable(1.0)
""",
    ),
    program(
        "an import for the type checker alone",
        """
# == train.py
from typing import TYPE_CHECKING
import tensorflow as tf
if TYPE_CHECKING:
    from h import square
else:
    from tensorflow import square
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = tf.abs(square(w))
g = tape.gradient(loss, w)
# == h.py
from numpy import square
""",
    ),
    program(
        "a name that a test replaces on the module",
        """
# == train.py
import tensorflow as tf
from unittest import mock
import helpers

w = tf.Variable(1.0)
with mock.patch.object(helpers, "squared", tf.square):
    with tf.GradientTape() as tape:
        loss = tf.abs(helpers.total(w))
    g = tape.gradient(loss, w)
# == helpers.py
import numpy as np

def squared(w):
    return np.square(w)

def total(w):
    return squared(w) * 2.0
""",
    ),
    program(
        "a name that a fixture replaces",
        """
# == train.py
import pytest
import tensorflow as tf
import helpers

def test_it(monkeypatch):
    monkeypatch.setattr(helpers, "squared", tf.square)
    w = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        loss = tf.abs(helpers.squared(w))
    return tape.gradient(loss, w)

if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as context:
        g = test_it(context)
# == helpers.py
import numpy as np

def squared(w):
    return np.square(w)
""",
    ),
    program(
        "a module whose top is too long to be run to its end",
        """
# == train.py
import tensorflow as tf
from helpers import squared

w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = tf.abs(squared(w))
g = tape.gradient(loss, w)
# == helpers.py
import numpy as np
import tensorflow as tf

def squared(w):
    return np.square(w)

"""
        + "x = 1 + 2 + 3 + 4\n" * 2_000
        + """
def squared(w):
    return tf.square(w)
""",
    ),
]
