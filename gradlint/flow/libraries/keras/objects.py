"""Keras objects: what sort of class makes them, and how they are made and built.

A layer or model is one object whose variables are one :class:`~gradlint.flow.values.values.Params`, to which its calls
connect. Facts are those of Keras 3.15 on TensorFlow 2.21 unless they say otherwise.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from gradlint.flow.libraries.keras.layers import family, is_application, is_layer, nested
from gradlint.flow.libraries.models import LibraryCall, models
from gradlint.flow.values.making import IS_NUMBER, span_of
from gradlint.flow.values.program import Bound, Function, Instance, Partial
from gradlint.flow.values.values import Const, Items, Known, LibObject, Number, Params, Seq, Symbolic, Unknown, Value
from gradlint.knowledge import behaviours, versions
from gradlint.knowledge.table import Effect, lookup

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter

ACTIVATION = "activation"
_SHAPES = frozenset({"input_shape", "input_dim", "batch_input_shape"})
"""Arguments that say what comes in."""
_COUNTED = "counted:"
"""Before the name of a parameter for which a layer takes a whole number of Python and raises for a Variable."""


@cache
def has_no_variables(name: str) -> bool:
    """Whether no variable of a layer's class trains: as it was measured, or as the behaviours say."""
    words = behaviours.of(name)
    if "no-variables" in words or "holds-layers" in words:
        return True
    entry = lookup(name)
    if entry is None or entry.kind != "layer" or entry.effect is Effect.UNKNOWN:
        return False
    return "trainable" not in entry.facts and "variables-by-option" not in words


# -- making --------------------------------------------------------------------------------------------------------


def make(machine: Interpreter, call: LibraryCall, kind: str) -> Value:
    """An object of a Keras class.

    Args:
        machine: What runs the program.
        call: The call of the class.
        kind: What :func:`family` says of it.
    """
    given = tuple(value for value in call.values if not isinstance(value, Const))
    made = LibObject(call.name, kind, span_of(call.node), given)
    made.born = machine.tick()
    label = call.kwargs.get("name")
    made.state["name"] = label.value if isinstance(label, Const) and isinstance(label.value, str) else ""
    for keyword, value in call.kwargs.items():
        text = value.value if isinstance(value, Const) and isinstance(value.value, str) else ""
        version = versions.refused(call.name, keyword, text)
        if version:
            # Keras 3 does not know the argument, or refuses its value, and raises.
            made.state["refused"] = kind == "optimizer"
            machine.lacks(f"{machine.callee(call.node)}({keyword}=...)", version, "ValueError")
    if kind in {"layer", "model"}:
        _refuse_activation(machine, call)
        _note_sizes(machine, call)
        _make_layer(machine, made, call)
    return made


def _by_parameter(call: LibraryCall) -> dict[str, Value]:
    """What a callable of the table is given, by the names of its parameters."""
    entry = lookup(call.name)
    names = [parameter.name for parameter in entry.parameters] if entry is not None else []
    return {**dict(zip(names, call.args, strict=False)), **call.kwargs}


def _note_sizes(machine: Interpreter, call: LibraryCall) -> None:
    """What a layer of Keras 3 counts by is no Variable where the program goes on."""
    counted = [word.removeprefix(_COUNTED) for word in behaviours.of(call.name) if word.startswith(_COUNTED)]
    given = _by_parameter(call) if counted and not machine.legacy_keras else {}
    for value in map(given.get, counted):
        if isinstance(value, Unknown):
            machine.set(value.attrs, IS_NUMBER, Const(True))


def _refuse_activation(machine: Interpreter, call: LibraryCall) -> None:
    """A layer raises ValueError where it is given a name that no activation has, of Keras or of the program."""
    given = call.kwargs.get("activation")
    name = given.value if isinstance(given, Const) else None
    if not isinstance(name, str) or not name.isidentifier() or machine.mentions("custom_object", "serializable"):
        return
    if lookup(f"keras.activations.{name}") is None:
        machine.ends(f"{machine.callee(call.node)}(activation={name!r})", "ValueError")


def _note_activation(made: LibObject, call: LibraryCall) -> None:
    """A function that a layer is given for its activation, where what it gives is what the layer gives."""
    if not behaviours.has(call.name, "activates"):
        return
    given = _by_parameter(call).get("activation")
    if isinstance(given, Function | Bound | Partial | Known | Instance):
        made.state[ACTIVATION] = given


def _make_layer(machine: Interpreter, made: LibObject, call: LibraryCall) -> None:
    """What a new layer or model keeps."""
    state = made.state
    trainable = call.kwargs.get("trainable")
    state["trainable"] = trainable.value if isinstance(trainable, Const) else True if trainable is None else None
    state["made frozen"] = state["trainable"] is False
    _note_activation(made, call)
    state["built"] = is_application(call.name)
    state["nested"] = tuple(leaf for leaf in call.leaves(machine) if is_layer(leaf))
    for inner in state["nested"]:
        if isinstance(inner, LibObject):
            machine.set(inner.state, "inside", True)
    functional = behaviours.has(call.name, "functional") and bool(call.args or "inputs" in call.kwargs)
    if not functional and not has_no_variables(call.name):
        state["params"] = Params(made, made.span)
    if behaviours.has(call.name, "statistics"):
        state["statistics"] = Params(made, made.span, trainable=False)
    if _draws(call):
        state["seed"] = Params(made, made.span, trainable=False)
    if not _SHAPES.isdisjoint(call.kwargs):
        state["shaped"] = True
    if behaviours.has(call.name, "sequential"):
        _make_sequential(machine, made, call)
    elif functional:
        state["inputs"] = call.argument(0, "inputs")
        state["outputs"] = call.argument(1, "outputs") or Const(None)
        state["built"] = True


