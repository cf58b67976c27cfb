"""GT504 minimize-needs-a-callable."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, bound_names, spelled
from .._wording import name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class MinimizeNeedsACallable(Rule):
    """`minimize` gets a Tensor, or an optimizer that has no `minimize`."""

    code = "GT504"
    name = "minimize-needs-a-callable"
    kinds = (Kind.MINIMIZE,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``exception`` and ``reason`` (``keras``: no such method; ``tensor``; ``v1``)."""
        callee = name(claim, "callee", "`minimize`")
        exception = claim.detail.get("exception")
        if claim.detail.get("reason", "keras") == "keras":
            told = f"Keras 3 optimizers have no `minimize`, so {callee} raises {exception or 'AttributeError'}"
            return f"{told}; take the gradients from a tape and use `apply_gradients`."
        told = f"{callee} needs a function that computes the loss, and with a Tensor raises {exception or 'ValueError'}"
        return f"{told}; pass a lambda, or use a tape and `apply_gradients`."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The tape's gradients applied, where a block that computed the loss stands just before: safe, as it raises."""
        site = Site(claim, module)
        node, statement = site.expression(), site.statement()
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or statement is None:
            return None
        arguments = [*node.args, *(one.value for one in node.keywords if one.arg == "var_list")]
        suite = site.index.suite(statement)
        at = next((number for number, one in enumerate(suite) if one is statement), 0)
        block = suite[at - 1] if at else None
        if len(arguments) != 2 or spelled(arguments[0]) is None or not isinstance(block, ast.With):
            return None
        tape = spelled(block.items[0].optional_vars) if block.items[0].optional_vars is not None else None
        if tape is None or spelled(arguments[0]) not in {name for one in block.body for name in bound_names(one)}:
            return None
        loss, variables = (site.text(one) for one in arguments)
        applied = (
            f"{site.text(node.func.value)}.apply_gradients(zip({tape}.gradient({loss}, {variables}), {variables}))"
        )
        return proposal("safe", "Apply the tape's gradients", replace(node, applied))
