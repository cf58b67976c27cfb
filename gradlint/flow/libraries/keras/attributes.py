"""Attributes of Keras layers and models, and of objects whose classes descend from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.account import pay
from gradlint.flow.causes import BadCall
from gradlint.flow.libraries import stubs
from gradlint.flow.libraries.keras import declared
from gradlint.flow.libraries.keras.layers import is_application, is_layer, nested
from gradlint.flow.libraries.keras.variables import VARIABLES, parameters, variables
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.premises import Premise, Rests
from gradlint.flow.values.program import Function, Instance
from gradlint.flow.values.values import (
    Const,
    Items,
    LibObject,
    Method,
    Number,
    Params,
    Seq,
    Symbolic,
    Unknown,
    Value,
    either,
    sure_everywhere,
)
from gradlint.knowledge import behaviours, versions

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter

LIBRARY_METHODS = frozenset({
    "__init__", "add_weight", "add_loss", "add_metric", "build", "call", "compile", "fit", "predict", "evaluate",
    "predict_on_batch", "train_on_batch", "summary", "save", "save_weights", "load_weights", "get_weights",
    "set_weights", "get_layer", "compute_loss", "compute_metrics", "compiled_loss", "get_config", "__call__",
    "__setattr__",
    "add", "pop", "test_on_batch", "predict_generator", "reset_states", "from_config", "to_json", "stateless_call",
    "reset_metrics", "test_step", "predict_step", "train_step", "add_variable", "count_params", "get_build_config",
})  # fmt: skip


def attribute(machine: Interpreter, value: LibObject, name: str, node: ast.AST) -> Value:
    """An attribute of an object of the library."""
    if "patched" in value.state:
        return machine.unknown(name, node, [value], anything=True)
    version = versions.without(value.family, name)
    if version and value.name.startswith("keras.") and "opaque" not in value.state:
        machine.lacks(machine.text(node), version, "AttributeError")
    attrs = value.state.get("attrs")
    held = attrs.get(name) if isinstance(attrs, dict) else None
    if isinstance(held, Value):
        return held
    if value.family in {"layer", "model"}:
        return _of_layer(machine, value, name, node)
    if value.family == "module" and declared.is_declared(value):
        return declared.attribute(machine, value, name, node)
    if value.family == stubs.FAMILY:
        return stubs.attribute(machine, value, name, node)
    if value.family == "optimizer" and name in {"learning_rate", "lr", "iterations"}:
        return machine.unknown(name, node)
    if value.family == "namespace":
        return machine.unknown(name, node, [value], anything=True)
    return Method(value, name)


_OWN_VARIABLES = frozenset({"kernel", "bias", "gamma", "beta", "embeddings", "w", "recurrent_kernel"})
_SYMBOLS = frozenset({"output", "input", "inputs", "outputs"})
_LONGEST = 512
_PLAIN = frozenset({"name", "input_shape", "output_shape", "built", "count_params"})


def _of_layer(machine: Interpreter, value: LibObject, name: str, node: ast.AST) -> Value:
    """An attribute of a layer or model."""
    if name in VARIABLES:
        return variables(machine, value, name, node)
    if name in _OWN_VARIABLES:
        params = value.state.get("params")
        return params if isinstance(params, Params) else machine.unknown(name, node, [value])
    if name in _SYMBOLS and (value.family == "model" or not name.endswith("s")):
        _refuse_early(machine, value, name, node)
        return _symbols(value, name, node)
    if name == "layers":
        return _layers(machine, value, node)
    if name == "losses":
        return losses(machine, value, node)
    if name == "trainable":
        flag = value.state.get("trainable")
        return Const(flag) if isinstance(flag, bool) else Number("bool")
    if name in _PLAIN:
        return Number("")
    if name not in LIBRARY_METHODS:
        # Layers keep much else under names of their own, and the program may put more there.
        return machine.opened(Premise(Rests.SET_OUTSIDE, f"{value.name.rpartition('.')[2]}.{name}"), node, [value])
    return Method(value, name)


def _refuse_early(machine: Interpreter, value: LibObject, name: str, node: ast.AST) -> None:
    """``output`` and ``input`` of a Sequential raise until something calls it on symbols (Keras 3.15)."""
    if not behaviours.has(value.name, "sequential") or name.endswith("s") or machine.alone or machine.legacy_keras:
        return
    if value.state.get("called on symbols") or value.state.get("inside") or value.state.get("opaque"):
        return
    cause = BadCall(machine.text(node), how="early-symbol")
    machine.recorder.claim(cause, span_of(node), exception="AttributeError")
    machine.raised("AttributeError")


def _symbols(value: LibObject, name: str, node: ast.AST) -> Value:
    """``model.output`` and its kin."""
    several = name.endswith("s")
    held = value.state.get(name if several else name + "s") if value.family == "model" else None
    if isinstance(held, Value):
        return held.items.values[0] if isinstance(held, Seq) and not several and len(held.items.values) == 1 else held
    symbol = Symbolic(span_of(node), value)
    if name.startswith("output"):
        symbol.edges = sure_everywhere(value)
    return sequence([symbol]) if several else symbol


def _layers(machine: Interpreter, value: LibObject, node: ast.AST) -> Value:
    """``model.layers``."""
    layers = value.state.get("layers")
    if isinstance(layers, Seq):
        return listed(layers)
    chain = _chain(value)
    if chain:
        return sequence(chain)
    inner = [item for item in nested(value) if is_layer(item)]
    return sequence([*inner, machine.unknown("layer", node, [value])], exact=False)


def instance_attribute(
    machine: Interpreter, value: Instance, name: str, node: ast.AST, *, parent: bool = False
) -> Value | None:
    """An attribute that an object of the program's class has from Keras or ``tf.Module``; None where it has none."""
    if name in VARIABLES:
        return variables(machine, value, name, node)
    if behaviours.has(value.library, "module-class"):
        return Method(value, name) if name in {"__init__", "with_name_scope", "name_scope"} else None
    if name == "trainable":
        flag = value.state.get("trainable")
        return Const(flag) if isinstance(flag, bool) else Number("bool")
    if name in {"losses"}:
        return losses(machine, value, node)
    if name in {"optimizer", "compiled_loss", "compiled_metrics", "metrics", "loss", "loss_tracker", "_optimizer"}:
        return None
    if name in LIBRARY_METHODS or parent:
        return Method(value, name)
    return None


