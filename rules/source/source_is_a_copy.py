"""GT108 source-is-a-copy."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import proposal, put, replace
from .._mending.site import Site, span_of, spelled
from .._wording import at, code, so, source

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal, Replacement

WHAT = {
    "slice": (
        "makes a new Tensor that the target was not computed from",
        "take the slice in the tape and use it, or slice",
    ),
    "identity": ("makes a new Tensor that the target was not computed from", "ask for"),
    "conversion": ("makes a new Tensor that the target was not computed from", "ask for"),
    "read": ("reads the Variable into a new Tensor that the target was not computed from", "ask for"),
    "copy": ("is another Variable than the one that was used", "ask for"),
    "unused": ("is a Tensor that the target was not computed from", "compute the target from it, or ask for"),
}


class SourceIsACopy(Rule):
    """The source is a fresh copy, slice or read of the value that was used, not that value."""

    code = "GT108"
    name = "source-is-a-copy"
    kinds = (Kind.COPY,)

    def message(self, claim: Claim) -> str:
        """Reads ``replacement`` (the value itself), ``bound_line`` and ``reason``.

        Reasons: ``slice``, ``identity``, ``conversion``, ``read``, ``copy`` (a deep copy or a clone's Variable),
        ``unused`` (made in the tape and not used), ``other-pass`` (from another call of the model), ``symbolic``.
        """
        lost = so(claim, named=True)
        reason = claim.detail.get("reason", "")
        named = source(claim)
        value = claim.detail.get("replacement")
        if reason == "symbolic":
            told = f"{named} is a symbolic Keras tensor, a place in the model's plan without a value{lost}"
            return f"{told}; use the Tensor that the model was called on or returned."
        if reason == "other-pass":
            told = f"{named} comes from another call of the model{at(claim, 'bound_line')} than the target{lost}"
            return f"{told}; take both from one call inside the tape."
        what, cure = WHAT.get(reason, ("is not the value that the target was computed from", "ask for"))
        if reason == "slice":
            return f"{named} {what}{lost}; {cure} the gradient of {code(value) if value else 'the whole'}."
        return f"{named} {what}{lost}; {cure} {code(value) if value else 'the value that was used'}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The value itself as the source: safe, since the gradient is the same and was lost; a slice is taken of it."""
        site = Site(claim, module)
        edits: list[Replacement] = []
        for lost, call in site.calls():
            source = site.at(lost.source_span)
            made = None if source is None else _itself(site, source, call, lost.method)
            if made is None:
                return None
            edits += made
        return proposal("safe", "Ask for the value that was used", *dict.fromkeys(edits)) if edits else None


FUNCTIONS = frozenset({"identity", "convert_to_tensor", "constant", "deepcopy", "copy"})
METHODS = frozenset({"read_value", "value", "numpy"})


def _itself(site: Site, source: ast.expr, call: ast.Call, method: str) -> list[Replacement] | None:
    """The edits that ask for the value which a copy was made of."""
    copy = source
    if spelled(source) is not None:
        found = site.definition(spelled(source) or "", call)
        if found is None:
            return None
        copy = found[1]
        value = _copied(copy)
        if value is None or site.definition(spelled(value) or "", call) is None:
            return None
    value = _copied(copy)
    if value is None or spelled(value) is None:
        return None
    if not isinstance(copy, ast.Subscript):
        return [replace(source, site.text(value))]
    if method != "gradient" or not any(source is one for one in (*call.args, *(k.value for k in call.keywords))):
        return None
    end = span_of(call)
    whole, value_end = span_of(copy), span_of(value)
    text = site.module.text(type(whole)(value_end.end_line, value_end.end_column, whole.end_line, whole.end_column))
    return [replace(source, site.text(value)), put(end.end_line, end.end_column, text)]


def _copied(copy: ast.expr) -> ast.expr | None:
    """What an expression is a copy or a slice of."""
    if isinstance(copy, ast.Subscript):
        return copy.value
    if not isinstance(copy, ast.Call):
        return None
    if isinstance(copy.func, ast.Attribute) and copy.func.attr in METHODS and not copy.args:
        return copy.func.value
    name = (spelled(copy.func) or "").rpartition(".")[2]
    return copy.args[0] if name in FUNCTIONS and len(copy.args) == 1 and not copy.keywords else None
