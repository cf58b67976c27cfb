"""Models of library callables: functions of the analysis, registered under the names of what they stand for.

What was measured of a callable stands in the table. A model is for what cannot be measured by calling it once: control
flow, functions that are called back, objects that keep something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.flow.values.values import Const, Value

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from gradlint.flow.facts import Kind
    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.values.values import Cut


@dataclass(slots=True)
class LibraryCall:
    """A call of something from a library.

    Attributes:
        name: The canonical dotted name of what is called; of a method, its bare name.
        args: The positional arguments.
        kwargs: The arguments by keyword; those of a ``**`` that is not known stand under names that begin with ``**``.
        node: Where it is called.
    """

    name: str
    args: list[Value]
    kwargs: dict[str, Value]
    node: ast.AST

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    @property
    def values(self) -> list[Value]:
        """All arguments, in their order."""
        return [*self.args, *self.kwargs.values()]

    @property
    def first(self) -> Value | None:
        """The first argument, however it is given."""
        return self.args[0] if self.args else next(iter(self.kwargs.values()), None)

    def argument(self, index: int, name: str) -> Value | None:
        """An argument by its position or its name."""
        return self.args[index] if index < len(self.args) else self.kwargs.get(name)

    def leaves(self, machine: Interpreter) -> list[Value]:
        """What stands for tensors in all arguments, constants among them."""
        return [leaf for value in self.values for leaf in machine.leaves(value)]

    def tensors(self, machine: Interpreter) -> list[Value]:
        """What stands for tensors in all arguments, without constants."""
        return tensors_in(machine, *self.values)

    def cut(self, machine: Interpreter, kind: Kind, **detail: str) -> Cut:
        """Why no gradient passes this call."""
        return machine.cut(kind, self.node, machine.callee(self.node), self.name, **detail)


def tensors_in(machine: Interpreter, *values: Value) -> list[Value]:
    """What stands for tensors in some values, without constants."""
    return [leaf for value in values for leaf in machine.leaves(value) if not isinstance(leaf, Const)]


if TYPE_CHECKING:
    Model = Callable[[Interpreter, LibraryCall], Value]
    """Gives what a call gives."""

_MODELS: dict[str, Model] = {}
_PACKAGES: dict[str, Model] = {}


def models(*names: str) -> Callable[[Model], Model]:
    """Register a function as the model of callables.

    Args:
        names: Canonical names, each of which has one model only; ``package.*`` stands for whatever of a package has
            neither a model of its own nor one of a package inside it.
    """

    def register(model: Model) -> Model:
        for name in names:
            held, key = (_PACKAGES, name[:-2]) if name.endswith(".*") else (_MODELS, name)
            if key in held:
                message = f"{name} has two models: {held[key].__name__} and {model.__name__}"
                raise ValueError(message)
            held[key] = model
        return model

    return register


def model_of(name: str) -> Model | None:
    """The model of a callable by its own name, or None."""
    return _MODELS.get(name)


def package_model_of(name: str) -> Model | None:
    """The model of whatever else is in the innermost package that has one, or None."""
    while name:
        name = name.rpartition(".")[0]
        model = _PACKAGES.get(name)
        if model is not None:
            return model
    return None


def modelled() -> list[str]:
    """The names that have a model, in order."""
    return sorted([*_MODELS, *(f"{package}.*" for package in _PACKAGES)])
