"""What is applied to what, what lists of missing gradients are for, and what was made beside the target."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from gradlint.flow.analysis import analyse
from gradlint.flow.causes import Outside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fixtures.observe import Observation


def told(code: str) -> list[tuple[str, int]]:
    """Each error's kind and line."""
    claims = analyse("import tensorflow as tf\n" + textwrap.dedent(code)).claims
    return [(claim.kind, claim.span.line) for claim in claims if claim.severity == "error"]


UPDATED = """\
x = {made}
opt = tf.keras.optimizers.{optimizer}
with tf.GradientTape() as tape:
    tape.watch(x)
    loss = tf.reduce_mean(x ** 2)
g = tape.gradient(loss, {asked})
opt.apply_gradients({pairs})
"""


@pytest.mark.parametrize(("asked", "pairs"), [("x", "zip(g, x)"), ("x", "[(g, x)]"), ("[x]", "zip(g, [x])")])
def test_a_tensor_cannot_be_updated(asked: str, pairs: str) -> None:
    code = UPDATED.format(made="tf.ones((2, 2))", optimizer="Adam(0.1)", asked=asked, pairs=pairs)
    assert told(code) == [("swapped-zip", 8)]


@pytest.mark.parametrize(("asked", "pairs"), [("x", "[(g, x)]"), ("[x]", "zip(g, [x])")])
def test_a_variable_can(asked: str, pairs: str) -> None:
    code = UPDATED.format(made="tf.Variable(tf.ones((2, 2)))", optimizer="Adam(0.1)", asked=asked, pairs=pairs)
    assert told(code) == []


def test_another_optimizer_may_update_tensors() -> None:
    code = UPDATED.format(made="tf.ones(2)", optimizer="legacy.Adam(0.1)", asked="x", pairs="[(g, x)]")
    assert told(code) == []


COUNTED = """\
d = {{}}
w, v = tf.Variable(1.0), tf.Variable(2.0)
with tf.GradientTape() as tape:
    for i, x in enumerate([w * 2.0, v * 3.0], {start}):
        d[i] = x
    loss = d[{asked}]
tape.gradient(loss, v)
"""


@pytest.mark.parametrize(("start", "asked", "kinds"), [("1", 2, []), ("start=3", 4, []), ("1", 1, ["unconnected"])])
def test_enumerate_counts_from_its_start(start: str, asked: int, kinds: list[str]) -> None:
    assert [kind for kind, _ in told(COUNTED.format(start=start, asked=asked))] == kinds


LISTED = """\
d, unused = tf.keras.layers.Dense(2), tf.keras.layers.Dense(3)
unused.build((1, 3))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(d(tf.ones((1, 3))))
variables = d.trainable_variables + unused.trainable_variables
grads = tape.gradient(loss, variables)
{use}
"""


def test_a_list_of_what_is_none_provides_for_nothing() -> None:
    use = "print([v.name for g, v in zip(grads, variables) if g is None])"
    assert told(LISTED.format(use=use)) == [("unconnected", 7)]


def test_a_list_without_what_is_none_does() -> None:
    use = "pairs = [(g, v) for g, v in zip(grads, variables) if g is not None]"
    assert told(LISTED.format(use=use)) == []


def test_a_source_that_was_made_beside_the_target_names_what_to_ask_for() -> None:
    code = """\
        d = tf.keras.layers.Dense(2)
        with tf.GradientTape() as tape:
            h = d(tf.ones((1, 3)))
            flat = tf.reshape(h, (-1,))
            loss = tf.reduce_sum(h ** 2)
        tape.gradient(loss, flat)
        """
    assert told(code) == [("copy", 5)]


def test_arrays_that_set_weights_stores_are_named() -> None:
    code = """\
        a, b = tf.keras.layers.Dense(2), tf.keras.layers.Dense(2)
        x = tf.ones((1, 3))
        a(x), b(x)
        with tf.GradientTape() as tape:
            b.set_weights(a.get_weights())
            loss = tf.reduce_sum(b(x))
        tape.gradient(loss, a.trainable_variables)
        """
    assert told(code) == [("assigned", 6)]


def test_what_a_function_calls_under_numpy_function_is_lost_there() -> None:
    code = """\
        class Agent:
            def __init__(self):
                self.net = tf.keras.layers.Dense(1)
            def forward(self):
                return self.net(tf.ones((1, 3))).numpy()
            def step(self):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(tf.numpy_function(self.forward, [], tf.float32))
                return tape.gradient(loss, self.net.trainable_variables)
        agent = Agent()
        agent.forward()
        agent.step()
        """
    assert told(code) == [("opaque", 9)]


def test_what_build_computes_is_named_there() -> None:
    code = """\
        class Scale(tf.keras.layers.Layer):
            def build(self, shape):
                self.log = self.add_weight(shape=(1,))
                self.scale = tf.exp(self.log)
            def call(self, x):
                return x * self.scale
        layer = Scale()
        layer(tf.ones((1, 3)))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(tf.ones((1, 3))))
        tape.gradient(loss, layer.trainable_variables)
        """
    claims = analyse("import tensorflow as tf\n" + textwrap.dedent(code)).claims
    outside = [(claim.span.line, claim.cause.within) for claim in claims if isinstance(claim.cause, Outside)]
    assert (outside, len(claims)) == ([(5, "build")], 1)


