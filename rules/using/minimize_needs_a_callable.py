"""GT504 minimize-needs-a-callable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class MinimizeNeedsACallable(Rule):
    """`minimize` gets a Tensor, or an optimizer that has no `minimize`."""

    code = "GT504"
    name = "minimize-needs-a-callable"
    kinds = (Kind.MINIMIZE,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``exception`` and ``reason`` (``keras``: no such method; ``tensor``; ``v1``)."""
        callee = name(claim, "callee", "`minimize`")
        exception = claim.detail.get("exception")
        if claim.detail.get("reason", "keras") == "keras":
            told = f"Keras 3 optimizers have no `minimize`, so {callee} raises {exception or 'AttributeError'}"
            return f"{told}; take the gradients from a tape and use `apply_gradients`."
        told = f"{callee} needs a function that computes the loss, and with a Tensor raises {exception or 'ValueError'}"
        return f"{told}; pass a lambda, or use a tape and `apply_gradients`."
