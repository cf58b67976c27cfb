"""GT303 cast-to-integer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, last_name, only, positional, single_target
from gradlint.nodes.uses import float_does
from gradlint.rule import Message, Replace, Rule, cst, expression, unsafe

from .._wording import effect, named

if TYPE_CHECKING:
    from gradlint.flow.causes import CastAway
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site


class CastToInteger(Rule):
    """A cast to integers, bools or strings on the way to the target.

    ## What it does
    Reports a cast from a float to an integer, a bool or a string on the way from a source to the target.

    ## Why the gradient is lost
    Integers have no derivative. Casting back to a float gives a new value that the tape connects to nothing, so the
    gradient is None. Casts between float dtypes keep it. Image conversions to `uint8` and `tf.bitcast` lose it in the
    same way.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Stay with floats on the way to the target and cast for display or indexing only. To quantize during training, pass
    the gradient straight through: `x + tf.stop_gradient(tf.cast(tf.cast(x, tf.int32), tf.float32) - x)`.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through an integer or string*: https://www.tensorflow.org/guide/autodiff#3_took_gradients_through_an_integer_or_string
    - `tf.cast`: https://www.tensorflow.org/api_docs/python/tf/cast
    """

    code = "GT303"
    name = "cast-to-integer"
    kinds = (Kind.CAST,)

    def message(self, claim: Claim[CastAway]) -> Message:
        """Names the cast and its dtype."""
        dtype = claim.cause.dtype or "an integer"
        headline = f"{named(claim.cause.callee, '`tf.cast`')} to {dtype} leaves steps, which have no derivative"
        return Message(headline, effect(claim), "stay with floats on the way to the target")

    def fix(self, claim: Claim[CastAway], site: Site) -> Proposal | None:
        """The cast dropped, and integers that it meets cast to floats: unsafe, since the value is no longer cut."""
        node, made = site.node, _uncut(site.node)
        back = None if node is None else site.holder(node)
        if called(node) == called(back) == "convert_image_dtype" and isinstance(back, cst.Call):
            return _unconverted(node, back)
        reads = [] if node is None else _reads(site, node)
        if node is None or made is None or not reads:
            return None
        changes: dict[cst.CSTNode, Change] = {node: Replace(node, made)}
        for read in reads:
            if float_does(site, read, set()):
                continue
            met = _met(site, read, made)
            if met is None:
                return None
            changes[met.old] = met
        return unsafe("Keep the float", *changes.values())


def _unconverted(node: cst.BaseExpression | None, back: cst.Call) -> Proposal | None:
    """The float image itself for one that is converted to integers and back."""
    given, floats = only(node, 2), only(back, 2)
    if given is None or floats is None or "float" not in last_name(floats[1]):
        return None
    return unsafe("Stay with the float image", Replace(back, given[0]))


LARGEST = {"uint8": "255.0", "uint16": "65535.0", "int16": "32767.0"}


def _uncut(node: cst.BaseExpression | None) -> cst.BaseExpression | None:
    """What a cast casts, scaled as the conversion of an image scales it."""
    given = positional(node) if isinstance(node, cst.Call) else None
    if not given:
        return None
    if called(node) == "convert_image_dtype" and only(node, 2) is not None:
        largest = LARGEST.get(last_name(given[1]))
        return None if largest is None else expression("{x} * {k}", x=given[0], k=largest)
    return given[0] if called(node).endswith("cast") else None


def _reads(site: Site, node: cst.BaseExpression) -> list[cst.BaseExpression]:
    """Where the value of an expression is read: by its name, or as what calls of its function return."""
    holder, function = site.parent(node), site.scope(node)
    target = single_target(holder)
    if target is not None:
        return site.uses(dotted(target))
    if isinstance(holder, cst.Return) and isinstance(function, cst.FunctionDef):
        calls = [site.parent(use) for use in site.uses(function.name.value)]
        plain = all(isinstance(one, cst.Call) and isinstance(one.func, cst.Name) for one in calls)
        return [one for one in calls if isinstance(one, cst.Call)] if plain else []
    return [node]


def _met(site: Site, read: cst.BaseExpression, made: cst.BaseExpression) -> Replace | None:
    """The integer that a value is computed with, cast to the dtype of the float in its place."""
    holder, cast, name = site.parent(read), site.tensorflow("cast", read), dotted(made)
    arithmetic = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide)
    if not isinstance(holder, cst.BinaryOperation) or not isinstance(holder.operator, arithmetic):
        return None
    other = holder.right if holder.left is read else holder.left
    if cast is None or name is None or dotted(other) is None or site.same(other, read):
        return None
    return Replace(other, expression("{cast}({x}, {name}.dtype)", cast=cast, x=other, name=name))