def _draws(call: LibraryCall) -> bool:
    """Whether a layer surely keeps the state of random numbers: most keep none where they are given a zero."""
    name = behaviours.after(call.name, "seeded-by:")
    given = call.argument(0, name) if name else Const(1)
    positive = isinstance(given, Const) and isinstance(given.value, int | float) and given.value > 0
    return positive and behaviours.has(call.name, "seeded")


def _make_sequential(machine: Interpreter, made: LibObject, call: LibraryCall) -> None:
    """The layers that a Sequential begins with."""
    layers = call.argument(0, "layers")
    items = layers.items if isinstance(layers, Seq) else Items((), exact=layers is None)
    made.state["layers"] = Seq(items, "list")
    if layers is not None and not items.exact and not isinstance(layers, Seq):
        made.state["opaque"] = machine.unknown("layers", call.node, [layers])
    if sequential_built(made):
        for layer in items.values:
            mark_built(machine, layer)


def sequential_built(model: LibObject) -> bool:
    """A Sequential is built as soon as its first layer says what comes in; gives whether it is."""
    layers = model.state["layers"]
    built = False
    if isinstance(layers, Seq):
        built = not layers.items.exact
        if layers.items.values:
            first = layers.items.values[0]
            built = built or not isinstance(first, LibObject) or takes_input(first)
    model.state["built"] = built
    return built


def takes_input(layer: Value) -> bool:
    """Whether a layer says what comes in, so that a Sequential that begins with it is built."""
    if isinstance(layer, Symbolic):
        return True
    return isinstance(layer, LibObject) and bool(
        layer.state.get("shaped") or behaviours.has(layer.name, "input-layer") or layer.state.get("built") is True
    )


def clone(machine: Interpreter, model: Value, node: ast.AST) -> Value:
    """``keras.models.clone_model``: the same layers with variables of their own."""
    made = LibObject(behaviours.the("functional"), "model", span_of(node))
    made.born = machine.tick()
    built = model.state.get("built") if isinstance(model, LibObject | Instance) else None
    made.state.update(params=Params(made, made.span), built=built, trainable=True, nested=())
    return made


@models("clone")
def cloned(machine: Interpreter, call: LibraryCall) -> Value:
    """``keras.models.clone_model(model)``."""
    return clone(machine, call.argument(0, "model") or machine.anything, call.node)


def prepare(made: Instance) -> None:
    """Begin the life of an object whose class descends from Keras or ``tf.Module``."""
    if made.library:
        made.state["trainable"] = True
        made.state["built"] = False


def base_init(machine: Interpreter, made: Instance, args: list[Value], kwargs: dict[str, Value]) -> None:
    """What the library's own ``__init__`` keeps of its arguments."""
    if not made.library:
        return
    trainable = kwargs.get("trainable")
    if isinstance(trainable, Const):
        machine.set(made.state, "trainable", trainable.value)
    inner = kwargs.get("layer", args[0] if args else None)
    if behaviours.has(made.library, "wrapper-class") and inner is not None:
        machine.set(made.attrs, "layer", inner)
    inputs = kwargs.get("inputs", args[0] if args else None)
    outputs = kwargs.get("outputs", args[1] if len(args) > 1 else None)
    if behaviours.has(made.library, "model-class") and inputs is not None:
        machine.set(made.state, "inputs", inputs)
        machine.set(made.state, "outputs", outputs if outputs is not None else Const(None))
        machine.set(made.state, "built", True)


# -- building ------------------------------------------------------------------------------------------------------


def build(machine: Interpreter, value: Instance, node: ast.AST) -> None:
    """Run a layer's own ``build`` before its first call; where it ran on some ways only, its variables are those."""
    if value.state.get("built") is True:
        return
    ran = "build ran" in value.state
    machine.set(value.state, "built", True)
    machine.set(value.state, "build ran", True)
    method = machine.class_attribute(value.cls, "build")
    if isinstance(method, Function) and not ran:
        machine.call(Bound(method, value), [Number("int")], {}, node)


def begin_build(machine: Interpreter, called: Bound) -> None:
    """Note that a layer is built where the program itself runs its ``build``, which Keras wraps (Keras 3.15)."""
    method, value = called.function, called.owner
    is_build = isinstance(method, Function) and method.name == "build"
    if is_build and isinstance(value, Instance) and family(value.library) in {"layer", "model"}:
        machine.set(value.state, "built", True)
        machine.set(value.state, "build ran", True)


def mark_built(machine: Interpreter, value: Value, *, run: bool = True) -> None:
    """Note that a layer has its variables now, and so have those inside it.

    Args:
        machine: The machine.
        value: The layer.
        run: Whether the layer's own ``build`` surely runs now; otherwise some code may have run it.
    """
    if isinstance(value, LibObject | Instance) and value.state.get("built") is not True:
        if run and isinstance(value, Instance):
            build(machine, value, value.cls.node)
        machine.set(value.state, "built", True)
        for inner in nested(value):
            mark_built(machine, inner, run=run)


def forget(machine: Interpreter, value: Value) -> None:
    """Code of others may have called a layer, so that it may have its variables."""
    if isinstance(value, LibObject):
        machine.set(value.state, "called on symbols", True)
    doubt_built(machine, value)


def doubt_built(machine: Interpreter, value: Value, depth: int = 6) -> None:
    """An object and what it holds may have been called by code that is not seen: whether a layer is built is open."""
    if not isinstance(value, LibObject | Instance):
        return
    if is_layer(value) and value.state.get("built") is False:
        machine.set(value.state, "built", None)
        machine.set(value.state, "doubted", True)
    for inner in nested(value) if depth else ():
        if inner is not value:
            doubt_built(machine, inner, depth - 1)
