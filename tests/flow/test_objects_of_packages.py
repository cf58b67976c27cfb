"""What objects of other packages keep and compute: distributions, bijectors and Variables of TensorFlow Probability."""

from __future__ import annotations

import textwrap

import pytest

from gradlint.flow.analysis import analyse

HEAD = """\
import tensorflow as tf
import tensorflow_probability as tfp
tfd, tfb = tfp.distributions, tfp.bijectors
v, w = tf.Variable(0.5), tf.Variable(2.0)
"""


def told(code: str) -> list[tuple[str, int]]:
    """Each error's and warning's kind and line."""
    claims = analyse(HEAD + textwrap.dedent(code)).claims
    return [(claim.kind, claim.span.line) for claim in claims if claim.severity != "info"]


def asked(made: str, sources: str, before: str = "") -> list[tuple[str, int]]:
    """What is told of a gradient of a distribution's density."""
    return told(f"""\
        {before}
        with tf.GradientTape() as tape:
            d = {made}
            loss = d.log_prob(0.3)
        tape.gradient(loss, {sources})
        """)


@pytest.mark.parametrize("made", ["tfd.Normal(v, 1.0)", "tfd.Independent(tfd.Normal(tf.zeros(2), w), 1)"])
def test_a_distribution_keeps_the_variables_that_it_was_made_of(made: str) -> None:
    assert asked(made, "d.trainable_variables") == []


@pytest.mark.parametrize("made", ["tfd.Poisson(tf.exp(v))", "tfd.Independent(tfd.Normal(v * 2.0, w + 1.0), 1)"])
def test_it_keeps_none_that_a_tensor_was_computed_from(made: str) -> None:
    assert asked(made, "d.trainable_variables") == [("no-variables", 9)]


@pytest.mark.parametrize(
    "made", ["tfd.Normal(given(), 1.0)", "tfd.JointDistributionSequential([lambda: tfd.Normal(v, 1.0)])"]
)
def test_what_it_was_made_of_may_be_unknown(made: str) -> None:
    assert asked(made, "d.trainable_variables", "from acme import given") == []


def test_a_flow_keeps_nothing_of_the_function_that_it_calls() -> None:
    made = "tfd.TransformedDistribution(tfd.Normal(0.0, 1.0), tfb.RealNVP(1, shift_and_log_scale_fn=lambda x: v * x))"
    assert asked(made, "d.trainable_variables") == [("no-variables", 9)]
    assert asked(made, "v") == []


def test_a_transformed_variable_is_another_variable_than_its_initial_value() -> None:
    made = "tfd.Normal(v, tfp.util.TransformedVariable(w, tfb.Exp()))"
    assert asked(made, "[v, w]") == [("rewrapped", 7)]
    assert asked(made, "d.trainable_variables") == []


@pytest.mark.parametrize("sources", ["s.trainable_variables", "s.variables", "s.pretransformed_input"])
def test_a_transformed_variable_holds_the_variable_that_learns(sources: str) -> None:
    assert asked("tfd.Normal(v, s)", sources, "s = tfp.util.TransformedVariable(1.0, tfb.Exp())") == []


def test_an_object_of_an_unknown_class_computes_when_it_is_used() -> None:
    code = """\
        x = tfp.util.DeferredTensor(w, tf.exp)
        with tf.GradientTape() as tape:
            y = x * x
        tape.gradient(y, w)
        """
    assert told(code) == []


MODULE = """\
    class Model({base}):
        def __init__(self):
            super().__init__()
            self.dist = {made}

        def __call__(self, x):
            return self.dist.log_prob(x)

    model = Model()
    with tf.GradientTape() as tape:
        loss = model(0.3)
    tape.gradient(loss, model.trainable_variables)
"""


def test_a_module_counts_what_its_distribution_keeps() -> None:
    assert told(MODULE.format(base="tf.Module", made="tfd.Normal(v, 1.0)")) == []
    assert told(MODULE.format(base="tf.Module", made="tfp.util.TransformedVariable(1.0, tfb.Exp())")) == []
    assert told(MODULE.format(base="tf.Module", made="tfd.Normal(v * 2.0, 1.0)")) == [("no-variables", 16)]


def test_a_bijector_passes_to_its_argument_and_its_own_variables() -> None:
    code = """\
        b = tfb.Chain([tfb.Scale(w), tfb.Exp()])
        with tf.GradientTape() as tape:
            y = b.forward(v)
        tape.gradient(y, [v, *b.trainable_variables])
        """
    assert told(code) == []
    assert told(code.replace("b.forward(v)", "b.forward(tf.round(v))")) == [("non-differentiable", 7)]
