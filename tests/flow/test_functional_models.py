"""Functional models: a symbol stays one through every function, and what is not followed is not claimed."""

from __future__ import annotations

from textwrap import dedent

import pytest

from gradlint.flow.analysis import analyse
from tests.flow.test_facts_of_python_and_keras import HEAD

ASK = """
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(tf.ones((1, 8, 8, 3))))
tape.gradient(loss, model.trainable_variables)
"""


def found(code: str, ask: str = ASK) -> tuple[list[str], list[str]]:
    """The answers to the questions of a program's gradient calls, and the kinds of its claims."""
    facts = analyse(HEAD + dedent(code) + ask)
    claims = [claim.kind.value for claim in facts.claims if claim.severity != "info"]
    return [question.answer for call in facts.calls for question in call.questions], claims


@pytest.mark.parametrize(
    "step",
    [
        "tf.image.resize(x, (x.shape[1] * 2, x.shape[2] * 2), method='nearest')",
        "tf.concat([x, x], axis=-1)",
        "tf.gather(x, [0, 1], axis=1)",
        "tf.where(x > 0.0, x, 0.1 * x)",
        "tf.nn.leaky_relu(x + x)",
        "tf.split(x, 2, axis=1)[0]",
    ],
)
def test_a_symbol_stays_one_through_functions_of_tensorflow(step: str) -> None:
    code = f"""
        inputs = tf.keras.Input((8, 8, 3))
        x = tf.keras.layers.Conv2D(4, 3)(inputs)
        x = {step}
        model = tf.keras.Model(inputs, x)
    """
    answers, claims = found(code)
    assert answers
    assert set(answers) == {"connected"}
    assert claims == []


def test_a_symbol_that_is_cut_is_lost() -> None:
    code = """
        inputs = tf.keras.Input((8, 8, 3))
        x = tf.keras.layers.Conv2D(4, 3)(inputs)
        x = tf.cast(tf.argmax(x, axis=-1), tf.float32)
        model = tf.keras.Model(inputs, x)
    """
    answers, claims = found(code)
    assert answers
    assert set(answers) == {"lost"}
    assert claims == ["non-differentiable"]


@pytest.mark.parametrize(
    "wrapped",
    [
        "others.Normalization(tf.keras.layers.Conv2D(4, 3))(inputs)",
        "tf.nn.relu(others.Normalization()(tf.keras.layers.Conv2D(4, 3)(inputs)))",
        "tf.keras.layers.Conv2D(4, 3)(others.augment(inputs))",
        "tf.keras.layers.add([others.block(inputs), tf.keras.layers.Conv2D(4, 1)(inputs)])",
        "tf.keras.layers.Dense(4)(others.backbone(inputs).layers[-1].output)",
    ],
)
def test_code_of_others_between_symbols_is_not_claimed(wrapped: str) -> None:
    code = f"""
        import others
        inputs = tf.keras.Input((8, 8, 3))
        model = tf.keras.Model(inputs, {wrapped})
    """
    answers, claims = found(code)
    assert "lost" not in answers
    assert claims == []


def test_a_layer_of_the_program_may_give_several_symbols() -> None:
    code = """
        class Both(tf.keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.scale = self.add_weight(shape=(), initializer="ones")

            def call(self, x):
                return x * self.scale, tf.round(x)

        inputs = tf.keras.Input((8, 8, 3))
        first, second = Both()(tf.keras.layers.Conv2D(4, 3)(inputs))
        model = tf.keras.Model(inputs, {})
    """
    answers, claims = found(code.format("first"))
    assert set(answers) == {"connected"}
    assert claims == []
    answers, _ = found(code.format("second"))
    assert set(answers) == {"lost"}


def test_a_layer_whose_call_is_replaced_is_the_programs_own() -> None:
    code = """
        def watched(layer, tape):
            layer.result = None
            original = layer.call

            def call(*arguments):
                layer.result = original(*arguments)
                tape.watch(layer.result)
                return layer.result

            layer.call = call
            return layer

        model = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(2, name="first")])
    """
    ask = """
with tf.GradientTape() as tape:
    layer = watched(model.get_layer("first"), tape)
    score = tf.reduce_sum(model(tf.ones((1, 3))))
    features = layer.result
tape.gradient(score, features)
"""
    answers, claims = found(code, ask)
    assert "lost" not in answers
    assert claims == []


