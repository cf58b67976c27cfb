"""GT207 target-not-a-tensor."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.conversions import dropped
from .._mending.edits import proposal, put
from .._mending.numpy import translated
from .._mending.site import Site, span_of, spelled
from .._mending.uses import goes_on_as_tensor, refuses_a_tensor
from .._wording import at, call, code, effect, target

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal

WHAT = {
    "ndarray": "a NumPy value",
    "number": "a Python number",
    "none": "None",
    "string": "a string",
    "function": "a function that is not called",
    "list": "a list with a value in it that is no Tensor",
    "symbolic": "a symbolic Keras tensor",
}


class TargetNotATensor(Rule):
    """The target itself is an array, a number or nothing, which raises.

    ## What it does
    Reports a target that is no Tensor: a NumPy array, a Python number, None, a function that was not called.

    ## Why the gradient is lost
    The tape looks the target up by the identity of its Tensor. NumPy's arrays and numbers have none, and the call
    raises AttributeError. None and functions raise TypeError, and so does a Python number, unless it happens to be the
    number of a dtype (`1.0` stands for float32), which raises AttributeError. The usual way there is a `.numpy()`, a
    `float` or a NumPy function at the end of the loss.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Keep the loss a Tensor until the gradient is taken, and convert it for printing afterwards. Return the loss from the
    function that computes it.

    ## References
    - Introduction to gradients and automatic differentiation, *Did calculations outside of TensorFlow*: https://www.tensorflow.org/guide/autodiff#2_did_calculations_outside_of_tensorflow
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    """

    code = "GT207"
    name = "target-not-a-tensor"
    kinds = (Kind.TARGET_NOT_TENSOR,)
    examples = (
        Example(
            title="a loss averaged with NumPy at the end",
            broken="""\
import numpy as np
import tensorflow as tf

w = tf.Variable([[1.0], [2.0]])
x = tf.constant([[0.5, 1.5], [2.5, 3.5]])

with tf.GradientTape() as tape:
    loss = np.mean((x @ w - 1.0) ** 2)

gradient = tape.gradient(loss, w)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([[1.0], [2.0]])
x = tf.constant([[0.5, 1.5], [2.5, 3.5]])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((x @ w - 1.0) ** 2)

gradient = tape.gradient(loss, w)
""",
            outcome="error",
            exception="AttributeError",
        ),
        Example(
            title="a loss function that returns NumPy's number",
            broken="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([3]), tf.keras.layers.Dense(1)])


def compute_loss(x, y):
    error = tf.reduce_mean((model(x) - y) ** 2)
    return error.numpy()


x, y = tf.random.normal([8, 3]), tf.random.normal([8, 1])
with tf.GradientTape() as tape:
    loss = compute_loss(x, y)

gradients = tape.gradient(loss, model.trainable_variables)
""",
            fixed="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([3]), tf.keras.layers.Dense(1)])


def compute_loss(x, y):
    error = tf.reduce_mean((model(x) - y) ** 2)
    return error


x, y = tf.random.normal([8, 3]), tf.random.normal([8, 1])
with tf.GradientTape() as tape:
    loss = compute_loss(x, y)

gradients = tape.gradient(loss, model.trainable_variables)
""",
            outcome="error",
            exception="AttributeError",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = w**2

gradient = tape.gradient(loss, w)
print(float(loss), gradient)
""",
        """\
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    losses = {"a": w**2, "b": tf.sin(w)}

print(tape.gradient(losses, w))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``reason`` (a key of ``WHAT``), ``callee`` (what made it), ``bound_line`` and ``exception``."""
        reason = claim.detail.get("reason", "")
        told = effect(claim) or f"{call(claim)} raises {claim.detail.get('exception', 'AttributeError')}"
        maker = claim.detail.get("callee")
        made = f", made by {code(maker)}{at(claim, 'bound_line')}" if maker else at(claim, "bound_line")
        named = target(claim)
        if named == "`None`":
            named = "The target"
        cure = {
            "function": "call it inside the tape",
            "none": "return the loss from where it is computed",
            "symbolic": "use what a call of the model returns",
        }.get(reason, "keep the loss a Tensor up to here")
        return f"{named} is {WHAT.get(reason, 'no Tensor')}{made}, so {told}; {cure}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The conversion of the target dropped, or the function called: safe where a Tensor does for its other uses."""
        site = Site(claim, module)
        calls = site.calls()
        if not calls:
            return None
        lost, call = calls[0]
        target = site.at(lost.target_span)
        if target is None:
            return None
        if claim.detail.get("reason") == "function":
            end = span_of(target)
            return proposal("unsafe", "Call the function", put(end.end_line, end.end_column, "()"))
        name = spelled(target)
        found = site.definition(name, call) if name is not None else None
        made = target if name is None else site.at(claim.places.get("break")) if found is None else found[1]
        if made is None:
            return None
        edit = dropped(site, made)
        edits = [edit] if edit is not None else translated(site, made) if isinstance(made, ast.Call) else None
        if not edits or (edit is None and refuses_a_tensor(site, made)):
            return None
        safe = goes_on_as_tensor(site, made)
        return proposal("safe" if safe else "unsafe", "Keep the loss a Tensor", *edits)
