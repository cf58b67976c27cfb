"""GT206 opaque-function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim

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