def test_an_attribute_of_what_may_be_none_is_not_known() -> None:
    code = """
        class Agent:
            def __init__(self, network=None):
                self.network = network

            def update(self, x):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(self.network(x))
                return tape.gradient(loss, self.network.trainable_variables)
    """
    answers, claims = found(code, "")
    assert "lost" not in answers
    assert claims == []


@pytest.mark.parametrize(("loss", "expected"), [("tf.round(model(x))", ["lost"]), ("model(x)", ["connected"])])
def test_the_layers_of_a_chain_are_told_apart(loss: str, expected: list[str]) -> None:
    code = f"""
        entry = tf.keras.Input((3,))
        model = tf.keras.Model(entry, tf.keras.layers.Dense(1)(tf.keras.layers.Dense(8)(entry)))
        x = tf.ones((2, 3))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean({loss})
        tape.gradient(loss, model.layers[1].bias)
    """
    answers, _ = found(code, "")
    assert answers == expected


TIED = """
from keras import ops
class Tied(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.embedding = tf.keras.layers.Embedding(10, 4)

    def call(self, x, reverse=False):
        if reverse:
            return ops.matmul(x, ops.transpose(self.embedding.embeddings))
        return self.embedding(x)

inputs = tf.keras.Input((3,), dtype="int32")
tied = Tied()
hidden = tf.keras.layers.Dense(4)(tied(inputs))
model = tf.keras.Model(inputs, tied(hidden{flag}))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(tf.ones((1, 3), tf.int32)))
tape.gradient(loss, model.trainable_variables)
"""


def test_a_layer_is_called_again_with_the_arguments_it_was_called_with_by_name() -> None:
    assert analyse("import tensorflow as tf\n" + TIED.format(flag=", reverse=True")).claims == ()
    lost = analyse("import tensorflow as tf\n" + TIED.format(flag="")).claims
    assert [claim.kind for claim in lost] == ["non-differentiable"]


def test_outputs_of_an_inner_model_are_not_those_of_the_outer_one() -> None:
    """Keras 3.15 raises ValueError where the model is made; no gradient call is ever reached."""
    code = """
        inner = tf.keras.Sequential(
            [tf.keras.layers.Input((8, 8, 3)), tf.keras.layers.Conv2D(4, 3, name="c"), tf.keras.layers.Flatten()]
        )
        inputs = tf.keras.Input((8, 8, 3))
        outer = tf.keras.Model(inputs, tf.keras.layers.Dense(3)(inner(inputs)))
        both = tf.keras.Model(outer.inputs, [inner.get_layer("c").output, outer.output])
        """
    ask = """
with tf.GradientTape() as tape:
    features, scores = both(tf.ones((1, 8, 8, 3)))
    loss = scores[:, 0]
tape.gradient(loss, features)
"""
    assert found(code, ask) == (["unknown"], [])


FROZEN = """
import tensorflow as tf

model = tf.keras.Sequential([
    tf.keras.Input((3,)), tf.keras.layers.Dense(2{first}), tf.keras.layers.RepeatVector(3),
    tf.keras.layers.Dense(1{last}),
])
{frozen}
model.compile(loss="mse")
model.fit(tf.ones([2, 3]), tf.ones([2, 3, 1]), verbose=0)
"""


def test_a_model_that_was_made_without_what_trains_may_be_fitted() -> None:
    made = FROZEN.format(first=", trainable=False", last=", trainable=False", frozen="")
    assert analyse(made).claims == ()
    later = FROZEN.format(first=", trainable=False", last="", frozen="model.trainable = False")
    assert [claim.kind for claim in analyse(later).claims] == ["no-variables"]


SLICED = """
    class Block(tf.keras.layers.Layer):
        def __init__(self, size):
            super().__init__()
            self.inner = tf.keras.layers.Dense(size)

        def call(self, x):
            return self.inner(x)

    inputs = tf.keras.Input((8, 8, 3))
    x = Block(4)(inputs)
    x = {between}
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(2)(x))
    for layer in model.layers[{slice}]:
        layer.trainable = False
"""


@pytest.mark.parametrize("between", ["Block(4)(x)", "Block(4)(x) + x", "tf.keras.layers.Add()([Block(4)(x), x])"])
@pytest.mark.parametrize("part", [":-1", ":2", "-3:-1"])
def test_a_slice_of_the_layers_freezes_no_others(between: str, part: str) -> None:
    assert found(SLICED.format(between=between, slice=part))[1] == []


def test_all_layers_of_a_chain_may_be_frozen_by_a_slice() -> None:
    assert found(SLICED.format(between="Block(4)(x)", slice="1:"))[1] == ["no-variables"]
