"""GT203 rewrapped-tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, keywords, positional
from gradlint.nodes.uses import converted, goes_on_as_tensor
from gradlint.rule import Message, Replace, Rule, cst, expression, safe, unsafe

from .._wording import effect, named

if TYPE_CHECKING:
    from gradlint.flow.causes import Rewrapped
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class RewrappedTensor(Rule):
    """A value on the way to the target was copied into a new Variable or constant, a leaf of its own.

    ## What it does
    Reports `tf.Variable(t)`, `keras.Variable(t)`, `tf.constant(v)` of a Variable and `tf.constant(t.numpy())` on the
    way to the target, and what `tf.constant` raises on: a list with Tensors in it, and a Tensor inside a `tf.function`.

    ## Why the gradient is lost
    A new Variable takes a copy of the value but none of its history; the tape watches the new Variable, not what it was
    made from. `tf.constant` of a Variable goes through NumPy and gives a constant. For an eager Tensor, `tf.constant`
    and `tf.convert_to_tensor` return the same object, and the gradient passes through. `tf.constant([t])` raises
    ValueError, and in the graph of a `tf.function`, `tf.constant(t)` raises TypeError.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Compute with the Tensor itself, and use `tf.stack` to join several. `tf.identity(t)` gives a copy that keeps the
    gradient. Create Variables once, before the tape.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through a stateful object*: https://www.tensorflow.org/guide/autodiff#4_took_gradients_through_a_stateful_object
    - Introduction to Variables: https://www.tensorflow.org/guide/variable
    """

    code = "GT203"
    name = "rewrapped-tensor"
    kinds = (Kind.REWRAPPED,)

    def message(self, claim: Claim[Rewrapped]) -> Message:
        """Names what makes the new leaf."""
        callee = named(claim.cause.callee, "`tf.Variable`")
        if claim.cause.refused == "list":
            return Message(f"{callee} does not accept a list of Tensors", effect(claim), "use `tf.stack`")
        if claim.cause.refused:
            return Message(f"{callee} does not accept a symbolic Tensor", effect(claim), "use the Tensor itself")
        headline = f"{callee} copies the value into a new leaf without a history"
        return Message(headline, effect(claim), "use the Tensor itself")

    def fix(self, claim: Claim[Rewrapped], site: Site) -> Proposal | None:
        """The Tensor itself: safe where all that is done with the new leaf takes a Tensor."""
        node = site.node
        new = _itself(site, node, claim.cause.refused) if isinstance(node, cst.Call) else None
        if node is None or new is None:
            return None
        proposed = safe if goes_on_as_tensor(site, node) else unsafe
        return proposed("Use the Tensor itself", Replace(node, new))


def _itself(site: Site, node: cst.Call, refused: str) -> cst.BaseExpression | None:
    """What to write in the place of a call that rewraps a Tensor, or several in a list."""
    given, named = positional(node), keywords(node)
    if given is None or len(given) != 1 or any(one.star for one in node.args):
        return None
    maker, value, inner = called(node), given[0], converted(given[0])
    plain = value if inner is None else inner
    if maker in {"Variable", "Parameter"} and named.keys() <= {"name", "trainable", "dtype"}:
        return _cast(site, node, plain)
    if maker not in {"constant", "convert_to_tensor"} or not named.keys() <= {"name", "dtype", "shape"}:
        return None
    if "shape" in named:
        return _called(site, node, "reshape", "{f}({x}, {shape})", x=plain, shape=named["shape"])
    if refused == "list" and "dtype" in named:
        return _called(site, node, "convert_to_tensor", "{f}({x}, dtype={dtype})", x=value, dtype=named["dtype"])
    if refused == "list" or isinstance(value, (cst.List, cst.Tuple)):
        return _called(site, node, "stack", "{f}({x})", x=value)
    if inner is not None or refused or dotted(value) is None:
        return _cast(site, node, plain)
    return _called(site, node, "convert_to_tensor", "{f}({x})", x=value)


def _cast(site: Site, node: cst.Call, value: cst.BaseExpression) -> cst.BaseExpression | None:
    dtype = keywords(node).get("dtype")
    return value if dtype is None else _called(site, node, "cast", "{f}({x}, {dtype})", x=value, dtype=dtype)


def _called(
    site: Site, node: cst.Call, function: str, template: str, **parts: cst.BaseExpression
) -> cst.BaseExpression | None:
    spelled = site.tensorflow(function, node)
    return None if spelled is None else expression(template, f=spelled, **parts)
