"""Which values are Keras layers or models, and which layers they hold."""

from __future__ import annotations

from functools import cache

from gradlint.flow.account import pay
from gradlint.flow.values.making import IS_NUMBER
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import Dict, Join, LibObject, Seq, Symbolic, Unknown, Value
from gradlint.knowledge import behaviours

CALLED_BY_KERAS = frozenset({"build", "call", "compute_loss", "predict_step", "test_step", "train_step"})
"""The methods of a program's layers and models that Keras calls, as they are."""


@cache
def family(name: str) -> str:
    """What sort of Keras (or TensorFlow) class a canonical name is; empty for everything else."""
    words = behaviours.of(name)
    if "model-class" in words:
        return "model"
    if "module-class" in words:
        return "module"
    if "layer-class" in words:
        return "layer"
    families = [word.removeprefix("family:") for word in behaviours.of_package(name) if word.startswith("family:")]
    is_class = name.rpartition(".")[2][:1].isupper()
    return families[0] if families and is_class else ""


def is_application(name: str) -> bool:
    """Whether a name is that of a model that comes with its weights, and none of what such models need besides."""
    return name.rpartition(".")[2][:1].isupper() and "application" in behaviours.of_package(name)


def is_layer(value: Value) -> bool:
    """Whether a value has variables of its own as a layer has."""
    if isinstance(value, LibObject):
        return value.family in {"layer", "model", "module"}
    if not isinstance(value, Instance) or not value.library:
        return False
    return family(value.library) in {"layer", "model", "module", ""}


def nested(value: Value) -> list[Value]:
    """The layers that a layer or model holds."""
    found: list[Value] = []
    if isinstance(value, LibObject):
        layers = value.state.get("layers")
        if isinstance(layers, Seq):
            found += layers.items.values
        found += [part for part in value.state.get("nested", ()) if isinstance(part, Value)]
        outputs = value.state.get("outputs")
        if isinstance(outputs, Value):
            found += _layers_of_symbols(outputs)
        attrs = value.state.get("attrs")
        if isinstance(attrs, dict):
            found += [part for part in attrs.values() if isinstance(part, Value)]
    elif isinstance(value, Instance):
        for attr in value.attrs.values():
            if isinstance(attr, Value):
                found += [part for part in flattened(attr) if not is_number(part)]
        outputs = value.state.get("outputs")
        if isinstance(outputs, Value):
            found += _layers_of_symbols(outputs)
    return distinct(found)


def is_number(value: Value) -> bool:
    """Whether something unknown is a number: a layer counts by it, or the program annotates it as one."""
    return isinstance(value, Unknown) and IS_NUMBER in value.attrs


def distinct(values: list[Value]) -> list[Value]:
    """Each object once, in order."""
    pay(1 + len(values))
    return list({id(value): value for value in values}.values())


def flattened(value: Value, depth: int = 4) -> list[Value]:
    """What stands in a nest of lists and dictionaries, whichever of several values it is."""
    if isinstance(value, Seq) and depth:
        return [item for part in value.items.values for item in flattened(part, depth - 1)]
    if isinstance(value, Dict) and depth:
        return [item for _, part in value.pairs.entries for item in flattened(part, depth - 1)]
    if isinstance(value, Join):
        return [item for part in value.options for item in flattened(part, depth - 1)] if depth else []
    return [value]


def _layers_of_symbols(outputs: Value) -> list[Value]:
    found: list[Value] = []
    stack = flattened(outputs)
    seen: set[int] = set()
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, LibObject | Instance | Unknown) and not isinstance(value, Symbolic):
            found.append(value)
        for edge in value.edges:
            stack.append(edge.parent)
    return found
