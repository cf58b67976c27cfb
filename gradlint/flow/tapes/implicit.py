"""Tapes that a library opens for the program: around a step of ``fit``, or the function that is minimized."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.tapes import ask
from gradlint.flow.tapes.question import TapeCall
from gradlint.flow.tapes.tape import enter, leave
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import Const, Symbolic, Tape, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.interpreter import Interpreter


def differentiate(
    machine: Interpreter,
    node: ast.Call,
    run: Callable[[], Value],
    target_node: ast.expr,
    sources_node: ast.expr,
    sources: Callable[[], Value],
) -> None:
    """Run something under a tape of the library's own, and ask for the gradient of what it gives."""
    tape = Tape(span_of(node), persistent=True, accessed=True)
    tape.born = machine.tick()
    tape.state["graphs"] = machine.graphs
    tape.state["implicit"] = True
    enter(machine, tape, node)
    try:
        target = run()
    finally:
        leave(machine, tape)
    if isinstance(target, Const | Unknown) or _has_symbols(machine, target):
        return
    method = node.func.attr if isinstance(node.func, ast.Attribute) else "gradient"
    question = TapeCall(
        tape=tape,
        method=method,
        node=node,
        target=target,
        sources=sources(),
        target_node=target_node,
        sources_node=sources_node,
    )
    ask.ask(machine, question)


def _has_symbols(machine: Interpreter, target: Value) -> bool:
    """Whether a step computes with what stands for data in a functional model, which Keras refuses before any tape."""
    stack: list[Value] = [target]
    seen: set[int] = set()
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        if isinstance(value, Symbolic):
            return True
        seen.add(id(value))
        machine.spend(1 + len(value.edges))
        stack.extend(edge.parent for edge in value.edges)
    return False
