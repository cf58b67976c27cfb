"""GT207 target-not-a-tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, call, code, effect, target

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim

WHAT = {
    "ndarray": "a NumPy array",
    "number": "a Python number",
    "none": "None",
    "function": "a function that is not called",
    "list": "a list with a value in it that is no Tensor",
    "symbolic": "a symbolic Keras tensor",
}


class TargetNotATensor(Rule):
    """The target itself is an array, a number or nothing, which raises."""

    code = "GT207"
    name = "target-not-a-tensor"
    kinds = (Kind.TARGET_NOT_TENSOR,)

    def message(self, claim: Claim) -> str:
        """Reads ``reason`` (a key of ``WHAT``), ``callee`` (what made it), ``bound_line`` and ``exception``."""
        reason = claim.detail.get("reason", "")
        told = effect(claim) or f"{call(claim)} raises {claim.detail.get('exception', 'AttributeError')}"
        maker = claim.detail.get("callee")
        made = f", made by {code(maker)}{at(claim, 'bound_line')}" if maker else at(claim, "bound_line")
        named = target(claim)
        if named == "`None`":
            named = "The target"
        cure = {
            "function": "call it inside the tape",
            "none": "return the loss from where it is computed",
            "symbolic": "use what a call of the model returns",
        }.get(reason, "keep the loss a Tensor up to here")
        return f"{named} is {WHAT.get(reason, 'no Tensor')}{made}, so {told}; {cure}."
