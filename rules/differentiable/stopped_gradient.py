"""GT306 stopped-gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, only, single_target
from gradlint.rule import Message, Remove, Replace, Rule, cst, unsafe

from .._wording import effect, named

if TYPE_CHECKING:
    from gradlint.flow.causes import Stopped
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class StoppedGradient(Rule):
    """`tf.stop_gradient` is on the only path.

    ## What it does
    Reports `tf.stop_gradient` (and Keras's `keras.ops.stop_gradient`) on the only path from a source to the target.

    ## Why the gradient is lost
    `tf.stop_gradient` passes the value on and tells the tape to treat it as a constant. That is its purpose, for
    example in the target of a temporal difference or in a straight-through estimate; but if there is no other path, the
    gradient is None.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Remove it from the path whose gradient is wanted, or leave another path open. If the constant is intended, do not
    ask for this source.

    ## References
    - Advanced automatic differentiation, *Stop gradient flow with precision*: https://www.tensorflow.org/guide/advanced_autodiff#stop_gradient_flow_with_precision
    - `tf.stop_gradient`: https://www.tensorflow.org/api_docs/python/tf/stop_gradient
    """

    code = "GT306"
    name = "stopped-gradient"
    kinds = (Kind.STOPPED,)

    def message(self, claim: Claim[Stopped]) -> Message:
        """Names the call."""
        callee = named(claim.cause.callee, "`tf.stop_gradient`")
        headline = f"{callee} cuts the only way from source to target"
        return Message(headline, effect(claim), "drop it, or leave another way open")

    def fix(self, claim: Claim[Stopped], site: Site) -> Proposal | None:
        """The ``stop_gradient`` dropped where one statement reads its value: unsafe, since it may be on purpose.

        It plainly is where the call's other sources get their gradient.
        """
        node, given = site.node, only(site.node, 1)
        if node is None or given is None or called(node) != "stop_gradient" or not site.asked_alone:
            return None
        made = site.parent(node)
        name = dotted(single_target(made))
        last = max(site.program.line(call) for _, call in site.calls)
        uses = [use for use in site.uses_here(name, node) if site.program.line(use) < last]
        reads = {site.statement_of(use) for use in uses} - {made}
        if len(reads) > 1 or (name is not None and len(site.uses(name)) > len(site.uses_here(name, node))):
            return None
        if isinstance(made, cst.Assign) and name == dotted(given[0]):
            return unsafe("Let the gradient through", Remove(made))
        return unsafe("Let the gradient through", Replace(node, given[0]))
