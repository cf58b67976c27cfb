"""``yield`` and ``yield from``: what a generator hands out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.machine.nodes import evaluates
from gradlint.flow.values.values import (
    Const,
    Value,
)

if TYPE_CHECKING:
    from gradlint.flow.machine.core import Core


@evaluates(ast.Yield)
def eval_yield(machine: Core, node: ast.Yield) -> Value:
    """``yield value``."""
    value = machine.eval(node.value)
    return give(machine, value)


@evaluates(ast.YieldFrom)
def eval_yield_from(machine: Core, node: ast.YieldFrom) -> Value:
    """``yield from values``."""
    value = machine.eval(node.value)
    items, _ = machine.iterate(value, node)
    for item in items:
        give(machine, item)
    return Const(None)


def give(machine: Core, value: Value) -> Value:
    """Yield a value from the running generator function."""
    activation = machine.stack[-1] if machine.stack else None
    if activation is None:
        return Const(None)
    if activation.on_yield is not None:
        return activation.on_yield(value)
    activation.yields.append(value)
    return Const(None)
