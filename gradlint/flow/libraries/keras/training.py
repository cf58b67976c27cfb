"""The tape that Keras opens itself, in ``fit`` and ``train_on_batch`` of a compiled model.

Keras calls the model and the compiled loss in it, and asks for the gradients of the model's trainable variables. What
it does is done here with an item of the program's data. Facts of Keras 3.15 on TensorFlow 2.21.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.flow.libraries.keras import attributes, variables
from gradlint.flow.libraries.python import subscripts
from gradlint.flow.values.program import Bound, Function, Instance, Partial
from gradlint.flow.values.values import Array, Const, Dict, Known, LibObject, Number, Seq, Tensor, Value

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

OWN = ("train_step", "compute_loss", "fit", "__call__")
"""The methods by which a model's class takes the training into its own hands."""
COMPILED = "compiled loss"


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


def compiled(
    machine: Interpreter, owner: LibObject | Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> None:
    """Keep the loss that a model is compiled with."""
    loss = kwargs.get("loss", args[1] if len(args) > 1 else None)
    place = _written(node)
    eager = kwargs.get("run_eagerly")
    made = None
    if loss is not None and place is not None and "**" not in kwargs:
        made = Compiled(loss, place, isinstance(eager, Const) and bool(eager.value))
    machine.set(owner.state, COMPILED, made)


def _written(node: ast.AST) -> ast.expr | None:
    """What names the loss in a call of ``compile``."""
    if not isinstance(node, ast.Call):
        return None
    named = next((keyword.value for keyword in node.keywords if keyword.arg == "loss"), None)
    return named or (node.args[1] if len(node.args) > 1 else None)


def fitted(
    machine: Interpreter, owner: LibObject | Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> None:
    """Ask what a step of ``fit`` asks: the gradient of the compiled loss by the model's trainable variables."""
    held = owner.state.get(COMPILED)
    if not isinstance(held, Compiled) or not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if isinstance(owner, Instance) and not _trained_by_keras(machine, owner):
        return
    x, y = _batch(machine, args, kwargs, node)
    function = machine.comprehension_function(node)
    function.graph = not held.eager
    machine.differentiate(
        node,
        lambda: machine.inside(function, machine.frame, node, lambda: _step(machine, owner, held.loss, x, y, node)),
        held.node,
        node.func.value,
        lambda: variables.variables(machine, owner, "trainable_variables", node),
    )


def _trained_by_keras(machine: Interpreter, owner: Instance) -> bool:
    """Whether an object is a model that Keras trains in its own way."""
    if owner.open or not owner.library.startswith("keras."):
        return False
    return not any(isinstance(machine.class_attribute(owner.cls, name), Function) for name in OWN)


def _step(machine: Interpreter, owner: LibObject | Instance, loss: Value, x: Value, y: Value, node: ast.AST) -> Value:
    """The loss that a step differentiates, penalties included; None where it is not known."""
    training: dict[str, Value] = {"training": Const(True)} if isinstance(owner, Instance) else {}
    value = _loss(machine, loss, y, machine.call(owner, [x], training, node), node)
    if value is None or isinstance(value, Const):
        return Const(None)
    parts = [*machine.leaves(value), *machine.leaves(attributes.losses(machine, owner, node))]
    return machine.tensor(node, [part for part in parts if not isinstance(part, Const)], dtype="float32")


def _loss(machine: Interpreter, loss: Value, y: Value, y_pred: Value, node: ast.AST) -> Value | None:
    """What a compiled loss gives; None where that is not known."""
    if isinstance(loss, Const):
        named = isinstance(loss.value, str)
        return machine.tensor(node, list(machine.leaves(y_pred)), dtype="float32") if named else None
    if isinstance(loss, LibObject) and loss.family not in {"loss", "metric"}:
        return None
    if isinstance(loss, Function | Bound | Partial | Known | Instance | LibObject) and not isinstance(y_pred, Seq):
        return machine.call(loss, [y, y_pred], {}, node)
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
        return machine.tensor(node, [], dtype="float32", op="tensorflow.data.Dataset")
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
