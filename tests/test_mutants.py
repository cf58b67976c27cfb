"""What ``python -m tools.mutants`` makes really loses its gradient, and the analysis sees it."""

from __future__ import annotations

from tests.fixtures import running
from tests.reports.truth import lines_lost
from tools.mutants import applied, facts, judged
from tools.mutating import Mutant, Program

PATH = "/mutants/program.py"
PROGRAM = """\
import numpy as np
import tensorflow as tf


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(2)

    def call(self, x):
        return self.dense(x)


def distance(y, prediction):
    return tf.reduce_mean(tf.square(y - prediction))


net = Net()
x, y = tf.ones((4, 3)), tf.zeros((4, 2))
with tf.GradientTape() as tape:
    prediction = net(x)
    scaled = prediction * 2.0
    loss = distance(y, scaled)
gradients = tape.gradient(loss, net.trainable_variables)
"""


def made() -> dict[str, Mutant]:
    return {f"{one.distance}: {one.operator}": one for one in Program(PATH, PROGRAM).mutants()}


def test_every_place_and_distance_is_reached() -> None:
    assert {one.distance for one in made().values()} == {
        "the target", "1 upstream", "2 upstream", "a function", "a model's call", "the tape", "the sources",
    }  # fmt: skip


def test_tensorflow_loses_every_gradient_that_is_said_to_be_lost() -> None:
    codes = {}
    for name, one in made().items():
        texts = applied(one, PATH, PROGRAM)
        assert texts is not None
        codes[name] = texts[PATH]
    seen = running.observe(codes)
    kept = [name for name, one in made().items() if one.call not in lines_lost(seen[name])]
    assert kept == []


def test_the_analysis_finds_each_and_blames_its_place() -> None:
    assert not facts(PATH, {PATH: PROGRAM}).claims
    for name, one in made().items():
        texts = applied(one, PATH, PROGRAM)
        assert texts is not None
        assert judged(one, PATH, facts(PATH, texts)) == (True, False), name
