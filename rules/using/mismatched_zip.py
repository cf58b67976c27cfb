"""GT502 mismatched-zip."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, spelled
from .._wording import at, code, name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class MismatchedZip(Rule):
    """Gradients of one list of variables are applied to another."""

    code = "GT502"
    name = "mismatched-zip"
    kinds = (Kind.MISMATCHED_ZIP,)

    def message(self, claim: Claim) -> str:
        """Reads ``source`` (what the gradients are of), ``variable`` (what they go to), ``call_line`` and ``reason``.

        Reasons: ``other``, ``order``, ``length``, ``single`` (one Tensor, no list: zip walks through its elements).
        """
        wrt = name(claim, "source", "other variables")
        onto = name(claim, "variable", "other variables")
        reason = claim.detail.get("reason")
        of = f"gradients of {wrt}{at(claim, 'call_line')}"
        if reason == "single":
            told = f"The gradient with respect to {wrt} alone is one Tensor, and `zip` walks through its elements"
            return f"{told}; ask for it in a list: {code('[' + claim.detail.get('source', 'variable') + ']')}."
        if reason == "length":
            told = f"These {of} are not as many as {onto}, and `zip` drops the rest without a word"
        elif reason == "order":
            told = f"These {of} are in another order than {onto}, so each goes to the wrong variable"
        else:
            told = f"These {of} are applied to {onto}, which were not asked for"
        return f"{told}; use one list for both."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The variables that the gradients were asked for: unsafe, since the others may be the ones that are meant."""
        site = Site(claim, module)
        node = site.expression()
        zipped = [one for one in ast.walk(node or module.tree) if isinstance(one, ast.Call)]
        zipped = [one for one in zipped if spelled(one.func) == "zip" and len(one.args) == 2]
        if node is None or len(zipped) != 1:
            return None
        gradients, variables = zipped[0].args
        found = site.definition(spelled(gradients) or "", gradients)
        if found is None or not isinstance(found[1], ast.Call) or len(found[1].args) != 2:
            return None
        asked, sources = found[1], found[1].args[1]
        if not (isinstance(asked.func, ast.Attribute) and asked.func.attr == "gradient"):
            return None
        if claim.detail.get("reason") == "single":
            return proposal("safe", "Ask for it in a list", replace(sources, f"[{site.text(sources)}]"))
        return proposal("unsafe", "Apply them to what they were asked for", replace(variables, site.text(sources)))
