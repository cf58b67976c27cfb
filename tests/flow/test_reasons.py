"""The reason that is named is the one that holds: what would fix the gradient is at the named place."""

from __future__ import annotations

from dataclasses import fields
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from gradlint.flow.analysis import analyse
from gradlint.flow.causes import ToPython
from gradlint.flow.facts import Kind
from tests.flow.test_facts_of_python_and_keras import HEAD, answers

if TYPE_CHECKING:
    from gradlint.flow.facts import Cause


def causes(code: str) -> list[tuple[Kind, str, str]]:
    """The kind of each claim with gradients, the text that it points at, and its reason."""
    whole = HEAD + dedent(code)
    lines = whole.splitlines()
    return [
        (
            claim.kind,
            lines[claim.span.line - 1][claim.span.column : claim.span.end_column].strip(),
            reason(claim.cause),
        )
        for claim in analyse(whole).claims
        if claim.severity != "info"
    ]


def reason(cause: Cause) -> str:
    """The one word by which causes of a class are told apart."""
    words = [getattr(cause, one.name) for one in fields(cause) if one.name in {"how", "of", "why", "what", "made"}]
    return next((word for word in words if isinstance(word, str)), "")


@pytest.mark.parametrize("slices", ["buffer[0]", "buffer[0:1]", "buffer[0].assign(0.0)[1]"])
def test_a_slice_of_a_variable_stores_what_it_is_assigned(slices: str) -> None:
    code = f"""
        buffer = tf.Variable([0.0, 0.0])
        with tf.GradientTape() as tape:
            {slices}.assign(w * 2.0)
            y = tf.reduce_sum(buffer)
        tape.gradient(y, w)
    """
    assert causes(code) == [(Kind.ASSIGNED, f"{slices}.assign(w * 2.0)", "")]


def test_a_layers_weights_store_what_they_are_assigned() -> None:
    code = """
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            model.layers[0].kernel.assign(tf.fill((3, 1), w))
            y = tf.reduce_sum(model(tf.ones((1, 3))))
        tape.gradient(y, w)
    """
    assert [cause[0] for cause in causes(code)] == [Kind.ASSIGNED]


def test_what_loses_the_inner_gradient_is_named_and_not_linearity() -> None:
    code = """
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = w ** 3
            slope = inner.gradient(y, w).numpy()
            z = tf.reduce_sum(slope ** 2)
        outer.gradient(z, w)
    """
    assert [cause[0] for cause in causes(code)] == [Kind.PYTHON]
    linear = code.replace("w ** 3", "w * 3.0").replace(".numpy()", "")
    assert causes(linear) == [(Kind.UNCONNECTED, "inner.gradient(y, w)", "linear")]


def test_a_tensor_made_after_the_target_is_not_to_be_watched() -> None:
    code = """
        with tf.GradientTape() as tape:
            y = w * 2.0
        flat = tf.reshape(w, [-1])
        tape.gradient(y, flat)
    """
    assert causes(code) == [(Kind.COPY, "tf.reshape(w, [-1])", "unused")]
    before = code.replace("        flat = tf.reshape(w, [-1])\n", "").replace(
        "        with tf", "        flat = tf.reshape(w, [-1])\n        with tf"
    )
    assert [cause[0] for cause in causes(before.replace("w * 2.0", "flat * 2.0"))] == [Kind.UNWATCHED]


def test_a_call_that_runs_again_is_no_turn_of_a_loop() -> None:
    code = """
        with tf.GradientTape() as tape:
            y = w * v
        def ask(source):
            return tape.gradient(y, source)
        ask(w)
        ask(v)
    """
    assert causes(code) == [(Kind.TAPE_REUSED, "tape.gradient(y, source)", "second-time")]
    turns = """
        with tf.GradientTape() as tape:
            y = w * v
        slopes = [tape.gradient(y, source) for source in (w, v)]
    """
    assert causes(turns) == [(Kind.TAPE_REUSED, "tape.gradient(y, source)", "second-turn")]


@pytest.mark.parametrize(
    ("layer", "asked", "reason"),
    [
        ("keras.layers.BatchNormalization()", "weights", "moving-statistics"),
        ("keras.layers.Dropout(0.5)", "variables", "seed-state"),
    ],
)
def test_what_keras_keeps_for_itself_is_told_apart(layer: str, asked: str, reason: str) -> None:
    code = f"""
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), {layer}])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(model(tf.ones((1, 3)), training=True))
        tape.gradient(y, model.{asked})
    """
    assert [(kind, why) for kind, _, why in causes(code)] == [(Kind.NON_TRAINABLE, reason)]


def test_a_weight_of_keras_cannot_be_watched_itself() -> None:
    code = """
        k = keras.Variable(1.0, trainable=False)
        with tf.GradientTape() as tape:
            y = k * w
        tape.gradient(y, k)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            y = k * w
        tape.gradient(y, k)
    """
    assert [(kind, why) for kind, _, why in causes(code)] == [
        (Kind.NON_TRAINABLE, "keras-variable"),
        (Kind.NOT_ACCESSED, ""),
    ]


