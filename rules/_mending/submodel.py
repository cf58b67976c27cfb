"""A layer's output taken together with the model's own, from one call of a model that returns both."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .edits import alone, before, proposal, remove, replace
from .site import spelled

if TYPE_CHECKING:
    from gradlint.rule import Proposal

    from .site import Site, With


def from_one_call(site: Site) -> Proposal | None:
    """Two calls on the same input, of a model and of one that ends at its layer, as one call of the latter.

    Known is the source ``a = part(x)`` beside ``y = model(x)`` with ``part = Model(model.inputs, layer.output)``.
    """
    calls = site.calls()
    lost, asked = calls[0] if len(calls) == 1 else (None, None)
    source = None if lost is None else site.at(lost.source_span)
    block = None if asked is None else site.block_of(asked)
    found = None if source is None or asked is None else site.definition(spelled(source) or "", asked)
    if source is None or asked is None or block is None or found is None:
        return None
    statement, value = found
    if not isinstance(value, ast.Call) or not isinstance(statement, ast.Assign) or statement not in block.body:
        return None
    part = spelled(value.func)
    made = None if part is None else site.definition(part, value)
    if part is None or made is None or not isinstance(made[1], ast.Call) or len(site.uses(part)) != 1:
        return None
    ends = _model_of(site, made[1])
    whole = None if ends is None else _call_of(site, block, ends[0], _arguments(site, value))
    if ends is None or whole is None or not alone(site.module, whole) or not alone(site.module, statement):
        return None
    first, second = sorted((statement, whole), key=lambda one: one.lineno)
    if block.body.index(second) != block.body.index(first) + 1:
        return None
    names = f"{site.text(statement.targets[0])}, {site.text(whole.targets[0])}"
    return proposal(
        "safe",
        "Take both from one call",
        replace(ends[1], f"[{site.text(ends[1])}, {ends[0]}.output]"),
        replace(first, f"{names} = {site.text(value)}"),
        remove(site, second),
    )


def from_symbolic(site: Site) -> Proposal | None:
    """``layer.output`` as what a model that returns it beside the model's own output gives in the block."""
    calls = site.calls()
    lost, asked = calls[0] if len(calls) == 1 else (None, None)
    source = None if lost is None else site.at(lost.source_span)
    block = None if asked is None else site.block_of(asked)
    if source is None or block is None or not isinstance(source, ast.Attribute) or source.attr != "output":
        return None
    called = [
        one
        for one in block.body
        if isinstance(one, ast.Assign)
        and len(one.targets) == 1
        and isinstance(one.targets[0], ast.Name)
        and isinstance(one.value, ast.Call)
        and spelled(one.value.func) == _owner(site, source)
    ]
    model, maker = _owner(site, source), site.tensorflow("keras.Model", source)
    if len(called) != 1 or model is None or maker is None or not alone(site.module, called[0]):
        return None
    statement = called[0]
    if not isinstance(statement.value, ast.Call):
        return None
    both, output = site.free_name("grad_model"), site.free_name("activation")
    rest = site.text(statement.value).removeprefix(site.text(statement.value.func))
    return proposal(
        "safe",
        "Take both from one call",
        before(site.module, block, f"{both} = {maker}({model}.inputs, [{site.text(source)}, {model}.output])"),
        replace(statement, f"{output}, {site.text(statement.targets[0])} = {both}{rest}"),
        replace(source, output),
    )


def _owner(site: Site, source: ast.Attribute) -> str | None:
    """The model that a layer's output belongs to: that of ``model.get_layer(name).output``."""
    layer: ast.expr = source.value
    if isinstance(layer, ast.Name):
        found = site.definition(layer.id, layer)
        if found is None:
            return None
        layer = found[1]
    if isinstance(layer, ast.Subscript) and isinstance(layer.value, ast.Attribute) and layer.value.attr == "layers":
        return spelled(layer.value.value)
    if isinstance(layer, ast.Call) and isinstance(layer.func, ast.Attribute) and layer.func.attr == "get_layer":
        return spelled(layer.func.value)
    return None


def _model_of(site: Site, made: ast.Call) -> tuple[str, ast.expr] | None:
    """The model whose inputs another model takes, and the output that it is made with."""
    parts = {"inputs": 0, "outputs": 1}
    given = {name: made.args[at] for name, at in parts.items() if len(made.args) > at}
    given |= {one.arg: one.value for one in made.keywords if one.arg in parts}
    inputs, outputs = given.get("inputs"), given.get("outputs")
    if len(given) != 2 or (spelled(made.func) or "").rpartition(".")[2] != "Model" or outputs is None:
        return None
    if isinstance(inputs, ast.List) and len(inputs.elts) == 1:
        inputs = inputs.elts[0]
    plain = isinstance(inputs, ast.Attribute) and inputs.attr in {"input", "inputs"}
    model = spelled(inputs.value) if isinstance(inputs, ast.Attribute) and plain else None
    if model is None or isinstance(outputs, (ast.List, ast.Tuple, ast.Dict)) or site.bindings(f"{model}.output", made):
        return None
    return model, outputs


def _call_of(site: Site, block: With, model: str, arguments: list[str]) -> ast.Assign | None:
    """The one statement of a block that binds what a model gives for some arguments."""
    found = [
        one
        for one in block.body
        if isinstance(one, ast.Assign)
        and len(one.targets) == 1
        and isinstance(one.targets[0], ast.Name)
        and isinstance(one.value, ast.Call)
        and spelled(one.value.func) == model
        and _arguments(site, one.value) == arguments
    ]
    return found[0] if len(found) == 1 else None


def _arguments(site: Site, call: ast.Call) -> list[str]:
    return [*(site.text(one) for one in call.args), *(f"{one.arg}={site.text(one.value)}" for one in call.keywords)]
