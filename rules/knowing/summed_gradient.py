"""GT701 summed-gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, is_constant, last_name, only, single_target
from gradlint.rule import After, Message, Replace, Rule, cst, statement, unsafe

from .._wording import call, target

if TYPE_CHECKING:
    from gradlint.flow.causes import Summed
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class SummedGradient(Rule):
    """The target is not a scalar, or there are several targets, so the result is a sum.

    ## What it does
    Reports a gradient whose target is not a scalar, or of several targets at once: the result is the gradient of their
    sum.

    ## Why the gradient is lost
    Nothing is lost. `tape.gradient` differentiates one number; it sums the elements of a Tensor, and all the Tensors in
    a list. Functional Keras losses give one value per sample, so the step is larger by a factor of the batch size.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Reduce the target explicitly (`tf.reduce_mean`), so that the reader sees it. For the individual parts, use
    `tape.jacobian`.

    ## References
    - Introduction to gradients and automatic differentiation, *Gradients of non-scalar targets*: https://www.tensorflow.org/guide/autodiff#gradients_of_non-scalar_targets
    - Advanced automatic differentiation, *Jacobians*: https://www.tensorflow.org/guide/advanced_autodiff#jacobians
    """

    code = "GT701"
    name = "summed-gradient"
    kinds = (Kind.SUMMED,)
    severity = "info"
    default = False

    def message(self, claim: Claim[Summed]) -> Message:
        """Names the target."""
        if claim.cause.several:
            headline = f"{call(claim)} of several targets gives the sum of their gradients"
            return Message(headline, help="ask once per target for the parts")
        headline = f"{target(claim, 'The target')} is not a scalar"
        return Message(
            headline, f"{call(claim)} gives the gradient of the sum of its elements", "`jacobian` gives the parts"
        )

    def fix(self, claim: Claim[Summed], site: Site) -> Proposal | None:
        """The mean of a loss, or the Jacobian by a single number: unsafe, since the sum may be what is meant."""
        asked, given = site.node, only(site.node, 2)
        if not isinstance(asked, cst.Call) or given is None or claim.cause.several:
            return None
        if last_name(given[0]).lower().endswith(LOSSES):
            return _mean(site, asked, dotted(given[0]) or "")
        found = site.definition(dotted(given[1]), asked)
        made = None if found is None else found[1]
        single = isinstance(made, cst.Call) and bool(made.args) and is_constant(made.args[0].value)
        if not single or called(made) not in {"Variable", "constant"} or not isinstance(asked.func, cst.Attribute):
            return None
        return unsafe("Ask for the Jacobian", Replace(asked.func, asked.func.with_changes(attr=cst.Name("jacobian"))))


LOSSES = ("loss", "losses", "cost")


def _mean(site: Site, asked: cst.Call, name: str) -> Proposal | None:
    """The mean of a loss taken right behind the one statement of the block that computes it."""
    block, mean = site.block(asked), site.tensorflow("reduce_mean", asked)
    found = [one for one, _ in site.bindings(name, asked)]
    if block is None or mean is None or len(found) != 1 or not any(found[0] is one for one in site.body(block)):
        return None
    if dotted(single_target(found[0])) != name or not site.is_alone(found[0]):
        return None
    return unsafe("Take its mean", After(found[0], [statement("{x} = {mean}({x})", x=name, mean=mean)]))
