"""Models of library callables: functions of the analysis, registered under the names of what they stand for.

What was measured of a callable stands in the table. A model is for what cannot be measured by calling it once: control
flow, functions that are called back, objects that keep something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from gradlint.flow.values.values import Const, LibObject, Value
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from gradlint.flow.interpreter import Interpreter


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

    def written(self, machine: Interpreter) -> tuple[str, str]:
        """What is called, as it is written and by its canonical name."""
        return machine.callee(self.node), self.name


def tensors_in(machine: Interpreter, *values: Value) -> list[Value]:
    """What stands for tensors in some values, without constants."""
    return [leaf for value in values for leaf in machine.leaves(value) if not isinstance(leaf, Const)]


if TYPE_CHECKING:
    Model = Callable[[Interpreter, LibraryCall], Value]
    """Gives what a call gives."""
    MethodModel = Callable[[Interpreter, Any, LibraryCall], Value]
    """Gives what a call of a method gives, of the machine, the method's owner and the call."""

Key = TypeVar("Key")
Held = TypeVar("Held")

_MODELS: dict[str, Model] = {}
_METHODS: dict[tuple[type[Value] | str, str], MethodModel] = {}


def models(*names: str) -> Callable[[Model], Model]:
    """Register a function as the model of a behaviour.

    Args:
        names: The behaviours' names, each of which has one model only; :mod:`gradlint.knowledge.behaviours` says which
            callables have them.
    """

    def register(model: Model) -> Model:
        for name in names:
            _put(_MODELS, name, model)
        return model

    return register


def methods(owner: type[Value] | str, *names: str) -> Callable[[MethodModel], MethodModel]:
    """Register a function as the model of methods.

    Args:
        owner: The class of the values whose methods they are, or the family of a library's objects.
        names: The methods' names, each of which has one model only; ``*`` stands for all others.
    """

    def register(model: MethodModel) -> MethodModel:
        for name in names:
            _put(_METHODS, (owner, name), model)
        return model

    return register


CALLED = "()"
"""The name under which the model of calling an object itself is registered."""


def _put(registry: dict[Key, Held], key: Key, model: Held) -> None:
    if key in registry:
        message = f"{key} has two models: {registry[key]} and {model}"
        raise ValueError(message)
    registry[key] = model


def model_of(name: str) -> Model | None:
    """The model of a callable by its own name, or None."""
    return _model(behaviours.lines().get(name, ()))


def package_model_of(name: str) -> Model | None:
    """The model of whatever else is in the innermost package that has one, or None."""
    return _model(behaviours.of_package(name))


def _model(words: tuple[str, ...]) -> Model | None:
    return next((_MODELS[word] for word in words if word in _MODELS), None)


def method_model_of(owner: Value, name: str) -> MethodModel | None:
    """The model of a method of a value: by the family of a library's object, else by the value's class; or None."""
    if isinstance(owner, LibObject):
        model = _METHODS.get((owner.family, name)) or _METHODS.get((owner.family, "*"))
        if model is not None:
            return model
    for kind in type(owner).__mro__:
        model = _METHODS.get((kind, name)) or _METHODS.get((kind, "*"))
        if model is not None:
            return model
    return None


def own_method_model_of(owner: LibObject, name: str) -> MethodModel | None:
    """The model of one method of the objects of a family, or None."""
    return _METHODS.get((owner.family, name))


def modelled() -> list[str]:
    """The behaviours that have a model, in order."""
    return sorted(_MODELS)
