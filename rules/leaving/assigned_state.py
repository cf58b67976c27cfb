"""GT204 assigned-state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, name, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class AssignedState(Rule):
    """The value went into a Variable before it was read, and state keeps no history."""

    code = "GT204"
    name = "assigned-state"
    kinds = (Kind.ASSIGNED,)

    def message(self, claim: Claim) -> str:
        """Reads ``variable`` (the one written to), ``callee`` or ``method`` (``assign_add``) and ``reason``.

        Reasons: ``set-weights``, ``store`` (a hash table or a dataset), ``accumulator`` (a running sum).
        """
        variable, method = claim.detail.get("variable"), claim.detail.get("method", "assign")
        written = name(claim, "callee", code(f"{variable}.{method}" if variable else method))
        told = f"{written} stores a value, and state keeps no history{so(claim)}"
        if claim.detail.get("reason") == "set-weights":
            return f"{told}; compute with Tensors and set weights later."
        if claim.detail.get("reason") == "accumulator":
            return f"{told}; add up Tensors in a Python name instead."
        return f"{told}; compute with a Tensor and assign it later."
