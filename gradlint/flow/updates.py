"""What a program does with its gradients: optimizers, updates by hand."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.core import span_of
from gradlint.flow.facts import Kind
from gradlint.flow.values import (
    Const,
    LibObject,
    LostNone,
    Seq,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from gradlint.flow.machine import Machine


def assigned_none(m: Machine, given: list[Value], node: ast.AST, method: str) -> None:
    """``v.assign_sub(g)`` with a gradient that is None."""
    for value in given:
        if isinstance(value, LostNone):
            m.recorder.claim(
                Kind.NONE_APPLIED, span_of(node), "error",
                detail={"reason": "assign", "exception": "ValueError", "call_line": str(value.call.line)},
                places={"call": value.call},
            )  # fmt: skip
            m.raised("ValueError")


def optimizer_method(
    m: Machine, owner: LibObject, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of an optimizer."""
    if name in {"apply_gradients", "apply"}:
        pairs = args[0] if args else kwargs.get("grads_and_vars", kwargs.get("grads"))
        if name == "apply_gradients" and pairs is not None:
            applied(m, pairs, node)
        return Const(None)
    if name == "minimize":
        return minimize(m, owner, args, kwargs, node)
    if name in {"build", "get_config", "set_weights"}:
        return Const(None)
    return m.unknown(name, node, [owner, *args, *kwargs.values()])


def applied(m: Machine, pairs: Value, node: ast.AST) -> None:
    """``optimizer.apply_gradients(pairs)``."""
    if not isinstance(pairs, Seq):
        return
    zipped = (pairs.extra or {}).get("zipped")
    places = {"call": span_of(node)}
    if isinstance(node, ast.Call) and node.args:
        places["argument"] = span_of(node.args[0])
    detail = {"callee": m.callee(node)}
    if zipped is None:
        if (pairs.extra or {}).get("gradients_of") is not None:
            m.recorder.claim(Kind.SWAPPED_ZIP, span_of(node), "error",
                             detail={**detail, "reason": "no-zip", "exception": "TypeError"}, places=places)  # fmt: skip
            m.raised("TypeError")
            return
    elif len(zipped) == 2:
        first, second = zipped
        if is_variables(first) and is_gradients(second):
            m.recorder.claim(Kind.SWAPPED_ZIP, span_of(node), "error",
                             detail={**detail, "reason": "swapped", "exception": "AttributeError"}, places=places)  # fmt: skip
            m.raised("AttributeError")
            return
    rows = [row.items.values for row in pairs.items.values if isinstance(row, Seq) and len(row.items.values) == 2]
    lost = [row[0] for row in rows if isinstance(row[0], LostNone)]
    if rows and len(lost) == len(rows) and pairs.items.exact:
        first_lost = lost[0]
        assert isinstance(first_lost, LostNone)
        m.recorder.claim(
            Kind.NONE_APPLIED, span_of(node), "error",
            detail={**detail, "reason": "apply", "exception": "ValueError", "call_line": str(first_lost.call.line)},
            places={**places, "gradient_call": first_lost.call},
        )  # fmt: skip
        m.raised("ValueError")


def is_variables(value: Value) -> bool:
    """Whether a value is surely a list of variables."""
    if not isinstance(value, Seq):
        return False
    if (value.extra or {}).get("name") in {"trainable_variables", "trainable_weights", "variables", "weights"}:
        return True
    return bool(value.items.values) and all(isinstance(item, Variable) for item in value.items.values)


def is_gradients(value: Value) -> bool:
    """Whether a value is surely a list of gradients."""
    if not isinstance(value, Seq):
        return False
    if (value.extra or {}).get("gradients_of") is not None:
        return True
    return bool(value.items.values) and all(
        isinstance(item, LostNone) or (isinstance(item, Tensor) and item.gradient_of is not None)
        for item in value.items.values
    )


def minimize(
    m: Machine, owner: LibObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """``optimizer.minimize(...)``: Keras 3 optimizers have none; older ones want a function, or a tape."""
    if owner.name.startswith("keras.optimizers.legacy") or owner.name.startswith("tensorflow.compat.v1"):
        loss = args[0] if args else kwargs.get("loss")
        if isinstance(loss, Tensor) and "tape" not in kwargs:
            m.recorder.claim(Kind.MINIMIZE, span_of(node), "error",
                             detail={"callee": m.callee(node), "reason": "tensor"})  # fmt: skip
        return Const(None)
    m.recorder.claim(
        Kind.MINIMIZE, span_of(node), "error",
        detail={"callee": m.callee(node), "reason": "removed", "exception": "AttributeError"},
        places={"call": span_of(node)},
    )  # fmt: skip
    m.raised("AttributeError")
    return Unknown("minimize", span_of(node))
