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
