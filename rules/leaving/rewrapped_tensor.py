"""GT203 rewrapped-tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, name, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class RewrappedTensor(Rule):
    """A new Variable or constant was made of the value, and it is a leaf of its own."""

    code = "GT203"
    name = "rewrapped-tensor"
    kinds = (Kind.REWRAPPED,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``replacement`` and ``variable`` (what was wrapped)."""
        callee = name(claim, "callee", "`tf.Variable`")
        wrapped = claim.detail.get("variable")
        told = f"{callee} copies the value{' of ' + code(wrapped) if wrapped else ''} into a new leaf without a history"
        instead = claim.detail.get("replacement") or wrapped
        return f"{told}{so(claim)}; use {code(instead, 60) if instead else 'the Tensor'} itself."