def test_an_assignment_behind_another_one_is_named() -> None:
    code = """\
        w, a, b = tf.Variable(2.0), tf.Variable(0.0), tf.Variable(0.0)
        with tf.GradientTape() as tape:
            a.assign_add(w * 3.0)
            b.assign_add(a * 2.0)
            loss = b ** 2
        tape.gradient(loss, w)
        """
    assert told(code) == [("assigned", 4)]


def test_where_a_condition_cuts_what_reads_a_shape_is_not_blamed() -> None:
    code = """\
        d = tf.keras.layers.Dense(2)
        with tf.GradientTape() as tape:
            h = d(tf.ones((1, 3)))
            loss = tf.reduce_sum(tf.where(h > 0.0, tf.ones_like(h), -tf.ones_like(h)))
        tape.gradient(loss, d.trainable_variables)
        """
    assert told(code) == [("condition", 5)]


SOLVED = """\
    class Dynamics(tf.Module):
        def __init__(self):
            self.rate = tf.Variable(0.5)
        def __call__(self, y):
            return {rate} * y
    func = Dynamics()
    fixed = tf.exp(func.rate)
    @tf.custom_gradient
    def integrate(y):
        out = func(y)
        def grad(a{extra}):
            return {given}
        return out, grad
    y0 = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(y0)
        loss = integrate(y0)
    tape.gradient(loss, y0)
"""


@pytest.mark.parametrize(
    ("rate", "extra", "given", "found"),
    [
        ("self.rate", "", "a", [("no-gradient", 17)]),
        ("fixed", "", "a", []),
        ("self.rate", ", variables=None", "a, [a]", []),
    ],
)
def test_a_variable_of_an_object_under_a_custom_gradient(
    rate: str, extra: str, given: str, found: list[tuple[str, int]]
) -> None:
    claims = analyse(
        "import tensorflow as tf\n" + textwrap.dedent(SOLVED.format(rate=rate, extra=extra, given=given))
    ).claims
    assert [(claim.kind, claim.span.line) for claim in claims if claim.kind == "no-gradient"] == [
        (kind, line + 1) for kind, line in found
    ]


@pytest.mark.parametrize(
    ("made", "method", "asked", "found"),
    [
        ("2.0 * tf.py_function(curve, [v], tf.float32)", "jacobian", "v", [("no-gradient", 6)]),
        ("tf.py_function(func=curve, inp=[v * 2.0], Tout=tf.float32)", "jacobian", "v", [("no-gradient", 6)]),
        ("tf.py_function(curve, [v[None]], tf.float32)", "batch_jacobian", "v", [("no-gradient", 6)]),
        ("w * tf.py_function(curve, [v], tf.float32)", "jacobian", "w", []),
        ("2.0 * tf.py_function(curve, [v], tf.float32)", "gradient", "v", []),
    ],
)
def test_a_python_function_has_no_jacobian(made: str, method: str, asked: str, found: list[tuple[str, int]]) -> None:
    code = f"""\
        def curve(x):
            return tf.sin(x) * x
        v, w = tf.Variable([3.0, 4.0]), tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = {made}
        tape.{method}(y, {asked})
        """
    assert told(code) == found


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ("tf.Variable(1)", [("integer-source", 3)]),
        ("tf.Variable(1, trainable=False)", []),
        ("tf.Variable(1.0)", []),
    ],
)
def test_a_tape_lists_whole_numbers_too(made: str, found: list[tuple[str, int]]) -> None:
    code = f"""\
        a = tf.Variable(1.0)
        steps = {made}
        with tf.GradientTape() as tape:
            y = a * tf.cast(steps, tf.float32)
        tape.gradient(y, tape.watched_variables())
        """
    assert told(code) == found


MINIMIZED = """
import tensorflow as tf
import tf_keras

model = tf_keras.Sequential([tf_keras.layers.Dense(3, "tanh"), tf_keras.layers.Dense(1)])
optimizer = tf_keras.optimizers.Adam()
x = tf.Variable(tf.ones([4, 2]))
with tf.GradientTape(persistent=True) as tape:
    slope = tape.gradient(model(x), x)
    loss = tf.reduce_mean(slope**2)
{update}
"""


def test_an_optimizer_that_is_given_a_tape_asks_it(
    observe: Callable[[Mapping[str, str]], dict[str, Observation]],
) -> None:
    given, other = (
        MINIMIZED.format(update="optimizer.minimize(loss, model.trainable_variables, tape=tape)"),
        MINIMIZED.format(update="print(loss)"),
    )
    seen = observe({"given": given})
    assert seen["given"].calls[0].outcomes == ["value"]
    assert analyse(given).claims == ()
    assert [claim.kind for claim in analyse(other).claims] == ["gradient-inside"]
