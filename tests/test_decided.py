"""Which answers are proved, and how ``tools.decided`` counts them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from gradlint.flow.analysis import analyse
from tools import decided

if TYPE_CHECKING:
    from pathlib import Path

PROVED = """
    import tensorflow as tf

    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = w * w
    print(tape.gradient(y, w))
"""
MAY_BE = """
    import tensorflow as tf

    from elsewhere import render

    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(render(w))
    print(tape.gradient(y, w))
"""
BOTH = """
    import tensorflow as tf

    from elsewhere import render

    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(render(w)) + w
    print(tape.gradient(y, w))
"""
LOST = """
    import tensorflow as tf

    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = tf.round(w)
    print(tape.gradient(y, w))
"""


@pytest.mark.parametrize(
    ("code", "answer", "proved"),
    [(PROVED, "connected", True), (MAY_BE, "connected", False), (BOTH, "connected", True), (LOST, "lost", False)],
)
def test_an_answer_is_proved_where_a_known_way_leads_to_the_source(code: str, answer: str, proved: bool) -> None:
    (call,) = analyse(textwrap.dedent(code)).calls
    assert [(question.answer, question.proved) for question in call.questions] == [(answer, proved)]


def test_a_function_run_twice_is_proved_where_both_runs_are() -> None:
    code = """
        import tensorflow as tf
        from elsewhere import render

        def slope(function):
            w = tf.Variable(1.0)
            with tf.GradientTape() as tape:
                y = function(w)
            return tape.gradient(y, w)

        slope(tf.square)
        slope(render)
    """
    (call,) = analyse(textwrap.dedent(code)).calls
    assert [(question.answer, question.proved) for question in call.questions] == [("connected", False)]


WAYS = {
    "both ways of a join lead to the source": ("-tf.square(w)", "tf.exp(w)", True),
    "one way of a join is not followed": ("tf.square(w)", "render(w)", False),
    "one way of a join is a number": ("tf.square(w)", "0.0", False),
}


@pytest.mark.parametrize("name", WAYS)
def test_of_several_values_each_has_to_lead_to_the_source(name: str) -> None:
    one, other, proved = WAYS[name]
    code = f"""
        import sys
        import tensorflow as tf
        from elsewhere import render

        w = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            if len(sys.argv) > 1:
                y = {one}
            else:
                y = {other}
            loss = -y * 2.0
        tape.gradient(loss, w)
    """
    (call,) = analyse(textwrap.dedent(code)).calls
    assert [(question.answer, question.proved) for question in call.questions] == [("connected", proved)]


def test_a_layer_of_the_compatible_keras_is_one_of_keras() -> None:
    code = """
        import tensorflow.compat.v1 as tf

        w = tf.Variable(1.0)
        mse = tf.keras.losses.MeanSquaredError()
        with tf.GradientTape() as tape:
            loss = mse([0.0], [w])
        tape.gradient(loss, w)
    """
    (call,) = analyse(textwrap.dedent(code)).calls
    assert [(question.answer, question.proved) for question in call.questions] == [("connected", True)]


ADDED = {
    "Dense(3)": [("connected", True)],
    "Lambda(lambda x: render(x))": [("connected", False)],
    "make_layer()": [("connected", False)],
}


@pytest.mark.parametrize("layer", ADDED)
def test_layers_that_a_loop_adds_are_all_passed(layer: str) -> None:
    code = f"""
        import tensorflow as tf
        from elsewhere import make_layer, render
        from tensorflow.keras.layers import Dense, Lambda

        model = tf.keras.Sequential([Dense(3)])
        for _ in range(20):
            model.add({layer})
        x = tf.ones((2, 3))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(x))
        tape.gradient(loss, model.trainable_variables)
    """
    (call,) = analyse(textwrap.dedent(code)).calls
    assert [(question.answer, question.proved) for question in call.questions][:1] == ADDED[layer]


def test_the_command_counts_and_gives_the_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, code in {"proved": PROVED, "may": MAY_BE, "lost": LOST}.items():
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(code))
    (tmp_path / "broken.py").write_text("GradientTape = (")
    decided.main([str(tmp_path)])
    first, *reasons = capsys.readouterr().out.splitlines()
    assert first == "2 of 3 gradient calls are decided (66.7 %)"
    assert [line.split()[0] for line in reasons] == ["1"]


SIZED = """
    import tensorflow as tf
    from elsewhere import make

    class Policy(tf.keras.Model):
        def __init__(self, n_actions, rate):
            super().__init__()
            self.n_actions = n_actions
            self.rate = rate
            self.hidden = tf.keras.layers.Dense(16)
            self.head = tf.keras.layers.Dense(n_actions)

        def call(self, x):
            return self.head(self.hidden(x))

    policy = Policy({number}, {rate})
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(policy(tf.ones((1, 4))))
    tape.gradient(loss, policy.trainable_variables)
