"""GT201 numpy-call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.knowledge.instead import of_numpy
from gradlint.knowledge.numpy_to_tensorflow import same_bits
from gradlint.nodes.make import without_argument
from gradlint.nodes.numpy_calls import method, method_of_array, translated
from gradlint.nodes.reading import called, dotted, keywords, only, positional
from gradlint.nodes.roundtrips import itself
from gradlint.nodes.uses import goes_on_as_tensor, refuses_a_tensor
from gradlint.rule import Message, Replace, Rule, cst, expression, safe, unsafe

from .._wording import effect, in_graph, named, use
from ._stores import collected

if TYPE_CHECKING:
    from gradlint.flow.causes import ToNumpy
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site


class NumpyCall(Rule):
    """A value on the way to the target went through a NumPy function, which no tape records.

    ## What it does
    Reports a NumPy function that a value goes through anywhere on its way from a source to the target: in the loss, in
    a helper, in a layer. If another path stays open, the finding says that the gradient lacks this part.

    ## Why the gradient is lost
    NumPy converts the Tensor to an array and computes outside TensorFlow, where no tape records. The next TensorFlow
    operation makes a new Tensor from the array, which is a constant to the tape. TensorFlow gives no warning. Operators
    are different: `array * tensor` is TensorFlow's own, whichever side the array is on, except on the left of a Keras
    variable, where NumPy wins and the result is an array. Inside a `tf.function` most NumPy functions raise
    NotImplementedError.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use TensorFlow's function: `np.mean` is `tf.reduce_mean`, `np.log` is `tf.math.log`, `np.clip` is
    `tf.clip_by_value`. `tf.experimental.numpy` has NumPy's names and keeps the gradient. In `array * keras_variable`,
    write the variable first.

    ## References
    - Introduction to gradients and automatic differentiation, *Did calculations outside of TensorFlow*: https://www.tensorflow.org/guide/autodiff#2_did_calculations_outside_of_tensorflow
    - NumPy API on TensorFlow: https://www.tensorflow.org/guide/tf_numpy
    """

    code = "GT201"
    name = "numpy-call"
    kinds = (Kind.NUMPY,)

    def message(self, claim: Claim[ToNumpy]) -> Message:
        """Names the function and TensorFlow's own that does the same."""
        lost = effect(claim)
        if claim.cause.how == "operator":
            headline = "With an array left of the Keras variable the result is an array"
            return Message(headline, lost, "swap them, or use its `.value`")
        if claim.cause.how == "store":
            return Message("Storing a Tensor in a NumPy array keeps its value", lost, "collect them with `tf.stack`")
        callee = named(claim.cause.callee, "NumPy")
        cure = use("compute it with TensorFlow's functions", of_numpy(claim.cause.canonical))
        if claim.cause.in_graph:
            return in_graph(callee, claim, cure)
        return Message(f"{callee} returns a NumPy array", lost, cure)

    def fix(self, claim: Claim[ToNumpy], site: Site) -> Proposal | None:
        """TensorFlow's function in the place of NumPy's, its arguments translated.

        Safe where all that is done with the result takes a Tensor and every bit of it was measured to be the same; a
        logarithm or a sum, which each library rounds in its own way, is unsafe. A sample whose mean and scale are
        computed is written as mean plus scale times noise: unsafe, since it takes other random numbers.
        """
        node, site.may_import = site.node, True
        if claim.cause.how == "store":
            return collected(site, site.statement)
        whole = itself(site, node)
        if whole is not None:
            return unsafe("Use the Tensor itself", whole)
        if isinstance(node, cst.BinaryOperation):
            of_keras = claim.cause.how == "operator"
            if not of_keras or dotted(node.right) is None:
                return None
            return safe("Use the variable's value", Replace(node.right, cst.Attribute(node.right, cst.Name("value"))))
        return _called(claim, site, node) if isinstance(node, cst.Call) else None


