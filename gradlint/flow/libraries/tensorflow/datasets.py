"""``tf.data``: pipelines, of which no more is followed than what an element is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.libraries.models import LibraryCall, methods, models
from gradlint.flow.libraries.python import subscripts
from gradlint.flow.state.loops import by_reduce
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Bound, Function
from gradlint.flow.values.values import Const, Dict, Items, LibObject, Method, Seq, Tensor, Unknown, Value

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

DATASET = "tf.data.Dataset"
SAME_ELEMENTS = frozenset({
    "shuffle", "repeat", "prefetch", "take", "skip", "cache", "with_options", "shard", "batch", "padded_batch",
    "unbatch",
})  # fmt: skip
"""Methods of a dataset that change which elements come, not what they are."""


@models("dataset")
def dataset(_machine: Interpreter, call: LibraryCall) -> Value:
    """A ``tf.data`` pipeline: what goes in comes out as data."""
    made = LibObject(
        DATASET, "dataset", span_of(call.node), tuple(value for value in call.args if not isinstance(value, Const))
    )
    element = _first_element(call)
    if element is not None:
        made.state["element"] = element
    return made


def _first_element(call: LibraryCall) -> Value | None:
    """What an element of a new dataset is, where that is known."""
    if call.name.endswith(("from_tensor_slices", "from_tensors")):
        return call.args[0] if call.args else None
    if call.name.endswith("zip"):
        return _zipped(call)
    return Tensor("int64") if call.name.endswith("range") else None


def _zipped(call: LibraryCall) -> Value | None:
    first = call.args[0] if call.args else None
    parts = first.items.values if isinstance(first, Seq) else tuple(call.args)
    elements = [part.state.get("element") for part in parts if isinstance(part, LibObject)]
    known = tuple(element for element in elements if isinstance(element, Value))
    return Seq(Items(known), "tuple") if known and len(known) == len(elements) else None


@methods("dataset", "*")
def method(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """A method of a ``tf.data.Dataset``: another dataset."""
    if call.name == "__iter__":
        return owner
    if call.name == "reduce" and call.argument(1, "reduce_func") is not None:
        return _reduced(machine, owner, call)
    made = LibObject(DATASET, "dataset", span_of(call.node), (owner, *call.args))
    element = owner.state.get("element")
    if call.name == "map" and call.args and isinstance(call.args[0], Function | Bound | Method):
        made.state["element"] = _mapped(machine, owner, element, call)
    elif isinstance(element, Value) and call.name in SAME_ELEMENTS:
        made.state["element"] = element
    elif isinstance(element, Value) and call.name == "enumerate":
        made.state["element"] = Seq(Items((Tensor("int64"), element)), "tuple")
    return made


def _mapped(machine: Interpreter, owner: LibObject, element: object, call: LibraryCall) -> Value:
    """What ``dataset.map(function)`` makes of an element: no tape sees it."""
    with machine.unseen():
        given = subscripts.data(machine, call.node, element if isinstance(element, Value) else None, owner)
        spread = list(given.items.values) if isinstance(given, Seq) else [given]
        return machine.call(call.args[0], spread, {}, call.node)


def _reduced(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``dataset.reduce(initial_state, reduce_func)``: a state like the first one, with no gradient of anything.

    Neither the first state nor what the function reads from around it gets one.
    """
    first, function = call.argument(0, "initial_state"), call.argument(1, "reduce_func")
    held = list(machine.captured(function)) if isinstance(function, Function) else []
    given = [*machine.leaves(first), *held, owner] if first is not None else [*held, owner]
    cut = machine.cut(by_reduce(DATASET), call.node)

    def like(value: Value) -> Value:
        if isinstance(value, Seq):
            return Seq(Items(tuple(map(like, value.items.values)), value.items.exact), value.kind, span_of(call.node))
        if isinstance(value, Unknown | Dict):
            return machine.unknown("call", call.node, [])
        return machine.tensor(call.node, given, dtype=dtypes.of(value), cut=cut)

    return like(first) if first is not None else machine.unknown("call", call.node, given)
