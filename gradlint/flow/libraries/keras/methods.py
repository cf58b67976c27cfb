"""Methods of Keras layers and models, and of objects whose classes descend from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.causes import Assigned, Opaque
from gradlint.flow.libraries.keras import attributes, calls, layers, objects, variables
from gradlint.flow.libraries.models import LibraryCall, methods, tensors_in
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import gain, sequence, span_of
from gradlint.flow.values.program import Instance, Super
from gradlint.flow.values.values import (
    Array,
    Const,
    Edge,
    Items,
    LibObject,
    Number,
    Params,
    Seq,
    Symbolic,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.facts import Cut
    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.libraries.models import MethodModel

LEAVING = (
    "predict", "predict_on_batch", "evaluate", "test_on_batch", "get_weights", "predict_generator",
)  # fmt: skip
"""Methods of a model whose result is NumPy or Python."""


def of_layers(*names: str) -> Callable[[MethodModel], MethodModel]:
    """Register the model of methods of layers and models of the library."""

    def register(model: MethodModel) -> MethodModel:
        return methods("model", *names)(methods("layer", *names)(model))

    return register


# -- layers and models of the library ------------------------------------------------------------------------------


@of_layers("call", "__call__", "predict_step")
def call_layer(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``layer.call(x)``."""
    return calls.layer(machine, owner, call)


@of_layers("build")
def build(machine: Interpreter, owner: LibObject, _call: LibraryCall) -> Value:
    """``layer.build(shape)``."""
    objects.mark_built(machine, owner)
    return Const(None)


