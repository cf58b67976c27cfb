"""GT406 tape-never-asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import bound_in, dotted, parameters
from gradlint.nodes.walking import walk
from gradlint.rule import Message, Rule, Unwrap, cst, unsafe

from .._wording import named

if TYPE_CHECKING:
    from gradlint.flow.causes import NeverAsked
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class TapeNeverAsked(Rule):
    """A tape records but is never asked for a gradient.

    ## What it does
    Reports a tape that records a block but is never asked for a gradient, in a program where nothing else can ask it.

    ## Why the gradient is lost
    Nothing is lost, but nothing is gained: recording costs time and keeps every intermediate value in memory. Often the
    gradient was asked of another tape, or a forward pass was copied out of a training step.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Ask the tape for the gradient, or drop the `with`.

    ## References
    - Introduction to gradients and automatic differentiation, *Performance notes*: https://www.tensorflow.org/guide/autodiff#performance_notes
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT406"
    name = "tape-never-asked"
    kinds = (Kind.NEVER_ASKED,)
    severity = "info"
    default = False

    def message(self, claim: Claim[NeverAsked]) -> Message:
        """Names the tape."""
        headline = f"{named(claim.cause.tape, 'This tape')} records, but is never asked for a gradient"
        return Message(headline, help="ask for one, or drop the tape")

    def fix(self, claim: Claim[NeverAsked], site: Site) -> Proposal | None:
        """The tape dropped, its block's lines kept: unsafe, since a gradient may be what was forgotten."""
        block = None if site.node is None else site.statement_of(site.node)
        if not isinstance(block, cst.With) or len(block.items) != 1 or block.items[0].item is not site.node:
            return None
        named = block.items[0].asname
        name = None if named is None else dotted(named.name)
        if named is not None and (name is None or _is_used(site, block, name)):
            return None
        return unsafe("Drop the tape", Unwrap(block))


def _is_used(site: Site, block: cst.With, tape: str) -> bool:
    """Whether the tape of a block may be used, in the block or behind it, before its name is bound anew."""
    scope = site.scope(block)
    uses = [use for use in site.uses(tape) if site.is_inside(use, scope) and not _is_anothers(site, use, scope, tape)]
    deleted = [one for one in walk(scope) if isinstance(one, cst.Del) and dotted(one.target) == tape]
    if "." in tape or any(site.scope(use) is not scope for use in uses):
        return True
    start = site.program.extent(block)[0]
    bound = [at for one, _ in site.bindings(tape, block) if (at := site.program.extent(one)[0]) > start]
    until = min(bound, default=None)
    places = [site.program.extent(use)[0] for use in (*uses, *deleted)]
    return any(start <= place and (until is None or place < until) for place in places)


def _is_anothers(site: Site, use: cst.CSTNode, scope: cst.CSTNode, name: str) -> bool:
    """Whether a use stands in a function within a scope that has such a name of its own."""
    for one in site.above(use):
        if one is scope:
            return False
        if isinstance(one, cst.FunctionDef) and (name in parameters(one) or name in bound_in(one.body)):
            return True
    return False
