"""Tapes that Keras and optimizers open themselves: in ``fit`` of a compiled model, in ``minimize`` of a function.

Keras calls the model and the compiled loss in it, and asks for the gradients of the model's trainable variables. What
it does is done here with an item of the program's data. Facts of Keras 3.15 on TensorFlow 2.21.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.flow.causes import BadCall, Minimized
from gradlint.flow.libraries.keras import attributes, layers, objects, variables
from gradlint.flow.libraries.keras.methods import leave
from gradlint.flow.libraries.models import LibraryCall, methods
from gradlint.flow.libraries.python import subscripts
from gradlint.flow.tapes import implicit
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Bound, Function, Instance, Partial
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Known,
    LibObject,
    Number,
    Seq,
    Tape,
    Tensor,
    Unknown,
    Value,
)
from gradlint.knowledge import behaviours
from gradlint.knowledge.packages import LEARNING, root

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

OWN = ("train_step", "compute_loss", "fit", "__call__")
"""The methods by which a model's class takes the training into its own hands."""
COMPILED = "compiled loss"
LOSSLESS = "compiled without a loss"


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a model is compiled with.

    Attributes:
        loss: The loss.
        node: What names it in the call of ``compile``.
        eager: Whether its steps run as they stand, and are not traced into a graph.
    """

    loss: Value
    node: ast.expr
    eager: bool


@methods("model", "compile")
@methods("layer", "compile")
@methods(Instance, "compile")
def compiled(machine: Interpreter, owner: LibObject | Instance, call: LibraryCall) -> Value:
    """``model.compile(...)``: the model keeps its optimizer and its loss."""
    for value in call.values:
        if isinstance(value, LibObject):
            machine.set(owner.state, f"compiled {id(value)}", value)
    if isinstance(owner, Instance) and "optimizer" in call.kwargs:
        machine.set(owner.attrs, "optimizer", call.kwargs["optimizer"])
    loss, place = call.argument(1, "loss"), _written(call.node)
    eager = call.kwargs.get("run_eagerly")
    made = None
    refused = any(isinstance(value, LibObject) and value.state.get("refused") for value in call.values)
    lossless = _without_loss(loss, call)
    if loss is not None and place is not None and not lossless and "**" not in call.kwargs and not refused:
        made = Compiled(loss, place, isinstance(eager, Const) and bool(eager.value))
    machine.set(owner.state, COMPILED, made)
    machine.set(owner.state, LOSSLESS, lossless)
    return machine.unknown(call.name, call.node)


def _without_loss(loss: Value | None, call: LibraryCall) -> bool:
    """Whether a call of ``compile`` surely gives no loss."""
    if not isinstance(call.node, ast.Call) or not (loss is None or (isinstance(loss, Const) and loss.value is None)):
        return False
    unpacked = any(keyword.arg is None for keyword in call.node.keywords)
    return not unpacked and not any(isinstance(one, ast.Starred) for one in call.node.args)


def _written(node: ast.AST) -> ast.expr | None:
    """What names the loss in a call of ``compile``."""
    if not isinstance(node, ast.Call):
        return None
    named = next((keyword.value for keyword in node.keywords if keyword.arg == "loss"), None)
    return named or (node.args[1] if len(node.args) > 1 else None)


@methods("model", "fit", "train_on_batch")
@methods("layer", "fit", "train_on_batch")
@methods(Instance, "fit", "train_on_batch")
def fitted(machine: Interpreter, owner: LibObject | Instance, call: LibraryCall) -> Value:
    """``model.fit(x, y)``: asks for the gradient of the compiled loss by the model's trainable variables."""
    if isinstance(owner, Instance):
        objects.build(machine, owner, call.node)
    for inner in (owner, *layers.nested(owner)):
        objects.mark_built(machine, inner)
    held = owner.state.get(COMPILED)
    by_keras = not isinstance(owner, Instance) or _trained_by_keras(machine, owner)
    # A model of Keras 2 trains what was trainable when it was compiled.
    thawed = machine.legacy_keras and owner.state.get("trainable", True) is not True
    if isinstance(held, Compiled) and by_keras and not thawed:
        _differentiate(machine, owner, held, call)
    elif by_keras and owner.state.get(LOSSLESS) is True and _has_no_loss(machine, owner, call.node):
        machine.recorder.claim(
            BadCall(machine.callee(call.node), how="no-loss"), span_of(call.node), exception="ValueError"
        )
        machine.raised("ValueError")
    elif isinstance(owner, Instance):
        _step_of_its_own(machine, owner, call)
    if call.name == "train_on_batch" and not isinstance(owner, Instance):
        return leave(machine, owner, call)
    return machine.unknown(call.name, call.node)


