"""GT601 nan-through-where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, name, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class NanThroughWhere(Rule):
    """The side of `tf.where` that is not chosen makes the gradient NaN."""

    code = "GT601"
    name = "nan-through-where"
    kinds = (Kind.NAN_THROUGH_WHERE,)
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` (the dangerous function), ``variable`` (its argument), ``replacement``, ``reason``.

        Reasons: ``where``, ``mask`` (a mask is multiplied in), ``jit`` (NaN only where XLA compiles).
        """
        callee = name(claim, "callee", "this")
        variable = claim.detail.get("variable")
        reason = claim.detail.get("reason")
        hides = "A mask" if reason == "mask" else "`tf.where`"
        compiled = " when XLA compiles it" if reason == "jit" else ""
        told = f"{hides} hides the value of {callee} and not its infinite slope{so(claim)}{compiled}"
        safe = code(variable) if variable else "its argument"
        return f"{told}; make {safe} safe first, with a `tf.where` of its own."
