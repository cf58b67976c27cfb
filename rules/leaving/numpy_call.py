"""GT201 numpy-call."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind, Span
from gradlint.rule import Example, Replacement, Rule

from .._mending.edits import bracketed, operand, proposal, put, replace
from .._mending.numpy import translated
from .._mending.site import Site, span_of, spelled
from .._mending.uses import goes_on_as_tensor, refuses_a_tensor
from .._wording import at, name, so, use
from ._instead import of_numpy

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class NumpyCall(Rule):
    """A value on the way went through a NumPy function, which no tape records.

    ## What it does
    Reports a NumPy function that a value goes through on its way from a source to the target, anywhere on the way: in
    the loss, in a helper, in a layer. Where another way stays open, it says that the gradient lacks this part.

    ## Why the gradient is lost
    NumPy converts the Tensor to an array and computes outside TensorFlow, where no tape records. The next TensorFlow
    operation makes a new Tensor of the array, a constant to the tape. TensorFlow says nothing. Operators are different:
    `array * tensor` is TensorFlow's own, whichever side the array is on, except on the left of a Keras variable, where
    NumPy wins and the result is an array. Inside a `tf.function` most NumPy functions raise NotImplementedError.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use TensorFlow's function: `np.mean` is `tf.reduce_mean`, `np.log` is `tf.math.log`, `np.clip` is
    `tf.clip_by_value`. `tf.experimental.numpy` has NumPy's names and keeps the gradient. For `array * keras_variable`
    write the variable first.

    ## References
    - Introduction to gradients and automatic differentiation, *Did calculations outside of TensorFlow*: https://www.tensorflow.org/guide/autodiff#2_did_calculations_outside_of_tensorflow
    - NumPy API on TensorFlow: https://www.tensorflow.org/guide/tf_numpy
    """

    code = "GT201"
    name = "numpy-call"
    kinds = (Kind.NUMPY,)
    examples = (
        Example(
            title="an error averaged with NumPy",
            broken="""\
import numpy as np
import tensorflow as tf

slope = tf.Variable(0.5)
hours = tf.constant([1.0, 2.0, 4.0])
scores = tf.constant([2.0, 3.5, 9.0])

with tf.GradientTape() as tape:
    residuals = slope * hours - scores
    mean = np.mean(residuals)
    loss = tf.square(mean)

print(tape.gradient(loss, slope))
""",
            fixed="""\
import tensorflow as tf

slope = tf.Variable(0.5)
hours = tf.constant([1.0, 2.0, 4.0])
scores = tf.constant([2.0, 3.5, 9.0])

with tf.GradientTape() as tape:
    residuals = slope * hours - scores
    mean = tf.reduce_mean(residuals)
    loss = tf.square(mean)

print(tape.gradient(loss, slope))
""",
            outcome="none",
        ),
        Example(
            title="a penalty computed with NumPy beside the loss",
            broken="""\
import numpy as np
import tensorflow as tf


def penalty(weights):
    return 0.01 * np.sum(np.square(weights))


w = tf.Variable([[0.5], [1.5]])
x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
y = tf.constant([[1.0], [0.0]])

with tf.GradientTape() as tape:
    error = tf.reduce_mean((x @ w - y) ** 2)
    loss = error + penalty(w)

gradient = tape.gradient(loss, w)
""",
            fixed="""\
import tensorflow as tf


def penalty(weights):
    return 0.01 * tf.reduce_sum(tf.square(weights))


w = tf.Variable([[0.5], [1.5]])
x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
y = tf.constant([[1.0], [0.0]])

with tf.GradientTape() as tape:
    error = tf.reduce_mean((x @ w - y) ** 2)
    loss = error + penalty(w)

gradient = tape.gradient(loss, w)
""",
            outcome="partial",
        ),
    )
    clean = (
        """\
import numpy as np
import tensorflow as tf

weights = np.float32([0.2, 0.8])
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(weights * x + np.sqrt(2.0) * x**2)

print(tape.gradient(y, x))
""",
        """\
import numpy as np
import tensorflow as tf

logits = tf.Variable([[0.1, 0.7, 0.2]])
with tf.GradientTape() as tape:
    scores = tf.nn.softmax(logits)
    best = int(np.argmax(scores[0]))
    score = scores[0, best]

