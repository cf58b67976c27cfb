"""GT106 watched-too-late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import dotted, elements, only
from gradlint.nodes.watching import behind, is_watch, watching
from gradlint.rule import Message, Remove, Rule, cst, safe

from .._wording import at, effect, source, watch

if TYPE_CHECKING:
    from gradlint.flow.causes import WatchedLate
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class WatchedTooLate(Rule):
    """`watch` comes after the operations that use the source.

    ## What it does
    Reports a `watch` that comes after the operations that use the watched value, in the block or after it.

    ## Why the gradient is lost
    The tape records an operation if one of its inputs is watched when it runs, and never looks back. What was computed
    from the value alone before the `watch` is not recorded: the gradient is None, or lacks the earlier part if the
    value is used again later. A `watch` after the block raises nothing and does nothing.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Make `tape.watch(x)` the first statement of the block.

    ## References
    - Introduction to gradients and automatic differentiation, *Controlling what the tape watches*: https://www.tensorflow.org/guide/autodiff#controlling_what_the_tape_watches
    - `tf.GradientTape.watch`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#watch
    """

    code = "GT106"
    name = "watched-too-late"
    kinds = (Kind.WATCHED_LATE,)

    def message(self, claim: Claim[WatchedLate]) -> Message:
        """Names the watch, and what it comes too late for."""
        late = claim.cause
        if late.after_block:
            headline, why = f"{watch(claim)} comes after the tape's block", "and nothing is recorded any more"
        else:
            headline, why = f"{watch(claim)}{at(claim, late.watch)} comes after {source(claim)} was used", ""
            headline += at(claim, late.used)
        return Message(headline, effect(claim), "watch it first in the block", why)

    def fix(self, claim: Claim[WatchedLate], site: Site) -> Proposal | None:
        """The watch moved up to the head of the block: safe, since a watch changes no value."""
        node = site.statement
        if node is None or not is_watch(node) or not isinstance(node, cst.Expr) or not site.calls:
            return None
        asked = site.calls[0][1]
        block, tape, given = site.block(asked), site.tape(asked), only(node.value, 1)
        if block is None or tape is None or given is None:
            return None
        watched = elements(given[0]) or given
        names = [name for one in watched if (name := dotted(one)) is not None]
        places = [behind(site, block, name, asked) for name in names]
        if len(names) != len(watched) or None in places or len(set(places)) != 1 or places[0] is None:
            return None
        watch = watching(site, block, tape, names, places[0][0])
        return safe("Watch it before it is used", watch, Remove(node))
