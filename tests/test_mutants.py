"""What ``python -m tools.mutants`` makes really loses its gradient, and the analysis sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fixtures import running
from tests.reports.truth import lines_lost
from tests.sampling import sample
from tools.mutants import applied, facts, judged
from tools.mutation.program import CUTS, Program

if TYPE_CHECKING:
    from tools.mutation.file import Mutant

PATH = "/mutants/program.py"
PROGRAM = """\
import numpy as np
import tensorflow as tf


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(2)
        self.out = tf.keras.layers.Dense(2)

    def call(self, x):
        hidden = self.dense(x)
        given = self.out(tf.nn.relu(hidden))
        return given + 1.0


def distance(y, prediction):
    difference = y - prediction
    return tf.reduce_mean(tf.square(difference))


class Step:
    def __init__(self):
        self.net = Net()

    def loss_of(self, x, y):
        return distance(y, self.net(x)) + 0.1

    def step(self, x, y):
        with tf.GradientTape() as tape:
            total = self.loss_of(x, y) * 2.0
        return tape.gradient(total, self.net.trainable_variables)


net = Net()
x, y = tf.ones((4, 3)), tf.zeros((4, 2))
with tf.GradientTape() as tape:
    prediction = net(x)
    scaled = prediction * 2.0
    loss = distance(y, scaled)
gradients = tape.gradient(loss, net.trainable_variables)
Step().step(x, y)

image = tf.constant([[1.0, 2.0, 3.0]])
with tf.GradientTape() as g:
    g.watch(image)
    score, other = tf.split(net(image), 2, axis=1)
    score = score + 0.0
    for factor in (1.0, 2.0):
        score += factor * score
    top = score[0]
saliency = g.gradient(top, image)

w, v = tf.Variable(3.0), tf.Variable(4.0)
with tf.GradientTape(persistent=True) as twice:
    product = w * v
    kept = product * product + v
first = twice.gradient(kept, w)
second = twice.gradient(kept, v)
"""


def made() -> dict[str, Mutant]:
    mutants = Program(PATH, PROGRAM).mutants()
    return {f"{number} {one.distance}: {one.operator} {one.call}": one for number, one in enumerate(mutants)}


def test_every_place_and_distance_is_reached() -> None:
    assert {one.distance for one in made().values()} == {
        "the target", "1 upstream", "2 upstream", "a function", "a model's call", "the tape", "the sources",
    }  # fmt: skip
    assert {one.operator for one in made().values()} == {
        *CUTS, "asked twice", "not persistent", "watches nothing", "watch left out", "not recorded",
        "computed behind the block", "computed before the block", "copies", "arrays", "swapped", "rebound",
    }  # fmt: skip


def test_tensorflow_loses_every_gradient_that_is_said_to_be_lost(whole: bool) -> None:
    """Every one with ``--whole``, else one in four."""
    codes, mutants = {}, made()
    for name in sample(mutants, 4, whole=whole):
        one = mutants[name]
        texts = applied(one, PATH, PROGRAM)
        assert texts is not None
        codes[name] = texts[PATH]
    seen = running.observe(codes)
    kept = [name for name in codes if mutants[name].call not in lines_lost(seen[name])]
    assert kept == []


def test_the_analysis_finds_each_and_blames_its_place() -> None:
    assert not facts(PATH, {PATH: PROGRAM}).claims
    for name, one in made().items():
        texts = applied(one, PATH, PROGRAM)
        assert texts is not None
        assert judged(one, PATH, facts(PATH, texts)) == (True, False), name
