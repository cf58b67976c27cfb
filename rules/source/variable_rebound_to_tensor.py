"""GT101 variable-rebound-to-tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import bound_in, called, parameters
from gradlint.rule import Message, Rule, cst, safe, unsafe

from .._fixing.updates import assigned_in_place
from .._fixing.watching import watch_sources
from .._wording import at, effect, several, source

if TYPE_CHECKING:
    from gradlint.flow.causes import Rebound
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class VariableReboundToTensor(Rule):
    """The name of a Variable was bound to a Tensor, which the tape does not watch.

    ## What it does
    Follows the name of a `tf.Variable` and reports where it is bound to a Tensor before the gradient is asked for. `x =
    x + 1` and, on a Tensor, `x += 1` make a new object; the name then stands for that object. An earlier iteration of a
    loop counts: the first gradient arrives, every later one is None.

    ## Why the gradient is lost
    A tape watches trainable Variables automatically, but Tensors only when told to. Arithmetic on a Variable gives a
    Tensor, so the name's new value is an unwatched Tensor, and `tape.gradient` gives None for it without a warning.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Change the Variable's value in place: `x.assign(...)`, `x.assign_add(...)`, `x.assign_sub(...)`. If a new value is
    intended, give it another name. If the name is meant to be a Tensor, call `tape.watch` on it in each tape.

    ## References
    - Introduction to gradients and automatic differentiation, *Replaced a variable with a tensor*: https://www.tensorflow.org/guide/autodiff#1_replaced_a_variable_with_a_tensor
    - Introduction to Variables: https://www.tensorflow.org/guide/variable
    """

    code = "GT101"
    name = "variable-rebound-to-tensor"
    kinds = (Kind.REBOUND,)

    def message(self, claim: Claim[Rebound]) -> Message:
        """Names the name, and where its Variable was made."""
        lost = effect(claim, named=not several(claim))
        if claim.cause.expression:
            headline = f"{source(claim)} is arithmetic on a Variable, which gives a Tensor"
            return Message(headline, lost, "keep the Variable and compute inside the tape")
        why = f"and the Variable{at(claim, claim.cause.made)} is gone"
        return Message(f"This binds {source(claim)} to a Tensor", lost, "change its value with `assign`", why)

    def fix(self, claim: Claim[Rebound], site: Site) -> Proposal | None:
        """The update written as ``assign``; the Tensor watched where the Variable never had a name.

        Safe where the name holds a Variable on every way to the update, no tape around it records the update, and the
        Variable is not the caller's.
        """
        if claim.cause.expression:
            return watch_sources(site)
        node = site.statement
        if node is None or any(site.is_inside(node, block) for block in site.blocks):
            return None
        changes = assigned_in_place(site, node)
        if changes is None:
            made = node.value if isinstance(node, cst.Assign) else None
            return watch_sources(site) if called(made) == "constant" else None
        recorded = any(isinstance(one, cst.With) and site.makes_tape(one) for one in site.above(node))
        given = bool(parameters(site.scope(node)) & bound_in(node))
        proposed = safe if claim.severity == "error" and not recorded and not given else unsafe
        return proposed("Change the Variable's value in place", *changes)
