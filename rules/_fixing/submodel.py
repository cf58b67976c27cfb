"""A layer's output taken together with the model's own, from one call of a model that returns both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.reading import called, dotted, elements, index_of, keywords, positional, single_target
from gradlint.rule import Before, Remove, Replace, cst, expression, safe, statement

if TYPE_CHECKING:
    from gradlint.rule import Proposal, Site


def from_one_call(site: Site) -> Proposal | None:
    """Two calls on the same input, of a model and of one that ends at its layer, as one call of the latter.

    Known is the source ``a = part(x)`` beside ``y = model(x)`` with ``part = Model(model.inputs, layer.output)``.
    """
    asked = site.calls[0][1] if len(site.calls) == 1 else None
    block = None if asked is None else site.block(asked)
    found = None if asked is None else site.definition(dotted(site.source(site.calls[0][0])), asked)
    if block is None or found is None or found[0] not in site.body(block):
        return None
    node, value = found
    part = dotted(value.func) if isinstance(value, cst.Call) else None
    made = site.definition(part, value)
    if not isinstance(value, cst.Call) or made is None or len(site.uses(part)) != 1:
        return None
    ends = _model_of(site, made[1])
    whole = None if ends is None else _call_of(site, block, ends[0], value)
    one, other = single_target(node), single_target(whole)
    if ends is None or whole is None or one is None or other is None:
        return None
    if not site.is_alone(whole) or not site.is_alone(node):
        return None
    first, second = sorted((node, whole), key=site.program.extent)
    body = site.body(block)
    if body.index(second) != body.index(first) + 1:
        return None
    return safe(
        "Take both from one call",
        Replace(ends[1], expression("[{layer}, {model}.output]", layer=ends[1], model=ends[0])),
        Replace(first, statement("{a}, {y} = {call}", a=one, y=other, call=value)),
        Remove(second),
    )


def from_symbolic(site: Site) -> Proposal | None:
    """``layer.output`` as what a model that returns it beside the model's own output gives in the block."""
    asked = site.calls[0][1] if len(site.calls) == 1 else None
    source = None if asked is None else site.source(site.calls[0][0])
    block = None if asked is None else site.block(asked)
    if block is None or not isinstance(source, cst.Attribute) or source.attr.value != "output":
        return None
    model, maker = _owner(site, source), site.tensorflow("keras.Model", source)
    nodes = [] if model is None else _calls_of(site, block, model)
    if len(nodes) != 1 or model is None or maker is None or not site.is_alone(nodes[0][0]):
        return None
    node, target, asks = nodes[0]
    both, output = site.free_name("grad_model"), site.free_name("activation")
    both_called = asks.with_changes(func=cst.Name(both))
    new = statement("{g} = {m}({x}.inputs, [{s}, {x}.outputs[0]])", g=both, m=maker, x=model, s=source)
    return safe(
        "Take both from one call",
        Before(block, [new]),
        Replace(node, statement("{a}, {y} = {call}", a=output, y=target, call=both_called)),
        Replace(source, cst.Name(output)),
    )


def _owner(site: Site, source: cst.Attribute) -> str | None:
    """The model that a layer's output belongs to: that of ``model.get_layer(name).output``."""
    layer: cst.BaseExpression = source.value
    if isinstance(layer, cst.Name):
        found = site.definition(layer.value, layer)
        if found is None:
            return None
        layer = found[1]
    if isinstance(layer, cst.Subscript) and index_of(layer) is not None:
        owner = dotted(layer.value) or ""
        return owner.removesuffix(".layers") if owner.endswith(".layers") else None
    if isinstance(layer, cst.Call) and isinstance(layer.func, cst.Attribute) and called(layer) == "get_layer":
        return dotted(layer.func.value)
    return None


def _model_of(site: Site, made: cst.BaseExpression) -> tuple[str, cst.BaseExpression] | None:
    """The model whose inputs another model takes, and the output that it is made with."""
    if not isinstance(made, cst.Call) or called(made) != "Model":
        return None
    given = dict(zip(("inputs", "outputs"), positional(made) or [], strict=False))
    given |= {name: value for name, value in keywords(made).items() if name in ("inputs", "outputs")}
    inputs, outputs = given.get("inputs"), given.get("outputs")
    listed = elements(inputs)
    if listed is not None and len(listed) == 1:
        inputs = listed[0]
    plain = isinstance(inputs, cst.Attribute) and inputs.attr.value in {"input", "inputs"}
    model = dotted(inputs.value) if isinstance(inputs, cst.Attribute) and plain else None
    if model is None or outputs is None or isinstance(outputs, (cst.List, cst.Tuple, cst.Dict)):
        return None
    return None if site.bindings(f"{model}.output", made) else (model, outputs)


def _call_of(site: Site, block: cst.With, model: str, like: cst.Call) -> cst.Assign | None:
    """The one statement of a block that binds what a model gives for the arguments of another call."""
    given = site.arguments(like)
    found = [one for one, _, call in _calls_of(site, block, model) if site.arguments(call) == given]
    return found[0] if len(found) == 1 and given is not None else None


def _calls_of(site: Site, block: cst.With, model: str) -> list[tuple[cst.Assign, cst.Name, cst.Call]]:
    """The statements of a block that bind a name to what a model gives, each with the name and the call."""
    return [
        (one, target, one.value)
        for one in site.body(block)
        if isinstance(one, cst.Assign)
        and isinstance(target := single_target(one), cst.Name)
        and isinstance(one.value, cst.Call)
        and dotted(one.value.func) == model
    ]
