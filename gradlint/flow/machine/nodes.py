"""Which function evaluates or runs which sort of node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from gradlint.flow.machine.core import Core
    from gradlint.flow.values.values import Value

    Evaluator = Callable[[Core, Any], Value]
    """Gives an expression's value, of the machine and the expression."""
    Runner = Callable[[Core, Any], str | None]
    """Runs a statement and gives how it ends, of the machine and the statement."""

EVALUATORS: dict[type[ast.expr], Evaluator] = {}
RUNNERS: dict[type[ast.stmt], Runner] = {}
Evaluating = TypeVar("Evaluating", bound="Evaluator")
Running = TypeVar("Running", bound="Runner")


def evaluates(*kinds: type[ast.expr]) -> Callable[[Evaluating], Evaluating]:
    """Register a function as what evaluates some sorts of expression."""

    def register(function: Evaluating) -> Evaluating:
        EVALUATORS.update(dict.fromkeys(kinds, function))
        return function

    return register


def runs(*kinds: type[ast.stmt]) -> Callable[[Running], Running]:
    """Register a function as what runs some sorts of statement."""

    def register(function: Running) -> Running:
        RUNNERS.update(dict.fromkeys(kinds, function))
        return function

    return register
