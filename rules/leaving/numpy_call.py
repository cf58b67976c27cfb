"""GT201 numpy-call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, name, so, use
from ._instead import of_numpy

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class NumpyCall(Rule):
    """A NumPy function computed it, and what it returns is an array."""

    code = "GT201"
    name = "numpy-call"
    kinds = (Kind.NUMPY,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``canonical``, ``replacement``, ``variable``, ``bound_line`` and ``reason``.

        Reasons: ``operator`` (an array on the left of a Keras variable), ``store`` (into an array's element),
        ``function`` (inside a ``tf.function``, where it raises).
        """
        callee = name(claim, "callee", "NumPy")
        reason = claim.detail.get("reason")
        if reason == "operator":
            variable = name(claim, "variable", "the variable")
            told = f"An array left of the Keras variable {variable} makes the result one too"
            return f"{told}{so(claim)}; swap them, or use its `.value`."
        if reason == "store":
            told = f"Storing a Tensor in a NumPy array{at(claim, 'bound_line')} keeps its value"
            return f"{told}{so(claim)}; collect them with `tf.stack`."
        cure = use(claim, "compute it with TensorFlow's functions", of_numpy(claim.detail.get("canonical", "")))
        if reason == "function":
            return f"{callee} raises on the Tensors of a `tf.function`{so(claim)}; {cure}."
        return f"{callee} returns a NumPy array{so(claim)}; {cure}."
