"""Calls of Keras layers, models, losses and metrics: what they compute from their inputs and variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.flow.causes import MetricRead, NonDifferentiable
from gradlint.flow.libraries.keras import declared, objects
from gradlint.flow.libraries.keras.layers import nested
from gradlint.flow.libraries.keras.symbols import replay, stands_for_symbol, symbols_in
from gradlint.flow.libraries.keras.variables import parameters, settings
from gradlint.flow.libraries.models import CALLED, LibraryCall, methods
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import Function, Instance
from gradlint.flow.values.values import (
    EVERYWHERE,
    Array,
    Const,
    Dict,
    Edge,
    Items,
    LibObject,
    Pairs,
    Params,
    Seq,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    sure_everywhere,
)
from gradlint.knowledge import behaviours
from gradlint.knowledge.table import Effect, lookup

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from gradlint.flow.interpreter import Interpreter


def call_instance(
    machine: Interpreter, value: Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """Call an object whose class leaves ``call`` to the library: a functional model of its own class."""
    if "outputs" in value.state:
        return functional(machine, value, value.state["outputs"], args, node)
    return machine.foreign("call", node, [value, *args, *kwargs.values()])


@methods("layer", CALLED)
@methods("model", CALLED)
def layer(machine: Interpreter, value: LibObject, call: LibraryCall) -> Value:
    """Call a layer or model of the library."""
    given = call.leaves(machine)
    if "patched" in value.state:
        return machine.foreign("call", call.node, [value, *given])
    first = list(machine.leaves(call.args[0]) if call.args else given)
    objects.mark_built(machine, value)
    if any(stands_for_symbol(leaf) or isinstance(leaf, Unknown) for leaf in first):
        machine.set(value.state, "called on symbols", True)
    if any(stands_for_symbol(leaf) for leaf in first):
        return _symbols(machine, value, call, first)
    if "outputs" in value.state:
        return functional(machine, value, value.state["outputs"], call.args, call.node)
    if behaviours.has(value.name, "sequential") and "opaque" not in value.state:
        return call_sequential(machine, value, call.args, call.node)
    if behaviours.has(value.name, "lambda-layer") and value.arguments:
        return machine.call(value.arguments[0], call.args, {}, call.node)
    if declared.is_declared(value):
        return declared.called(machine, value, call)
    leaves = [leaf for leaf in given if not isinstance(leaf, Const)]
    made = layer_output(machine, value, leaves, call.node)
    activation = value.state.get(objects.ACTIVATION)
    return machine.call(activation, [made], {}, call.node) if isinstance(activation, Value) else made


def _symbols(machine: Interpreter, value: LibObject, call: LibraryCall, first: list[Value]) -> Value:
    """What a layer or model gives for symbolic tensors: others."""
    outputs = value.state.get("outputs")
    if isinstance(outputs, Seq):
        made_all = []
        for place in range(len(outputs.items.values)):
            symbol = Symbolic(span_of(call.node), value)
            symbol.call, symbol.named = (value, tuple(call.args), place), dict(call.kwargs)
            symbol.edges = tuple(edge for leaf in (*first, value) for edge in sure_everywhere(leaf))
            made_all.append(symbol)
        return sequence(made_all, node=call.node)
    made = Symbolic(span_of(call.node), value)
    made.call = (value, tuple(call.args), None) if call.args else None
    made.named = dict(call.kwargs)
    cut = input_cut(machine, value, call.node)
    given = tuple(Edge(leaf, cut, EVERYWHERE, seen=EVERYWHERE) for leaf in first if not isinstance(leaf, Const))
    made.edges = given + sure_everywhere(value)
    return made


@methods("loss", CALLED)
def loss(machine: Interpreter, value: LibObject, call: LibraryCall) -> Value:
    """Call a loss."""
    return machine.tensor(call.node, [*call.leaves(machine), *value.arguments], op=value.name)


@methods("metric", CALLED)
def metric(machine: Interpreter, value: LibObject, call: LibraryCall) -> Value:
    """Call a metric."""
    return metric_result(machine, value, call.leaves(machine), call.node)


@methods("regularizer", CALLED)
@methods("schedule", CALLED)
def regularizer(machine: Interpreter, value: LibObject, call: LibraryCall) -> Value:
    """Call a regularizer, or the schedule of a learning rate."""
    return machine.tensor(call.node, call.leaves(machine), op=value.name)


@methods("initializer", CALLED)
def initializer(machine: Interpreter, value: LibObject, call: LibraryCall) -> Value:
    """Call an initializer: it makes a constant."""
    return machine.tensor(call.node, [], dtype=dtypes.named(call.kwargs.get("dtype")) or "float32", op=value.name)


def call_sequential(machine: Interpreter, value: LibObject, args: list[Value], node: ast.AST) -> Value:
    """Call the layers of a Sequential one after the other."""
    layers = value.state["layers"]
    assert isinstance(layers, Seq)
    result: Value = args[0] if args else machine.anything
    for layer in layers.items.values:
        if isinstance(layer, Symbolic) or (isinstance(layer, LibObject) and behaviours.has(layer.name, "input-layer")):
            continue
        if isinstance(layer, Const):
            continue
        result = machine.call(layer, [result], {}, node)
    if not layers.items.exact:
        return _more_layers(machine, result, layers, node)
    return result


def _more_layers(machine: Interpreter, result: Value, layers: Seq, node: ast.AST) -> Value:
    """What layers give of which there are more or fewer than are known: a loop adds them, or one branch does.

    Where each is one of the library's that passes its input on, the output comes from all that are there.
    """
    held = layers.items.values
    if isinstance(result, Tensor) and held and all(_passes_on(machine, layer, node) for layer in held):
        made = Tensor(result.dtype, span_of(node), result.op)
        machine.depend(made, [result])
        return made
    return machine.unknown("layers", node, [result, *held])


def _passes_on(machine: Interpreter, layer: Value, node: ast.AST) -> bool:
    """Whether a layer of the library surely hands its input's gradient back."""
    return (
        isinstance(layer, LibObject)
        and layer.family == "layer"
        and not behaviours.has(layer.name, "lambda-layer")
        and "patched" not in layer.state
        and input_cut(machine, layer, node) is None
    )