def test_a_global_and_an_entry_of_a_dictionary_are_rebound_too() -> None:
    code = """
        def step():
            global w
            with tf.GradientTape() as tape:
                y = w ** 2
            w = w - 0.1 * tape.gradient(y, w)
        for _ in range(2):
            step()
    """
    assert Kind.REBOUND in [cause[0] for cause in causes(code)]
    entries = """
        held = {"a": w}
        for _ in range(2):
            with tf.GradientTape() as tape:
                y = held["a"] ** 2
            for key in held:
                held[key] = held[key] - 0.1 * tape.gradient(y, held[key])
    """
    assert Kind.REBOUND in [cause[0] for cause in causes(entries)]


@pytest.mark.parametrize(
    ("sources", "exception"), [("[w]", "ValueError"), ("[w, v]", "AttributeError"), ("[w, v, w]", "ValueError")]
)
def test_two_lists_are_no_list_of_pairs(sources: str, exception: str) -> None:
    code = f"""
        with tf.GradientTape() as tape:
            y = w * v
        slopes = tape.gradient(y, {sources})
        keras.optimizers.SGD().apply_gradients((slopes, {sources}))
    """
    claims = [claim for claim in analyse(HEAD + dedent(code)).claims if claim.kind is Kind.SWAPPED_ZIP]
    assert [(reason(claim.cause), claim.exception) for claim in claims] == [("no-zip", exception)]
    paired = code.replace(f"(slopes, {sources})", f"zip(slopes, {sources})")
    assert not [claim for claim in analyse(HEAD + dedent(paired)).claims if claim.kind is Kind.SWAPPED_ZIP]


def test_a_custom_gradient_may_give_none_for_one_argument() -> None:
    code = """
        @tf.custom_gradient
        def scaled(x, by):
            def grad(upstream):
                return upstream * by, None
            return x * by, grad
        with tf.GradientTape() as tape:
            y = scaled(w, v)
        tape.gradient(y, [w, v])
    """
    assert answers(code) == ["connected", "lost"]
    assert answers(code.replace("by, None", "by, upstream * x")) == ["connected", "connected"]


def test_a_count_has_no_gradient_as_a_float_either() -> None:
    code = """
        with tf.GradientTape() as tape:
            y = tf.math.count_nonzero(w, dtype=tf.float32)
        tape.gradient(y, w)
    """
    assert answers(code) == ["lost"]


@pytest.mark.parametrize("maker", ["__init__(self)", "__post_init__(self)"])
def test_what_a_constructor_computes_is_named_there(maker: str) -> None:
    code = f"""
        import dataclasses
        {"@dataclasses.dataclass" if "post" in maker else ""}
        class Scale:
            def {maker}:
                self.raw = tf.Variable(1.0)
                self.reset()
            def reset(self):
                self.value = tf.exp(self.raw)
        scale = Scale()
        with tf.GradientTape() as tape:
            y = scale.value * 2.0
        tape.gradient(y, scale.raw)
    """
    assert causes(code) == [(Kind.OUTSIDE, "tf.exp(self.raw)", "")]


def test_a_comprehension_is_no_helper() -> None:
    code = """
        x = tf.constant([1.0, 2.0])
        with tf.GradientTape(persistent=True) as tape:
            y = x * w
        slopes = [tape.gradient(y[i], w) for i in range(2)]
    """
    assert {cause[:2] for cause in causes(code)} == {(Kind.OUTSIDE, "y[i]")}


def test_what_an_outer_tape_follows_is_meant_to_be_a_tensor() -> None:
    code = """
        fast = [w, v]
        with tf.GradientTape() as outer:
            for _ in range(2):
                with tf.GradientTape() as inner:
                    y = fast[0] ** 2 * fast[1] ** 2
                slopes = inner.gradient(y, fast)
                fast = [one - 0.1 * slope for one, slope in zip(fast, slopes)]
    """
    assert Kind.UNWATCHED in [cause[0] for cause in causes(code)]
    assert Kind.REBOUND not in [cause[0] for cause in causes(code)]


def test_a_source_is_not_called_by_the_name_that_a_loop_left_behind() -> None:
    code = """
        held = [tf.Variable(1.0), tf.Variable(2.0)]
        for one in held:
            one.assign(3.0)
        with tf.GradientTape() as tape:
            y = tf.stop_gradient(held[1]) * w
        tape.gradient(y, held)
    """
    facts = analyse(HEAD + dedent(code))
    assert [question.source for call in facts.calls for question in call.questions] == ["held[0]", "held[1]"]


