"""GT107 not-a-tensor-source."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import before, proposal, put, replace
from .._mending.site import Site, span_of, spelled
from .._wording import at, call, effect, source

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal, Replacement

WHAT = {
    "ndarray": ("a NumPy array", "convert it with `tf.convert_to_tensor` before the tape and watch that"),
    "number": ("a Python number", "make it a `tf.Variable`, or a watched `tf.constant`"),
    "list": ("a list of numbers", "make it a `tf.Variable`, or a watched `tf.constant`"),
    "model": ("a model", "ask for its `trainable_variables`"),
    "layer": ("a layer", "ask for its `trainable_variables`"),
    "get-weights": ("a list of NumPy arrays", "ask for `trainable_variables`"),
    "none": ("None", "ask for a Tensor or a Variable"),
    "string": ("a string", "ask for the Variable itself, not its name"),
    "method": ("a method that is not called", "add the brackets"),
    "generator": ("a generator", "make it a list"),
    "set": ("a set", "make it a list"),
    "function": ("a function", "ask for the Variables that it uses"),
    "reference": ("a reference", "ask for the Variable itself"),
    "sparse": ("a SparseTensor", "ask for its `values`"),
    "slices": ("an IndexedSlices", "convert it to a dense Tensor first"),
    "extension": ("an ExtensionType", "ask for its fields"),
    "missing": ("missing", "name the Variables to differentiate by"),
}


class NotATensorSource(Rule):
    """The source is no Tensor and no Variable, which raises."""

    code = "GT107"
    name = "not-a-tensor-source"
    kinds = (Kind.NOT_A_TENSOR,)

    def message(self, claim: Claim) -> str:
        """Reads ``reason`` (a key of ``WHAT``), ``source_line`` and ``exception``."""
        exception = claim.detail.get("exception", "AttributeError")
        told = effect(claim) or f"{call(claim)} raises {exception}"
        what, cure = WHAT.get(claim.detail.get("reason", ""), ("no Tensor and no Variable", "make it one of these"))
        if what == "missing":
            return f"The sources are missing, so {told}; {cure}."
        named = source(claim)
        if named == "`None`":
            named = "This source"
        return f"{named} is {what}{at(claim, 'source_line')}, so {told}; {cure}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """What is meant written as a source: safe, since the call raises as it stands; a conversion is unsafe."""
        site, reason = Site(claim, module), claim.detail.get("reason", "")
        edits = []
        for lost, asked in site.calls():
            source = site.at(lost.source_span)
            edit = None if source is None else _meant(site, source, asked, reason)
            if edit is None:
                return None
            edits.append(edit)
        if not edits:
            return None
        converts = reason in {"ndarray", "number", "list"}
        message = "Make it a Tensor before the tape" if converts else "Ask for what can be differentiated by"
        return proposal("unsafe" if converts else "safe", message, *dict.fromkeys(edits))


def _meant(site: Site, source: ast.expr, call: ast.Call, reason: str) -> Replacement | None:
    """The edit that makes a source of what stands in its place."""
    text = site.text(source)
    if reason in {"model", "layer"} and spelled(source) is not None:
        return replace(source, f"{text}.trainable_variables")
    if reason == "get-weights" and isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute):
        return replace(source, f"{site.text(source.func.value)}.trainable_variables")
    if reason == "reference" and isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute):
        return replace(source, site.text(source.func.value))
    if reason == "method":
        end = span_of(source)
        return put(end.end_line, end.end_column, "()")
    if reason == "generator" and isinstance(source, ast.GeneratorExp) and text.startswith("("):
        return replace(source, f"[{text[1:-1]}]")
    if reason == "set" and isinstance(source, ast.Set):
        return replace(source, f"[{text[1:-1]}]")
    if reason in {"ndarray", "number", "list"}:
        return _converted(site, source, call)
    return None


def _converted(site: Site, source: ast.expr, call: ast.Call) -> Replacement | None:
    """A Tensor made of a name's value just before the block; the tape must then watch it."""
    name, block = spelled(source), site.block_of(call)
    convert = site.tensorflow("convert_to_tensor", call)
    float32 = site.tensorflow("float32", call)
    if name is None or block is None or convert is None or float32 is None:
        return None
    if any(block in site.index.above(statement) for statement, _ in site.bindings(name, call)):
        return None
    return before(site.module, block, f"{name} = {convert}({name}, dtype={float32})")
