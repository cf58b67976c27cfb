"""Functions that give a list of tensors, and lists of which it is not known how many items they hold."""

from __future__ import annotations

import pytest

from tests.flow.test_facts_of_python_and_keras import answers


@pytest.mark.parametrize(
    "made",
    [
        "tf.split(x * w, 2)",
        "tf.split(x * w, [1, 1])",
        "tf.unstack(x * w)",
        "tf.unstack(x * w, num=2)",
        "tf.meshgrid(x * w, x)",
        "tf.identity_n([x * w, x])",
        "tf.dynamic_partition(x * w, [0, 1], 2)",
        "keras.ops.split(x * w, 2)",
    ],
)
def test_the_tensors_of_a_list_are_made_where_the_list_is(made: str) -> None:
    code = f"""
        x = tf.constant([1.0, 2.0])
        with tf.GradientTape(persistent=True) as tape:
            parts = {made}
        tape.gradient(parts[0], w)
        slopes = [tape.gradient(part, w) for part in parts[:1]]
        first, second = parts
        tape.gradient(first, w)
        tape.gradient(first * 2.0, w)
    """
    assert answers(code) == ["connected", "connected", "connected", "lost"]


def test_the_tensors_of_a_list_are_told_apart() -> None:
    code = """
        x = tf.constant([[1.0, 2.0]])
        first, second = tf.unstack(x, axis=1)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(first)
            y = first * second
        tape.gradient(y, first)
        tape.gradient(y, second)
    """
    assert answers(code) == ["connected", "lost"]


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("*body, last", ["connected", "connected", "connected"]),
        ("first, *rest", ["connected", "connected", "connected"]),
        ("first, second, third, fourth", ["connected", "connected", "connected"]),
    ],
)
def test_a_list_of_unknown_length_may_put_any_item_anywhere(target: str, answer: list[str]) -> None:
    names = [name.strip(" *") for name in target.split(",")]
    code = f"""
        import json
        sizes = json.loads(open("sizes.json").read())
        weights = [tf.Variable(tf.ones(size)) for size in [2, *sizes, 3]]
        {target} = weights
        with tf.GradientTape() as tape:
            y = sum(tf.reduce_sum(q) for q in tf.nest.flatten([{", ".join(names)}]))
        tape.gradient(y, weights[:3])
    """
    assert set(answers(code)) <= {"connected", "partial", "unknown"}
