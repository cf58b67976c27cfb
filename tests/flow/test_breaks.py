"""Of several breaks the one is named whose mending brings the gradient back; some losses need no model to be known."""

from __future__ import annotations

import textwrap

import pytest

from gradlint.flow.analysis import analyse


def told(code: str) -> list[tuple[str, int]]:
    """Each error's kind and line."""
    claims = analyse("import tensorflow as tf\n" + textwrap.dedent(code)).claims
    return [(claim.kind, claim.span.line) for claim in claims if claim.severity == "error" and claim.gradients]


@pytest.mark.parametrize("reads", ["tf.ones_like(p)", "tf.one_hot(tf.argmax(p, 1), 2)", "tf.zeros(tf.shape(p))"])
def test_what_reads_a_shape_or_picks_an_element_is_not_blamed(reads: str) -> None:
    found = told(f"""\
        d = tf.keras.layers.Dense(2)
        with tf.GradientTape() as tape:
            p = d(tf.ones((1, 3)))
            loss = tf.reduce_mean(({reads} - p) ** 2)
            loss = tf.round(loss)
        tape.gradient(loss, d.trainable_variables)
        """)
    assert found == [("non-differentiable", 6)]


def test_the_goal_of_an_unknown_model_is_not_blamed() -> None:
    found = told("""\
        def step(model, goal, x):
            with tf.GradientTape() as tape:
                aim = tf.stop_gradient(goal(x))
                loss = tf.reduce_mean((model(x) - aim) ** 2)
                loss = tf.round(loss)
            return tape.gradient(loss, model.trainable_variables)
        """)
    assert found == [("non-differentiable", 6)]


def test_of_breaks_in_a_row_the_one_nearest_to_the_source_is_named() -> None:
    found = told("""\
        import numpy as np
        w = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = np.sum(w * 2.0)
            loss = tf.round(tf.sqrt(y))
        tape.gradient(loss, w)
        """)
    assert found == [("numpy", 5)]


def test_what_another_break_stands_before_is_not_blamed() -> None:
    """Moving the choice of an action into the block brings nothing back; moving the values that it weighs does."""
    found = told("""\
        q = tf.keras.Sequential([tf.keras.layers.Dense(2)])
        s = tf.ones((3, 4))
        best = tf.argmax(q(s), axis=1)
        target = tf.reduce_sum(tf.ones((3, 2)) * tf.one_hot(best, 2), axis=1)
        values = q(s)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((target - values[:, 0]) ** 2)
        tape.gradient(loss, q.trainable_variables)
        """)
    assert found == [("outside", 6)]


@pytest.mark.parametrize(
    "update",
    [
        "target.set_weights(online.get_weights())",
        "for t, o in zip(target.weights, online.weights): t.assign(0.9 * t + 0.1 * o)",
    ],
)
def test_what_was_assigned_before_the_tape_is_no_way_to_the_loss(update: str) -> None:
    found = told(f"""\
        online = tf.keras.Sequential([tf.keras.layers.Dense(3)])
        target = tf.keras.Sequential([tf.keras.layers.Dense(3)])
        x = tf.ones((2, 4))
        online(x), target(x)
        {update}
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(target(x))
        tape.gradient(loss, online.trainable_variables)
        """)
    assert found == [("unconnected", 9)]


UNKNOWN = """\
def step(model, x):
    with tf.GradientTape({options}) as tape:
        {watch}
        loss = tf.reduce_mean(model(x) ** 2)
    return tape.gradient({asked})
"""


@pytest.mark.parametrize(
    ("options", "watch", "asked", "found"),
    [
        ("watch_accessed_variables=False", "pass", "loss, model.trainable_variables", [("not-accessed", 3)]),
        ("watch_accessed_variables=False", "tape.watch(x)", "loss, model.trainable_variables", []),
        ("watch_accessed_variables=False", "model.prepare(tape)", "loss, model.trainable_variables", []),
        ("", "pass", "loss, model.trainable_variables", []),
        ("", "pass", "model.trainable_variables + model.head.trainable_variables, loss", [("unconnected", 6)]),
    ],
)
def test_an_unknown_model(options: str, watch: str, asked: str, found: list[tuple[str, int]]) -> None:
    assert told(UNKNOWN.format(options=options, watch=watch, asked=asked)) == found


def test_a_loop_of_the_graph_gives_no_zeros_to_what_is_cut_behind_it() -> None:
    found = told("""\
        w = tf.Variable(2.0)

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                y = tf.constant(1.0)
                for _ in tf.range(3):
                    y = y * w
                loss = tf.stop_gradient(y)
            return tape.gradient(loss, w)

        step()
        """)
    assert found == [("stopped", 10)]


def test_swapped_target_and_sources_get_no_zeros_of_a_loop() -> None:
    found = told("""\
        @tf.function
        def step(model, x):
            with tf.GradientTape() as tape:
                y = x
                for _ in tf.range(3):
                    y = model(y)
                loss = tf.reduce_mean(y)
            return tape.gradient(model.trainable_variables, loss)
        """)
    assert found == [("unconnected", 9)]
