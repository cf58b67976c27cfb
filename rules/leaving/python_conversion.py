"""GT202 python-conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, so, use
from ._instead import of_python

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


METHODS = {"numpy", "item", "tolist"}


class PythonConversion(Rule):
    """A Python conversion took the value out of TensorFlow."""

    code = "GT202"
    name = "python-conversion"
    kinds = (Kind.PYTHON,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``canonical``, ``replacement`` and ``reason``.

        Reasons: ``number`` (``float`` and the like), ``array`` (``.numpy()``), ``function`` (inside a ``tf.function``).
        """
        written = claim.detail.get("callee", "")
        method = written.rpartition(".")[2]
        named = code(written + "()" if "." in written and method in METHODS else written) if written else "This"
        array = claim.detail.get("reason") == "array" or method == "numpy"
        gives = "a NumPy array" if array else "a plain Python value"
        cure = use(claim, "go on with the Tensor itself", of_python(claim.detail.get("canonical", "")))
        if claim.detail.get("reason") == "function":
            return f"{named} raises on the Tensors of a `tf.function`{so(claim)}; {cure}."
        return f"{named} gives {gives}, which no tape records{so(claim)}; {cure}."