print(tape.gradient(score, logits))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``canonical``, ``replacement``, ``variable``, ``bound_line`` and ``reason``.

        Reasons: ``operator`` (an array on the left of a Keras variable), ``store`` (into an array's element), ``graph``
        (inside a ``tf.function``, where it raises).
        """
        written = claim.detail.get("callee", "")
        callee = name(claim, "callee", "NumPy")
        reason = claim.detail.get("reason")
        if reason == "operator" or written.startswith("ndarray "):
            variable = name(claim, "variable", "")
            told = f"An array left of the Keras variable {variable}".rstrip() + " makes the result one too"
            return f"{told}{so(claim)}; swap them, or use its `.value`."
        if reason == "store" or written.startswith("a store "):
            told = f"Storing a Tensor in a NumPy array{at(claim, 'bound_line')} keeps its value"
            return f"{told}{so(claim)}; collect them with `tf.stack`."
        cure = use(claim, "compute it with TensorFlow's functions", of_numpy(claim.detail.get("canonical", "")))
        if reason == "graph":
            exception = claim.detail.get("exception", "NotImplementedError")
            return f"{callee} raises {exception} on the symbolic Tensors of a `tf.function`; {cure}."
        return f"{callee} returns a NumPy array{so(claim)}; {cure}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """TensorFlow's function in the place of NumPy's, its arguments translated.

        Safe where all that is done with the result takes a Tensor. A sample whose mean and scale are computed is
        written as mean plus scale times noise: unsafe, since it takes other random numbers.
        """
        site = Site(claim, module, may_import=True)
        node = site.expression()
        if isinstance(node, ast.BinOp) and spelled(node.right) is not None:
            end = span_of(node.right)
            return proposal("safe", "Use the variable's value", put(end.end_line, end.end_column, ".value"))
        if not isinstance(node, ast.Call):
            return None
        typed = _typed(site, node)
        if typed is None and refuses_a_tensor(site, node):
            return None
        if site.canonical(node.func) == "numpy.random.normal":
            return _sampled(site, node, typed)
        edits = translated(site, node)
        cast = None if typed is None else site.tensorflow("cast", node)
        if edits is None or (typed is not None and cast is None):
            return None
        whole = node if typed is None else typed
        if typed is not None:
            dtype, end = typed.args[0], span_of(node)
            between = Span(end.end_line, end.end_column, dtype.lineno, dtype.col_offset)
            if refuses_a_tensor(site, typed) or "\n" in module.text(between):
                return None
            first, *others = sorted(edits, key=lambda one: one.span)
            if (first.span.line, first.span.column) != (end.line, end.column):
                return None
            edits = [Replacement(first.span, f"{cast}({first.content}"), *others, Replacement(between, ", ")]
        safe = goes_on_as_tensor(site, whole)
        return proposal("safe" if safe else "unsafe", "Compute it with TensorFlow", *site.imports, *edits)


def _typed(site: Site, node: ast.Call) -> ast.Call | None:
    """The ``.astype(float)`` that is called on a call's result at once."""
    attribute = site.index.parents.get(node)
    call = None if attribute is None else site.index.parents.get(attribute)
    if not isinstance(attribute, ast.Attribute) or attribute.attr != "astype" or not isinstance(call, ast.Call):
        return None
    dtype = site.text(call.args[0]).strip("\"'").rpartition(".")[2] if len(call.args) == 1 else ""
    return call if call.func is attribute and not call.keywords and dtype in FLOATS else None


FLOATS = frozenset({"float16", "float32", "float64"})


def _sampled(site: Site, node: ast.Call, typed: ast.Call | None) -> Proposal | None:
    """``np.random.normal(mean, scale)`` as ``mean + scale * tf.random.normal(tf.shape(mean))``."""
    normal, shape = site.tensorflow("random.normal", node), site.tensorflow("shape", node)
    if len(node.args) != 2 or node.keywords or normal is None or shape is None:
        return None
    mean, scale = node.args
    whole = node if typed is None else typed
    if spelled(mean) is None or refuses_a_tensor(site, whole) or (typed and "float32" not in site.text(typed.args[0])):
        return None
    name = site.text(mean)
    content = f"{name} + {bracketed(scale, site.text(scale))} * {normal}({shape}({name}))"
    sum_of = ast.BinOp(mean, ast.Add(), scale)
    return proposal(
        "unsafe",
        "Draw noise, and scale and shift it",
        *site.imports,
        replace(whole, operand(site, whole, content, sum_of)),
    )
