"""GT207 target-not-a-tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import without_elements
from gradlint.nodes.numpy_calls import translated
from gradlint.nodes.reading import dotted, elements, is_constant
from gradlint.nodes.uses import computes, computes_alike_without, goes_on_as_tensor, refuses_a_tensor
from gradlint.rule import After, Message, Replace, Rule, cst, safe, statement, unsafe

from .._wording import at, call, code, effect, target
from ._conversions import call_of_model, dropped

if TYPE_CHECKING:
    from gradlint.flow.causes import TargetNotTensor
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site


WHAT = {
    "ndarray": "a NumPy value",
    "number": "a Python number",
    "none": "None",
    "string": "a string",
    "function": "a function that is not called",
    "list": "a list with a value that is not a Tensor",
    "symbolic": "a symbolic Keras tensor",
    "tensor-array": "a TensorArray",
}


class TargetNotATensor(Rule):
    """The target itself is an array, a number or nothing, which raises.

    ## What it does
    Reports a target that is not a Tensor: a NumPy array, a Python number, None, a function that was not called.

    ## Why the gradient is lost
    The tape looks the target up by the identity of its Tensor. NumPy arrays and numbers have none, so the call raises
    AttributeError. None and functions raise TypeError, and so does a Python number, unless it happens to be the number
    of a dtype (`1.0` stands for float32), which raises AttributeError. The usual cause is a `.numpy()`, a `float` or a
    NumPy function at the end of the loss.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Keep the loss a Tensor until you have taken the gradient, and convert it for printing afterwards. Return the loss
    from the function that computes it.

    ## References
    - Introduction to gradients and automatic differentiation, *Did calculations outside of TensorFlow*: https://www.tensorflow.org/guide/autodiff#2_did_calculations_outside_of_tensorflow
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    """

    code = "GT207"
    name = "target-not-a-tensor"
    kinds = (Kind.TARGET_NOT_TENSOR,)

    def message(self, claim: Claim[TargetNotTensor]) -> Message:
        """Names the target, what it is and what made it."""
        headline = effect(claim) or f"{call(claim)} raises {claim.exception}"
        maker, place = claim.cause.callee, at(claim, claim.cause.made)
        made = f", made by {code(maker)}{place}" if maker else place
        named = target(claim)
        if named == "`None`":
            named = "The target"
        cure = {
            "function": "call it inside the tape",
            "none": "return the loss from where it is computed",
            "symbolic": "use what a call of the model returns",
            "tensor-array": "stack it inside the tape",
        }.get(claim.cause.what, "keep the loss a Tensor up to here")
        return Message(f"{named} is {WHAT[claim.cause.what]}{made}", headline, cure)

    def fix(self, claim: Claim[TargetNotTensor], site: Site) -> Proposal | None:
        """The conversion of the target dropped, or the function called: safe where a Tensor does for its other uses."""
        lost, call = site.calls[0] if site.calls else (None, None)
        target = None if lost is None else site.target(lost)
        if call is None or target is None:
            return None
        if claim.cause.what == "function":
            lambda_ = site.definition(dotted(target), call)
            if lambda_ is not None and isinstance(lambda_[1], cst.Lambda) and len(site.uses(dotted(target))) == 1:
                plain = lambda_[1].params.deep_equals(cst.Parameters())
                return unsafe("Compute it here", Replace(lambda_[1], lambda_[1].body)) if plain else None
            return unsafe("Call the function", Replace(target, cst.Call(target)))
        if isinstance(target, (cst.List, cst.Tuple)):
            return _of_tensors(site, target)
        predicted = site.at(claim.cause.made)
        model_called = call_of_model(predicted)
        if predicted is not None and model_called is not None:
            return unsafe("Call the model itself", Replace(predicted, model_called))
        found = site.definition(dotted(target), call)
        made = found[1] if found is not None else site.at(claim.cause.made)
        made = target if dotted(target) is None else made
        if made is None:
            return None
        change, alike = dropped(site, made), computes_alike_without(site, made)
        if change is None:
            new = translated(site, made) if isinstance(made, cst.Call) else None
            if new is None or refuses_a_tensor(site, made):
                return None
            change, alike = Replace(made, new), True
        proposed = safe if alike and goes_on_as_tensor(site, made) else unsafe
        return proposed("Keep the loss a Tensor", *_in_the_block(site, call, target, change))


def _of_tensors(site: Site, target: cst.List | cst.Tuple) -> Proposal | None:
    """A list of targets without the numbers and None in it, whose gradient is zero: safe, since the call raises."""
    values = elements(target) or []
    gone = {number for number, one in enumerate(values) if is_constant(one)}
    if not gone or len(gone) == len(values):
        return None
    return safe("Ask for the Tensors alone", Replace(target, without_elements(target, gone)))


def _in_the_block(site: Site, call: cst.Call, target: cst.BaseExpression, change: Change) -> list[Change]:
    """What is computed in the gradient call itself, computed at the end of the block in its stead."""
    block = site.block(call)
    outside = block is not None and not site.is_inside(call, block)
    if not isinstance(change, Replace) or change.old is not target or block is None or not outside:
        return [change]
    if not isinstance(change.new, cst.BaseExpression) or dotted(change.new) is not None or not computes(change.new):
        return [change]
    name = site.free_name("target")
    made = statement("{n} = {x}", n=name, x=change.new)
    return [After(site.body(block)[-1], [made]), Replace(target, cst.Name(name))]
