"""GT107 not-a-tensor-source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import without_elements
from gradlint.nodes.reading import called, dotted, elements, is_number, positional, string_value
from gradlint.nodes.watching import watched_variables, watching
from gradlint.rule import Before, Message, Replace, Rule, cst, safe, statement, unsafe

from .._wording import call, effect, made, source

if TYPE_CHECKING:
    from gradlint.flow.causes import NotATensor
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site


WHAT = {
    "ndarray": ("a NumPy array", "convert it with `tf.convert_to_tensor` before the tape and watch that"),
    "number": ("a Python number", "make it a `tf.Variable`, or a watched `tf.constant`"),
    "model": ("a model", "ask for its `trainable_variables`"),
    "layer": ("a layer", "ask for its `trainable_variables`"),
    "none": ("None", "ask for a Tensor or a Variable"),
    "string": ("a string", "ask for the Variable itself, not its name"),
    "method": ("a method that is not called", "add the parentheses"),
    "generator": ("a generator", "make it a list"),
    "function": ("a function", "ask for the Variables that it uses"),
    "reference": ("a reference", "ask for the Variable itself"),
    "sparse": ("a SparseTensor", "ask for its `values`"),
    "slices": ("an IndexedSlices", "convert it to a dense Tensor first"),
    "object": ("an object that is not a Tensor", "ask for the Variables that it holds"),
    "extension": ("an ExtensionType", "ask for its fields"),
}


class NotATensorSource(Rule):
    """The source is neither a Tensor nor a Variable, which raises.

    ## What it does
    Reports a source that is neither a Tensor nor a Variable: a NumPy array, a Python number or list of numbers, a model
    or a layer, the arrays of `get_weights()`, None, a name as a string, a generator, a set.

    ## Why the gradient is lost
    The tape finds a source by the identity of its Tensor. An object that has none raises when the gradient is asked
    for: AttributeError (`'numpy.ndarray' object has no attribute '_id'`) for arrays, models and layers, TypeError for
    most Python numbers, None, strings, functions, generators and sets. It does not help that the tape saw the converted
    array, because the conversion made a different object.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Convert an array once, before the tape (`x = tf.convert_to_tensor(x)`), watch that Tensor, compute with it and ask
    for it. For a model or a layer, ask for its `trainable_variables`.

    ## References
    - Introduction to gradients and automatic differentiation, *Gradients with respect to a model*: https://www.tensorflow.org/guide/autodiff#gradients_with_respect_to_a_model
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    """

    code = "GT107"
    name = "not-a-tensor-source"
    kinds = (Kind.NOT_A_TENSOR,)

    def message(self, claim: Claim[NotATensor]) -> Message:
        """Names the source and what it is."""
        headline = effect(claim) or f"{call(claim)} raises {claim.exception}"
        what, cure = WHAT[claim.cause.what]
        named = source(claim)
        if named == "`None`":
            named = "This source"
        return Message(f"{named} is {what}{made(claim)}", headline, cure)

    def fix(self, claim: Claim[NotATensor], site: Site) -> Proposal | None:
        """What is meant written as a source: safe, since the call raises as it stands; a conversion is unsafe."""
        reason = claim.cause.what
        changes: dict[cst.CSTNode, list[Change]] = {}
        for lost, asked in site.calls:
            source = site.source(lost)
            made = None if source is None else _meant(site, source, asked, reason)
            if source is None or made is None:
                return None
            changes[source] = made
        every = [change for made in changes.values() for change in made]
        if reason in CONVERTED:
            return unsafe("Make it a Tensor and watch it", *every) if every else None
        return safe("Ask for something differentiable", *every) if every else None


CONVERTED = frozenset({"ndarray", "number"})


def _meant(site: Site, source: cst.BaseExpression, call: cst.Call, reason: str) -> list[Change] | None:
    """The changes that make a source of what stands in its place."""
    if reason in CONVERTED and called(source) != "get_weights":
        return _converted(site, source, call)
    if reason == "none":
        listed = (positional(call) or [source, source])[1]
        return _replaced(listed, watched_variables(site, call) if listed is source else _without_none(listed, source))
    return _replaced(source, _source_for(site, source, call, reason))


def _replaced(old: cst.BaseExpression, new: cst.BaseExpression | None) -> list[Change] | None:
    return None if new is None else [Replace(old, new)]


def _source_for(site: Site, source: cst.BaseExpression, call: cst.Call, reason: str) -> cst.BaseExpression | None:
    """What to ask for in a source's place."""
    match source:
        case cst.Name() | cst.Attribute() if reason in {"model", "layer"} and dotted(source) is not None:
            return cst.Attribute(source, cst.Name("trainable_variables"))
        case cst.Call(func=cst.Attribute() as function) if called(source) == "get_weights":
            return function.with_changes(attr=cst.Name("trainable_variables"))
        case cst.Call(func=cst.Attribute(value=owner)) if reason == "reference":
            return owner
        case cst.Name() | cst.Attribute() if reason in {"method", "function"}:
            return cst.Call(source)
        case cst.GeneratorExp() if reason == "generator" and source.lpar:
            return cst.ListComp(source.elt, source.for_in)
    return _of_name(site, source, call) if reason == "string" else None


def _of_name(site: Site, source: cst.BaseExpression, call: cst.Call) -> cst.BaseExpression | None:
    """The Variable that the program calls as the string says."""
    name = string_value(source)
    found = None if name is None or not name.isidentifier() else site.definition(name, call)
    return cst.Name(name) if name is not None and found is not None and called(found[1]) == "Variable" else None


def _without_none(listed: cst.BaseExpression, source: cst.BaseExpression) -> cst.BaseExpression | None:
    """The list of sources without the None in it."""
    values = elements(listed) or []
    gone = {number for number, one in enumerate(values) if one is source}
    if not isinstance(listed, (cst.List, cst.Tuple)) or not gone or len(gone) == len(values):
        return None
    return without_elements(listed, gone)


def _converted(site: Site, source: cst.BaseExpression, call: cst.Call) -> list[Change] | None:
    """A Tensor made of a name's value just before the block, and watched in it."""
    name, block, tape = dotted(source), site.block(call), site.tape(call)
    convert, float32 = site.tensorflow("convert_to_tensor", call), site.tensorflow("float32", call)
    if name is None or block is None or tape is None or convert is None or float32 is None:
        return None
    made = site.bindings(name, call)
    if any(site.is_inside(one, block) or (value is not None and _is_ragged(value)) for one, value in made):
        return None
    new = statement("{x} = {convert}({x}, dtype={dtype})", x=name, convert=convert, dtype=float32)
    return [Before(block, [new]), watching(site, block, tape, [name])]


def _is_ragged(value: cst.BaseExpression) -> bool:
    """Whether a list has rows of several lengths, of which no Tensor can be made."""
    rows = elements(value)
    if rows is None:
        return False
    lengths = {None if is_number(row) else len(elements(row) or ()) for row in rows}
    return len(lengths) > 1 or any(_is_ragged(row) for row in rows)
