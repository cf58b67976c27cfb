"""GT206 opaque-function."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site
from .._wording import name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal

WHAT = {
    "numpy-function": (
        "runs NumPy, which no tape records",
        "write it with TensorFlow, or with `tf.custom_gradient`",
    ),
    "py-function-capture": ("sees only what is in `inp`, and this is captured", "pass it in `inp`"),
    "py-function-convert": ("converts its Tensor in the body", "keep to TensorFlow's functions in the body"),
    "predict": ("returns a NumPy array", "call the model itself"),
    "evaluate": ("returns Python numbers", "call the model and compute the loss on its output"),
    "weights": ("returns copies of the weights as NumPy arrays", "use the variables themselves"),
    "dataset": ("runs apart from the tape", "compute it on the batch, inside the tape"),
    "serialization": ("turns the Tensor into bytes", "go on with the Tensor itself"),
    "table": ("has no derivative", "use `tf.gather` or an embedding"),
    "library": ("computes outside TensorFlow", "write it with TensorFlow, or with `tf.custom_gradient`"),
}


class OpaqueFunction(Rule):
    """A function that computes outside TensorFlow's recorded operations."""

    code = "GT206"
    name = "opaque-function"
    kinds = (Kind.OPAQUE,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``replacement`` and ``reason`` (a key of ``WHAT``)."""
        callee = name(claim, "callee", "This function")
        why, cure = WHAT.get(claim.detail.get("reason", ""), WHAT["library"])
        return f"{callee} {why}{so(claim)}; {use(claim, cure)}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The model called, the variables themselves: unsafe, since a batch size, callbacks and types may differ."""
        site = Site(claim, module)
        node, reason = site.expression(), claim.detail.get("reason")
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return None
        owner, method = site.text(node.func.value), node.func.attr
        if reason == "predict" and method in {"predict", "predict_on_batch"} and len(node.args) == 1:
            return proposal("unsafe", "Call the model itself", replace(node, f"{owner}({site.text(node.args[0])})"))
        if reason == "weights" and method == "get_weights" and not node.args:
            return proposal("unsafe", "Use the variables themselves", replace(node, f"{owner}.trainable_variables"))
        return None
