"""GT401 tape-reused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, call, code, way

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class TapeReused(Rule):
    """A tape is asked that has no recording left, or never had one."""

    code = "GT401"
    name = "tape-reused"
    kinds = (Kind.TAPE_REUSED,)

    def message(self, claim: Claim) -> str:
        """Reads ``tape``, ``first_call_line``, ``exception`` and ``reason``.

        Reasons: ``second-call``, ``never-entered``, ``other-tape`` (the ``with`` made another tape), ``jacobian``
        (without pfor it asks more than once).
        """
        tape = code(claim.detail.get("tape", "tape"))
        reason = claim.detail.get("reason")
        raises = f"{call(claim)} {self._raises(claim)}{way(claim)}"
        if reason == "other-tape":
            told = f"{tape} is not the tape that this `with` entered and has recorded nothing, so {raises}"
            return f"{told}; write `with ... as {tape[1:-1]}`."
        if reason == "never-entered":
            told = f"{tape} was never entered and has recorded nothing, so {raises}"
            return f"{told}; open it with `with tf.GradientTape() as {tape[1:-1]}`."
        if reason == "jacobian":
            told = f"Without pfor the Jacobian asks {tape} once a row, so {raises}"
            return f"{told}; make the tape with persistent=True."
        first = at(claim, "first_call_line")
        told = f"{tape} is not persistent and was used up by its first gradient{first}, so {raises}"
        return f"{told}; ask once with a list of sources, or set persistent=True."

    @staticmethod
    def _raises(claim: Claim) -> str:
        exception = claim.detail.get("exception") or next((lost.exception for lost in claim.gradients), None)
        certain = claim.severity == "error" or way(claim)
        return f"{'raises' if certain else 'can raise'} {exception or 'RuntimeError'}"
