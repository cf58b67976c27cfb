"""GT206 opaque-function."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal, put, replace
from .._mending.site import Site, span_of, spelled
from .._mending.uses import takes_a_tensor
from .._wording import name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal

WHAT = {
    "numpy-function": (
        "runs NumPy, which no tape records",
        "write it with TensorFlow, or with `tf.custom_gradient`",
    ),
    "py-function-captures": ("sees only what is in `inp`, and this is captured", "pass it in `inp`"),
    "py-function-converts": ("converts its Tensor in the body", "keep to TensorFlow's functions in the body"),
    "predict": ("returns a NumPy array", "call the model itself"),
    "evaluate": ("returns Python numbers", "call the model and compute the loss on its output"),
    "weights": ("returns copies of the weights as NumPy arrays", "use the variables themselves"),
    "dataset": ("runs apart from the tape", "compute it on the batch, inside the tape"),
    "serialization": ("turns the Tensor into bytes", "go on with the Tensor itself"),
    "table": ("has no derivative", "use `tf.gather` or an embedding"),
    "library": ("computes outside TensorFlow", "write it with TensorFlow, or with `tf.custom_gradient`"),
}
MODEL_METHODS = {
    "evaluate": "evaluate",
    "get_weights": "weights",
    "test_on_batch": "evaluate",
    "train_on_batch": "evaluate",
    "fit": "evaluate",
}


class OpaqueFunction(Rule):
    """A value on the way went through a function that the tape cannot see into.

    ## What it does
    Reports functions whose result the tape cannot see behind: `tf.numpy_function`, a `tf.py_function` that captures or
    converts its Tensors, `model.predict`, `predict_on_batch`, `evaluate`, `get_weights`, a `tf.data` pipeline,
    serialization, and libraries that compute outside TensorFlow.

    ## Why the gradient is lost
    `tf.numpy_function` has no gradient and gives None; `tf.py_function` has one for the Tensors in `inp` and for
    nothing that its body captures, and zeros where its body calls `.numpy()`. `predict` and its kin return NumPy arrays
    and Python numbers. None of them says so.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Call the model itself (`model(x)`) inside the tape. Write the function with TensorFlow's operations, or give it a
    derivative with `tf.custom_gradient`.

    ## References
    - `tf.numpy_function`: https://www.tensorflow.org/api_docs/python/tf/numpy_function
    - `tf.py_function`: https://www.tensorflow.org/api_docs/python/tf/py_function
    - Advanced automatic differentiation, *Custom gradients*: https://www.tensorflow.org/guide/advanced_autodiff#custom_gradients
    """

    code = "GT206"
    name = "opaque-function"
    kinds = (Kind.OPAQUE,)
    examples = (
        Example(
            title="a generator asked by predict",
            broken="""\
import tensorflow as tf

generator = tf.keras.Sequential([tf.keras.Input([4]), tf.keras.layers.Dense(2)])
critic = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])
noise = tf.random.normal([8, 4])

with tf.GradientTape() as tape:
    fake = generator.predict(noise, verbose=0)
    loss = -tf.reduce_mean(critic(fake))

gradients = tape.gradient(loss, generator.trainable_variables)
""",
            fixed="""\
import tensorflow as tf

generator = tf.keras.Sequential([tf.keras.Input([4]), tf.keras.layers.Dense(2)])
critic = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])
noise = tf.random.normal([8, 4])

with tf.GradientTape() as tape:
    fake = generator(noise)
    loss = -tf.reduce_mean(critic(fake))

gradients = tape.gradient(loss, generator.trainable_variables)
""",
            outcome="none",
        ),
        Example(
            title="a NumPy step in a layer",
            broken="""\
import numpy as np
import tensorflow as tf


class Sine(tf.keras.layers.Layer):
    def call(self, inputs):
        return tf.numpy_function(np.sin, [inputs], tf.float32)


x = tf.Variable([0.1, 0.2, 0.3])
with tf.GradientTape() as tape:
    y = Sine()(x)
    loss = tf.reduce_sum(y)

gradient = tape.gradient(loss, x)
""",
            fixed="""\
import tensorflow as tf


class Sine(tf.keras.layers.Layer):
    def call(self, inputs):
        return tf.sin(inputs)


x = tf.Variable([0.1, 0.2, 0.3])
with tf.GradientTape() as tape:
    y = Sine()(x)
    loss = tf.reduce_sum(y)

gradient = tape.gradient(loss, x)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = tf.py_function(lambda value: value**3, [x], tf.float32)

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])
before = model.predict(tf.ones([1, 2]), verbose=0)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(tf.ones([1, 2])) - before - 1.0) ** 2)

print(tape.gradient(loss, model.trainable_variables))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``replacement`` and ``reason`` (a key of ``WHAT``, or ``model-method``)."""
        callee = name(claim, "callee", "This function")
        reason = claim.detail.get("reason", "")
        if reason == "model-method":
            reason = MODEL_METHODS.get(claim.detail.get("canonical", "").rpartition(".")[2], "predict")
        why, cure = WHAT.get(reason, WHAT["library"])
        return f"{callee} {why}{so(claim)}; {use(claim, cure)}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The model called, the variables themselves: unsafe, since a batch size, callbacks and types may differ.

        What a ``tf.py_function`` captures is passed to it: safe, since it gets the same values.
        """
        site = Site(claim, module)
        node = site.expression()
        if isinstance(node, ast.Call) and claim.detail.get("reason") == "py-function-captures":
            return _passed(site, node)
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return None
        owner, method = site.text(node.func.value), node.func.attr
        if method in {"predict", "predict_on_batch"} and len(node.args) == 1:
            return proposal("unsafe", "Call the model itself", replace(node, f"{owner}({site.text(node.args[0])})"))
        if method == "get_weights" and not node.args:
            return proposal("unsafe", "Use the variables themselves", replace(node, f"{owner}.trainable_variables"))
        return None


def _passed(site: Site, node: ast.Call) -> Proposal | None:
    """The sources that a function captures as parameters of its own, given in ``inp``."""
    given = {"func": 0, "inp": 1}
    parts = {name: node.args[at] for name, at in given.items() if len(node.args) > at}
    parts |= {one.arg: one.value for one in node.keywords if one.arg in given}
    func, inp = parts.get("func"), parts.get("inp")
    captured = {spelled(site.at(lost.source_span) or node.func) or "" for lost, _ in site.calls()}
    if not isinstance(func, ast.Name) or not isinstance(inp, ast.List) or len(site.uses(func.id)) != 1:
        return None
    made = [one for one, _ in site.bindings(func.id, node)]
    function = made[0] if len(made) == 1 else None
    if not isinstance(function, ast.FunctionDef) or function.decorator_list or not captured:
        return None
    arguments = function.args
    plain = not (arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults)
    own = {one.id for one in ast.walk(function) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)}
    given_names = {one.arg for one in (*arguments.posonlyargs, *arguments.args)}
    if not plain or not arguments.args or not inp.elts or any("." in name for name in captured):
        return None
    if captured & (own | given_names):
        return None
    inside = [one for one in ast.walk(function) if isinstance(one, ast.Name) and one.id in captured]
    if {one.id for one in inside} != captured or not all(takes_a_tensor(site, one) for one in inside):
        return None
    names = "".join(f", {name}" for name in sorted(captured))
    last, end = arguments.args[-1], span_of(inp.elts[-1])
    return proposal(
        "safe",
        "Pass it in `inp`",
        put(last.end_lineno or last.lineno, last.end_col_offset or 0, names),
        put(end.end_line, end.end_column, names),
    )
