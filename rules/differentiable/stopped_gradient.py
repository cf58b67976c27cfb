"""GT306 stopped-gradient."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import operand, proposal, replace
from .._mending.site import Site, spelled
from .._wording import name, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class StoppedGradient(Rule):
    """`tf.stop_gradient` stands on the only way."""

    code = "GT306"
    name = "stopped-gradient"
    kinds = (Kind.STOPPED,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``."""
        callee = name(claim, "callee", "`tf.stop_gradient`")
        return f"{callee} cuts the only way from source to target{so(claim)}; drop it, or leave another way open."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The ``stop_gradient`` dropped: unsafe, since it may stand there on purpose."""
        site = Site(claim, module)
        node = site.expression()
        if not isinstance(node, ast.Call) or not (spelled(node.func) or "").endswith("stop_gradient"):
            return None
        if len(node.args) != 1 or isinstance(node.args[0], ast.Starred):
            return None
        value = node.args[0]
        text = operand(site, node, site.text(value), value)
        return proposal("unsafe", "Let the gradient through", replace(node, text))
