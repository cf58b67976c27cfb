"""GT109 no-variables-yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, call, source

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


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