@of_layers("set_weights")
def set_weights(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``model.set_weights(arrays)``."""
    objects.mark_built(machine, owner)
    return _weights_set(machine, owner, call)


def _weights_set(machine: Interpreter, owner: LibObject | Instance, call: LibraryCall) -> Value:
    """Arrays go into a model's Variables, whose state cuts the way to what the arrays were taken from."""
    arrays = call.tensors(machine)
    taken: dict[int, Value] = {id(edge.parent): edge.parent for one in arrays for edge in one.edges}
    cut = machine.cut(Assigned(machine.callee(call.node), variable=machine.name_of(owner)), call.node)
    holder = Number("", span_of(call.node))
    holder.born = machine.tick()
    machine.depend(holder, list(taken.values()), cut)
    stored = tuple(Edge(edge.parent, edge.cut, seen=edge.seen) for edge in holder.edges)
    for variable in variables.parameters(machine, owner):
        if stored and isinstance(variable, Variable | Params) and id(variable) not in taken:
            gain(variable, stored)
    return Const(None)


@of_layers("load_weights", "summary")
def build_and_more(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """A method that builds the layer, and gives nothing that matters."""
    objects.mark_built(machine, owner)
    return machine.unknown(call.name, call.node)


@of_layers("save", "save_weights", "reset_states", "get_config")
def nothing(machine: Interpreter, _owner: LibObject, call: LibraryCall) -> Value:
    """A method that gives nothing that matters."""
    return machine.unknown(call.name, call.node)


@of_layers("add")
def add(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``model.add(layer)`` of a Sequential."""
    held = owner.state.get("layers")
    if not call.args or not isinstance(held, Seq):
        return other_of_layer(machine, owner, call)
    layer = call.args[0]
    machine.set(held.state, "items", Items((*held.items.values, layer), held.items.exact))
    if isinstance(layer, LibObject):
        machine.set(layer.state, "inside", True)
    if len(held.items.values) == 1 and objects.takes_input(layer):
        machine.set(owner.state, "built", True)
    if owner.state.get("built") is True:
        objects.mark_built(machine, layer)
    return Const(None)


@of_layers(*LEAVING)
def leave(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``model.predict(x)`` and its kin."""
    objects.mark_built(machine, owner)
    given = call.tensors(machine)
    parents = [*given, *variables.parameters(machine, owner)]
    cut = _leaving_cut(machine, call)
    if call.name == "get_weights":
        array = Array("float32", span_of(call.node))
        machine.depend(array, parents, cut)
        return sequence([array, array], exact=False, node=call.node)
    predicts = call.name in {"predict", "predict_on_batch"}
    made: Array | Number = Array("float32", span_of(call.node)) if predicts else Number("float", span_of(call.node))
    machine.depend(made, parents, cut)
    return made


def _leaving_cut(machine: Interpreter, call: LibraryCall) -> Cut:
    callee = machine.callee(call.node)
    return machine.cut(Opaque(callee, "keras.Model." + call.name, "model-method"), call.node)


@of_layers("*")
def other_of_layer(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """A method of a layer that is not followed."""
    return machine.foreign("call", call.node, [owner, *call.values])


@of_layers("get_layer")
def layer_named(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``model.get_layer(name)``."""
    wanted = call.argument(0, "name")
    inner = [item for item in layers.nested(owner) if layers.is_layer(item)]
    if isinstance(wanted, Const):
        for item in inner:
            if isinstance(item, LibObject) and item.state.get("name") == wanted.value and wanted.value:
                outputs = owner.state.get("outputs")
                symbol = _symbol_of(outputs, item) if isinstance(outputs, Value) else None
                if symbol is not None:
                    twin = LibObject(item.name, item.family, item.span, item.arguments)
                    twin.state = item.state
                    machine.set(twin.state, "attrs", {**(twin.state.get("attrs") or {}), "output": symbol})
                    return item
                return item
    return machine.unknown("layer", call.node, [owner])


def _symbol_of(outputs: Value, layer: LibObject) -> Symbolic | None:
    """The symbolic tensor that a layer gave inside a functional model."""
    stack: list[Value] = list(outputs.items.values) if isinstance(outputs, Seq) else [outputs]
    seen: set[int] = set()
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Symbolic) and any(edge.parent is layer for edge in value.edges):
            return value
        stack.extend(edge.parent for edge in value.edges)
    return None


# -- objects of the program's classes ------------------------------------------------------------------------------


@methods(Super, "__init__")
def super_init(machine: Interpreter, owner: Super, call: LibraryCall) -> Value:
    """``super().__init__(...)``."""
    if isinstance(owner.owner, Instance):
        objects.base_init(machine, owner.owner, call.args, call.kwargs)
    return Const(None)


@methods(Super, "*")
def other_of_super(machine: Interpreter, owner: Super, call: LibraryCall) -> Value:
    """A method of the library that ``super()`` gives."""
    return machine.unknown(call.name, call.node, [owner.owner, *call.args], anything=True)


@methods(Instance, "__init__")
def init(machine: Interpreter, owner: Instance, call: LibraryCall) -> Value:
    """``Model.__init__(self, ...)``."""
    objects.base_init(machine, owner, call.args, call.kwargs)
    return Const(None)


@methods(Instance, "__call__", "predict_step")
def call_instance(machine: Interpreter, owner: Instance, call: LibraryCall) -> Value:
    """``model.__call__(x)``."""
    return machine.call(owner, call.args, call.kwargs, call.node)


@methods(Instance, "set_weights")
def set_weights_of_instance(machine: Interpreter, owner: Instance, call: LibraryCall) -> Value:
    """``model.set_weights(arrays)``."""
    build_instance(machine, owner, call)
    return _weights_set(machine, owner, call)


@methods(Instance, "build", "load_weights")
def build_instance(machine: Interpreter, owner: Instance, call: LibraryCall) -> Value:
    """A method that builds the model, and gives nothing that matters."""
    objects.build(machine, owner, call.node)
    for inner in layers.nested(owner):
        objects.mark_built(machine, inner)
    return machine.unknown(call.name, call.node)


@methods(Instance, "summary", "save", "save_weights")
def nothing_of_instance(machine: Interpreter, _owner: Instance, call: LibraryCall) -> Value:
    """A method that gives nothing that matters."""
    return machine.unknown(call.name, call.node)


@methods(Instance, *LEAVING)
def leave_instance(machine: Interpreter, owner: Instance, call: LibraryCall) -> Value:
    """``model.predict(x)`` and its kin."""
    given = call.tensors(machine)
    cut = _leaving_cut(machine, call)
    objects.build(machine, owner, call.node)
    if call.name in {"predict", "predict_on_batch"} and owner.state.get("running") is not True:
        machine.set(owner.state, "running", True)
        result = machine.call(owner, call.args[:1], {}, call.node)
        machine.set(owner.state, "running", False)
        predicted = Array("float32", span_of(call.node))
        machine.depend(predicted, tensors_in(machine, result), cut)
        return predicted
    weights = call.name == "get_weights"
    made: Array | Number = Array("float32", span_of(call.node)) if weights else Number("float", span_of(call.node))
    machine.depend(made, [*given, *variables.parameters(machine, owner)], cut)
    return sequence([made], exact=False) if weights else made


@methods(Instance, "add_loss")
def add_loss(machine: Interpreter, owner: Instance, call: LibraryCall) -> Value:
    """``self.add_loss(penalty)``: it is among the ``losses`` of the layer and of all that hold it."""
    machine.set(owner.state, "added", (*owner.state.get("added", ()), *call.tensors(machine)))
    return Const(None)


@methods(Instance, "compute_loss")
def compute_loss(machine: Interpreter, owner: Instance, call: LibraryCall) -> Value:
    """``model.compute_loss(...)``: the compiled loss of what it is given, and the model's penalties."""
    penalties = tensors_in(machine, attributes.losses(machine, owner, call.node))
    loss = machine.tensor(call.node, [], dtype="float32", op="compute_loss")
    machine.depend(loss, [*call.tensors(machine), *penalties, machine.escaped], sure=False)
    return loss


@methods(Instance, "add_weight", "add_variable")
def add_weight(machine: Interpreter, owner: Instance, call: LibraryCall) -> Value:
    """``self.add_weight(...)``: a ``keras.Variable``, which a metric never trains."""
    flag = call.kwargs.get("trainable")
    default = layers.family(owner.library) != "metric"
    trainable = default if flag is None else flag.value if isinstance(flag, Const) else None
    given = call.kwargs.get("dtype")
    made = Variable(
        dtypes.named(given) if given is not None else "float32",
        span_of(call.node),
        trainable=trainable if isinstance(trainable, bool) else None,
        keras=None if machine.legacy_keras else True,
    )
    made.born = machine.tick()
    machine.set(owner.state, "weights", (*owner.state.get("weights", ()), made))
    return made


@methods(Instance, "*")
def other_of_instance(machine: Interpreter, owner: Instance, call: LibraryCall) -> Value:
    """A method of the library that is not followed."""
    return machine.foreign("call", call.node, [owner, *call.values])


# -- losses and metrics --------------------------------------------------------------------------------------------


@methods("loss", "call", "__call__")
def call_loss(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``loss.call(y, x)``."""
    return calls.loss(machine, owner, call)


@methods("metric", "update_state")
def update_metric(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``metric.update_state(y, x)``."""
    machine.set(owner.state, "fed", (*owner.state.get("fed", ()), *call.leaves(machine)))
    return Const(None)


@methods("metric", "result")
def result_of_metric(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``metric.result()``."""
    return calls.metric_result(machine, owner, [], call.node)


@methods("metric", "reset_state", "reset_states")
def reset_metric(_machine: Interpreter, _owner: LibObject, _call: LibraryCall) -> Value:
    """``metric.reset_state()``."""
    return Const(None)


@methods("metric", "__call__")
def call_metric(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``metric.__call__(y, x)``."""
    return calls.metric_result(machine, owner, call.leaves(machine), call.node)
