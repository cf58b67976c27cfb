"""Single facts about Python, TensorFlow and Keras that the analysis has to know, each in the smallest program."""

from __future__ import annotations

from textwrap import dedent

import pytest

from gradlint.flow.analysis import analyse

HEAD = "import tensorflow as tf\nimport numpy as np\nimport keras\nw = tf.Variable(2.0)\nv = tf.Variable(3.0)\n"


def answers(code: str) -> list[str]:
    """The answers to all questions of a program, in order."""
    facts = analyse(HEAD + dedent(code))
    return [question.answer for call in facts.calls for question in call.questions]


def where(code: str) -> list[str]:
    """Where the claims say that something was computed."""
    return [getattr(claim.cause, "where", "") for claim in analyse(HEAD + dedent(code)).claims if claim.gradients]


def test_a_break_in_an_undecided_branch_keeps_what_the_branch_did() -> None:
    code = """
        def f(data):
            with tf.GradientTape() as tape:
                y = tf.constant(1.0)
                for x in data:
                    if x > 3:
                        y = w * w
                        break
            return tape.gradient(y, w)
    """
    assert answers(code) == ["connected"]


def test_every_way_out_of_a_loop_may_lose_the_gradient() -> None:
    code = """
        def f(data):
            with tf.GradientTape() as tape:
                y = w * w
                for x in data:
                    if x > 3:
                        y = tf.constant(1.0)
                        break
                    elif x > 2:
                        y = tf.constant(3.0)
                        continue
                    y = tf.constant(2.0)
            return tape.gradient(y, w)
    """
    assert answers(code) == ["lost"]


def test_a_continue_in_an_undecided_branch_skips_the_rest_of_the_turn() -> None:
    code = """
        def f(data):
            with tf.GradientTape() as tape:
                y = w * w
                for x in data:
                    if x > 3:
                        continue
                    y = tf.constant(2.0)
            return tape.gradient(y, w)
    """
    assert answers(code) == ["connected"]


def test_a_return_after_a_break_on_another_way_keeps_both() -> None:
    code = """
        def f(data):
            y = tf.constant(1.0)
            for x in data:
                if x > 3:
                    y = w * w
                    break
                return y
            return y
        def g(data):
            with tf.GradientTape() as tape:
                z = f(data)
            return tape.gradient(z, w)
    """
    assert answers(code) == ["connected"]


def test_watched_variables_are_those_that_were_used() -> None:
    code = """
        with tf.GradientTape() as tape:
            y = w * w
            v * 2.0
        tape.gradient(y, tape.watched_variables())
    """
    assert answers(code) == ["connected", "lost"]


def test_a_functional_model_runs_what_its_layers_do() -> None:
    code = """
        entry = keras.Input((3,))
        first, last, other = keras.layers.Dense(4), keras.layers.Dense(1), keras.layers.Dense(1)
        hidden = first(entry)
        rounded = keras.layers.Lambda(lambda q: tf.round(q))(hidden)
        model = keras.Model(entry, [last(rounded), other(hidden * 2.0)])
        with tf.GradientTape(persistent=True) as tape:
            a, b = model(tf.ones((2, 3)))
        tape.gradient(a, [first.kernel, last.kernel, other.kernel])
        tape.gradient(b, [first.kernel, last.kernel, other.kernel])
    """
    assert answers(code) == ["lost", "connected", "lost", "connected", "lost", "connected"]


def test_every_layer_of_a_model_counts_in_a_loop_over_its_variables() -> None:
    code = """
        model = keras.Sequential([keras.Input((3,)), *[keras.layers.Dense(3) for _ in range(4)]])
        with tf.GradientTape() as tape:
            loss = sum(tf.nn.l2_loss(weight) for weight in model.trainable_variables)
        tape.gradient(loss, model.trainable_variables)
        tape.gradient(loss, model.layers[0].kernel)
    """
    assert "lost" not in answers(code)[:-1]


def test_a_model_without_penalties_has_no_losses() -> None:
    code = """
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
        with tf.GradientTape() as tape:
            loss = tf.stop_gradient(tf.reduce_sum(model(tf.ones((1, 3))))) + tf.reduce_sum(model.losses)
        tape.gradient(loss, model.trainable_variables)
    """
    assert answers(code) == ["lost"]
    penalised = code.replace("Dense(3)", "Dense(3, kernel_regularizer='l2')")
    assert answers(penalised) == ["connected"]


