"""Layers, models and modules of other packages, of which a stub says what they descend from, and classes of the program
that descend from them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from gradlint.api import Settings, check_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.fixtures.observe import Observation

STUB = """\
import keras
class Base(Layer): ...
class Film(Layer, trainable=True):
    def __call__(self: Passes, inputs: Passes, condition: Passes) -> Tensor: ...
class Norm(Layer):
    def call(self: Passes, inputs: Passes) -> Tensor: ...
class Ids(Layer, trainable=True):
    def __call__(self: Passes, inputs: Lost) -> Tensor[float32]: ...
class Pool(Layer, trainable=False):
    def __call__(self, inputs: Passes) -> Tensor: ...
class Mod(Module): ...
class Net(Mod, trainable=True):
    def __call__(self: Passes, inputs: Passes) -> Tensor: ...
    def loss(self: Lost) -> Tensor: ...
class Contrast(keras.losses.Loss):
    def __call__(self, y_true: Lost, y_pred: Passes) -> Tensor: ...
"""
HEAD = """\
import acme
import keras
import tensorflow as tf
x = tf.Variable([[1.0]])
"""


@pytest.fixture(name="codes")
def codes_of(tmp_path: Path) -> Callable[[str], list[str]]:
    """The codes of what is found in a program that uses the package."""
    path = tmp_path / "acme.pyi"
    path.write_text(STUB, encoding="utf-8")

    def codes(code: str) -> list[str]:
        found = check_source(HEAD + textwrap.dedent(code), settings=Settings(models=(str(path),)))
        return [one.code for one in found if one.severity != "info"]

    return codes


def asked(made: str, called: str, sources: str) -> str:
    return f"layer = {made}\nwith tf.GradientTape() as tape:\n    y = {called}\ntape.gradient(y, {sources})\n"


@pytest.mark.parametrize(
    ("made", "called", "sources", "expected"),
    [
        ("acme.Film(3)", "layer(x, 1.0)", "[x, *layer.trainable_variables]", []),
        ("acme.Film(3)", "layer(1.0, x)", "x", []),
        ("acme.Film(3)", "tf.constant(layer(x, 1.0).numpy())", "layer.trainable_variables", ["GT202"]),
        ("acme.Ids(3)", "layer(x)", "layer.trainable_variables", []),
        ("acme.Ids(3)", "layer(x)", "x", ["GT301"]),
        ("acme.Pool()", "layer(x)", "x", []),
        ("acme.Pool()", "layer(x)", "layer.trainable_variables", ["GT109"]),
        ("acme.Norm()", "layer(x)", "[x, *layer.trainable_variables]", []),
        ("acme.Net(3)", "layer(x)", "[x, *layer.trainable_variables]", []),
        ("acme.Net(3)", "layer.loss()", "layer.trainable_variables", ["GT301"]),
        ("acme.Contrast()", "layer(1.0, x)", "x", []),
        ("acme.Contrast()", "layer(x, 1.0)", "x", ["GT301"]),
        ("acme.Net(3)", "layer.other(x)", "layer.trainable_variables", []),
        ("acme.Net(3)", "x * 2.0", "layer.trainable_variables", []),
        ("keras.Sequential([acme.Film(3), keras.layers.Dense(1)])", "layer(x)", "layer.trainable_variables", []),
        ("keras.Sequential([acme.Ids(3), keras.layers.Dense(1)])", "layer(x)", "x", ["GT301"]),
    ],
)
def test_an_object_is_what_its_stub_says(
    codes: Callable[[str], list[str]], made: str, called: str, sources: str, expected: list[str]
) -> None:
    assert codes(asked(made, called, sources)) == expected


OWN = """\
class Own(acme.{base}):
    def __init__(self):
        super().__init__()
        self.inner = {inner}
    def {method}(self, x):
        return self.inner(x)
layer = Own()
"""


@pytest.mark.parametrize(
    ("base", "method", "inner"),
    [("Base", "call", "keras.layers.Dense(1)"), ("Mod", "__call__", "acme.Net(3)"), ("Base", "call", "acme.Film(1)")],
)
def test_a_class_of_the_program_is_followed(
    codes: Callable[[str], list[str]], base: str, method: str, inner: str
) -> None:
    own = OWN.format(base=base, method=method, inner=inner)
    assert codes(own + asked("Own()", "layer(x)", "layer.trainable_variables")) == []
    lost = asked("Own()", "tf.constant(layer(x).numpy())", "layer.trainable_variables")
    assert codes(own + lost) == ["GT202"]


@pytest.mark.parametrize("inner", ["None", "tf.Variable(1.0)", "print"])
def test_a_base_may_keep_variables_that_no_stub_names(codes: Callable[[str], list[str]], inner: str) -> None:
    own = OWN.format(base="Base", method="call", inner=inner)
    assert codes(own + asked("Own()", "x * layer.scale()", "layer.trainable_variables")) == []


def test_a_class_of_which_more_is_said_is_no_base_to_look_through(codes: Callable[[str], list[str]]) -> None:
    own = OWN.format(base="Film", method="call", inner="keras.layers.Dense(1)")
    assert codes(own + asked("Own()", "x * 2.0", "layer.trainable_variables")) == []


def test_a_network_of_sonnet_is_followed(observe: Callable[[Mapping[str, str]], dict[str, Observation]]) -> None:
    program = """\
        import sonnet as snt
        import tensorflow as tf

        class Net(snt.Module):
            def __init__(self):
                super().__init__(name="net")
                self.hidden = snt.Linear(3)
                self.scale = tf.Variable(2.0)

            @snt.once
            def prepare(self):
                self.shift = tf.Variable(1.0)

            def __call__(self, x):
                self.prepare()
                return self.hidden(x) * self.scale

        net = Net()
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum({target})
        print(tape.gradient(loss, {sources}))
        """
    texts = {
        "lost.py": textwrap.dedent(program).format(target="tf.round(net(tf.ones([2, 8])))", sources="net.scale"),
        "clean.py": textwrap.dedent(program).format(target="net(tf.ones([2, 8]))", sources="[net.scale, net.hidden.w]"),
    }
    assert [one.code for one in check_source(texts["lost.py"])] == ["GT301"]
    assert check_source(texts["clean.py"]) == []
    seen = observe(texts)
    assert [call.outcomes for call in seen["lost.py"].calls] == [["none"]]
    assert [call.outcomes for call in seen["clean.py"].calls] == [["value", "value"]]