"""


def decided_by_size(code: str) -> bool:
    (call,) = analyse(textwrap.dedent(code)).calls
    return decided.is_decided(call)


def test_what_a_layer_counts_by_is_a_number() -> None:
    assert decided_by_size(SIZED.format(number="make().n", rate="0.1"))
    assert not decided_by_size(SIZED.format(number="make().n", rate="make().rate"))
    convolved = SIZED.replace("Dense(n_actions)", "Conv1D(n_actions, 1)").replace("(1, 4)", "(1, 4, 4)")
    assert not decided_by_size(convolved.format(number="make().n", rate="0.1"))


@pytest.mark.parametrize(("annotation", "expected"), [("float", True), ("object", False), ("'float'", False)])
def test_what_is_said_to_be_a_number_is_no_variable(annotation: str, expected: bool) -> None:
    code = f"""
        import tensorflow as tf

        class Q(tf.keras.Model):
            def __init__(self, gamma: {annotation}):
                super().__init__()
                self.gamma = gamma
                self.head = tf.keras.layers.Dense(2)

            def call(self, x):
                return self.head(x)

            def train_step(self, data):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(self(tf.ones((1, 4)), training=True))
                return tape.gradient(loss, self.trainable_variables)
    """
    assert decided_by_size(code) is expected


DEEP = """
    import numpy as np
    import tensorflow as tf

    class Block(tf.keras.layers.Layer):
        def __init__(self, rate, **kwargs):
            super().__init__(**kwargs)
            self.one = tf.keras.layers.Dense(3)
            self.two = tf.keras.layers.Dense(3)
            self.drop = tf.keras.layers.Dropout(rate) if rate > 0 else None

        def call(self, x, training=None):
            y = self.two(self.one(x))
            if self.drop is not None:
                y = self.drop(y, training=training)
            return x + y

    class Net(tf.keras.Model):
        def __init__(self, depth, rate):
            super().__init__()
            rates = np.linspace(0.0, rate, depth)
            self.stage = [Block(rates[i], name=f"block_{i}") for i in range(depth)]
            self.head = tf.keras.layers.Dense(2)

        def call(self, x, training=None):
            for block in self.stage:
                x = block(x, training=training)
            return self.head(x)

    net = Net(%d, 0.1)
    net.build((None, 3))

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x, training=True) - y))
        return tape.gradient(loss, net.trainable_variables)

    for epoch in range(4):
        for x, y in tf.data.Dataset.from_tensor_slices((tf.ones((8, 3)), tf.ones((8, 2)))).batch(4):
            step(x, y)
"""


@pytest.mark.parametrize("depth", [3, 40])
def test_a_model_of_many_layers_of_one_class_is_followed(depth: int) -> None:
    facts = analyse(textwrap.dedent(DEEP % depth))
    (call,) = facts.calls
    assert facts.complete
    assert decided.is_decided(call)