def layer_output(machine: Interpreter, value: LibObject, inputs: list[Value], node: ast.AST) -> Tensor:
    """What one layer computes from its inputs."""
    cut = input_cut(machine, value, node)
    dtype = None if cut is not None and value.name.rpartition(".")[2] != "Embedding" else "float32"
    made = Tensor(dtype, span_of(node), value.name)
    machine.depend(made, inputs, cut)
    machine.depend(made, parameters(machine, value))
    called = value.state.get(objects.ACTIVATION)
    given = [leaf for leaf in value.arguments if isinstance(leaf, Unknown | Function) and leaf is not called]
    machine.depend(made, [*given, *settings(value)], sure=False)
    activation = value.name.rpartition(".")[2]
    made.extra = {"layer": value, "activation": activation}
    return made


def tensor_input(machine: Interpreter, value: Value, node: ast.AST) -> Value:
    """What a layer makes of its input before ``call`` sees it: arrays and numbers become tensors."""
    if isinstance(value, Array):
        dtype = value.dtype if dtypes.is_discrete(value.dtype) else "float32"
        made = machine.tensor(node, [value], dtype=dtype, op=behaviours.the("converts"))
        made.copy_of = value
        return made
    return value


def input_cut(machine: Interpreter, value: LibObject, node: ast.AST) -> Any:
    """Why a layer passes no gradient to its input, or None where it does."""
    short = value.name.rpartition(".")[2]
    first = _first_effect(machine, value)
    words = behaviours.of(value.name)
    measured = first in {Effect.NONE, Effect.NOTFLOAT} and "input-may-pass" not in words
    if not measured and "input-stops" not in words:
        return None
    return machine.cut(NonDifferentiable(short, value.name), node)


def _first_effect(machine: Interpreter, value: LibObject) -> Effect:
    """What becomes of the gradient of a layer's first input, as it was measured or a stub says."""
    stub = declared.call_of(machine, value) if declared.is_declared(value) else None
    entry = lookup(value.name + ".__call__") if stub is None else stub.entry
    inputs = [] if entry is None else [one for one in entry.parameters if one.name != "self"]
    return inputs[0].effect if inputs else Effect.UNKNOWN


def metric_result(machine: Interpreter, value: LibObject, given: list[Value], node: ast.AST) -> Tensor:
    """The value of a stateful metric: it is read from variables, which cut the way."""
    made = Tensor("float32", span_of(node), value.name)
    fed = value.state.get("fed", ())
    cut = machine.cut(MetricRead(machine.text(node), value.name), node)
    machine.depend(made, [*given, *fed], cut)
    if given:
        machine.set(value.state, "fed", (*fed, *given))
    return made


def functional(machine: Interpreter, model: Value, outputs: Value, args: list[Value], node: ast.AST) -> Value:
    """Call a functional model: each output is connected to the layers and inputs that its symbol came from."""
    inputs = [tensor_input(machine, leaf, node) for arg in args for leaf in machine.leaves(arg)]
    state = model.state if isinstance(model, LibObject | Instance) else {}
    again = replay(machine, state.get("inputs"), outputs, inputs, node)
    if again is not None:
        return again.items.values[0] if isinstance(again, Seq) and _single(outputs) else again
    symbols = [leaf for leaf in machine.leaves(outputs) if isinstance(leaf, Symbolic)]
    if any(_is_of_inner_model(symbol, state.get("inputs")) for symbol in symbols):
        return machine.unknown("output", node, [model, *inputs], anything=True)
    made = _Outputs(machine, model, inputs, symbols, node)
    given = made.like(outputs.items.values[0] if isinstance(outputs, Seq) and _single(outputs) else outputs)
    made.relate()
    return given


