"""GT305 condition-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import several, so, sources, target

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim

WHAT = {
    "if": "which branch of the `if` runs",
    "ternary": "which side of the `if` expression is taken",
    "while": "how often the loop runs",
    "for": "how often the loop runs",
    "where": "which side of `tf.where` is taken",
    "cond": "which branch of `tf.cond` runs",
    "switch": "which branch runs",
    "index": "which element is taken",
    "mask": "which elements are kept",
    "assert": "whether an assertion holds",
}


class ConditionOnly(Rule):
    """The source only decides which way the program takes."""

    code = "GT305"
    name = "condition-only"
    kinds = (Kind.CONDITION,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` and ``reason`` (a key of ``WHAT``)."""
        what = WHAT.get(claim.detail.get("reason", ""), "which way the program takes")
        decide = "decide" if several(claim) else "decides"
        told = f"{sources(claim, 'The source')} only {decide} {what}{so(claim, named=True)}"
        return f"{told}; compute {target(claim)} from {'them' if several(claim) else 'it'}, or use a smooth weight."
