"""GT109 no-variables-yet."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, spelled
from .._wording import at, call, source

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class NoVariablesYet(Rule):
    """The list of variables is empty: the model is not built yet, or wholly frozen."""

    code = "GT109"
    name = "no-variables-yet"
    kinds = (Kind.NO_VARIABLES,)

    def message(self, claim: Claim) -> str:
        """Reads ``variable`` (the model), ``bound_line`` (where the list was taken) and ``reason`` (``frozen``)."""
        named = source(claim, "This list of variables")
        result = f"{call(claim)} gives an empty list"
        if claim.detail.get("reason") == "frozen":
            told = f"{named} is empty, since every layer is frozen (trainable=False), so {result}"
            return f"{told}; unfreeze what is to learn."
        taken = at(claim, "bound_line")
        told = f"{named}{taken} is empty, since the model is not built before its first call, so {result}"
        return f"{told}; read it after the first call."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The variables read where they are needed, after the model is built: safe, as the list is empty before."""
        site = Site(claim, module)
        if claim.detail.get("reason") == "frozen":
            return None
        edits = []
        for lost, asked in site.calls():
            name = spelled(site.at(lost.source_span) or asked)
            found = site.definition(name, asked) if name is not None else None
            if name is None or found is None or not isinstance(found[1], ast.Attribute) or spelled(found[1]) is None:
                return None
            edits += [
                replace(use, site.text(found[1]))
                for use in site.uses(name)
                if site.index.scope(use) is site.index.scope(asked) and use.lineno >= asked.lineno
            ]
        return proposal("safe", "Read the variables after the model is built", *dict.fromkeys(edits)) if edits else None
