"""Calls of what stubs speak of: those that gradlint brings for packages beside TensorFlow, and the user's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gradlint.flow.causes import Opaque
from gradlint.flow.libraries import table
from gradlint.flow.libraries.models import CALLED, LibraryCall, methods
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import Function, Instance
from gradlint.flow.values.values import Array, Const, LibObject, Unknown, Value
from gradlint.knowledge.packages import root
from gradlint.knowledge.stubs import shipped
from gradlint.knowledge.table import Effect

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter
    from gradlint.knowledge.stubs import Stub, StubClass, Stubs
    from gradlint.knowledge.table import Entry

FAMILY = "stub"
"""The family of the objects whose classes stubs speak of."""


def called(machine: Interpreter, given: LibraryCall) -> Value | None:
    """What a call of a function or a class gives of which a stub speaks; None where none does."""
    for stubs in _stubs(machine, given.name):
        found = stubs.classes.get(given.name)
        if found is not None:
            return _made(machine, found, given)
        stub = stubs.function(given.name)
        if stub is not None:
            return _result(machine, stub, given)
    return None


def _stubs(machine: Interpreter, name: str) -> tuple[Stubs, ...]:
    """The stubs that may speak of a name, the user's own first."""
    own = machine.wrappers.stubs
    brought = shipped(root(name))
    return (brought,) if own is None else (own, brought)


def _made(machine: Interpreter, cls: StubClass, given: LibraryCall) -> LibObject:
    """An object of a class of which a stub speaks."""
    kept = tuple(value for value in given.values if not isinstance(value, Const))
    made = LibObject(cls.name, FAMILY, span_of(given.node), kept)
    made.born = machine.tick()
    return made


@methods(FAMILY, CALLED)
def object_called(machine: Interpreter, owner: LibObject, given: LibraryCall) -> Value:
    """Call an object of such a class."""
    return method_called(machine, owner, replace(given, name="__call__"))


@methods(FAMILY, "*")
def method_called(machine: Interpreter, owner: LibObject, given: LibraryCall) -> Value:
    """Call a method of such an object."""
    for stubs in _stubs(machine, owner.name):
        stub = stubs.method(owner.name, given.name)
        if stub is not None and stub.returns_self:
            return owner
        if stub is not None:
            inside = sequence(list(owner.arguments), "tuple", node=given.node)
            whole = replace(given, name=stub.entry.name, args=[inside, *given.args])
            return _result(machine, stub, whole)
    return machine.foreign("call", given.node, [owner, *given.values])


def _result(machine: Interpreter, stub: Stub, given: LibraryCall) -> Value:
    """What a call of a function of which a stub speaks gives."""
    given = replace(
        given,
        args=[_opened(machine, one) for one in given.args],
        kwargs={name: _opened(machine, one) for name, one in given.kwargs.items()},
    )
    if stub.called:
        given = _call_back(machine, stub, given)
    leaves = given.leaves(machine)
    if any(isinstance(leaf, Function | Instance | LibObject) for leaf in leaves):
        return machine.foreign("call", given.node, given.values)
    if stub.entry.result == "ndarray":
        return _array(machine, given)
    if stub.entry.result == "?":
        return machine.unknown("call", given.node, leaves)
    return table.call(machine, _under(stub, given), given)


def _opened(machine: Interpreter, value: Value) -> Value:
    """An argument, with an object of such a class as all that it was made of."""
    if isinstance(value, LibObject) and value.family == FAMILY and "attrs" not in value.state:
        return sequence([_opened(machine, one) for one in value.arguments], "tuple")
    return value


def _call_back(machine: Interpreter, stub: Stub, given: LibraryCall) -> LibraryCall:
    """The call with what its functions give in their place: each is called with one tensor of those that it is fed."""
    names = [one.name for one in stub.entry.parameters]
    args, kwargs = list(given.args), dict(given.kwargs)
    for name, fed in stub.called.items():
        function = given.argument(names.index(name), name)
        source = given.argument(names.index(fed), fed) if fed in names else None
        if not isinstance(function, Function) or source is None:
            continue
        item = machine.tensor(given.node, machine.leaves(source), op=given.name)
        result = machine.call(function, [item], {}, given.node)
        if name in kwargs:
            kwargs[name] = result
        else:
            args[names.index(name)] = result
    return replace(given, args=args, kwargs=kwargs)


def _array(machine: Interpreter, given: LibraryCall) -> Value:
    """What a function gives that works on what it is given as NumPy does."""
    leaves = given.leaves(machine)
    if any(isinstance(leaf, Unknown) for leaf in leaves) or not leaves:
        return machine.foreign("call", given.node, leaves)
    made = Array(None, span_of(given.node))
    machine.depend(made, leaves, machine.cut(Opaque(*given.written(machine)), given.node))
    return made


def _under(stub: Stub, given: LibraryCall) -> Entry:
    """What is known of a function, with the options that a call gives."""
    for index, parameter in enumerate(stub.entry.parameters):
        value = given.argument(index, parameter.name)
        cases = stub.when.get(parameter.name)
        if cases and isinstance(value, Const) and repr(value.value) in cases:
            return _all(stub.entry, *cases[repr(value.value)])
    return stub.entry


def _all(entry: Entry, effect: Effect, op: str | None) -> Entry:
    """A callable none of whose arguments lets more through than an effect."""
    parameters = tuple(
        replace(one, effect=effect, op=op) if one.effect is Effect.PASSES else one for one in entry.parameters
    )
    return replace(entry, parameters=parameters, effect=effect, op=op)
