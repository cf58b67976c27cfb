"""GT108 source-is-a-copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, elements, only, single_target
from gradlint.rule import After, Message, Replace, Rule, cst, expression, safe, statement

from .._fixing.submodel import from_symbolic
from .._wording import effect, named, several, source

if TYPE_CHECKING:
    from gradlint.flow.causes import Copied
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site


WHAT = {
    "slice": (
        "makes a new Tensor",
        "take the slice in the tape and use it, or slice",
    ),
    "identity": ("makes a new Tensor", "ask for"),
    "conversion": ("makes a new Tensor", "ask for"),
    "read": ("reads the Variable into a new Tensor", "ask for"),
    "unused": ("is a Tensor that the target was not computed from", "compute the target from it, or ask for"),
}


class SourceIsACopy(Rule):
    """The source is a fresh copy, slice or read of the value that was used, not the value itself.

    ## What it does
    Reports a source that is a new object with the right value: a slice (`x[0]`), `tf.identity(v)`, `v.read_value()`, a
    conversion, a deep copy, a layer's output from another call of the model, or a symbolic Keras tensor such as
    `model.input`.

    ## Why the gradient is lost
    The tape checks whether the target was computed from this very object. A slice or a read made in the gradient call,
    or made in the tape and not used, is an object that nothing was computed from, so its gradient is None. A symbolic
    Keras tensor is a placeholder in the model's graph: it has no value and raises AttributeError.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Ask for the value that was used. For a part of it, take the slice inside the tape and compute with the slice, or
    slice the whole gradient. For a layer's output, call one sub-model that returns it together with the model's output.

    ## References
    - Introduction to gradients and automatic differentiation, *Intermediate results*: https://www.tensorflow.org/guide/autodiff#intermediate_results
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    """

    code = "GT108"
    name = "source-is-a-copy"
    kinds = (Kind.COPY,)

    def message(self, claim: Claim[Copied]) -> Message:
        """Names the copy and what it was made of."""
        lost = effect(claim, named=not several(claim))
        how, subject = claim.cause.how, source(claim)
        if how == "symbolic":
            why = "and that is a placeholder of the model's graph"
            cure = "use the Tensor that the model was called on or returned"
            return Message(f"{subject} is a symbolic Keras tensor", lost, cure, why)
        original = named(claim.cause.original, "the value that was used")
        what, cure = WHAT[how]
        why = "" if how == "unused" else "and the target was not computed from it"
        if how == "slice":
            return Message(f"{subject} {what}", lost, f"{cure} the gradient of {original}", why)
        return Message(f"{subject} {what}", lost, f"{cure} {original}", why)

    def fix(self, claim: Claim[Copied], site: Site) -> Proposal | None:
        """The value itself as the source: safe, since the gradient is the same and was lost; a slice is taken of it."""
        if claim.cause.how == "symbolic":
            return from_symbolic(site)
        together = _slices(site)
        if together is not None:
            return together
        changes: dict[cst.CSTNode, Change] = {}
        for lost, call in site.calls:
            source = site.source(lost)
            made = None if source is None else _itself(site, source, call, lost.method)
            if made is None:
                return None
            changes[made.old] = made
        return safe("Ask for the value that was used", *changes.values()) if changes else None


FUNCTIONS = frozenset({"identity", "convert_to_tensor", "constant", "deepcopy", "copy"})
METHODS = frozenset({"read_value", "value", "numpy"})


def _itself(site: Site, source: cst.BaseExpression, call: cst.Call, method: str) -> Replace | None:
    """The change that asks for the value which a copy was made of."""
    copy = source
    if dotted(source) is not None:
        found = site.definition(dotted(source), call)
        value = None if found is None else _copied(found[1])
        if found is None or value is None or site.definition(dotted(value), call) is None:
            return None
        copy = found[1]
    value = _copied(copy)
    if value is None or dotted(value) is None:
        return None
    if not isinstance(copy, cst.Subscript):
        return Replace(source, value)
    if method != "gradient" or not any(source is one.value for one in call.args):
        return None
    argument = next(one for one in call.args if one.value is source)
    return Replace(call, copy.with_changes(value=call.with_deep_changes(argument, value=value)))


def _slices(site: Site) -> Proposal | None:
    """Slices of one value asked for in a list: the gradient of the whole value, sliced alike."""
    call = site.calls[0][1] if len(site.calls) == 1 else None
    node = None if call is None else site.parent(call)
    target, given = single_target(node), only(call, 2)
    if call is None or not isinstance(node, cst.Assign) or not isinstance(target, cst.Tuple) or given is None:
        return None
    names, sources = elements(target), elements(given[1])
    if names is None or sources is None or called(call) != "gradient" or not site.is_alone(node):
        return None
    slices = [site.definition(dotted(one), call) for one in sources]
    cut = [one[1] for one in slices if one is not None and isinstance(one[1], cst.Subscript)]
    values = {dotted(one.value) for one in cut}
    value = next(iter(values)) if len(values) == 1 else None
    if value is None or site.definition(value, call) is None or not len(cut) == len(sources) == len(names):
        return None
    whole = site.free_name(f"gradient_of_{value.rpartition('.')[2]}")
    parts = [one.with_changes(value=cst.Name(whole)) for one in cut]
    new = statement("{names} = {parts}", names=target, parts=cst.Tuple([cst.Element(one) for one in parts], [], []))
    return safe(
        "Ask for the value that was used",
        Replace(target, cst.Name(whole)),
        Replace(given[1], expression(value)),
        After(node, [new]),
    )


def _copied(copy: cst.BaseExpression) -> cst.BaseExpression | None:
    """What an expression is a copy or a slice of."""
    if isinstance(copy, cst.Subscript):
        return copy.value
    if isinstance(copy, cst.Call) and isinstance(copy.func, cst.Attribute) and not copy.args:
        return copy.func.value if copy.func.attr.value in METHODS else None
    given = only(copy, 1)
    return given[0] if given is not None and called(copy) in FUNCTIONS else None
