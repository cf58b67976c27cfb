"""Runs blocks of statements one after the other, and the statements that hold no block of their own."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.machine.narrowing import doubt, narrow
from gradlint.flow.machine.nodes import RUNNERS, runs

if TYPE_CHECKING:
    from gradlint.flow.machine.core import Core


def block(machine: Core, body: list[ast.stmt]) -> str:
    """Run statements in order; gives ``normal``, ``return``, ``break``, ``continue`` or ``raise``."""
    for statement in body:
        machine.tick()
        if machine.entry is not None:
            machine.recorder.enter(statement.lineno, machine.entry)
        runner = RUNNERS.get(type(statement))
        end = runner(machine, statement) if runner is not None else None
        if end is not None and end != "normal":
            return end
    return "normal"


@runs(ast.Expr)
def run_expr(machine: Core, node: ast.Expr) -> None:
    machine.eval(node.value)


@runs(ast.Pass)
def run_pass(_machine: Core, _node: ast.Pass) -> None:
    return


@runs(ast.Global)
def run_global(machine: Core, node: ast.Global) -> None:
    machine.frame.globals |= frozenset(node.names)


@runs(ast.Nonlocal)
def run_nonlocal(machine: Core, node: ast.Nonlocal) -> None:
    machine.frame.nonlocals |= frozenset(node.names)


@runs(ast.Assert)
def run_assert(machine: Core, node: ast.Assert) -> str | None:
    truth = machine.truth(machine.eval(node.test), node.test)
    if truth is False:
        machine.raised("AssertionError")
        return "raise" if machine.stack else None
    narrow(machine, node.test, holds=True)
    if truth is None:
        doubt(machine, [node.test], node)
    return None


@runs(ast.Raise)
def run_raise(machine: Core, node: ast.Raise) -> str:
    if node.exc is not None:
        machine.eval(node.exc)
    if machine.guards and not machine.forks:
        machine.leave("Exception")
    return "raise"


@runs(ast.Return)
def run_return(machine: Core, node: ast.Return) -> str:
    value = machine.eval(node.value)
    if machine.stack:
        activation = machine.stack[-1]
        if len(machine.stack) == 1:
            machine.used_elsewhere |= {id(leaf) for leaf in machine.leaves(value)}
        direct = machine.forks == activation.forks and not activation.returns and not left_early(machine)
        activation.returns.append((value, None if direct else machine.store.since(activation.mark)))
    return "return"


def left_early(machine: Core) -> bool:
    """Whether some way has left a running loop already, so that the state here is not the only one."""
    return any(loop.broken or loop.continued for loop in machine.loops)
