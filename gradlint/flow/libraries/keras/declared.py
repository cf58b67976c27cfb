"""Layers, models and modules of other packages: a stub says of what class of Keras' or TensorFlow's they descend from.

What a stub leaves out is open. Such a class may keep Variables of its own, so that a list of Variables in which none
is found is not known to be empty, and none that is found is known to be left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gradlint.flow.libraries import stubs
from gradlint.flow.libraries.keras import layers, objects
from gradlint.flow.libraries.keras.variables import VARIABLES, parameters, settings, variables
from gradlint.flow.libraries.models import CALLED, LibraryCall, methods
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.values import Known, LibObject, Method, Params, Tensor, Unknown, Value
from gradlint.knowledge.packages import LEARNING, root

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter
    from gradlint.knowledge.stubs import Stub, Stubs

CALLS = ("__call__", "call")
"""The methods by which a stub says what calling an object gives."""
_KINDS = frozenset({"layer", "model", "module"})
"""What an object of such a class may be; one that descends from another class is what its stub says and no more."""


def base(machine: Interpreter, value: Value) -> Known | None:
    """The class of Keras' or TensorFlow's that a base of a program's class stands for, as a stub says; None elsewhere.

    A class of which a stub says more than that does things that the base does not, and stands for itself.
    """
    if not isinstance(value, Known) or root(value.name) in LEARNING:
        return None
    spoken = _spoken(machine, value.name)
    if spoken is None or not spoken.adds_nothing(value.name):
        return None
    return Known(spoken.library(value.name))


def made(machine: Interpreter, given: LibraryCall) -> Value | None:
    """An object of a class that descends from one of Keras' or TensorFlow's; None where no stub says so."""
    spoken = _spoken(machine, given.name)
    if spoken is None:
        return None
    kind = layers.family(spoken.library(given.name))
    trains = spoken.trainable(given.name)
    result = objects.make(machine, given, kind)
    assert isinstance(result, LibObject)
    result.state["declared"] = True
    result.state["built"] = None
    result.state["params"] = Params(result, span_of(given.node))
    if trains is False:
        del result.state["params"]
    elif trains is None:
        result.state["trainable"] = None
    return result


def is_declared(value: Value) -> bool:
    """Whether a value is an object of such a class."""
    return isinstance(value, LibObject) and "declared" in value.state


def called(machine: Interpreter, owner: LibObject, given: LibraryCall) -> Value:
    """Call an object of such a class."""
    objects.mark_built(machine, owner)
    stub = call_of(machine, owner)
    if stub is None:
        return machine.foreign("call", given.node, [owner, *given.values])
    return _run(machine, owner, stub, given)


def call_of(machine: Interpreter, owner: LibObject) -> Stub | None:
    """What a stub says of calling an object; None where it says nothing."""
    spoken = _spoken(machine, owner.name)
    if spoken is None:
        return None
    return next((found for name in CALLS if (found := spoken.method(owner.name, name)) is not None), None)


def attribute(machine: Interpreter, owner: LibObject, name: str, node: ast.AST) -> Value:
    """An attribute of a module of such a class."""
    if name in VARIABLES:
        return variables(machine, owner, name, node)
    return Method(owner, name)


@methods("module", CALLED)
def module_called(machine: Interpreter, owner: LibObject, given: LibraryCall) -> Value:
    """Call a module."""
    if is_declared(owner):
        return called(machine, owner, given)
    return machine.foreign("call", given.node, [owner, *given.values])


@methods("module", "*")
def module_method(machine: Interpreter, owner: LibObject, given: LibraryCall) -> Value:
    """Call a method of a module."""
    spoken = _spoken(machine, owner.name) if is_declared(owner) else None
    stub = spoken.method(owner.name, given.name) if spoken is not None else None
    if stub is None:
        return machine.foreign("call", given.node, [owner, *given.values])
    return _run(machine, owner, stub, given)


def _spoken(machine: Interpreter, name: str) -> Stubs | None:
    """The stubs that say of what layer, model or module a class descends from."""
    return next((one for one in stubs.speaking(machine, name) if layers.family(one.library(name)) in _KINDS), None)


def _run(machine: Interpreter, owner: LibObject, stub: Stub, given: LibraryCall) -> Value:
    """What a method of such an object gives, into which go its Variables."""
    inside = sequence([*parameters(machine, owner), *settings(owner)], "tuple", node=given.node)
    result = stubs.result(machine, stub, replace(given, name=stub.entry.name, args=[inside, *given.args]))
    given_once = [value for value in owner.arguments if isinstance(value, Unknown)]
    if isinstance(result, Tensor):
        machine.depend(result, given_once, sure=False)
    return result
