"""Runs blocks of statements one after the other, and the statements that hold no block of their own."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradlint.flow.machine.definitions import Definitions
from gradlint.flow.machine.narrowing import narrow
from gradlint.flow.state.store import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable


class Statements(Definitions):
    """The part of the machine that runs statements."""

    def block(self, body: list[ast.stmt]) -> str:
        """Run statements in order; gives ``normal``, ``return``, ``break``, ``continue`` or ``raise``."""
        for statement in body:
            self.tick()
            if self.entry is not None:
                self.recorder.enter(statement.lineno, self.entry)
            method: Callable[[Any], str | None] | None = getattr(self, "run_" + type(statement).__name__, None)
            if method is None:
                continue
            end = method(statement)
            if end is not None and end != "normal":
                return end
        return "normal"

    def run_Expr(self, node: ast.Expr) -> None:
        self.eval(node.value)

    def run_Pass(self, node: ast.Pass) -> None:
        return

    def run_Global(self, node: ast.Global) -> None:
        self.frame.globals |= frozenset(node.names)

    def run_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.frame.nonlocals |= frozenset(node.names)

    def run_Assert(self, node: ast.Assert) -> str | None:
        truth = self.truth(self.eval(node.test), node.test)
        if truth is False:
            self.raised("AssertionError")
            return "raise" if self.stack else None
        narrow(self, node.test, holds=True)
        return None

    def run_Raise(self, node: ast.Raise) -> str:
        if node.exc is not None:
            self.eval(node.exc)
        if self.guards and not self.forks:
            self.leave("Exception")
        return "raise"

    def run_Return(self, node: ast.Return) -> str:
        value = self.eval(node.value)
        if self.stack:
            activation = self.stack[-1]
            if len(self.stack) == 1:
                self.used_elsewhere |= {id(leaf) for leaf in self.leaves(value)}
            direct = self.forks == activation.forks and not activation.returns and not self.left_early()
            activation.returns.append((value, None if direct else self.store.since(activation.mark)))
        return "return"

    def left_early(self) -> bool:
        """Whether some way has left a running loop already, so that the state here is not the only one."""
        return any(loop.broken or loop.continued for loop in self.loops)

    def run_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.set(self.frame.names, target.id, MISSING)
