"""The page that a program is written on: its lines, the names in scope, and the dice."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")
Shape = Literal["s", "v"]
"""A scalar, or a vector of three."""
SHAPES: tuple[Shape, ...] = ("v", "v", "s")
EVEN_SHAPES: tuple[Shape, ...] = ("v", "s")
Kind = Literal["variable", "frozen", "tensor", "constant", "integer", "array", "number", "list", "dict"]
DIFFERENTIABLE: tuple[Kind, ...] = ("variable", "frozen", "tensor", "constant")
LABELS: dict[Kind, tuple[str, ...]] = {
    "variable": ("w", "b", "theta", "scale", "gamma", "weight", "bias", "alpha"),
    "frozen": ("offset", "fixed", "running_mean", "ema"),
    "tensor": ("h", "z", "y", "out", "score", "act", "u", "hidden", "logit"),
    "constant": ("x", "t", "inputs", "target", "image", "point"),
    "integer": ("index", "label", "count", "steps"),
    "array": ("values", "data", "noise", "arr"),
    "number": ("factor", "rate", "eps", "coef"),
    "list": ("terms", "parts", "params", "layers", "items"),
    "dict": ("state", "batch", "weights", "store"),
}


@dataclass(frozen=True)
class Name:
    """Something that the running code can name: ``text`` may be a name, an attribute or an item."""

    text: str
    kind: Kind
    shape: Shape = "v"
    items: tuple[Name, ...] = ()
    bare: bool = True


@dataclass
class Callee:
    """Something that gives a float tensor for float tensors: ``shapes`` are its parameters', ``named`` its keywords."""

    text: str
    shapes: tuple[Shape, ...]
    result: Shape
    named: tuple[str, ...] = ()
    traced: bool = False
    spread: bool = False


@dataclass
class Scope:
    """The names of one block and of the blocks around it."""

    parent: Scope | None = None
    names: list[Name] = field(default_factory=list)
    callees: list[Callee] = field(default_factory=list)
    function: bool = False

    def visible(self) -> list[Name]:
        """All names, the innermost ones last."""
        outer = self.parent.visible() if self.parent is not None else []
        own = {name.text for name in self.names}
        return [name for name in outer if name.text not in own] + self.names

    def callable(self) -> list[Callee]:
        """All that can be called."""
        return (self.parent.callable() if self.parent is not None else []) + self.callees


class Page:
    """What every author of programs writes with."""

    def __init__(self, seed: str) -> None:
        self.dice = random.Random(seed)
        self.lines: list[str] = []
        self.depth = 0
        self.scope = Scope()
        self.features: set[str] = set()
        self.taken: dict[str, int] = {}
        self.traced = False
        self.tapes: list[str] = []

    def tag(self, feature: str) -> None:
        """Note that the program uses a feature."""
        self.features.add(feature)

    def chance(self, share: float) -> bool:
        """True in that share of all cases."""
        return self.dice.random() < share

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return self.dice.choice(options)

    def weighted(self, options: dict[T, float]) -> T:
        """One of the options, by weight."""
        return self.dice.choices(list(options), list(options.values()))[0]

    def line(self, text: str) -> None:
        """Write one line."""
        self.lines.append("    " * self.depth + text)

    def number(self) -> str:
        """A number that makes no gradient vanish."""
        return self.pick(("0.5", "2.0", "3.0", "0.1", "1.5", "0.25"))

    def fresh(self, kind: Kind | str) -> str:
        """A name that nothing has yet."""
        labels = LABELS.get(kind, (kind,))  # type: ignore[arg-type]
        label = self.pick(labels)
        count = self.taken[label] = self.taken.get(label, 0) + 1
        return label if count == 1 else f"{label}{count}"

    def add(
        self, text: str, kind: Kind, shape: Shape = "v", items: tuple[Name, ...] = (), *, bare: bool = True
    ) -> Name:
        """Bring a name into scope."""
        name = Name(text, kind, shape, items, bare)
        self.scope.names = [other for other in self.scope.names if other.text != text]
        self.scope.names.append(name)
        return name

    def known(self, *kinds: Kind, shape: Shape | None = None, bare: bool = False) -> list[Name]:
        """The names in scope of some kinds."""
        return [
            name
            for name in self.scope.visible()
            if name.kind in kinds and (shape is None or name.shape == shape) and (name.bare or not bare)
        ]

    @contextmanager
    def indented(self) -> Iterator[None]:
        """Write what follows one step further in, in a scope of its own that ends with the block."""
        before = self.scope
        self.scope = Scope(before)
        self.depth += 1
        start = len(self.lines)
        try:
            yield
        finally:
            if len(self.lines) == start:
                self.line("pass")
            self.depth -= 1
            self.scope = before

    @contextmanager
    def inside_function(self, *, traced: bool = False) -> Iterator[None]:
        """Write a function's body."""
        before, self.traced, tapes, self.tapes = self.traced, traced, self.tapes, []
        with self.indented():
            self.scope.function = True
            yield
        self.traced, self.tapes = before, tapes
