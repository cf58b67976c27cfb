"""The variables of Keras layers and models: those that a call connects to, and those that the program is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.flow.libraries.keras.layers import distinct, nested
from gradlint.flow.libraries.keras.tracking import Tracking
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import Array, Items, Join, LibObject, Params, Seq, Tensor, Unknown, Value, Variable

if TYPE_CHECKING:
    import ast

    from gradlint.flow.causes import Untrained
    from gradlint.flow.interpreter import Interpreter

VARIABLES = frozenset(
    {
        "trainable_variables",
        "trainable_weights",
        "variables",
        "weights",
        "non_trainable_variables",
        "non_trainable_weights",
        "trainable_parameters",
    }
)

NAMES = frozenset(
    {
        "alpha", "beta", "bias", "concat_score_weight", "depthwise_kernel", "embeddings", "gamma", "imag_kernel",
        "kernel", "lora_embeddings_a", "lora_embeddings_b", "lora_kernel_a", "lora_kernel_b", "mean",
        "pointwise_kernel", "real_kernel", "recurrent_kernel", "reverse_embeddings", "scale", "variance", "vector_u",
    }
)  # fmt: skip
"""The names of all that trains in the layers of Keras 3.15. Those of Keras 2 began with the name of the layer."""


def parameters(machine: Interpreter, value: Value, depth: int = 8) -> list[Value]:
    """The variables that calling a layer or model connects to, trainable or not."""
    if not depth:
        return []
    machine.spend(1)
    found: list[Value] = []
    if isinstance(value, LibObject):
        params = value.state.get("params")
        if isinstance(params, Params):
            found.append(params)
        opaque = value.state.get("opaque")
        if isinstance(opaque, Value):
            found.append(opaque)
    elif isinstance(value, (Variable, Unknown)):
        return [value]
    if isinstance(value, Instance):
        found += [attr for attr in value.attrs.values() if isinstance(attr, Variable)]
        found += [held for held in value.state.get("weights", ()) if isinstance(held, Variable)]
    for inner in nested(value):
        if inner is not value:
            found += parameters(machine, inner, depth - 1)
    return found


def settings(value: LibObject, depth: int = 8) -> list[Value]:
    """What the program wrote into the attributes of a layer and of those inside it: a tensor in place of a kernel."""
    attrs = value.state.get("attrs")
    held = list(attrs.values()) if isinstance(attrs, dict) else []
    found: list[Value] = [item for item in held if isinstance(item, Tensor | Unknown | Array | Join | Seq)]
    if depth:
        for inner in nested(value):
            if isinstance(inner, LibObject) and inner is not value:
                found += settings(inner, depth - 1)
    return found


def variables(machine: Interpreter, owner: Value, name: str, node: ast.AST) -> Value:
    """``model.trainable_variables`` and its kin: the variables one by one, as far as they are known."""
    trainable_only = name.startswith("trainable")
    non_trainable = name.startswith("non_trainable")
    tracking = Tracking(machine, trainable_only=trainable_only)
    tracking.collect(owner)
    unique = distinct(tracking.found)
    if non_trainable:
        return machine.unknown(name, node, [owner])
    if not trainable_only:
        unique += _states(owner, "statistics", 8)
        if name == "variables" and not machine.legacy_keras:
            unique += _states(owner, "seed", 8)
    if not unique and tracking.open:
        unique = [machine.unknown(name, node, [owner], anything=True)]
    exact = all(isinstance(item, Variable) for item in unique) and not tracking.open
    made = Seq(Items(tuple(unique), exact), "list", span_of(node))
    extra: dict[str, Any] = {"owner": owner, "name": name, "closed": not tracking.open}
    if trainable_only and tracking.untracked:
        extra["untracked"] = tuple(distinct(list(tracking.untracked)))
    if not unique and not tracking.open:
        extra["reason"] = "untracked" if tracking.untracked else next(iter(tracking.reasons), "none")
    elif not unique and tracking.reasons and not tracking.open:
        extra["reason"] = tracking.reasons[0]
    extra["made frozen"] = "frozen" in tracking.reasons and not tracking.frozen_later
    made.extra = extra
    return made


def none_chosen(listed: Value) -> dict[str, Any] | None:
    """What is said of an empty list where it was chosen from the variables of a model that are all known."""
    extra = (listed.extra or {}) if isinstance(listed, Seq) else {}
    return {"owner": extra["owner"], "reason": "named"} if extra.get("closed") and "reason" not in extra else None


def _states(owner: Value, key: str, depth: int) -> list[Value]:
    """The variables that layers keep and no gradient is meant for."""
    if not depth or not isinstance(owner, LibObject | Instance):
        return []
    own = owner.state.get(key)
    found: list[Value] = [own] if isinstance(own, Params) and owner.state.get("built") is True else []
    for inner in nested(owner):
        if inner is not owner:
            found += _states(inner, key, depth - 1)
    return found


def is_keras(variable: Variable | Params) -> bool:
    """Whether a variable is surely one of Keras, of which only the ``value`` can be watched."""
    if isinstance(variable, Variable):
        return variable.keras is True
    owner = variable.owner
    return isinstance(owner, LibObject) and owner.name.startswith("keras.")


def untrained(variable: Variable | Params) -> Untrained:
    """What a variable that is not trainable is for, where Keras keeps it."""
    if isinstance(variable, Params) and isinstance(variable.owner, LibObject):
        if variable.owner.state.get("statistics") is variable:
            return "moving-statistics"
        if variable.owner.state.get("seed") is variable:
            return "seed-state"
    return "keras-variable" if is_keras(variable) else ""