@pytest.mark.parametrize(
    ("target", "method", "outcome"),
    [
        ("tf.math.top_k(x, 2).indices", "gradient", "zero"),
        ("tf.math.top_k(x, 2)[1]", "gradient", "zero"),
        ("tf.math.top_k(x, 2).indices", "jacobian", "none"),
        ("tf.cast(tf.math.top_k(x, 2).indices, tf.float32)", "gradient", "none"),
        ("tf.argsort(x)", "gradient", "zero"),
        ("tf.argsort(x, axis=-1)", "gradient", "zero"),
        ("tf.argsort(x, axis=0)", "gradient", "zero"),
        ("tf.argsort(x[None], axis=0)", "gradient", "none"),
        ("tf.math.top_k(x, 2, index_type=tf.int32).indices", "gradient", "zero"),
        ("tf.math.top_k(x, 2, index_type=tf.int64).indices", "gradient", "error"),
        ("tf.raw_ops.Bucketize(input=x, boundaries=[0.0])", "gradient", "error"),
        ("tf.experimental.numpy.argsort(x)", "gradient", "none"),
        ("tf.argmax(x)", "gradient", "none"),
    ],
)
def test_indices_beside_floats_have_a_gradient_of_zeros(target: str, method: str, outcome: str) -> None:
    code = f"""
        x = tf.Variable([1.3, -0.7, 2.6, 0.4])
        with tf.GradientTape() as tape:
            y = {target}
        tape.{method}(y, x)
    """
    claims = [claim for claim in analyse(HEAD + dedent(code)).claims if claim.gradients]
    assert [gradient.outcome for claim in claims for gradient in claim.gradients] == [outcome]


@pytest.mark.parametrize(("eagerly", "raises"), [(True, False), (False, True)])
def test_a_function_that_may_run_eagerly_may_read_numbers(eagerly: bool, raises: bool) -> None:
    code = f"""
        {"tf.config.run_functions_eagerly(True)" if eagerly else ""}

        @tf.function
        def f():
            return tf.constant((w * w).numpy()) + w

        with tf.GradientTape() as tape:
            y = f()
        tape.gradient(y, w)
    """
    claims = analyse(HEAD + dedent(code)).claims
    assert any(isinstance(claim.cause, ToPython) and claim.cause.in_graph for claim in claims) is raises


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ("tf.ones((shape[-1], 1))", "none"),
        ("self.add_weight(shape=(shape[-1], 1))", "unbuilt"),
        ("keras.Variable(tf.ones((shape[-1], 1)))", "unbuilt"),
    ],
)
def test_a_layer_whose_build_makes_no_weights_has_none_once_it_is_built(made: str, why: str) -> None:
    code = f"""
        class Own(keras.layers.Layer):
            def build(self, shape):
                self.w = {made}
            def call(self, x):
                return x @ self.w
        layer = Own()
        weights = layer.trainable_variables
        with tf.GradientTape() as tape:
            y = layer(tf.ones((1, 3)))
        tape.gradient(y, weights)
    """
    assert [(kind, found) for kind, _, found in causes(code)] == [(Kind.NO_VARIABLES, why)]


def test_what_is_written_as_text_and_read_again_is_lost_on_the_way() -> None:
    code = """
        with tf.GradientTape() as tape:
            picture = tf.io.encode_jpeg(tf.cast(tf.fill((4, 4, 3), w) * 9.0, tf.uint8))
            y = tf.reduce_sum(tf.cast(tf.io.decode_jpeg(picture), tf.float32))
        tape.gradient(y, w)
    """
    assert [cause[:2] for cause in causes(code)] == [(Kind.CAST, "tf.cast(tf.fill((4, 4, 3), w) * 9.0, tf.uint8)")]


def test_what_training_on_a_batch_gives_is_a_number() -> None:
    code = """
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        with tf.GradientTape() as tape:
            loss = model.train_on_batch(tf.ones((4, 3)), tf.zeros((4, 1)))
        tape.gradient(loss, model.trainable_variables)
    """
    assert causes(code) == [(Kind.TARGET_NOT_TENSOR, "loss", "number")]


@pytest.mark.parametrize("data", ["w * 2.0", "tf.stack([w, w])"])
def test_a_model_that_gives_a_number_is_trained_on_what_the_tape_saw(data: str) -> None:
    """Nothing is claimed where the number is not what the tape is asked for."""
    code = f"""
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        with tf.GradientTape() as tape:
            y = tf.reduce_sum({data})
            model.train_on_batch(tf.ones((4, 1)), tf.zeros((4, 1)))
        tape.gradient(y, w)
    """
    assert causes(code) == []


def test_what_no_tape_sees_is_named_and_not_what_starts_it() -> None:
    threaded = """
        import threading
        box = []
        with tf.GradientTape() as tape:
            thread = threading.Thread(target=lambda: box.append(w * w))
            thread.start()
            thread.join()
            y = box[0] * 2.0
        tape.gradient(y, w)
    """
    lifted = """
        with tf.GradientTape() as tape:
            with tf.init_scope():
                h = w * w
            y = h * 2.0
        tape.gradient(y, w)
    """
    for code in (threaded, lifted):
        assert [cause[:2] for cause in causes(code)] == [(Kind.OUTSIDE, "w * w")]
