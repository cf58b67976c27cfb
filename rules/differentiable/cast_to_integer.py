"""GT303 cast-to-integer."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import operand, proposal, replace
from .._mending.site import Site, spelled
from .._wording import name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class CastToInteger(Rule):
    """A cast to integers, bools or strings on the way."""

    code = "GT303"
    name = "cast-to-integer"
    kinds = (Kind.CAST,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``dtype`` and ``replacement``."""
        dtype = claim.detail.get("dtype", "an integer")
        callee = name(claim, "callee", "`tf.cast`")
        told = f"{callee} to {dtype} leaves steps, which have no derivative{so(claim)}"
        return f"{told}; {use(claim, 'stay with floats on the way to the target')}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The cast dropped: unsafe, since the value is then no longer cut to an integer."""
        site = Site(claim, module)
        node = site.expression()
        if not isinstance(node, ast.Call) or not (spelled(node.func) or "").endswith("cast") or not node.args:
            return None
        value = node.args[0]
        text = operand(site, node, site.text(value), value)
        return proposal("unsafe", "Go on with the float", replace(node, text))
