"""The tape that Keras opens itself, in ``fit`` and ``train_on_batch`` of a compiled model.

Keras calls the model and the compiled loss in it, and asks for the gradients of the model's trainable variables. What
it does is done here with an item of the program's data. Facts of Keras 3.15 on TensorFlow 2.21.
"""

from __future__ import annotations

import ast
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


def compiled(
    m: Interpreter, owner: LibObject | Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> None:
    """Keep the loss that a model is compiled with, and the expression that names it."""
    given = kwargs.get("loss", args[1] if len(args) > 1 else None)
    place = None
    if isinstance(node, ast.Call):
        place = next((keyword.value for keyword in node.keywords if keyword.arg == "loss"), None)
        place = place or (node.args[1] if len(node.args) > 1 else None)
    eager = kwargs.get("run_eagerly")
    known = given is not None and "**" not in kwargs and place is not None
    m.set(owner.state, COMPILED, (given, place, isinstance(eager, Const) and bool(eager.value)) if known else None)


def fitted(
    m: Interpreter, owner: LibObject | Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> None:
    """Ask what a step of ``fit`` asks: the gradient of the compiled loss by the model's trainable variables."""
    held = owner.state.get(COMPILED)
    if held is None or not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if isinstance(owner, Instance) and not _trained_by_keras(m, owner):
        return
    loss, place, eager = held
    x, y = _batch(m, args, kwargs, node)
    function = m.comprehension_function(node)
    function.graph = not eager

    def step() -> Value:
        y_pred = m.call(owner, [x], {"training": Const(True)} if isinstance(owner, Instance) else {}, node)
        return loss_of(m, loss, y, y_pred, node) or Const(None)

    def total() -> Value:
        value = step()
        if isinstance(value, Const):
            return value
        made = m.tensor(node, [leaf for leaf in m.leaves(value) if not isinstance(leaf, Const)], dtype="float32")
        penalties = [leaf for leaf in m.leaves(attributes.losses(m, owner, node)) if not isinstance(leaf, Const)]
        m.depend(made, penalties)
        return made

    m.differentiate(
        node,
        lambda: m.inside(function, m.frame, node, total),
        place,
        node.func.value,
        lambda: variables.variables(m, owner, "trainable_variables", node),
    )


def _trained_by_keras(m: Interpreter, owner: Instance) -> bool:
    """Whether an object is a model that Keras trains in its own way."""
    if owner.open or not owner.library.startswith("keras."):
        return False
    return not any(isinstance(m.class_attribute(owner.cls, name), Function) for name in OWN)


def _batch(m: Interpreter, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> tuple[Value, Value]:
    """What a step is given: the model's input and what its output is held against."""
    x = kwargs.get("x", args[0] if args else Const(None))
    y = kwargs.get("y", args[1] if len(args) > 1 else Const(None))
    if isinstance(x, LibObject) and x.family == "dataset":
        item = subscripts.batch(m, node, x)
        if isinstance(item, Seq) and item.items.exact and len(item.items.values) in {2, 3}:
            return item.items.values[0], item.items.values[1]
        return _data(m, node), _data(m, node)
    return _like(m, x, node), _like(m, y, node)


def _like(m: Interpreter, value: Value, node: ast.AST) -> Value:
    if isinstance(value, Seq | Dict) and not _numbers(value):
        return subscripts.data(m, node, value, value)
    if isinstance(value, Array | Tensor) or _numbers(value):
        return m.tensor(node, [], dtype="float32", op="tensorflow.data.Dataset")
    return _data(m, node)


def _numbers(value: Value) -> bool:
    if isinstance(value, Seq):
        return bool(value.items.values) and all(_numbers(item) for item in value.items.values)
    return isinstance(value, Const | Number)


def _data(m: Interpreter, node: ast.AST) -> Value:
    """Data of which nothing is known: no Variable of the program stands behind it."""
    return m.tensor(node, [], op="tensorflow.data.Dataset")


def loss_of(m: Interpreter, loss: Value, y: Value, y_pred: Value, node: ast.AST) -> Value | None:
    """What a compiled loss gives; None where that is not known."""
    if isinstance(loss, Const):
        return m.tensor(node, list(m.leaves(y_pred)), dtype="float32") if isinstance(loss.value, str) else None
    if isinstance(loss, LibObject) and loss.family not in {"loss", "metric"}:
        return None
    if isinstance(loss, Function | Bound | Partial | Known | Instance | LibObject):
        if isinstance(y_pred, Seq):
            return None
        return m.call(loss, [y, y_pred], {}, node)
    return None