def _has_no_loss(machine: Interpreter, owner: LibObject | Instance, node: ast.AST) -> bool:
    """Whether a model that is compiled without a loss surely has no penalty either: Keras 3.15 refuses to train it."""
    compiles = isinstance(owner, Instance) and isinstance(machine.class_attribute(owner.cls, "compile"), Function)
    penalties = attributes.losses(machine, owner, node)
    none = isinstance(penalties, Seq) and penalties.items.exact and not penalties.items.values
    return none and not compiles and not machine.legacy_keras and _of_keras(owner, 8)


def _of_keras(value: Value, depth: int) -> bool:
    """Whether a model has no layer of another library, which might add a penalty by itself."""
    if isinstance(value, LibObject) and root(value.name) not in LEARNING:
        return False
    return depth > 0 and all(_of_keras(inner, depth - 1) for inner in layers.nested(value) if inner is not value)


def _differentiate(machine: Interpreter, owner: LibObject | Instance, held: Compiled, call: LibraryCall) -> None:
    """Run one step on an item of the data, and ask for its gradients."""
    node = call.node
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    x, y = _batch(machine, call.args, call.kwargs, node)
    function = machine.comprehension_function(node)
    function.graph = not held.eager
    implicit.differentiate(
        machine,
        node,
        lambda: machine.inside(function, machine.frame, node, lambda: _step(machine, owner, held.loss, x, y, node)),
        held.node,
        node.func.value,
        lambda: variables.variables(machine, owner, "trainable_variables", node),
    )


def _step_of_its_own(machine: Interpreter, owner: Instance, call: LibraryCall) -> None:
    """Run the ``train_step`` that a model's class has, with an item of the data, as Keras traces it into a graph."""
    step = machine.class_attribute(owner.cls, "train_step")
    taken = any(isinstance(machine.class_attribute(owner.cls, name), Function) for name in ("fit", "train_on_batch"))
    if not isinstance(step, Function) or taken or not owner.library.startswith("keras."):
        return
    data = _data(machine, call)
    function = machine.comprehension_function(call.node)
    function.graph = not machine.mentions("run_eagerly", "run_functions_eagerly")
    machine.inside(function, machine.frame, call.node, lambda: machine.call(Bound(step, owner), [data], {}, call.node))


def _data(machine: Interpreter, call: LibraryCall) -> Value:
    """What ``train_step`` is given: an item of a dataset, else the input, and the labels where there are any."""
    x = call.argument(0, "x")
    if isinstance(x, LibObject) and x.family == "dataset":
        return subscripts.batch(machine, call.node, x)
    given, labels = _batch(machine, call.args, call.kwargs, call.node)
    y = call.argument(1, "y")
    if y is None or (isinstance(y, Const) and y.value is None):
        return given if isinstance(x, Array | Tensor) else _anything(machine, call.node)
    return Seq(Items((given, labels)), "tuple") if isinstance(x, Array | Tensor) else _anything(machine, call.node)


def _trained_by_keras(machine: Interpreter, owner: Instance) -> bool:
    """Whether an object is a model that Keras trains in its own way."""
    if owner.open or not owner.library.startswith("keras."):
        return False
    return not any(isinstance(machine.class_attribute(owner.cls, name), Function) for name in OWN)


def _step(machine: Interpreter, owner: LibObject | Instance, loss: Value, x: Value, y: Value, node: ast.AST) -> Value:
    """The loss that a step differentiates, penalties included; None where it is not known."""
    training: dict[str, Value] = {"training": Const(True)} if isinstance(owner, Instance) else {}
    value = _loss(machine, loss, y, machine.call(owner, [x], training, node), node)
    if value is None or isinstance(value, Const | Unknown):
        return Const(None)
    parts = [*machine.leaves(value), *machine.leaves(attributes.losses(machine, owner, node))]
    return machine.tensor(node, [part for part in parts if not isinstance(part, Const)], dtype="float32")


def _loss(machine: Interpreter, loss: Value, y: Value, y_pred: Value, node: ast.AST) -> Value | None:
    """What a compiled loss gives; None where that is not known."""
    if isinstance(loss, Dict | Seq):
        return _losses(machine, _by_output(loss, y, y_pred, node, machine), node)
    if isinstance(loss, Const):
        named = isinstance(loss.value, str)
        return machine.tensor(node, list(machine.leaves(y_pred)), dtype="float32") if named else None
    if isinstance(loss, LibObject) and loss.family not in {"loss", "metric"}:
        return None
    if isinstance(loss, Known) and not loss.name.startswith(("tensorflow.", "keras.")):
        return None
    if isinstance(loss, Function | Bound | Partial | Known | Instance | LibObject) and not isinstance(y_pred, Seq):
        return machine.call(loss, [y, y_pred], {}, node)
    return None


def _losses(machine: Interpreter, parts: list[tuple[Value, Value, Value]], node: ast.AST) -> Value | None:
    """The sum of the losses of several outputs; None where one of them is not known, or no output has one."""
    made: list[Value] = []
    for loss, y, y_pred in parts:
        if isinstance(loss, Const) and loss.value is None:
            continue
        value = _loss(machine, loss, y, y_pred, node)
        if value is None or isinstance(value, Const | Unknown):
            return None
        made += machine.leaves(value)
    return machine.tensor(node, made, dtype="float32") if made else None


