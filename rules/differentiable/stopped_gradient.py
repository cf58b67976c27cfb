"""GT306 stopped-gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import name, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class StoppedGradient(Rule):
    """`tf.stop_gradient` stands on the only way."""

    code = "GT306"
    name = "stopped-gradient"
    kinds = (Kind.STOPPED,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``."""
        callee = name(claim, "callee", "`tf.stop_gradient`")
        return f"{callee} cuts the only way from source to target{so(claim)}; drop it, or leave another way open."
