"""GT203 rewrapped-tensor."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.conversions import converted
from .._mending.edits import operand, proposal, replace
from .._mending.site import Site, spelled
from .._mending.uses import goes_on_as_tensor
from .._wording import code, name, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class RewrappedTensor(Rule):
    """A value on the way was copied into a new Variable or constant, a leaf of its own.

    ## What it does
    Reports `tf.Variable(t)`, `keras.Variable(t)`, `tf.constant(v)` of a Variable and `tf.constant(t.numpy())` on the
    way to the target.

    ## Why the gradient is lost
    A new Variable takes a copy of the value and none of its history; the tape watches the new Variable, not what it was
    made from. `tf.constant` of a Variable goes through NumPy and gives a constant. Of an eager Tensor `tf.constant` and
    `tf.convert_to_tensor` return the same object, and the gradient goes through.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use the Tensor itself where it is computed with. `tf.identity(t)` gives a copy that keeps the gradient. Make
    Variables before the tape, once.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through a stateful object*: https://www.tensorflow.org/guide/autodiff#4_took_gradients_through_a_stateful_object
    - Introduction to Variables: https://www.tensorflow.org/guide/variable
    """

    code = "GT203"
    name = "rewrapped-tensor"
    kinds = (Kind.REWRAPPED,)
    examples = (
        Example(
            title="a Variable made in the middle of the network",
            broken="""\
import tensorflow as tf

kernel = tf.Variable(tf.random.normal([3, 4]))
x = tf.random.normal([2, 3])

with tf.GradientTape() as tape:
    hidden = tf.Variable(tf.tanh(x @ kernel))
    loss = tf.reduce_sum(hidden**2)

gradient = tape.gradient(loss, kernel)
""",
            fixed="""\
import tensorflow as tf

kernel = tf.Variable(tf.random.normal([3, 4]))
x = tf.random.normal([2, 3])

with tf.GradientTape() as tape:
    hidden = tf.tanh(x @ kernel)
    loss = tf.reduce_sum(hidden**2)

gradient = tape.gradient(loss, kernel)
""",
            outcome="none",
        ),
        Example(
            title="a constant made of a Variable",
            broken="""\
import tensorflow as tf


class Ring:
    def __init__(self):
        self.radius = tf.Variable(2.0)

    def area(self):
        radius = tf.constant(self.radius)
        return 3.14159 * radius**2


ring = Ring()
with tf.GradientTape() as tape:
    area = ring.area()

gradient = tape.gradient(area, ring.radius)
""",
            fixed="""\
import tensorflow as tf


class Ring:
    def __init__(self):
        self.radius = tf.Variable(2.0)

    def area(self):
        radius = tf.convert_to_tensor(self.radius)
        return 3.14159 * radius**2


ring = Ring()
with tf.GradientTape() as tape:
    area = ring.area()

gradient = tape.gradient(area, ring.radius)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.constant([1.0, 2.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.reduce_sum(tf.constant(x) ** 2)

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

start = tf.random.normal([3])
w = tf.Variable(start)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.identity(w) ** 2)

print(tape.gradient(loss, w))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``replacement`` and ``variable`` (what was wrapped)."""
        callee = name(claim, "callee", "`tf.Variable`")
        wrapped = claim.detail.get("variable")
        told = f"{callee} copies the value{' of ' + code(wrapped) if wrapped else ''} into a new leaf without a history"
        instead = claim.detail.get("replacement") or wrapped
        return f"{told}{so(claim)}; use {code(instead, 60) if instead else 'the Tensor'} itself."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The Tensor itself: safe where all that is done with the new leaf takes a Tensor."""
        site = Site(claim, module)
        node = site.expression()
        text = None if node is None else _itself(site, node)
        if node is None or text is None:
            return None
        safe = goes_on_as_tensor(site, node)
        return proposal("safe" if safe else "unsafe", "Go on with the Tensor itself", replace(node, text))


def _itself(site: Site, node: ast.expr) -> str | None:
    """What to write in the place of a call that rewraps a Tensor."""
    if not isinstance(node, ast.Call) or not node.args or isinstance(node.args[0], ast.Starred):
        return None
    maker = (spelled(node.func) or "").rpartition(".")[2]
    value, keywords = node.args[0], {keyword.arg: site.text(keyword.value) for keyword in node.keywords}
    if len(node.args) > 1 or None in keywords:
        return None
    inner = converted(value)
    text = operand(site, node, site.text(inner or value), inner or value)
    if maker in {"Variable", "Parameter"} and not set(keywords) - {"name", "trainable", "dtype"}:
        return _cast(site, node, text, keywords)
    if maker not in {"constant", "convert_to_tensor"} or set(keywords) - {"name", "dtype", "shape"}:
        return None
    if "shape" in keywords:
        reshape = site.tensorflow("reshape", node)
        return None if reshape is None else f"{reshape}({site.text(inner or value)}, {keywords['shape']})"
    if isinstance(value, (ast.List, ast.Tuple)):
        stack = site.tensorflow("stack", node)
        return None if stack is None else f"{stack}({site.text(value)})"
    if inner is not None or spelled(value) is None:
        return _cast(site, node, text, keywords)
    convert = site.tensorflow("convert_to_tensor", node)
    return None if convert is None else f"{convert}({site.text(value)})"


def _cast(site: Site, node: ast.Call, text: str, keywords: dict[str | None, str]) -> str | None:
    if "dtype" not in keywords:
        return text
    cast = site.tensorflow("cast", node)
    return None if cast is None else f"{cast}({text}, {keywords['dtype']})"