def _is_read_from_layer(symbol: Symbolic) -> bool:
    """Whether a symbol is the ``output`` of a layer whose call was not seen."""
    return symbol.call is None and any(isinstance(edge.parent, LibObject | Instance) for edge in symbol.edges)


def _is_of_inner_model(symbol: Symbolic, inputs: object) -> bool:
    """Whether a symbol is the ``output`` of a layer in a model other than the one that the inputs are of.

    Such a layer was called on the inner model's own input, to which the outer one's are not connected: the constructor
    raises ValueError (Keras 3.15), unless the layer was called on them as well.
    """
    layer = symbol.layer
    if not (_is_read_from_layer(symbol) and isinstance(layer, LibObject) and layer.state.get("inside")):
        return False
    owners = [one.layer for one in symbols_in(inputs)] if isinstance(inputs, Value) else []
    return not any(isinstance(owner, LibObject | Instance) and layer in nested(owner) for owner in owners)


class _Outputs:
    """What a functional model gives for the symbols of its outputs, each made once."""

    def __init__(
        self, machine: Interpreter, model: Value, inputs: list[Value], symbols: list[Symbolic], node: ast.AST
    ) -> None:
        self.machine = machine
        self.model = model
        self.inputs = inputs
        self.symbols = symbols
        self.node = node
        self.made: dict[int, Tensor] = {}

    def like(self, value: Value) -> Value:
        """A nest of outputs in place of one of symbols."""
        if isinstance(value, Seq):
            items = tuple(self.like(item) for item in value.items.values)
            return Seq(Items(items, value.items.exact), "list", span_of(self.node))
        if isinstance(value, Dict):
            entries = tuple((key, self.like(item)) for key, item in value.pairs.entries)
            rest = tuple(self.like(item) for item in value.pairs.rest)
            return Dict(Pairs(entries, value.pairs.exact, rest), span_of(self.node))
        return self.output(value)

    def output(self, symbol: Value) -> Value:
        """One output."""
        if not isinstance(symbol, Symbolic):
            # The outputs of a functional model are symbols: what is none was made in a way that is not followed.
            return self._unknown(self.made.values())
        found = self.made.get(id(symbol))
        if found is not None:
            return found
        ancestors = _ancestors(symbol)
        if any(isinstance(ancestor, Unknown) and ancestor.edges for ancestor in ancestors.values()):
            # Code of others stands between the symbols: what it does is done again, and is not known.
            return self._unknown(ancestors.values())
        below = [other for other in self.symbols if other is not symbol and id(other) in ancestors]
        parents: list[Value] = [self.output(other) for other in below]
        for ancestor in ancestors.values():
            parents += self._variables(ancestor)
        tensor = Tensor("float32", span_of(self.node), behaviours.the("functional"))
        self.machine.depend(tensor, parents)
        layers = [ancestor for ancestor in ancestors.values() if isinstance(ancestor, LibObject)]
        self.machine.depend(tensor, [held for layer in layers for held in settings(layer)], sure=False)
        if any(isinstance(ancestor, Symbolic) and not ancestor.edges for ancestor in ancestors.values()):
            self.machine.depend(tensor, self.inputs)
        else:
            _cut_inputs(self.machine, tensor, symbol, self.inputs)
        self.made[id(symbol)] = tensor
        return tensor

    def relate(self) -> None:
        """Outputs that were read from layers by name: which layer comes before which is not known."""
        loose = [self.made[id(one)] for one in self.symbols if id(one) in self.made and _is_read_from_layer(one)]
        for one in loose:
            self.machine.depend(one, [other for other in loose if other is not one], sure=False)

    def _variables(self, ancestor: Value) -> list[Value]:
        """What an output depends on for a layer or value that it came from."""
        if isinstance(ancestor, LibObject | Instance):
            return parameters(self.machine, ancestor)
        return [ancestor] if isinstance(ancestor, Unknown | Params) else []

    def _unknown(self, others: Iterable[Value]) -> Value:
        return self.machine.unknown("output", self.node, [self.model, *self.inputs, *others], anything=True)


def _single(outputs: Value) -> bool:
    """Whether a model's outputs are a list of one, which it gives without the list."""
    return isinstance(outputs, Seq) and len(outputs.items.values) == 1 and outputs.items.exact


def _cut_inputs(machine: Interpreter, tensor: Tensor, symbol: Symbolic, inputs: list[Value]) -> None:
    """Every way from an output to the input passes a layer that cuts: say which."""
    stack: list[Value] = [symbol]
    seen: set[int] = set()
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        for edge in value.edges:
            if edge.cut is not None:
                machine.depend(tensor, inputs, edge.cut)
                return
            stack.append(edge.parent)
    machine.depend(tensor, inputs, sure=False)


def _ancestors(symbol: Value) -> dict[int, Value]:
    found: dict[int, Value] = {}
    stack: list[Value] = [symbol]
    while stack:
        value = stack.pop()
        if id(value) in found:
            continue
        found[id(value)] = value
        for edge in value.edges:
            if edge.cut is None:
                stack.append(edge.parent)
    return found
