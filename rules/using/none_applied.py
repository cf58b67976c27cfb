"""GT503 none-applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, code, name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


CONSEQUENCES = {
    "apply": "raises {exception}",
    "some": "skips it with a warning",
    "arithmetic": "raises {exception}",
    "operation": "raises {exception}",
    "assign": "raises {exception}",
}

EXCEPTIONS = {"apply": "ValueError", "arithmetic": "TypeError", "operation": "ValueError", "assign": "ValueError"}


class NoneApplied(Rule):
    """A gradient that is known to be None goes into arithmetic or an optimizer.

    ## What it does
    Reports a gradient that is known to be None where it is used: in arithmetic, in a TensorFlow function, in
    `assign_sub`, in `apply_gradients`. It stands beside the finding that names the cause.

    ## Why the gradient is lost
    `0.1 * None` raises TypeError, and any TensorFlow operation on None raises ValueError, far from the line that lost
    the gradient. `apply_gradients` raises ValueError (`No gradients provided for any variable`) if all are None; if
    some are, it only warns and leaves those variables as they are.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Mend the cause. Where some gradients are rightly None, filter the pairs: `[(g, v) for g, v in pairs if g is not
    None]`.

    ## References
    - Introduction to gradients and automatic differentiation, *Getting a gradient of None*: https://www.tensorflow.org/guide/autodiff#getting_a_gradient_of_none
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    """

    code = "GT503"
    name = "none-applied"
    kinds = (Kind.NONE_APPLIED,)

    def message(self, claim: Claim) -> str:
        """Reads ``source``, ``call_line`` (of the gradient call), ``callee``, ``exception`` and ``reason``.

        Reasons: ``apply`` and ``some`` (all or some of the gradients given to an optimizer), ``arithmetic`` (Python's
        own), ``assign``, ``operation`` (a TensorFlow function).
        """
        reason = claim.detail.get("reason", "operation")
        exception = claim.detail.get("exception") or EXCEPTIONS.get(reason, "ValueError")
        consequence = CONSEQUENCES.get(reason, "raises {exception}").format(exception=exception)
        wrt = claim.detail.get("source")
        of = f" with respect to {code(wrt)}" if wrt else ""
        callee = name(claim, "callee", "this")
        subject = "Every gradient here" if reason == "apply" and not wrt else f"The gradient{of}"
        told = f"{subject} is None{at(claim, 'call_line')}, so {callee} {consequence}"
        return f"{told}; mend the gradient first."
