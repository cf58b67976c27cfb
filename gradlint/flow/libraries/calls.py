"""Calls of library callables: by their model, by the class that they are, by what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.causes import Opaque
from gradlint.flow.libraries import models, stubs, table
from gradlint.flow.libraries.keras import calls, declared, layers, methods, objects, optimizers
from gradlint.flow.libraries.keras.symbols import symbolic
from gradlint.flow.libraries.models import CALLED, LibraryCall, method_model_of, model_of, package_model_of
from gradlint.flow.libraries.numpy import functions
from gradlint.flow.libraries.numpy import methods as array_methods
from gradlint.flow.libraries.numpy import objects as numpy_objects
from gradlint.flow.libraries.python import (
    attribute_tables,
    builtins,
    configuration,
    containers,
    instances,
    special,
    standard,
)
from gradlint.flow.libraries.tensorflow import (
    arrays,
    assigning,
    choosing,
    control_flow,
    custom_gradients,
    datasets,
    making,
    strategies,
)
from gradlint.flow.libraries.tensorflow import methods as tensor_methods
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import Generator
from gradlint.flow.values.values import Dict, LibObject, Method, Unknown, Value
from gradlint.knowledge.packages import LEARNING, SILENT, root
from gradlint.knowledge.table import lookup

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter

MODELS = (
    array_methods, arrays, assigning, builtins, calls, choosing, configuration, containers, control_flow,
    custom_gradients, datasets, declared, functions, instances, making, methods, numpy_objects, objects, optimizers,
    standard, strategies, tensor_methods,
)  # fmt: skip
"""The modules that register the models of their library's callables when they are imported."""


def call(machine: Interpreter, given: LibraryCall) -> Value:
    """What a call of something from a library gives."""
    set_for_it = _by_settings(machine, given)
    if set_for_it is not None:
        return set_for_it
    package = root(given.name)
    if package in LEARNING:
        given.args = [consumed(machine, value, given.node) for value in given.args]
        return symbolic(_tensorflow(machine, given))
    if package in SILENT and model_of(given.name) is None:
        return Unknown("call", span_of(given.node))
    spoken = special.builtin(machine, given) or declared.made(machine, given) or stubs.called(machine, given)
    if spoken is not None:
        return spoken
    model = model_of(given.name) or package_model_of(given.name)
    return model(machine, given) if model is not None else machine.foreign("call", given.node, given.values)


def _by_settings(machine: Interpreter, given: LibraryCall) -> Value | None:
    """What the settings say of a function; None where they say nothing."""
    passes = machine.wrappers.passes(given.name)
    if passes is None:
        return None
    cut = None if passes else machine.cut(Opaque(*given.written(machine)), given.node)
    return symbolic(machine.tensor(given.node, given.leaves(machine), op=given.name, cut=cut))


def consumed(machine: Interpreter, value: Value, node: ast.AST) -> Value:
    """What a library's function gets of an argument: of a generator its items, which it computes now."""
    if not isinstance(value, Generator):
        return value
    items, exact = machine.iterate(value, node)
    return sequence(items, exact=exact, node=node)


def _tensorflow(machine: Interpreter, given: LibraryCall) -> Value:
    """A call of something from TensorFlow or Keras."""
    entry = lookup(given.name)
    if entry is not None:
        given.name = entry.name
    model = model_of(given.name)
    if model is not None:
        return model(machine, given)
    kind = layers.family(given.name)
    if kind and kind != "dataset":
        return objects.make(machine, given, kind)
    model = package_model_of(given.name)
    if model is not None:
        return model(machine, given)
    return table.by_name(machine, given)


# -- methods and objects -------------------------------------------------------------------------------------------


def call_method(machine: Interpreter, method: Method, given: LibraryCall) -> Value:
    """What a call of a library's method gives."""
    model = method_model_of(method.owner, method.name)
    if model is None:
        return machine.foreign_call(method.owner, given.args, given.kwargs, given.node)
    if not isinstance(method.owner, Dict):
        return model(machine, method.owner, given)
    before = method.owner.pairs
    made = model(machine, method.owner, given)
    attribute_tables.written_back(machine, method.owner, before, given.node)
    return made


def call_object(machine: Interpreter, owner: LibObject, given: LibraryCall) -> Value:
    """What a call of an object of a library's class gives."""
    model = models.own_method_model_of(owner, CALLED) or other_method
    return model(machine, owner, given)


@models.methods(LibObject, "*")
def other_method(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """A method of a library's object that is not followed."""
    return machine.foreign("call", call.node, [owner, *call.values])