def test_a_class_method_makes_objects_of_its_class() -> None:
    code = """
        class Net:
            scale = tf.Variable(1.0)
            @classmethod
            def create(cls):
                made = cls()
                made.shift = tf.Variable(1.0)
                return made
        net = Net.create()
        with tf.GradientTape() as tape:
            loss = net.shift * 2.0
        tape.gradient(loss, [net.scale, net.shift])
    """
    assert answers(code) == ["lost", "connected"]


def test_a_module_gives_its_variables_by_name() -> None:
    code = """
        class Net(tf.Module):
            def __init__(self):
                super().__init__()
                self.second = tf.Variable(1.0)
                self.first = tf.Variable(1.0)
        net = Net()
        with tf.GradientTape() as tape:
            loss = net.first * 2.0
        tape.gradient(loss, net.trainable_variables)
    """
    assert answers(code) == ["connected", "lost"]


def test_what_a_constructor_computed_is_said_to_be() -> None:
    code = """
        class Net:
            def __init__(self):
                self.scale = tf.exp(w)
            def step(self):
                with tf.GradientTape() as tape:
                    loss = self.scale * 2.0
                return tape.gradient(loss, w)
        Net().step()
    """
    assert where(code) == ["in a constructor"]


def test_what_ran_before_a_reset_is_said_to_be() -> None:
    code = """
        with tf.GradientTape() as tape:
            y = w * w
            tape.reset()
            z = y * v
        tape.gradient(z, w)
    """
    assert where(code) == ["before the reset"]


def test_a_key_that_a_dictionary_lacks_leads_to_the_handler() -> None:
    code = """
        settings = {"rate": 0.1}
        with tf.GradientTape() as tape:
            try:
                y = w * settings["missing"]
            except KeyError:
                y = v * 2.0
        tape.gradient(y, [w, v])
    """
    assert answers(code) == ["lost", "connected"]


@pytest.mark.parametrize("turns", ["for _ in range(40)", "while n < 40", "while True", "for _ in data"])
def test_what_the_first_turns_know_does_not_hold_for_the_last(turns: str) -> None:
    code = f"""
        def f(data):
            with tf.GradientTape() as tape:
                n, speed, height = 0, tf.constant(2.0), tf.constant(1.0)
                {turns}:
                    speed = speed - 0.5
                    height = height + speed * 0.1
                    n += 1
                    if height < 0.0:
                        height = -height * w
                    if n > 30:
                        height = height * v
                    if n > 38:
                        break
            return tape.gradient(height, [w, v])
        f([1.0] * 40)
    """
    assert answers(code) == ["connected", "connected"]


def test_few_turns_are_run_as_they_are() -> None:
    code = """
        with tf.GradientTape() as tape:
            n, height = 0, tf.constant(1.0)
            for _ in range(3):
                n += 1
                height = height * w
                if n > 5:
                    height = height * v
        tape.gradient(height, [w, v])
    """
    assert answers(code) == ["connected", "lost"]


def test_a_gradient_depends_on_its_seed() -> None:
    code = """
        with tf.GradientTape() as outer:
            seed = tf.constant(1.0)
            outer.watch(seed)
            with tf.GradientTape() as inner:
                y = w * 3.0
            slope = inner.gradient(y, w, output_gradients=seed)
        outer.gradient(slope, [seed, w])
    """
    assert answers(code) == ["connected", "connected", "lost"]


@pytest.mark.parametrize("held", ["vars(self)", "self.__dict__"])
def test_the_attributes_of_an_object_are_the_values_of_its_dictionary(held: str) -> None:
    code = f"""
        class Net:
            def __init__(self):
                self.a, self.n, self.mean = tf.Variable(1.0), 3, None
                self.b = tf.Variable(2.0)
            def weights(self):
                return [one for one in {held}.values() if isinstance(one, tf.Variable)]
        net = Net()
        with tf.GradientTape() as tape:
            y = net.a * 2.0
        tape.gradient(y, net.weights())
    """
    assert answers(code) == ["connected", "lost"]


def test_an_f_string_of_known_parts_is_a_known_key() -> None:
    code = """
        held = {f"layer_{i}": {"w": tf.Variable(1.0), "gain": tf.Variable(2.0)} for i in range(2)}
        with tf.GradientTape() as tape:
            y = held["layer_0"]["w"] * held["layer_1"]["w"]
        tape.gradient(y, held["layer_1"])
    """
    assert answers(code) == ["connected", "lost"]


