"""``tf.TensorArray``: what is written into it comes out of it, stacked, joined or one by one.

In eager mode a write changes the array that it gives back; in a graph it gives another array and leaves the first as it
was (TensorFlow 2.21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.libraries.models import LibraryCall, methods, models, tensors_in
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import LibObject, Value

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

ARRAY = "tensor-array"
HELD = "held"
PLACES = {"write": 1, "scatter": 1, "unstack": 0, "split": 0}
"""Where each method that writes takes its value."""


@models(ARRAY)
def array(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.TensorArray(dtype, size)``, which holds nothing yet, unless it goes on from another one's handle."""
    if "handle" in call.kwargs or "flow" in call.kwargs or len(call.args) > 5:
        return machine.foreign("call", call.node, call.values)
    return _holding(machine, call, call.name, ())


def _holding(machine: Interpreter, call: LibraryCall, name: str, held: tuple[Value, ...]) -> LibObject:
    made = LibObject(name, ARRAY, span_of(call.node))
    made.born = machine.tick()
    made.state[HELD] = held
    return made


@methods(ARRAY, *PLACES)
def written(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``array.write(index, value)`` and its kin: the array with the value in it."""
    given = call.argument(PLACES[call.name], "value")
    new = tensors_in(machine, given) if given is not None else [machine.unknown("item", call.node, call.values)]
    held = tuple({id(value): value for value in (*owner.state[HELD], *new)}.values())
    if machine.in_graph:
        return _holding(machine, call, owner.name, held)
    machine.set(owner.state, HELD, held)
    return owner


@methods(ARRAY, "stack", "concat", "read", "gather")
def read(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``array.stack()`` and its kin: a tensor made of what was written."""
    held = owner.state[HELD]
    kinds = {dtypes.of(value) for value in held}
    return machine.tensor(call.node, held, dtype=kinds.pop() if len(kinds) == 1 else None, sure=False)


@methods(ARRAY, "identity", "mark_used")
def same(_machine: Interpreter, owner: LibObject, _call: LibraryCall) -> Value:
    """What gives the array back."""
    return owner


@methods(ARRAY, "size")
def size(machine: Interpreter, _owner: LibObject, call: LibraryCall) -> Value:
    """``array.size()``: how many there is room for."""
    return machine.tensor(call.node, [], dtype="int32")
