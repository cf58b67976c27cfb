"""Classes that decorators of the program register, and what the fields of dataclasses hold where nothing is given."""

from __future__ import annotations

import textwrap

import pytest

from gradlint.flow.analysis import analyse

REGISTRY = """\
import tensorflow as tf

class Registry:
    def __init__(self):
        self.items = {{}}
    def register(self, key=None):
        def decorate(cls):
            self.items[key or cls.__name__.lower()] = cls
            return cls
        return decorate
    def build(self, config):
        config = dict(config)
        return self.items[config.pop("type")](**config)

MODELS = Registry()

{decorator}
class Line(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(1)
    def call(self, x):
        return {given}

model = MODELS.build({{"type": "line"}})
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(tf.ones((2, 3))))
tape.gradient(loss, model.trainable_variables)
"""
RECORD = """\
import dataclasses
import tensorflow as tf

@dataclasses.dataclass
class Config:
    rate: float = 0.1
    terms: dict = dataclasses.field({options})

w = tf.Variable(2.0)
config = Config({given})
with tf.GradientTape() as tape:
    loss = tf.add_n([weight * {term} for weight in config.terms.values()])
tape.gradient(loss, w)
"""


def found(code: str) -> tuple[list[str], list[str]]:
    """The answers to the questions of a program's gradient calls, and the kinds of its claims."""
    facts = analyse(textwrap.dedent(code))
    claims = [claim.kind.value for claim in facts.claims if claim.severity != "info"]
    return [question.answer for call in facts.calls for question in call.questions], claims


@pytest.mark.parametrize("decorator", ["@MODELS.register()", '@MODELS.register("line")'])
def test_a_registered_class_is_found_again(decorator: str) -> None:
    lost = REGISTRY.format(decorator=decorator, given="tf.round(self.dense(x))")
    assert found(lost) == (["lost"], ["non-differentiable"])
    assert found(REGISTRY.format(decorator=decorator, given="self.dense(x)")) == (["connected"], [])


def test_a_class_that_a_decorator_replaces_is_the_other_one() -> None:
    wrapped = """\
        import tensorflow as tf
        def smooth(cls):
            class Smooth(cls):
                def __call__(self, x):
                    return tf.square(x)
            return Smooth
        @smooth
        class Rough:
            def __call__(self, x):
                return tf.round(x)
        w = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = Rough()(w)
        tape.gradient(y, w)
        """
    assert found(wrapped) == (["connected"], [])


def test_a_class_that_a_decorator_hands_to_code_of_others_may_be_any() -> None:
    code = """\
        import tensorflow as tf
        from elsewhere import replaced
        def decorate(cls):
            return replaced(cls)
        @decorate
        class Rough:
            def __call__(self, x):
                return tf.round(x)
        w = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = Rough()(w)
        tape.gradient(y, w)
        """
    assert found(code)[1] == []


def test_what_an_unknown_decorator_may_have_added_is_open() -> None:
    code = """\
        import tensorflow as tf
        from elsewhere import extended
        @extended
        class Loss:
            def __call__(self, x):
                return tf.round(self.scaled(x))
        w = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = Loss().scaled(w)
        tape.gradient(y, w)
        """
    (call,) = analyse(textwrap.dedent(code)).calls
    assert [(question.answer, question.proved) for question in call.questions] == [("connected", False)]
    assert found(code)[1] == []


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ('default_factory=lambda: {"a": 1.0}', ""),
        ('default_factory=lambda: {"a": 1.0}', "rate=0.2"),
        ("default=None", 'terms={"a": 1.0}'),
        ("", 'terms={"a": 1.0}'),
    ],
)
def test_a_field_holds_what_its_factory_makes(options: str, given: str) -> None:
    lost = RECORD.format(options=options, given=given, term="tf.round(w)")
    assert found(lost) == (["lost"], ["non-differentiable"])
    assert found(RECORD.format(options=options, given=given, term="w")) == (["connected"], [])


def test_a_field_without_a_default_may_hold_anything() -> None:
    code = RECORD.format(options="init=False", given="", term="tf.round(w)")
    assert found(code) == (["unknown"], [])
