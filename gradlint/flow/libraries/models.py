"""What a library's function is called with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.values.values import Value

    Special = Callable[[Interpreter, str, list[Value], dict[str, Value], ast.AST], Value]
    """Gives what a call gives: of the machine, the function's canonical name, the arguments and the call."""


def argument(args: list[Value], kwargs: dict[str, Value], index: int, name: str) -> Value | None:
    """An argument by position or name."""
    return args[index] if index < len(args) else kwargs.get(name)
