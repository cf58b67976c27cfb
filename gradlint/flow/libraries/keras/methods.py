"""Methods of Keras layers and models, and of objects whose classes descend from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.flow.libraries.keras import attributes as keras_attributes
from gradlint.flow.libraries.keras import calls as keras_calls
from gradlint.flow.libraries.keras import layers as keras_layers
from gradlint.flow.libraries.keras import objects as keras
from gradlint.flow.libraries.keras import training
from gradlint.flow.libraries.keras import variables as keras_variables
from gradlint.flow.libraries.models import tensors_in
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.values import Array, Const, Items, LibObject, Number, Seq, Symbolic, Value, Variable

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.values.program import Instance

TRAINING = frozenset({"fit", "train_on_batch"})
"""Methods of a model that take gradients of its compiled loss."""
LEAVES = frozenset(
    {
        "predict",
        "predict_on_batch",
        "evaluate",
        "train_on_batch",
        "test_on_batch",
        "fit",
        "get_weights",
        "predict_generator",
    }
)
"""Methods of a model whose result is NumPy or Python."""


def of_layer(
    machine: Interpreter, owner: LibObject, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of a layer or model of the library."""
    if name in {"call", "__call__", "predict_step"}:
        return keras_calls.call_object(machine, owner, args, kwargs, node)
    if name == "build":
        keras.mark_built(machine, owner)
        return Const(None)
    if name in TRAINING:
        keras.mark_built(machine, owner)
        training.fitted(machine, owner, args, kwargs, node)
    if name == "compile":
        training.compiled(machine, owner, args, kwargs, node)
    if name in {"fit", "load_weights", "set_weights", "summary"}:
        keras.mark_built(machine, owner)
        return machine.unknown(name, node)
    if name in {"compile", "save", "save_weights", "reset_states", "get_config"}:
        return machine.unknown(name, node)
    if name == "add" and args and isinstance(owner.state.get("layers"), Seq):
        layers = owner.state["layers"]
        machine.set(layers.state, "items", Items((*layers.items.values, args[0]), layers.items.exact))
        if len(layers.items.values) == 1 and keras.takes_input(args[0]):
            machine.set(owner.state, "built", True)
        if owner.state.get("built") is True:
            keras.mark_built(machine, args[0])
        return Const(None)
    if name == "get_layer":
        return layer_named(machine, owner, args, kwargs, node)
    if name in LEAVES:
        keras.mark_built(machine, owner)
        given = tensors_in(machine, *args, *kwargs.values())
        made: Array | Number | Seq
        cut = machine.cut(Kind.OPAQUE, node, machine.callee(node), "keras.Model." + name, reason="model-method")
        parents = [*given, *keras_variables.parameters(machine, owner)]
        if name == "get_weights":
            array = Array("float32", span_of(node))
            machine.depend(array, parents, cut)
            made = sequence([array, array], exact=False, node=node)
        elif name in {"predict", "predict_on_batch"}:
            made = Array("float32", span_of(node))
            machine.depend(made, parents, cut)
        else:
            made = Number("float", span_of(node))
            machine.depend(made, parents, cut)
        return made
    return machine.foreign("call", node, [owner, *args, *kwargs.values()])


def layer_named(
    machine: Interpreter, owner: LibObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """``model.get_layer(name)``."""
    wanted = args[0] if args else kwargs.get("name")
    inner = [item for item in keras_layers.nested(owner) if keras_layers.is_layer(item)]
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
    return machine.unknown("layer", node, [owner])


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


def of_instance(
    machine: Interpreter, owner: Instance, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method that an object of the program's class has from Keras or ``tf.Module``."""
    if name in {"add_weight", "add_variable"}:
        return add_weight(machine, owner, args, kwargs, node)
    if name == "__init__":
        keras.base_init(machine, owner, args, kwargs)
        return Const(None)
    if name in {"__call__"}:
        return machine.call(owner, args, kwargs, node)
    if name in {"call", "predict_step"} and name != "call":
        return machine.call(owner, args, kwargs, node)
    if name in TRAINING:
        keras.build(machine, owner, node)
        training.fitted(machine, owner, args, kwargs, node)
    if name == "compile":
        training.compiled(machine, owner, args, kwargs, node)
    if name in {"build", "compile", "summary", "fit", "load_weights", "set_weights", "save", "save_weights"}:
        if name in {"build", "fit", "set_weights", "load_weights"}:
            keras.build(machine, owner, node)
            for inner in keras_layers.nested(owner):
                keras.mark_built(machine, inner)
        for value in (*args, *kwargs.values()):
            if isinstance(value, LibObject) and name == "compile":
                machine.set(owner.state, f"compiled {id(value)}", value)
        if name == "compile" and "optimizer" in kwargs:
            machine.set(owner.attrs, "optimizer", kwargs["optimizer"])
        return machine.unknown(name, node)
    if name in LEAVES:
        given = tensors_in(machine, *args, *kwargs.values())
        cut = machine.cut(Kind.OPAQUE, node, machine.callee(node), "keras.Model." + name, reason="model-method")
        keras.build(machine, owner, node)
        if name in {"predict", "predict_on_batch"} and owner.state.get("running") is not True:
            machine.set(owner.state, "running", True)
            inner_result = machine.call(owner, args[:1], {}, node)
            machine.set(owner.state, "running", False)
            made = Array("float32", span_of(node))
            machine.depend(made, tensors_in(machine, inner_result), cut)
            return made
        made_array: Array | Number = (
            Array("float32", span_of(node)) if name == "get_weights" else Number("float", span_of(node))
        )
        machine.depend(made_array, [*given, *keras_variables.parameters(machine, owner)], cut)
        return sequence([made_array], exact=False) if name == "get_weights" else made_array
    if name == "compute_loss":
        # It is the compiled loss of what it is given, and the model's penalties.
        given = tensors_in(machine, *args, *kwargs.values())
        penalties = [
            leaf
            for leaf in machine.leaves(keras_attributes.losses(machine, owner, node))
            if not isinstance(leaf, Const)
        ]
        loss = machine.tensor(node, [], dtype="float32", op="compute_loss")
        machine.depend(loss, [*given, *penalties, machine.escaped], sure=False)
        return loss
    return machine.foreign("call", node, [owner, *args, *kwargs.values()])


def add_weight(
    machine: Interpreter, owner: Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """``self.add_weight(...)``: a ``keras.Variable``."""
    flag = kwargs.get("trainable")
    trainable = True if flag is None else flag.value if isinstance(flag, Const) else None
    given = kwargs.get("dtype")
    dtype = dtypes.named(given) if given is not None else "float32"
    made = Variable(dtype, span_of(node), trainable=trainable if isinstance(trainable, bool) else None, keras=True)
    made.born = machine.tick()
    machine.set(owner.state, "weights", (*owner.state.get("weights", ()), made))
    return made