def _called(claim: Claim[ToNumpy], site: Site, node: cst.Call) -> Proposal | None:
    """TensorFlow's function in the place of a call, with the conversion that follows it."""
    stored = _stored(site, node)
    if stored is not None:
        return unsafe("Compute it with TensorFlow", *site.imports_needed, stored)
    typed = _typed(site, node)
    whole = node if typed is None else typed
    of_converted = _method_of_converted(site, node) if typed is None else None
    if of_converted is not None:
        return unsafe("Compute it with TensorFlow", *site.imports_needed, of_converted)
    if refuses_a_tensor(site, whole):
        return None
    if site.canonical(node.func) == "numpy.random.normal":
        return _sampled(site, node, typed)
    of_array = claim.cause.canonical.startswith("numpy.ndarray.")
    new: cst.BaseExpression | None = method_of_array(site, node) if of_array else translated(site, node)
    if new is not None and typed is not None:
        cast, dtype = site.tensorflow("cast", node), typed.args[0].value
        new = None if cast is None else expression("{cast}({x}, {dtype})", cast=cast, x=new, dtype=dtype)
    if new is None:
        return None
    known = same_bits(site.canonical(node.func) or "") and not of_array
    proposed = safe if known and goes_on_as_tensor(site, whole) else unsafe
    return proposed("Compute it with TensorFlow", *site.imports_needed, Replace(whole, new))


def _stored(site: Site, node: cst.Call) -> Change | None:
    """``np.add(a, x, out=a)`` as a statement that binds what TensorFlow computes to the array's name."""
    out = next((one for one in node.args if one.keyword is not None and one.keyword.value == "out"), None)
    made = site.statement
    if out is None or not isinstance(out.value, cst.Name) or not isinstance(made, cst.Expr) or made.value is not node:
        return None
    new = translated(site, without_argument(node, out))
    return None if new is None else Replace(made, cst.Assign([cst.AssignTarget(out.value)], new))


def _method_of_converted(site: Site, node: cst.Call) -> Change | None:
    """``np.array(x).sum()`` as TensorFlow's function of ``x``."""
    attribute = site.parent(node)
    call = None if attribute is None else site.parent(attribute)
    given = only(node, 1) if called(node) in {"array", "asarray"} else None
    if not given or not isinstance(attribute, cst.Attribute) or not isinstance(call, cst.Call):
        return None
    return method(site, call, given[0]) if call.func is attribute and not refuses_a_tensor(site, call) else None


def _typed(site: Site, node: cst.Call) -> cst.Call | None:
    """The ``.astype(float)`` that is called on a call's result at once."""
    attribute = site.parent(node)
    call = None if attribute is None else site.parent(attribute)
    given = only(call, 1) if called(call) == "astype" or isinstance(attribute, cst.Attribute) else None
    if given is None or not isinstance(call, cst.Call) or not isinstance(attribute, cst.Attribute):
        return None
    dtype = site.text(given[0]).strip("\"'").rpartition(".")[2]
    return call if attribute.attr.value == "astype" and call.func is attribute and dtype in FLOATS else None


FLOATS = frozenset({"float16", "float32", "float64"})


def _sampled(site: Site, node: cst.Call, typed: cst.Call | None) -> Proposal | None:
    """``np.random.normal(mean, scale)`` as ``mean + scale * tf.random.normal(tf.shape(mean))``."""
    normal, shape = site.tensorflow("random.normal", node), site.tensorflow("shape", node)
    named = dict(zip(("loc", "scale"), positional(node) or (), strict=False)) | keywords(node)
    mean, scale = named.get("loc"), named.get("scale")
    if named.keys() - {"loc", "scale"} or normal is None or shape is None or mean is None or dotted(mean) is None:
        return None
    if typed is not None and "float32" not in site.text(typed.args[0].value):
        return None
    template = "{m} + {normal}({shape}({m}))" if scale is None else "{m} + {s} * {normal}({shape}({m}))"
    drawn = expression(template, m=mean, s=scale, normal=normal, shape=shape)
    return unsafe(
        "Draw noise, and scale and shift it",
        *site.imports_needed,
        Replace(node if typed is None else typed, drawn),
    )
