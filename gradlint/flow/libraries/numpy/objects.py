"""NumPy objects that are made first and compute later: polynomials, ``np.vectorize``, ``np.r_`` and their kin.

All of them give arrays, whatever they are called on or indexed with, and whatever their functions use (NumPy 2.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.causes import ToNumpy
from gradlint.flow.libraries.models import CALLED, LibraryCall, methods, models
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Bound, Function, Partial
from gradlint.flow.values.values import Array, Const, LibObject, Value
from gradlint.knowledge.table import lookup

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter

FAMILY = "numpy-callable"


@models("numpy-class")
def make(_machine: Interpreter, call: LibraryCall) -> Value:
    """An object that is to be called later."""
    made = LibObject(call.name, FAMILY, span_of(call.node), tuple(call.args))
    # With types of its own, np.vectorize may keep what its function gives as objects.
    made.state["objects"] = "otypes" in call.kwargs or (call.last == "vectorize" and len(call.args) > 1)
    return made


@models("applies-function")
def applied(machine: Interpreter, call: LibraryCall) -> Value:
    """A function of the program, called on arrays: an array of what it gives."""
    return left(machine, call.tensors(machine), call.node, machine.callee(call.node), call.name)


@methods(FAMILY, CALLED)
def called(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """Call an object that was made to be called."""
    given = call.leaves(machine)
    if owner.state.get("objects"):
        return machine.foreign("call", call.node, [owner, *given])
    return left(machine, [*owner.arguments, *given], call.node, machine.callee(call.node), owner.name)


def left(machine: Interpreter, given: list[Value], node: ast.AST, callee: str, name: str) -> Array:
    """An array that is computed from some values, and from all that the functions among them use."""
    made = Array(None, span_of(node))
    parents: list[Value] = []
    for value in given:
        inner = value.function if isinstance(value, Bound | Partial) else value
        parents += machine.captured(inner) if isinstance(inner, Function) else [value]
    cut = machine.cut(ToNumpy(callee, name), node)
    machine.depend(made, [value for value in parents if not isinstance(value, Const)], cut)
    return made


# -- random numbers ------------------------------------------------------------------------------------------------


DRAWS = "numpy-generator"
_MODULE = {"integers": "randint", "random": "random_sample"}
"""The methods of a ``Generator`` that the module's own functions call otherwise."""


@models(DRAWS)
def generator(_machine: Interpreter, call: LibraryCall) -> Value:
    """``np.random.default_rng(seed)`` and ``np.random.RandomState(seed)``."""
    return LibObject(call.name, DRAWS, span_of(call.node))


@methods(DRAWS, "*")
def drawn(machine: Interpreter, _owner: LibObject, call: LibraryCall) -> Value:
    """``rng.normal(...)``: what the function of that name in ``np.random`` gives."""
    given = {key: value for key, value in call.kwargs.items() if key != "endpoint"}
    name = f"numpy.random.{_MODULE.get(call.name, call.name)}"
    if lookup(name) is None:
        return machine.foreign("call", call.node, call.values)
    return machine.library_call(name, call.args, given, call.node)
