"""One running call of a function of the program."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from gradlint.flow.state.store import Changes
    from gradlint.flow.values.program import Frame, Function
    from gradlint.flow.values.values import Value


@dataclass
class Activation:
    """One running call: where it was called from, and what its body has done so far."""

    frame: Frame
    function: Function | None
    call: ast.AST | None
    mark: int
    forks: int
    returns: list[tuple[Value, Changes | None]] = field(default_factory=list)
    on_yield: Callable[[Value], Value] | None = None
    yields: list[Value] = field(default_factory=list)
    began: int = 0
    graph: bool = False
    eager: bool = False
    unconverted: bool = False
    caller: Activation | None = None