def _by_output(
    loss: Dict | Seq, y: Value, y_pred: Value, node: ast.AST, machine: Interpreter
) -> list[tuple[Value, Value, Value]]:
    """For each output of a model its loss, its labels and its value; empty where it is not known which is whose."""
    losses, outputs, labels = _entries(loss), _entries(y_pred), _entries(y) or {}
    if losses is None or outputs is None or losses.keys() != outputs.keys():
        return []
    return [
        (one, labels[key] if key in labels else _anything(machine, node), outputs[key]) for key, one in losses.items()
    ]


def _entries(value: Value) -> dict[object, Value] | None:
    """The entries of a dictionary by their keys, the items of a list by their places; None where others may be."""
    if isinstance(value, Dict) and value.pairs.exact:
        return dict(value.pairs.entries)
    if isinstance(value, Seq) and value.items.exact:
        return dict(enumerate(value.items.values))
    return None


# -- data ----------------------------------------------------------------------------------------------------------


def _batch(machine: Interpreter, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> tuple[Value, Value]:
    """What a step is given: the model's input and what its output is held against."""
    x = kwargs.get("x", args[0] if args else Const(None))
    y = kwargs.get("y", args[1] if len(args) > 1 else Const(None))
    if isinstance(x, LibObject) and x.family == "dataset":
        item = subscripts.batch(machine, node, x)
        if isinstance(item, Seq) and item.items.exact and len(item.items.values) in {2, 3}:
            return item.items.values[0], item.items.values[1]
        return _anything(machine, node), _anything(machine, node)
    return _like(machine, x, node), _like(machine, y, node)


def _like(machine: Interpreter, value: Value, node: ast.AST) -> Value:
    """A batch of some data."""
    if _is_numbers(value):
        return machine.tensor(node, [], dtype="float32", op="dataset")
    if isinstance(value, Seq | Dict):
        return subscripts.data(machine, node, value, value)
    return _anything(machine, node)


def _is_numbers(value: Value) -> bool:
    """Whether a value is an array, a tensor or a nest of numbers, which Keras makes one tensor of."""
    if isinstance(value, Seq):
        return bool(value.items.values) and all(_is_numbers(item) for item in value.items.values)
    return isinstance(value, Array | Tensor | Number) or (isinstance(value, Const) and value.value is not None)


def _anything(machine: Interpreter, node: ast.AST) -> Value:
    """Data of which nothing is known but that no Variable of the program stands behind it."""
    return machine.unknown("data", node)


# -- optimizers ----------------------------------------------------------------------------------------------------


@methods("optimizer", "minimize")
def minimize(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``optimizer.minimize(...)``: Keras 3 optimizers have none; older ones want a function, or a tape."""
    tape = call.kwargs.get("tape")
    if isinstance(tape, Tape):
        # It asks the tape, whose block may therefore have had to record a gradient.
        machine.used_elsewhere.add(id(tape))
    if _is_of_legacy(owner) or machine.legacy_keras:
        loss = call.argument(0, "loss")
        if isinstance(loss, Function | Bound | Partial):
            _minimized(machine, owner, loss, call)
        # Of a function that nothing in view calls it is not known whether it builds a graph, where this is right.
        builds_graph = machine.alone and _is_of_version_one(owner)
        if isinstance(loss, Tensor) and "tape" not in call.kwargs and (loss.tracked or not builds_graph):
            cause = Minimized(machine.callee(call.node), how="tensor")
            machine.recorder.claim(cause, span_of(call.node), exception="RuntimeError")
        return Const(None)
    machine.recorder.claim(Minimized(machine.callee(call.node)), span_of(call.node), exception="AttributeError")
    machine.raised("AttributeError")
    return Unknown("minimize", span_of(call.node))


def _minimized(machine: Interpreter, owner: LibObject, loss: Value, call: LibraryCall) -> None:
    """Ask what an optimizer asks of a function that it is to minimize."""
    node = call.node
    asked = call.argument(2 if _is_of_version_one(owner) else 1, "var_list")
    if not isinstance(node, ast.Call) or asked is None:
        return
    if isinstance(asked, Function | Bound | Partial) and not _is_of_version_one(owner):
        # Keras 2 calls it for the list.
        machine.call(loss, [], {}, node)
        asked = machine.call(asked, [], {}, node)
    written = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in {"loss", "var_list"})]
    implicit.differentiate(
        machine, node, lambda: machine.call(loss, [], {}, node), written[0], written[-1], lambda: asked
    )


def _is_of_version_one(owner: LibObject) -> bool:
    """Whether an optimizer is one of TensorFlow 1."""
    return "version-one" in behaviours.of_package(owner.name)


def _is_of_legacy(owner: LibObject) -> bool:
    """Whether an optimizer has a ``minimize``."""
    return not {"version-one", "legacy"}.isdisjoint(behaviours.of_package(owner.name))