def _chain(value: LibObject) -> list[Value]:
    """The layers of a functional model that is a chain, its input's first; empty for other models."""
    outputs = value.state.get("outputs")
    symbol = outputs.items.values[0] if isinstance(outputs, Seq) and len(outputs.items.values) == 1 else outputs
    found: list[Value] = []
    while isinstance(symbol, Symbolic) and symbol.call is not None and len(found) < _LONGEST:
        layer, args, place = symbol.call
        if place is not None or len(args) != 1 or not isinstance(layer, LibObject | Instance) or layer in found:
            return []
        found.append(layer)
        symbol = args[0]
    is_input = isinstance(symbol, Symbolic) and symbol.call is None and not symbol.edges
    if not found or not is_input or symbol is not _only(value.state.get("inputs")):
        return []
    return [LibObject(behaviours.the("input-layer"), "layer", value.span), *reversed(found)]


def _only(value: object) -> object:
    """The one item of a list of one, or the value itself."""
    return value.items.values[0] if isinstance(value, Seq) and len(value.items.values) == 1 else value


def listed(layers: Seq) -> Seq:
    """What ``Sequential.layers`` gives: the layers without the input that stands before them."""
    first = layers.items.values[0] if layers.items.values else None
    if isinstance(first, Symbolic) or (isinstance(first, LibObject) and behaviours.has(first.name, "input-layer")):
        return Seq(Items(layers.items.values[1:], layers.items.exact), layers.kind, layers.span)
    return layers


def losses(machine: Interpreter, value: Value, node: ast.AST) -> Value:
    """``model.losses``: the penalties that its layers add; an empty list where the program speaks of none."""
    known = not machine.mentions("regularizer", "Regularization", "add_loss")
    if known and _own(value, 8):
        return sequence([], node=node)
    added = _added(value, 8)
    made = machine.tensor(node, added, dtype="float32", op="losses")
    if not added or machine.mentions("regularizer", "Regularization"):
        machine.depend(made, parameters(machine, value))
        machine.depend(made, [machine.escaped], sure=False)
    return sequence([made], exact=False)


def _added(value: Value, depth: int) -> list[Value]:
    """What a model and its layers have added to their losses."""
    own = value.state.get("added", ()) if isinstance(value, Instance | LibObject) else ()
    inner = nested(value) if depth else []
    return [*own, *(part for layer in inner if layer is not value for part in _added(layer, depth - 1))]


def _own(value: Value, depth: int) -> bool:
    """Whether a model and all its layers are made by the program from layers that it names."""
    if isinstance(value, Unknown) or (isinstance(value, Instance) and value.open) or not depth:
        return False
    if isinstance(value, LibObject) and (is_application(value.name) or "opaque" in value.state):
        return False
    return all(_own(inner, depth - 1) for inner in nested(value) if inner is not value)


def set_attribute(machine: Interpreter, value: LibObject, name: str, new: Value) -> None:
    """Write an attribute of an object of the library."""
    if name == "trainable" and value.family in {"layer", "model"}:
        flag = new.value if isinstance(new, Const) else None
        freeze(machine, value, flag if isinstance(flag, bool) else None)
        return
    if name == "call" and value.family in {"layer", "model"}:
        # Whatever the layer does from now on is the program's own function's doing.
        machine.set(value.state, "patched", True)
        for held in machine.captured(new) if isinstance(new, Function) else ():
            machine.escape(held)
    attrs = value.state.get("attrs")
    if not isinstance(attrs, dict):
        attrs = {}
        machine.set(value.state, "attrs", attrs)
    machine.set(attrs, name, new)


def set_somewhere(machine: Interpreter, value: Unknown, name: str, new: Value) -> None:
    """Write an attribute of a layer that is one of several: any layer of the model that it was taken from."""
    for edge in value.edges:
        owner = edge.parent
        pay(1 + len(owner.edges))
        for one in [inner.parent for inner in owner.edges] if isinstance(owner, Unknown) else [owner]:
            if not isinstance(one, LibObject | Instance) or not is_layer(one):
                continue
            layers = [inner for inner in nested(one) if isinstance(inner, LibObject) and is_layer(inner)]
            for layer in layers or ([one] if isinstance(one, LibObject) else []):
                attrs = layer.state.get("attrs")
                before = attrs.get(f"one {name}") if isinstance(attrs, dict) else None
                set_attribute(machine, layer, f"one {name}", either(before, new) if isinstance(before, Value) else new)


def freeze(machine: Interpreter, value: Value, flag: bool | None, depth: int = 8) -> None:
    """Set ``trainable`` on a layer and on all that it holds."""
    if not depth or not isinstance(value, LibObject | Instance):
        return
    machine.set(value.state, "trainable", flag)
    for inner in nested(value):
        if inner is not value and is_layer(inner):
            freeze(machine, inner, flag, depth - 1)
