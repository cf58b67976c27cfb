"""GT105 integer-source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import at, code, several, so, source, sources

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


class IntegerSource(Rule):
    """The source holds integers, bools or strings, and only floats have a gradient."""

    code = "GT105"
    name = "integer-source"
    kinds = (Kind.INTEGER_SOURCE,)

    def message(self, claim: Claim) -> str:
        """Reads ``dtype``, ``source_line``, ``replacement`` (a float literal or a dtype) and ``reason`` (``watch``)."""
        lost = so(claim, named=True)
        dtype = claim.detail.get("dtype", "int32")
        if several(claim):
            return f"{sources(claim)} hold no floats, and only floats have a gradient{lost}; give them a float dtype."
        named = source(claim)
        told = f"{named} has dtype {dtype}{at(claim, 'source_line')}, and only floats have a gradient{lost}"
        replacement = claim.detail.get("replacement")
        if replacement:
            return f"{told}; write {code(replacement, 60)}."
        if dtype in {"bool", "string"}:
            return f"{told}; ask for the float that it stands for."
        return f"{told}; make it a float where it is created."
