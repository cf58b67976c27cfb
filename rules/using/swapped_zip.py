"""GT501 swapped-zip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, elements, last_name, only
from gradlint.nodes.walking import walk
from gradlint.rule import Message, Replace, Rule, cst, expression, safe

from .._fixing.watching import VARIABLE_LISTS
from .._wording import named

if TYPE_CHECKING:
    from gradlint.flow.causes import NotPairs
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class SwappedZip(Rule):
    """`apply_gradients` gets variables before gradients, no pairs at all, or Tensors to update.

    ## What it does
    Reports `apply_gradients` that gets (variable, gradient) pairs, no pairs at all (a list of gradients, two lists), or
    pairs with a Tensor in place of a Variable.

    ## Why the gradient is lost
    `apply_gradients` takes (gradient, variable) pairs. With the two swapped, it raises AttributeError on the first
    Tensor (`no attribute '_unique_id'`); with a plain list of gradients, TypeError.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Write `optimizer.apply_gradients(zip(gradients, variables))`, with the variables that the gradients were asked for.

    ## References
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    - `tf.keras.optimizers.Optimizer`: https://www.tensorflow.org/api_docs/python/tf/keras/optimizers/Optimizer
    """

    code = "GT501"
    name = "swapped-zip"
    kinds = (Kind.SWAPPED_ZIP,)

    def message(self, claim: Claim[NotPairs]) -> Message:
        """Names the call."""
        headline = f"{named(claim.cause.callee, '`apply_gradients`')} takes (gradient, variable) pairs"
        why = "and these are the other way round"
        if claim.cause.how == "no-zip":
            headline, why = headline.replace("(gradient, variable) pairs", "pairs"), "and this is not a list of them"
        if claim.cause.how == "tensor":
            why = f"and {named(claim.cause.name, 'what it gets')} is a Tensor"
            return Message(headline, f"it raises {claim.exception}", "make it a `tf.Variable`", why)
        return Message(headline, f"it raises {claim.exception}", "write `zip(gradients, variables)`", why)

    def fix(self, claim: Claim[NotPairs], site: Site) -> Proposal | None:
        """The zip turned round, put in, or kept as a list: safe, since the call raises as it stands."""
        node, how = site.node, claim.cause.how
        if node is None:
            return None
        zipped = [one for one in walk(node) if called(one) == "zip"]
        pair = only(zipped[0], 2) if len(zipped) == 1 else None
        if how == "swapped" and pair is not None:
            one, other = pair
            return safe("Put the gradients first", Replace(one, other), Replace(other, one))
        return _zipped(site, _applied(node)) if how == "no-zip" and not zipped else None


def _applied(node: cst.BaseExpression) -> cst.BaseExpression | None:
    """What an ``apply_gradients`` call applies."""
    if not called(node).startswith("apply"):
        return node
    plain = [one.value for one in node.args if one.keyword is None] if isinstance(node, cst.Call) else []
    return plain[0] if len(plain) == 1 else None


def _zipped(site: Site, gradients: cst.BaseExpression | None) -> Proposal | None:
    """The gradients zipped with the sources that they were asked for."""
    if gradients is None:
        return None
    pair = elements(gradients)
    if pair is not None and len(pair) == 2:
        return safe("Pass pairs", Replace(gradients, expression("zip({g}, {v})", g=pair[0], v=pair[1])))
    found = site.definition(dotted(gradients), gradients)
    asked = None if found is None or called(found[1]) != "gradient" else only(found[1], 2)
    if asked is None:
        return None
    made = site.definition(dotted(asked[1]), gradients) if isinstance(asked[1], cst.Name) else None
    listed = asked[1] if made is None else made[1]
    if not isinstance(listed, (cst.List, cst.Tuple)) and last_name(listed) not in VARIABLE_LISTS:
        return None
    return safe("Pass pairs", Replace(gradients, expression("zip({g}, {v})", g=gradients, v=asked[1])))
