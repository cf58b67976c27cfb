"""GT503 none-applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Message, Rule

from .._wording import at, named

if TYPE_CHECKING:
    from gradlint.flow.causes import NoneUsed
    from gradlint.flow.facts import Claim


class NoneApplied(Rule):
    """A gradient that is known to be None goes into arithmetic or an optimizer.

    ## What it does
    Reports a gradient that is known to be None where it is first used: an attribute or an item of it is read, it is
    iterated over, it goes into arithmetic, a TensorFlow function, `assign_sub` or `apply_gradients`. It is
    part of the finding that names the cause, and stands alone where that rule is off.

    ## Why the gradient is lost
    `grad.numpy()` raises AttributeError, `grad[0]` and `0.1 * grad` raise TypeError, and any TensorFlow operation on
    None raises ValueError, far from the line that lost the gradient. `apply_gradients` raises ValueError (`No gradients
    provided for any variable`) if all are None; if some are, it only warns and leaves those variables as they are.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Fix the cause. If some gradients are rightly None, filter the pairs: `[(g, v) for g, v in pairs if g is not None]`.

    ## References
    - Introduction to gradients and automatic differentiation, *Getting a gradient of None*: https://www.tensorflow.org/guide/autodiff#getting_a_gradient_of_none
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    """

    code = "GT503"
    name = "none-applied"
    kinds = (Kind.NONE_APPLIED,)

    def message(self, claim: Claim[NoneUsed]) -> Message:
        """Names the gradient call, and what takes its None."""
        subject = "Every gradient here" if claim.cause.into == "apply" else "The gradient"
        raises = f"{named(claim.cause.callee, 'this')} raises {claim.exception}"
        return Message(f"{subject} is None{at(claim, claim.cause.call)}", raises, "fix the gradient first")
