"""GT402 gradient-inside-the-tape."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import alone, dedent, proposal, step_of
from .._mending.moving import LEAVING
from .._mending.site import Site
from .._wording import call, code

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class GradientInsideTheTape(Rule):
    """A persistent tape is differentiated inside its own block without need."""

    code = "GT402"
    name = "gradient-inside-the-tape"
    kinds = (Kind.GRADIENT_INSIDE,)
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``tape`` and ``method``."""
        tape = f"the persistent tape {code(claim.detail['tape'])}" if "tape" in claim.detail else "its persistent tape"
        told = f"{call(claim)} runs inside the block of {tape}, which records the gradient's own operations"
        return f"{told}: slow, and memory grows; move it after the block."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The call moved out of the block where it is the block's end: safe, since nothing after it was recorded."""
        site = Site(claim, module)
        statement = site.statement()
        block = None if statement is None else site.index.parents.get(statement)
        if statement is None or not isinstance(block, (ast.With, ast.AsyncWith)) or block.body[-1] is not statement:
            return None
        step = step_of(module, block)
        if step is None or len(block.body) < 2 or not alone(module, statement) or isinstance(statement, LEAVING):
            return None
        edits = dedent(module, statement.lineno, statement.end_lineno or statement.lineno, step)
        return None if not edits else proposal("safe", "Ask after the block", *edits)
