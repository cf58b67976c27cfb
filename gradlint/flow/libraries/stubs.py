"""Calls of what stubs speak of: those that gradlint brings for packages beside TensorFlow, and the user's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gradlint.flow.causes import Opaque
from gradlint.flow.libraries import table
from gradlint.flow.libraries.models import CALLED, LibraryCall, methods
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import Function, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Known,
    LibObject,
    Method,
    Number,
    Pairs,
    Seq,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from gradlint.knowledge.packages import root
from gradlint.knowledge.stubs import shipped, shipped_packages
from gradlint.knowledge.table import Effect

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter
    from gradlint.knowledge.stubs import Stub, StubClass, Stubs
    from gradlint.knowledge.table import Entry

FAMILY = "stub"
"""The family of the objects whose classes stubs speak of."""


def called(machine: Interpreter, given: LibraryCall) -> Value | None:
    """What a call of a function or a class gives of which a stub speaks; None where none does."""
    for stubs in speaking(machine, given.name):
        found = stubs.classes.get(given.name)
        if found is not None:
            return _made(machine, found, given)
        stub = stubs.function(given.name)
        if stub is not None:
            return result(machine, stub, given)
    return None


def speaking(machine: Interpreter, name: str) -> tuple[Stubs, ...]:
    """The stubs that may speak of a name, the user's own first."""
    own, package = machine.wrappers.stubs, root(name)
    brought = shipped(package) if package in shipped_packages() else None
    return tuple(one for one in (own, brought) if one is not None)


def _made(machine: Interpreter, cls: StubClass, given: LibraryCall) -> LibObject:
    """An object of a class of which a stub speaks."""
    kept = tuple(value for value in given.values if not isinstance(value, Const))
    made = LibObject(cls.name, FAMILY, span_of(given.node), kept)
    made.born = machine.tick()
    for name, place in cls.called():
        function = given.argument(place, name)
        if function is not None:
            made.state[f"called {name}"] = function
    for name, place in cls.arguments():
        made.state[f"given {name}"] = given.argument(place, name)
    return made


def attribute(machine: Interpreter, owner: LibObject, name: str, node: ast.AST) -> Value:
    """An attribute of an object of such a class: a method, unless a stub says that it is a property."""
    stub = next((found for one in speaking(machine, owner.name) if (found := one.method(owner.name, name))), None)
    if stub is None or not stub.is_property:
        return Method(owner, name)
    if stub.entry.result == "variables":
        return _variables(owner, name, node)
    return method_called(machine, owner, LibraryCall(name, [], {}, node))


def _variables(owner: LibObject, name: str, node: ast.AST) -> Value:
    """The Variables that an object keeps, as ``tf.Module`` finds them."""
    found, complete = tracked(owner, trainable_only=name.startswith("trainable"))
    made = Seq(Items(tuple(found), complete), "tuple", span_of(node))
    made.extra = {"owner": owner, "name": name}
    if complete and not found:
        made.extra["reason"] = "computed"
    return made


def keeps_variables(machine: Interpreter, owner: LibObject) -> bool:
    """Whether a stub says that objects of a class keep Variables."""
    return any(one.method(owner.name, "trainable_variables") is not None for one in speaking(machine, owner.name))


def tracked(owner: LibObject, *, trainable_only: bool) -> tuple[list[Value], bool]:
    """The Variables among what an object was made of, and whether it surely keeps no others.

    A Tensor that was computed from a Variable keeps it not (TensorFlow Probability 0.25).
    """
    found: dict[int, Value] = {}
    complete = True
    waiting: list[Value] = list(reversed(owner.arguments))
    skipped = {id(value) for key, value in owner.state.items() if str(key).startswith("called ")}
    while waiting:
        value = waiting.pop()
        if id(value) in skipped:
            continue
        if isinstance(value, Variable):
            complete = complete and value.trainable is not None
            if value.trainable is not False or not trainable_only:
                found[id(value)] = value
        elif isinstance(value, Seq):
            complete = complete and value.items.exact
            waiting += reversed(value.items.values)
        elif isinstance(value, Dict):
            complete = complete and value.pairs.exact
            waiting += reversed([held for _, held in value.pairs.entries])
        elif isinstance(value, LibObject) and value.family == FAMILY and "attrs" not in value.state:
            waiting += reversed(value.arguments)
            skipped |= {id(one) for key, one in value.state.items() if str(key).startswith("called ")}
        elif not isinstance(value, Tensor | Array | Const | Number | Known):
            complete = False
    return list(found.values()), complete


@methods(FAMILY, CALLED)
def object_called(machine: Interpreter, owner: LibObject, given: LibraryCall) -> Value:
    """Call an object of such a class."""
    return method_called(machine, owner, replace(given, name="__call__"))


@methods(FAMILY, "*")
def method_called(machine: Interpreter, owner: LibObject, given: LibraryCall) -> Value:
    """Call a method of such an object."""
    for stubs in speaking(machine, owner.name):
        stub = stubs.method(owner.name, given.name)
        if stub is not None and stub.returns_self:
            return owner
        inner = None if stub is None else owner.state.get(f"given {stub.of}")
        if isinstance(inner, LibObject) and inner.family == FAMILY and "attrs" not in inner.state:
            return method_called(machine, inner, given)
        if stub is not None:
            inside = sequence(list(owner.arguments), "tuple", node=given.node)
            whole = replace(given, name=stub.entry.name, args=[inside, *given.args])
            return result(machine, stub, whole)
    return machine.foreign("call", given.node, [owner, *given.values])


def result(machine: Interpreter, stub: Stub, given: LibraryCall) -> Value:
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
    if isinstance(value, Seq) and any(isinstance(one, LibObject | Seq | Dict) for one in value.items.values):
        return Seq(Items(tuple(_opened(machine, one) for one in value.items.values), value.items.exact), value.kind)
    if isinstance(value, Dict) and any(isinstance(one, LibObject | Seq | Dict) for _, one in value.pairs.entries):
        entries = tuple((key, _opened(machine, one)) for key, one in value.pairs.entries)
        return Dict(Pairs(entries, value.pairs.exact, value.pairs.rest))
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
        back = machine.call(function, [item], {}, given.node)
        if name in kwargs:
            kwargs[name] = back
        else:
            args[names.index(name)] = back
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
