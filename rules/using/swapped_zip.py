"""GT501 swapped-zip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, elements, last_name, only
from gradlint.nodes.walking import walk
from gradlint.rule import Replace, Rule, cst, expression, safe

from .._fixing.watching import VARIABLE_LISTS
from .._wording import code, name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class SwappedZip(Rule):
    """`apply_gradients` gets variables before gradients, or no pairs at all.

    ## What it does
    Reports `apply_gradients` that gets (variable, gradient) pairs, no pairs at all, or a `zip` that was walked through
    before.

    ## Why the gradient is lost
    `apply_gradients` takes (gradient, variable) pairs. With the two swapped it raises AttributeError on the first
    Tensor (`no attribute '_unique_id'`); with a plain list of gradients TypeError; with a `zip` that a loop has used up
    ValueError, for no pair is left.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Write `optimizer.apply_gradients(zip(gradients, variables))`. Make a list of the pairs if they are to be walked
    through first.

    ## References
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    - `tf.keras.optimizers.Optimizer`: https://www.tensorflow.org/api_docs/python/tf/keras/optimizers/Optimizer
    """

    code = "GT501"
    name = "swapped-zip"
    kinds = (Kind.SWAPPED_ZIP,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``exception``, ``replacement``, ``reason``: ``swapped``, ``no-zip``, ``consumed``."""
        callee = name(claim, "callee", "`apply_gradients`")
        reason = claim.detail.get("reason", "swapped")
        exception = claim.detail.get("exception")
        instead = claim.detail.get("replacement")
        if reason == "consumed":
            told = f"This `zip` was walked through before, so {callee} gets no pairs"
            return f"{told} and raises {exception or 'ValueError'}; make it a list, or zip anew."
        cure = f"write {code(instead, 60)}" if instead else "write `zip(gradients, variables)`"
        if reason == "no-zip":
            return (
                f"{callee} takes pairs, and this is no list of them, so it raises {exception or 'TypeError'}; {cure}."
            )
        told = f"{callee} takes (gradient, variable) pairs, and these are the other way round"
        return f"{told}, so it raises {exception or 'AttributeError'}; {cure}."

    def fix(self, claim: Claim, site: Site) -> Proposal | None:
        """The zip turned round, put in, or kept as a list: safe, since the call raises as it stands."""
        node, reason = site.node, claim.detail.get("reason", "swapped")
        if node is None:
            return None
        zipped = [one for one in walk(node) if called(one) == "zip"]
        pair = only(zipped[0], 2) if len(zipped) == 1 else None
        if reason == "swapped" and pair is not None:
            one, other = pair
            return safe("Put the gradients first", Replace(one, other), Replace(other, one))
        if reason == "no-zip" and not zipped:
            return _zipped(site, _applied(node))
        return _listed(site, _applied(node)) if reason == "consumed" else None


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


def _listed(site: Site, pairs: cst.BaseExpression | None) -> Proposal | None:
    """The pairs kept as a list where the zip is made."""
    found = None if pairs is None else site.definition(dotted(pairs), pairs)
    if found is None or called(found[1]) != "zip":
        return None
    return safe("Keep the pairs as a list", Replace(found[1], expression("list({x})", x=found[1])))
