"""GT107 not-a-tensor-source."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import before, proposal, put, replace
from .._mending.site import Site, span_of, spelled
from .._mending.watching import watching
from .._wording import at, call, effect, source

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal, Replacement

WHAT = {
    "ndarray": ("a NumPy array", "convert it with `tf.convert_to_tensor` before the tape and watch that"),
    "number": ("a Python number", "make it a `tf.Variable`, or a watched `tf.constant`"),
    "list": ("a list of numbers", "make it a `tf.Variable`, or a watched `tf.constant`"),
    "model": ("a model", "ask for its `trainable_variables`"),
    "layer": ("a layer", "ask for its `trainable_variables`"),
    "get-weights": ("a list of NumPy arrays", "ask for `trainable_variables`"),
    "none": ("None", "ask for a Tensor or a Variable"),
    "string": ("a string", "ask for the Variable itself, not its name"),
    "method": ("a method that is not called", "add the brackets"),
    "generator": ("a generator", "make it a list"),
    "set": ("a set", "make it a list"),
    "function": ("a function", "ask for the Variables that it uses"),
    "reference": ("a reference", "ask for the Variable itself"),
    "sparse": ("a SparseTensor", "ask for its `values`"),
    "slices": ("an IndexedSlices", "convert it to a dense Tensor first"),
    "extension": ("an ExtensionType", "ask for its fields"),
}


class NotATensorSource(Rule):
    """The source is no Tensor and no Variable, which raises.

    ## What it does
    Reports a source that is no Tensor and no Variable: a NumPy array, a Python number or list of numbers, a model or a
    layer, the arrays of `get_weights()`, None, a name as a string, a generator, a set.

    ## Why the gradient is lost
    The tape finds a source by the identity of its Tensor. What has none raises when the gradient is asked for:
    AttributeError (`'numpy.ndarray' object has no attribute '_id'`) for arrays, models and layers, TypeError for most
    Python numbers, None, strings, functions, generators and sets. That the tape computed with the converted array does
    not help, for the conversion made another object.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Convert an array once, before the tape (`x = tf.convert_to_tensor(x)`), watch that Tensor, compute with it and ask
    for it. Of a model or a layer ask for `trainable_variables`.

    ## References
    - Introduction to gradients and automatic differentiation, *Gradients with respect to a model*: https://www.tensorflow.org/guide/autodiff#gradients_with_respect_to_a_model
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    """

    code = "GT107"
    name = "not-a-tensor-source"
    kinds = (Kind.NOT_A_TENSOR,)
    examples = (
        Example(
            title="data from NumPy as the source",
            broken="""\
import numpy as np
import tensorflow as tf

x = np.linspace(0.0, 1.0, 5).astype("float32")

with tf.GradientTape() as tape:
    y = tf.sin(x)

dy_dx = tape.gradient(y, x)
""",
            fixed="""\
import numpy as np
import tensorflow as tf

x = tf.convert_to_tensor(np.linspace(0.0, 1.0, 5).astype("float32"))

with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.sin(x)

dy_dx = tape.gradient(y, x)
""",
            outcome="error",
            exception="AttributeError",
        ),
        Example(
            title="the model instead of its variables",
            broken="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(4), tf.keras.layers.Dense(1)])
x = tf.random.normal([16, 3])
y = tf.random.normal([16, 1])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)

gradients = tape.gradient(loss, model)
""",
            fixed="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(4), tf.keras.layers.Dense(1)])
x = tf.random.normal([16, 3])
y = tf.random.normal([16, 1])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)

gradients = tape.gradient(loss, model.trainable_variables)
""",
            outcome="error",
            exception="AttributeError",
        ),
    )
    clean = (
        """\
import numpy as np
import tensorflow as tf

x = np.float32([1.0, 2.0])
w = tf.Variable([0.5, 0.5])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(x * w**2)

print(tape.gradient(loss, w))
""",
        """\
import tensorflow as tf

layer = tf.keras.layers.Dense(2)
with tf.GradientTape() as tape:
    y = layer(tf.ones([1, 3]))

print(tape.gradient(y, {"kernel": layer.kernel, "bias": layer.bias}))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``reason`` (a key of ``WHAT``), ``source_line`` and ``exception``."""
        exception = claim.detail.get("exception", "AttributeError")
        told = effect(claim) or f"{call(claim)} raises {exception}"
        what, cure = WHAT.get(claim.detail.get("reason", ""), ("no Tensor and no Variable", "make it one of these"))
        named = source(claim)
        if named == "`None`":
            named = "This source"
        return f"{named} is {what}{at(claim, 'source_line')}, so {told}; {cure}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """What is meant written as a source: safe, since the call raises as it stands; a conversion is unsafe."""
        site, reason = Site(claim, module), claim.detail.get("reason", "")
        edits = []
        for lost, asked in site.calls():
            source = site.at(lost.source_span)
            made = None if source is None else _meant(site, source, asked, reason)
            if made is None:
                return None
            edits += made
        if not edits:
            return None
        converts = reason in {"ndarray", "number", "list"}
        message = "Make it a Tensor and watch it" if converts else "Ask for what can be differentiated by"
        return proposal("unsafe" if converts else "safe", message, *dict.fromkeys(edits))


def _meant(site: Site, source: ast.expr, call: ast.Call, reason: str) -> list[Replacement] | None:
    """The edit that makes a source of what stands in its place."""
    text = site.text(source)
    if reason in {"model", "layer"} and spelled(source) is not None:
        return [replace(source, f"{text}.trainable_variables")]
    if isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute) and source.func.attr == "get_weights":
        return [replace(source, f"{site.text(source.func.value)}.trainable_variables")]
    if reason == "reference" and isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute):
        return [replace(source, site.text(source.func.value))]
    if reason == "method":
        end = span_of(source)
        return [put(end.end_line, end.end_column, "()")]
    if reason == "generator" and isinstance(source, ast.GeneratorExp) and text.startswith("("):
        return [replace(source, f"[{text[1:-1]}]")]
    if reason == "set" and isinstance(source, ast.Set):
        return [replace(source, f"[{text[1:-1]}]")]
    if reason in {"ndarray", "number", "list"}:
        return _converted(site, source, call)
    return None


def _converted(site: Site, source: ast.expr, call: ast.Call) -> list[Replacement] | None:
    """A Tensor made of a name's value just before the block, and watched in it."""
    name, block, tape = spelled(source), site.block_of(call), site.tape_of(call)
    convert = site.tensorflow("convert_to_tensor", call)
    float32 = site.tensorflow("float32", call)
    if name is None or block is None or tape is None or convert is None or float32 is None:
        return None
    if any(block in site.index.above(statement) for statement, _ in site.bindings(name, call)):
        return None
    return [
        before(site.module, block, f"{name} = {convert}({name}, dtype={float32})"),
        watching(site, block, tape, [name], None),
    ]
