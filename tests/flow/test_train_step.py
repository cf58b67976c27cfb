"""``fit`` runs the ``train_step`` that a model's class has, on the very model and on its data."""

from __future__ import annotations

from gradlint.flow.analysis import analyse

PROGRAM = """
import numpy as np
import tensorflow as tf

class Gan(tf.keras.Model):
    def __init__(self, generator, critic):
        super().__init__()
        self.generator, self.critic = generator, critic

    def compile(self, optimizer):
        super().compile()
        self.optimizer = optimizer

    def train_step(self, {data}):
        with tf.GradientTape() as tape:
            fake = {fake}
            loss = -tf.reduce_mean(self.critic(fake))
        g = tape.gradient(loss, self.generator.trainable_variables)
        self.optimizer.apply_gradients(zip(g, self.generator.trainable_variables))
        return {{"loss": loss}}

generator = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3)])
critic = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
gan = Gan(generator, critic)
gan.compile(tf.keras.optimizers.Adam())
gan.fit({given}, epochs=1)
"""
NOISE = "np.ones((8, 4), 'float32')"


def answers(fake: str, given: str = NOISE, data: str = "noise") -> list[tuple[str, bool]]:
    code = PROGRAM.format(fake=fake, given=given, data=data)
    return [(one.answer, one.proved) for call in analyse(code).calls for one in call.questions]


def test_the_model_is_the_one_that_is_fitted() -> None:
    assert answers("self.generator(noise)") == [("connected", True)]
    assert answers("tf.round(self.generator(noise))") == [("lost", False)]


def test_the_data_are_what_fit_is_given() -> None:
    pair = "noise, _ = data\n        with tf.GradientTape() as other:\n            pass"
    given = f"tf.data.Dataset.from_tensor_slices(({NOISE}, {NOISE})).batch(2)"
    code = PROGRAM.replace("with tf.GradientTape() as tape:", pair + "\n        with tf.GradientTape() as tape:")
    for data in (given, f"{NOISE}, {NOISE}"):
        facts = analyse(code.format(fake="self.generator(noise)", given=data, data="data"))
        assert [(one.answer, one.proved) for call in facts.calls for one in call.questions] == [("connected", True)]
        assert not [claim for claim in facts.claims if claim.severity == "error"]


def test_a_conversion_raises_in_the_graph_that_fit_traces() -> None:
    code = PROGRAM.format(fake="self.generator(noise).numpy()", given=NOISE, data="noise")
    assert [(claim.kind, claim.exception) for claim in analyse(code).claims if claim.severity == "error"] == [
        ("python", "AttributeError")
    ]
    eager = code.replace("super().compile()", "super().compile(run_eagerly=True)")
    assert next(claim.exception for claim in analyse(eager).claims if claim.kind == "python") is None


COMPILED = """
import tensorflow as tf

class Probe(tf.keras.Model):
    def __init__(self, encoder, head):
        super().__init__()
        self.encoder, self.head = encoder, head

    def compile(self, probe_optimizer, **kwargs):
        super().compile(**kwargs)
        self.probe_optimizer = probe_optimizer
        self.probe_loss = tf.keras.losses.MeanSquaredError()

    def train_step(self, data):
        images, labels = data
        with tf.GradientTape() as tape:
            logits = {logits}
            loss = self.probe_loss(labels, logits)
        gradients = tape.gradient(loss, self.head.trainable_weights)
        self.probe_optimizer.apply_gradients(zip(gradients, self.head.trainable_weights))
        return {{"loss": loss}}
"""
CHANGED = "    def change(self, loss):\n        self.probe_loss = loss\n\n    def train_step"


def test_compile_comes_before_a_step_that_nothing_calls() -> None:
    kept, lost = COMPILED.format(logits="self.head(images)"), COMPILED.format(logits="tf.round(self.head(images))")
    assert analyse(kept).claims == ()
    assert [claim.kind for claim in analyse(lost).claims] == ["non-differentiable"]


def test_what_other_methods_write_too_is_not_known() -> None:
    lost = COMPILED.format(logits="tf.round(self.head(images))")
    assert analyse(lost.replace("    def train_step", CHANGED)).claims == ()
