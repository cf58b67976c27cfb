"""GT503 none-applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, code, name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim

CONSEQUENCES = {
    "all": "raises {exception}",
    "some": "skips it with a warning",
    "arithmetic": "raises {exception}",
    "operation": "raises {exception}",
}
EXCEPTIONS = {"all": "ValueError", "arithmetic": "TypeError", "operation": "ValueError"}


class NoneApplied(Rule):
    """A gradient that is known to be None goes into arithmetic or an optimizer."""

    code = "GT503"
    name = "none-applied"
    kinds = (Kind.NONE_APPLIED,)

    def message(self, claim: Claim) -> str:
        """Reads ``source``, ``call_line`` (of the gradient call), ``callee``, ``exception`` and ``reason``.

        Reasons: ``all`` and ``some`` (of the gradients given to an optimizer), ``arithmetic`` (Python's own),
        ``operation`` (a TensorFlow function or ``assign``).
        """
        reason = claim.detail.get("reason", "operation")
        exception = claim.detail.get("exception") or EXCEPTIONS.get(reason, "ValueError")
        consequence = CONSEQUENCES.get(reason, "raises {exception}").format(exception=exception)
        wrt = claim.detail.get("source")
        of = f" with respect to {code(wrt)}" if wrt else ""
        callee = name(claim, "callee", "this")
        subject = "Every gradient here" if reason == "all" and not wrt else f"The gradient{of}"
        told = f"{subject} is None{at(claim, 'call_line')}, so {callee} {consequence}"
        return f"{told}; mend the gradient first."