def test_what_is_sent_to_a_generator_may_come_back() -> None:
    code = """
        def doubling():
            value = yield None
            while True:
                value = yield value * 2.0
        doubled = doubling()
        next(doubled)
        with tf.GradientTape() as tape:
            y = doubled.send(w)
        tape.gradient(y, w)
    """
    assert "lost" not in answers(code)


def test_the_real_part_is_real() -> None:
    code = """
        z = tf.constant([1.0 + 2.0j])
        with tf.GradientTape() as tape:
            tape.watch(z)
            y = tf.reduce_sum(tf.math.imag(tf.math.real(z)))
        tape.gradient(y, z)
    """
    assert answers(code) == ["lost"]


CAST = """
import tensorflow as tf

class Held:
    def __init__(self, value, dtype):
        self.held, self.dtype = value, dtype

    @property
    def value(self):
        self.held = tf.cast(self.held, self.dtype)
        return self.held

def slope(held):
    with tf.GradientTape() as tape:
        tape.watch(held.value)
        y = {y}
    return tape.gradient(y, held.value)

slope(Held(tf.random.normal((2,)), {dtype}))
"""


@pytest.mark.parametrize("dtype", ["tf.float32", "tf.as_dtype(input())"])
def test_a_cast_to_the_same_type_gives_the_very_tensor(dtype: str) -> None:
    assert analyse(CAST.format(y="tf.reduce_sum(held.value * 2.0)", dtype=dtype)).claims == ()
    assert [one.kind for one in analyse(CAST.format(y="tf.constant(2.0) * 2.0", dtype=dtype)).claims] != []


def test_a_cast_to_another_type_is_another_tensor() -> None:
    code = CAST.format(y="tf.cast(held.held, tf.float32) * 2.0", dtype="tf.float64")
    assert analyse(
        code.replace("tape.gradient(y, held.value)", "tape.gradient(y, tf.cast(held.held, tf.float16))")
    ).claims


def test_what_a_function_of_a_library_holds_may_be_anything() -> None:
    code = """
        stages = [tf.keras.layers.Dense(8), tf.nn.relu]
        with tf.GradientTape() as tape:
            h = tf.ones((2, 3))
            for stage in stages:
                h = stage(h)
        held = [v for stage in stages if hasattr(stage, "trainable_variables") for v in stage.trainable_variables]
        tape.gradient(h, held)
    """
    assert not analyse(HEAD + dedent(code)).claims


LAYER = """
{before}
layer = keras.layers.{layer}
with tf.GradientTape() as tape:
    y = tf.reduce_sum(layer(tf.ones((1, 4, 4, 2))))
tape.gradient(y, layer.trainable_variables)
"""
ROUNDS = "def step(z):\n    return tf.round(z)"
BENDS = "class Bend:\n    def __call__(self, z):\n        return z + tf.stop_gradient(tf.round(z) - z)"


@pytest.mark.parametrize(
    ("layer", "before", "answer"),
    [
        ("Dense(3, activation=step)", ROUNDS, "lost"),
        ("Dense(3, lambda z: tf.cast(z > 0.0, tf.float32))", "", "lost"),
        ("Conv2D(3, 2, activation=tf.sign)", "", "lost"),
        ("Dense(3, activation=Bend())", BENDS, "connected"),
        ("Dense(3, activation=tf.nn.relu)", "", "connected"),
        ("Dense(3, activation='relu')", "", "connected"),
        ("SeparableConv2D(3, 2, activation=lambda z: z * tf.sigmoid(z))", "", "connected"),
    ],
)
def test_a_layer_gives_what_its_activation_gives(layer: str, before: str, answer: str) -> None:
    assert set(answers(LAYER.format(layer=layer, before=before))) == {answer}


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ("'auto_0.1'.startswith('auto')", "connected"),
        ("'0.1'.startswith('auto')", "lost"),
        ("'Adam '.strip().lower() == 'adam'", "connected"),
        ("'a,b'.split(',')[1] == 'b'", "connected"),
        ("mode.startswith('auto')", "connected"),
        ("'auto'.startswith(mode)", "connected"),
    ],
)
def test_what_a_text_tells_of_itself_is_known(told: str, answer: str) -> None:
    code = f"""
        def f(mode):
            with tf.GradientTape() as tape:
                y = w * w if {told} else tf.constant(1.0)
            return tape.gradient(y, w)
    """
    assert answers(code) == [answer]
