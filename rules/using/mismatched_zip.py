"""GT502 mismatched-zip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, only, single_target
from gradlint.nodes.walking import walk
from gradlint.rule import Message, Replace, Rule, cst, safe, unsafe

if TYPE_CHECKING:
    from gradlint.flow.causes import OtherVariables
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


MISMATCHES = {
    "length": Message(
        "The gradients and the variables differ in number",
        "`zip` silently drops the rest",
        "use one list for both",
        joint=", and ",
    ),
    "order": Message(
        "These gradients are in a different order from the variables",
        "each goes to the wrong variable",
        "use one list for both",
    ),
    "other": Message(
        "These gradients are applied to variables that they were not asked for", help="use one list for both"
    ),
    "single": Message(
        "The gradient of one source is a Tensor, not a list",
        "`zip` takes it apart",
        "ask for it in a list: `[variable]`",
        joint=", and ",
    ),
}


class MismatchedZip(Rule):
    """Gradients of one list of variables are applied to another.

    ## What it does
    Reports gradients of one list of variables that are applied to another list: one of another model, in another order
    or of another length, or a single gradient that `zip` takes apart.

    ## Why the gradient is lost
    `zip` pairs by position and stops at the shorter list. TensorFlow cannot know which variable a gradient belongs to:
    if the shapes agree, it silently updates the wrong one, and the rest of the longer list is not updated. A source
    that is not a list gives a bare Tensor, and `zip` iterates over its elements.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Keep the sources in one variable and use it for both: `gradients = tape.gradient(loss, variables)`, then
    `zip(gradients, variables)`.

    ## References
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    """

    code = "GT502"
    name = "mismatched-zip"
    kinds = (Kind.MISMATCHED_ZIP,)

    def message(self, claim: Claim[OtherVariables]) -> Message:
        """Says in what the two lists do not fit."""
        return MISMATCHES[claim.cause.how]

    def fix(self, claim: Claim[OtherVariables], site: Site) -> Proposal | None:
        """The gradients that were asked for these variables, where there are some; else the variables of the gradients.

        Unsafe, since the others may be the ones that are meant.
        """
        pairs = [] if site.node is None else [only(one, 2) for one in walk(site.node) if called(one) == "zip"]
        if len(pairs) != 1 or pairs[0] is None:
            return None
        gradients, variables = pairs[0]
        if claim.cause.how == "single" and called(gradients) == "gradient":
            return safe("Put it in a list", Replace(gradients, cst.List([cst.Element(gradients)])))
        found = site.definition(dotted(gradients), gradients)
        asked = None if found is None else only(found[1], 2)
        if found is None or asked is None or called(found[1]) != "gradient":
            return None
        if claim.cause.how == "single":
            return safe("Ask for it in a list", Replace(asked[1], cst.List([cst.Element(asked[1])])))
        meant = _asked_of(site, gradients, variables)
        if meant is not None:
            return unsafe("Apply the gradients of these variables", Replace(gradients, meant))
        if len(site.uses(dotted(gradients))) > 1:
            return None
        return unsafe("Apply them to what they were asked for", Replace(variables, asked[1]))


def _asked_of(site: Site, gradients: cst.BaseExpression, variables: cst.BaseExpression) -> cst.BaseExpression | None:
    """The one other name of the same suite that is bound to gradients of exactly these variables."""
    node = site.statement_of(gradients)
    names = []
    for one in () if node is None else site.suite(node):
        value = one.value if isinstance(one, cst.Assign) else None
        asked, name = only(value, 2), single_target(one)
        if asked is None or name is None or node is None or called(value) != "gradient":
            continue
        other = dotted(name) not in (None, dotted(gradients)) and site.comes_before(one, node)
        if other and site.same(asked[1], variables):
            names.append(name)
    return names[0] if len(names) == 1 else None
