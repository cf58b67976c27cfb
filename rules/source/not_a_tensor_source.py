"""GT107 not-a-tensor-source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, call, effect, source

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim

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
    "missing": ("missing", "name the Variables to differentiate by"),
}


class NotATensorSource(Rule):
    """The source is no Tensor and no Variable, which raises."""

    code = "GT107"
    name = "not-a-tensor-source"
    kinds = (Kind.NOT_A_TENSOR,)

    def message(self, claim: Claim) -> str:
        """Reads ``reason`` (a key of ``WHAT``), ``source_line`` and ``exception``."""
        exception = claim.detail.get("exception", "AttributeError")
        told = effect(claim) or f"{call(claim)} raises {exception}"
        what, cure = WHAT.get(claim.detail.get("reason", ""), ("no Tensor and no Variable", "make it one of these"))
        if what == "missing":
            return f"The sources are missing, so {told}; {cure}."
        named = source(claim)
        if named == "`None`":
            named = "This source"
        return f"{named} is {what}{at(claim, 'source_line')}, so {told}; {cure}."
