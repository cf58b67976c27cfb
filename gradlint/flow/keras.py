"""Keras: layers, models, losses, metrics and optimizers, and the program's own classes that descend from them.

A layer or model is one object whose variables are one :class:`~gradlint.flow.values.Params`, to which its calls
connect. Facts are those of Keras 3.15 on TensorFlow 2.21 unless they say otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.flow import dtypes
from gradlint.flow.core import sequence, span_of
from gradlint.flow.facts import Kind
from gradlint.flow.store import either
from gradlint.flow.symbols import replay
from gradlint.flow.values import (
    EVERYWHERE,
    Array,
    Bound,
    Const,
    Dict,
    Edge,
    Function,
    Instance,
    Items,
    Join,
    LibObject,
    Method,
    Number,
    Pairs,
    Params,
    Seq,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from gradlint.knowledge.table import Effect, lookup

if TYPE_CHECKING:
    import ast

    from gradlint.flow.attributes import Attributes
    from gradlint.flow.calls import Calls
    from gradlint.flow.core import Core

VARIABLES = frozenset(
    {
        "trainable_variables",
        "trainable_weights",
        "variables",
        "weights",
        "non_trainable_variables",
        "non_trainable_weights",
        "trainable_parameters",
    }
)
BARE = frozenset({
    "Activation", "Flatten", "Reshape", "Permute", "RepeatVector", "Lambda", "Masking", "Add", "Subtract", "Multiply",
    "Average", "Maximum", "Minimum", "Concatenate", "Dot", "ReLU", "LeakyReLU", "ELU", "Softmax", "ThresholdedReLU",
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D",
    "MaxPool1D", "MaxPool2D", "MaxPool3D", "AvgPool1D", "AvgPool2D", "AvgPool3D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalAvgPool2D", "GlobalMaxPool2D",
    "UpSampling1D", "UpSampling2D", "UpSampling3D", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D",
    "Cropping2D", "Cropping3D", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout",
    "GaussianDropout", "GaussianNoise", "ActivityRegularization", "Rescaling", "Resizing", "CenterCrop", "RandomCrop",
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast", "RandomBrightness", "RandomTranslation", "Identity",
    "CategoryEncoding", "Discretization", "Hashing", "InputLayer",
})  # fmt: skip
"""Layers without trainable variables."""
SEEDED = frozenset(
    {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise"}
)
"""Layers whose only variable is the state of their random numbers."""
INPUTS = frozenset(
    {
        "Embedding",
        "CategoryEncoding",
        "Discretization",
        "Hashing",
        "IntegerLookup",
        "StringLookup",
        "TextVectorization",
        "RandomHue",
        "RandomSaturation",
        "HashedCrossing",
    }
)
"""Layers through which no gradient reaches the input."""
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


def family(name: str) -> str:
    """What sort of Keras (or TensorFlow) class a canonical name is; empty for everything else."""
    head, _, last = name.rpartition(".")
    if name in {"keras.Model", "keras.Sequential"} or head.startswith("keras.applications"):
        return "model"
    if name == "tensorflow.Module":
        return "module"
    if not last[:1].isupper():
        return ""
    if head.startswith(("keras.layers", "tensorflow.compat.v1.layers")) or name == "keras.Layer":
        return "layer"
    if head == "keras.models":
        return "model"
    if head.startswith("keras.losses"):
        return "loss"
    if head.startswith("keras.metrics"):
        return "metric"
    if head.startswith(("keras.optimizers", "tensorflow.optimizers", "tensorflow.compat.v1.train")):
        return "schedule" if "schedules" in head else "optimizer"
    if head.startswith(("keras.initializers", "tensorflow.initializers", "tensorflow.compat.v1.initializers")):
        return "initializer"
    if head.startswith("keras.regularizers"):
        return "regularizer"
    if head.startswith("tensorflow.data"):
        return "dataset"
    return ""


def everywhere(value: Value) -> tuple[Edge, ...]:
    """An edge that holds for every recording, for what is part of something rather than computed from it."""
    if isinstance(value, Const):
        return ()
    return (Edge(value, None, EVERYWHERE, sure=False, seen=EVERYWHERE),)


# -- making --------------------------------------------------------------------------------------------------------


def make(machine: Calls, name: str, kind: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """An object of a Keras class."""
    given = tuple(value for value in (*args, *kwargs.values()) if not isinstance(value, Const))
    made = LibObject(name, kind, span_of(node), given)
    made.born = machine.tick()
    state = made.state
    label = kwargs.get("name")
    state["name"] = label.value if isinstance(label, Const) and isinstance(label.value, str) else ""
    if kind in {"layer", "model"}:
        trainable = kwargs.get("trainable")
        state["trainable"] = trainable.value if isinstance(trainable, Const) else True if trainable is None else None
        state["built"] = False
        state["nested"] = tuple(
            leaf for value in (*args, *kwargs.values()) for leaf in machine.leaves(value) if is_layer(leaf)
        )
        bare = name.rpartition(".")[2] in BARE or name == "keras.Sequential"
        bare = bare or (name == "keras.Model" and bool(args or "inputs" in kwargs))
        wraps = name in {"keras.layers.Bidirectional", "keras.layers.TimeDistributed", "keras.layers.RNN"}
        if not bare and not wraps:
            state["params"] = Params(made, made.span)
        short = name.rpartition(".")[2]
        if short in {"BatchNormalization", "SyncBatchNormalization", "Normalization"}:
            state["statistics"] = Params(made, made.span, trainable=False)
        if short in SEEDED:
            state["seed"] = Params(made, made.span, trainable=False)
        if "input_shape" in kwargs or "input_dim" in kwargs or "batch_input_shape" in kwargs:
            state["shaped"] = True
        if name == "keras.Sequential":
            layers = args[0] if args else kwargs.get("layers")
            items = layers.items if isinstance(layers, Seq) else Items((), exact=layers is None)
            state["layers"] = Seq(items, "list")
            if not items.exact and isinstance(layers, Value) and not isinstance(layers, Seq):
                state["opaque"] = machine.unknown("layers", node, [layers])
            if sequential_built(made):
                for layer in items.values:
                    mark_built(machine, layer)
        elif name == "keras.Model" and (args or "inputs" in kwargs):
            state["inputs"] = args[0] if args else kwargs["inputs"]
            state["outputs"] = args[1] if len(args) > 1 else kwargs.get("outputs", Const(None))
            state["built"] = True
        elif name.startswith("keras.applications"):
            state["built"] = True
        elif "input_shape" in kwargs:
            state["built"] = False
    return made


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
        layer.state.get("shaped") or layer.name == "keras.layers.InputLayer" or layer.state.get("built") is True
    )


def clone(machine: Calls, model: Value, node: ast.AST) -> Value:
    """``keras.models.clone_model``: the same layers with variables of their own."""
    made = LibObject("keras.models.Model", "model", span_of(node))
    made.born = machine.tick()
    built = model.state.get("built") if isinstance(model, LibObject | Instance) else None
    made.state.update(params=Params(made, made.span), built=built, trainable=True, nested=())
    return made


def is_layer(value: Value) -> bool:
    """Whether a value has variables of its own as a layer has."""
    if isinstance(value, LibObject):
        return value.family in {"layer", "model", "module"}
    return isinstance(value, Instance) and bool(value.library)


def prepare(machine: Core, made: Instance) -> None:
    """Begin the life of an object whose class descends from Keras or ``tf.Module``."""
    if made.library:
        made.state["trainable"] = True
        made.state["built"] = False


def base_init(machine: Core, made: Instance, args: list[Value], kwargs: dict[str, Value]) -> None:
    """What the library's own ``__init__`` keeps of its arguments."""
    if not made.library:
        return
    trainable = kwargs.get("trainable")
    if isinstance(trainable, Const):
        machine.set(made.state, "trainable", trainable.value)
    inputs = kwargs.get("inputs", args[0] if args else None)
    outputs = kwargs.get("outputs", args[1] if len(args) > 1 else None)
    if made.library in {"keras.Model", "keras.Sequential"} and inputs is not None:
        machine.set(made.state, "inputs", inputs)
        machine.set(made.state, "outputs", outputs if outputs is not None else Const(None))
        machine.set(made.state, "built", True)


# -- calling -------------------------------------------------------------------------------------------------------


def build(machine: Calls, value: Instance, node: ast.AST) -> None:
    """Run a layer's own ``build`` before its first call."""
    if value.state.get("built") is True:
        return
    machine.set(value.state, "built", True)
    method = machine.class_attribute(value.cls, "build")
    if isinstance(method, Function):
        machine.call(Bound(method, value), [Number("int")], {}, node)


def tensor_input(machine: Calls, value: Value, node: ast.AST) -> Value:
    """What a layer makes of its input before ``call`` sees it: arrays and numbers become tensors."""
    if isinstance(value, Array):
        dtype = value.dtype if dtypes.is_discrete(value.dtype) else "float32"
        made = machine.tensor(node, [value], dtype=dtype, op="tensorflow.convert_to_tensor")
        made.copy_of = value
        return made
    return value


def call_instance(machine: Calls, value: Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Call an object whose class leaves ``call`` to the library: a functional model of its own class."""
    if "outputs" in value.state:
        return functional(machine, value, value.state["outputs"], args, node)
    return machine.foreign("call", node, [value, *args, *kwargs.values()])


def call_object(machine: Calls, value: LibObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Call a layer, model, loss, metric or the like."""
    given = [leaf for arg in (*args, *kwargs.values()) for leaf in machine.leaves(arg)]
    if value.family in {"layer", "model"}:
        return call_layer(machine, value, args, given, node)
    if value.family == "loss":
        return machine.tensor(node, [*given, *value.arguments], op=value.name)
    if value.family == "metric":
        return metric_result(machine, value, given, node)
    if value.family in {"regularizer", "schedule"}:
        return machine.tensor(node, given, op=value.name)
    if value.family == "initializer":
        return machine.tensor(node, [], dtype=dtypes.named(kwargs.get("dtype")) or "float32", op=value.name)
    if value.family == "custom-gradient":
        return custom_gradient(machine, value, args, kwargs, node)
    return machine.foreign("call", node, [value, *args, *kwargs.values()])


def custom_gradient(
    machine: Calls, value: LibObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """Call a function under ``tf.custom_gradient``: the program gives the gradient to its arguments itself."""
    function = value.arguments[0]
    machine.recorder.muted += 1
    try:
        inner = machine.call(function, args, kwargs, node)
    finally:
        machine.recorder.muted -= 1
    given = [leaf for arg in (*args, *kwargs.values()) for leaf in machine.leaves(arg)]
    result = inner
    if isinstance(inner, Seq) and inner.items.values:
        result = inner.items.values[0]
        if len(args) > 1 and _gives_one(machine, inner.items.values[1:], node):
            cut = machine.cut(Kind.NO_GRADIENT, node, machine.text(node), exception="ValueError", reason="count")
            return machine.tensor(node, given, dtype=dtypes.of(result), cut=cut)
        if _gives_none(machine, inner.items.values[1:], node):
            cut = machine.cut(Kind.UNCONNECTED, node, machine.text(node), reason="custom-gradient")
            return machine.tensor(node, given, dtype=dtypes.of(result), cut=cut)
    if isinstance(result, Seq):
        made_items = tuple(machine.tensor(node, given, sure=False) for _ in result.items.values)
        return Seq(Items(made_items, result.items.exact), result.kind, span_of(node))
    captured = list(machine.captured(function)) if isinstance(function, Function) else []
    return machine.tensor(node, [*given, *captured], dtype=dtypes.of(result), sure=False)


def _answer(machine: Calls, rest: tuple[Value, ...], node: ast.AST) -> Value | None:
    """What the gradient function of a custom gradient gives."""
    if len(rest) != 1 or not isinstance(rest[0], Function):
        return None
    machine.recorder.muted += 1
    try:
        return machine.call(rest[0], [machine.tensor(node, [])], {}, node)
    finally:
        machine.recorder.muted -= 1


def _gives_none(machine: Calls, rest: tuple[Value, ...], node: ast.AST) -> bool:
    """Whether the gradient function surely gives None, and nothing else."""
    answer = _answer(machine, rest, node)
    return isinstance(answer, Const) and answer.value is None


def _gives_one(machine: Calls, rest: tuple[Value, ...], node: ast.AST) -> bool:
    """Whether the gradient function surely gives a single tensor."""
    return isinstance(_answer(machine, rest, node), Tensor)


def call_layer(machine: Calls, value: LibObject, args: list[Value], given: list[Value], node: ast.AST) -> Value:
    """Call a layer or model of the library."""
    first = list(machine.leaves(args[0]) if args else given)
    if any(isinstance(leaf, Symbolic) for leaf in first):
        mark_built(machine, value)
        if "outputs" in value.state and isinstance(value.state["outputs"], Seq):
            made_all = []
            for place in range(len(value.state["outputs"].items.values)):
                symbol = Symbolic(span_of(node), value)
                symbol.call = (value, tuple(args), place)
                symbol.edges = tuple(edge for leaf in (*first, value) for edge in sure_everywhere(leaf))
                made_all.append(symbol)
            return sequence(made_all, node=node)
        made = Symbolic(span_of(node), value)
        made.call = (value, tuple(args), None) if args else None
        cut = input_cut(machine, value, node)
        made.edges = tuple(
            Edge(leaf, cut, EVERYWHERE, seen=EVERYWHERE) for leaf in first if not isinstance(leaf, Const)
        ) + sure_everywhere(value)
        return made
    mark_built(machine, value)
    if "outputs" in value.state:
        return functional(machine, value, value.state["outputs"], args, node)
    if value.name == "keras.Sequential" and "opaque" not in value.state:
        return call_sequential(machine, value, args, node)
    if value.name == "keras.layers.Lambda" and value.arguments:
        return machine.call(value.arguments[0], args, {}, node)
    leaves = [leaf for leaf in given if not isinstance(leaf, Const)]
    return layer_output(machine, value, leaves, node)


def sure_everywhere(value: Value) -> tuple[Edge, ...]:
    """An edge that surely holds for every recording."""
    return () if isinstance(value, Const) else (Edge(value, None, EVERYWHERE, seen=EVERYWHERE),)


def layer_output(machine: Calls, value: LibObject, inputs: list[Value], node: ast.AST) -> Tensor:
    """What one layer computes from its inputs."""
    cut = input_cut(machine, value, node)
    dtype = None if cut is not None and value.name.rpartition(".")[2] != "Embedding" else "float32"
    made = Tensor(dtype, span_of(node), value.name)
    machine.depend(made, inputs, cut)
    machine.depend(made, parameters(machine, value))
    given = [leaf for leaf in value.arguments if isinstance(leaf, Unknown | Function)]
    machine.depend(made, [*given, *settings(value)], sure=False)
    activation = value.name.rpartition(".")[2]
    made.extra = {"layer": value, "activation": activation}
    return made


def input_cut(machine: Core, value: LibObject, node: ast.AST) -> Any:
    """Why a layer passes no gradient to its input, or None where it does."""
    short = value.name.rpartition(".")[2]
    entry = lookup(value.name + ".__call__")
    first = entry.parameters[0].effect if entry is not None and entry.parameters else Effect.UNKNOWN
    blocks = short in INPUTS or first in {Effect.NONE, Effect.NOTFLOAT}
    if not blocks:
        return None
    return machine.cut(Kind.NON_DIFFERENTIABLE, node, short, value.name, reason="layer")


def call_sequential(machine: Calls, value: LibObject, args: list[Value], node: ast.AST) -> Value:
    """Call the layers of a Sequential one after the other."""
    layers = value.state["layers"]
    assert isinstance(layers, Seq)
    result: Value = args[0] if args else machine.top
    for layer in layers.items.values:
        if isinstance(layer, Symbolic) or (isinstance(layer, LibObject) and layer.name == "keras.layers.InputLayer"):
            continue
        if isinstance(layer, Const):
            continue
        result = machine.call(layer, [result], {}, node)
    if not layers.items.exact:
        result = machine.unknown("layers", node, [result, *layers.items.values])
    return result


def functional(machine: Calls, model: Value, outputs: Value, args: list[Value], node: ast.AST) -> Value:
    """Call a functional model: each output is connected to the layers and inputs that its symbol came from."""
    inputs = [leaf for arg in args for leaf in machine.leaves(arg)]
    inputs = [tensor_input(machine, leaf, node) for leaf in inputs]
    state = model.state if isinstance(model, LibObject | Instance) else {}
    again = replay(machine, state.get("inputs"), outputs, inputs, node)
    if again is not None:
        return again.items.values[0] if isinstance(again, Seq) and _single(outputs) else again
    made: dict[int, Tensor] = {}
    order = list(machine.leaves(outputs))
    symbols = [leaf for leaf in order if isinstance(leaf, Symbolic)]

    def output(symbol: Value) -> Value:
        if not isinstance(symbol, Symbolic):
            return machine.unknown("output", node, [model, *inputs, *made.values()])
        found = made.get(id(symbol))
        if found is not None:
            return found
        ancestors = _ancestors(symbol)
        below = [other for other in symbols if other is not symbol and id(other) in ancestors]
        parents: list[Value] = [output(other) for other in below]
        open_input = False
        for ancestor in ancestors.values():
            if isinstance(ancestor, (LibObject, Instance)):
                parents += parameters(machine, ancestor)
            elif isinstance(ancestor, Symbolic) and not ancestor.edges:
                open_input = True
            elif isinstance(ancestor, Unknown | Params):
                parents.append(ancestor)
        dtype = "float32"
        tensor = Tensor(dtype, span_of(node), "keras.Model")
        machine.depend(tensor, parents)
        layers = [ancestor for ancestor in ancestors.values() if isinstance(ancestor, LibObject)]
        machine.depend(tensor, [held for layer in layers for held in settings(layer)], sure=False)
        if open_input:
            machine.depend(tensor, inputs)
        else:
            _cut_inputs(machine, tensor, symbol, inputs)
        made[id(symbol)] = tensor
        return tensor

    def build_like(value: Value) -> Value:
        if isinstance(value, Seq):
            return Seq(
                Items(tuple(build_like(item) for item in value.items.values), value.items.exact), "list", span_of(node)
            )
        if isinstance(value, Dict):
            entries = tuple((key, build_like(item)) for key, item in value.pairs.entries)
            rest = tuple(build_like(item) for item in value.pairs.rest)
            return Dict(Pairs(entries, value.pairs.exact, rest), span_of(node))
        return output(value)

    return build_like(outputs.items.values[0] if isinstance(outputs, Seq) and _single(outputs) else outputs)


def _single(outputs: Value) -> bool:
    """Whether a model's outputs are a list of one, which it gives without the list."""
    return isinstance(outputs, Seq) and len(outputs.items.values) == 1 and outputs.items.exact


def _cut_inputs(machine: Calls, tensor: Tensor, symbol: Symbolic, inputs: list[Value]) -> None:
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


def metric_result(machine: Core, value: LibObject, given: list[Value], node: ast.AST) -> Tensor:
    """The value of a stateful metric: it is read from variables, which cut the way."""
    made = Tensor("float32", span_of(node), value.name)
    fed = value.state.get("fed", ())
    cut = machine.cut(Kind.METRIC, node, machine.text(node), value.name)
    machine.depend(made, [*given, *fed], cut)
    if given:
        machine.set(value.state, "fed", (*fed, *given))
    return made


def mark_built(machine: Core, value: Value) -> None:
    """Note that a layer has its variables now, and so have those inside it."""
    if isinstance(value, LibObject | Instance) and value.state.get("built") is not True:
        machine.set(value.state, "built", True)
        for inner in nested(value):
            mark_built(machine, inner)


# -- variables -----------------------------------------------------------------------------------------------------


def nested(value: Value) -> list[Value]:
    """The layers that a layer or model holds."""
    found: list[Value] = []
    if isinstance(value, LibObject):
        layers = value.state.get("layers")
        if isinstance(layers, Seq):
            found += layers.items.values
        found += [part for part in value.state.get("nested", ()) if isinstance(part, Value)]
        outputs = value.state.get("outputs")
        if isinstance(outputs, Value):
            found += _layers_of_symbols(outputs)
        attrs = value.state.get("attrs")
        if isinstance(attrs, dict):
            found += [part for part in attrs.values() if isinstance(part, Value)]
    elif isinstance(value, Instance):
        for attr in value.attrs.values():
            if isinstance(attr, Value):
                found += _held(attr)
        outputs = value.state.get("outputs")
        if isinstance(outputs, Value):
            found += _layers_of_symbols(outputs)
    return _unique(found)


def _unique(values: list[Value]) -> list[Value]:
    """Each object once, in order."""
    return list({id(value): value for value in values}.values())


def _held(value: Value, depth: int = 4) -> list[Value]:
    if isinstance(value, Seq) and depth:
        return [item for part in value.items.values for item in _held(part, depth - 1)]
    if isinstance(value, Dict) and depth:
        return [item for _, part in value.pairs.entries for item in _held(part, depth - 1)]
    if isinstance(value, Join):
        return [item for part in value.options for item in _held(part, depth - 1)] if depth else []
    return [value]


def _layers_of_symbols(outputs: Value) -> list[Value]:
    found: list[Value] = []
    stack = _held(outputs)
    seen: set[int] = set()
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, LibObject | Instance | Unknown) and not isinstance(value, Symbolic):
            found.append(value)
        for edge in value.edges:
            stack.append(edge.parent)
    return found


def parameters(machine: Core, value: Value, depth: int = 8) -> list[Value]:
    """The variables that calling a layer or model connects to, trainable or not."""
    if not depth:
        return []
    machine.spend(1)
    found: list[Value] = []
    if isinstance(value, LibObject):
        params = value.state.get("params")
        if isinstance(params, Params):
            found.append(params)
        opaque = value.state.get("opaque")
        if isinstance(opaque, Value):
            found.append(opaque)
    elif isinstance(value, (Variable, Unknown)):
        return [value]
    if isinstance(value, Instance):
        found += [attr for attr in value.attrs.values() if isinstance(attr, Variable)]
        found += [held for held in value.state.get("weights", ()) if isinstance(held, Variable)]
    for inner in nested(value):
        if inner is not value:
            found += parameters(machine, inner, depth - 1)
    return found


def settings(value: LibObject, depth: int = 8) -> list[Value]:
    """What the program wrote into the attributes of a layer and of those inside it: a tensor in place of a kernel."""
    attrs = value.state.get("attrs")
    held = list(attrs.values()) if isinstance(attrs, dict) else []
    found: list[Value] = [item for item in held if isinstance(item, Tensor | Unknown | Array | Join | Seq)]
    if depth:
        for inner in nested(value):
            if isinstance(inner, LibObject) and inner is not value:
                found += settings(inner, depth - 1)
    return found


def variables(machine: Core, owner: Value, name: str, node: ast.AST) -> Value:
    """``model.trainable_variables`` and its kin: the variables one by one, as far as they are known."""
    found: list[Value] = []
    reasons: list[str] = []
    trainable_only = name.startswith("trainable")
    non_trainable = name.startswith("non_trainable")
    _collect(machine, owner, found, reasons, trainable_only, None, 8)
    unique = _unique(found)
    if non_trainable:
        return machine.unknown(name, node, [owner])
    if not trainable_only:
        unique += _states(owner, "statistics", 8)
        if name == "variables":
            unique += _states(owner, "seed", 8)
    exact = all(isinstance(item, Variable) for item in unique)
    made = Seq(Items(tuple(unique), exact), "list", span_of(node))
    extra: dict[str, Any] = {"owner": owner, "name": name}
    if not unique and reasons:
        extra["reason"] = reasons[0]
    made.extra = extra
    return made


def _collect(
    machine: Core,
    value: Value,
    found: list[Value],
    reasons: list[str],
    trainable_only: bool,
    tf_too: bool | None,
    depth: int,
) -> None:
    if not depth:
        return
    machine.spend(1)
    state = value.state if isinstance(value, LibObject | Instance) else {}
    if trainable_only and state.get("trainable", True) is False:
        reasons.append("frozen")
        return
    if isinstance(value, Unknown):
        found.append(value)
        return
    if isinstance(value, LibObject):
        if value.family not in {"layer", "model", "module"}:
            return
        if state.get("trainable", True) is None:
            found.append(machine.unknown("variables", None, [value]))
            return
        params = state.get("params")
        if isinstance(params, Params):
            if state.get("built") is True or value.name.startswith("keras.applications"):
                found.append(params)
            elif state.get("built") is False:
                reasons.append("unbuilt")
            else:
                found.append(machine.unknown("variables", None, [value]))
        opaque = state.get("opaque")
        if isinstance(opaque, Value):
            found.append(opaque)
    elif isinstance(value, Instance):
        keras_class = value.library.startswith("keras.")
        if value.open and not keras_class:
            found.append(machine.unknown("variables", None, [value], top=True))
            return
        # A tf.Module gives its variables in the order of its attributes' names, Keras in the order of their making.
        names = value.attrs if keras_class else sorted(value.attrs)
        for attr in (value.attrs[name] for name in names):
            if not isinstance(attr, Value):
                continue
            for held in _held(attr):
                if isinstance(held, Variable):
                    if trainable_only and held.trainable is False:
                        continue
                    if keras_class and held.keras is False:
                        continue
                    found.append(held)
                elif isinstance(held, Unknown):
                    found.append(held)
        for weight in state.get("weights", ()):
            if isinstance(weight, Variable) and not (trainable_only and weight.trainable is False):
                found.append(weight)
        if keras_class and state.get("built") is False and not found:
            has_build = machine_has(machine, value, "build") or bool(nested(value))
            reasons.append("unbuilt" if has_build else "none")
    for inner in nested(value):
        if inner is not value and is_layer(inner):
            _collect(machine, inner, found, reasons, trainable_only, tf_too, depth - 1)


def _states(owner: Value, key: str, depth: int) -> list[Value]:
    """The variables that layers keep and no gradient is meant for."""
    if not depth or not isinstance(owner, LibObject | Instance):
        return []
    own = owner.state.get(key)
    found: list[Value] = [own] if isinstance(own, Params) and owner.state.get("built") is True else []
    for inner in nested(owner):
        if inner is not owner:
            found += _states(inner, key, depth - 1)
    return found


def machine_has(machine: Core, value: Instance, name: str) -> bool:
    """Whether an object's class in the program defines a method."""
    found: Value | None = machine.class_attribute(value.cls, name)  # type: ignore[attr-defined]
    return isinstance(found, Function)


def losses(machine: Core, value: Value, node: ast.AST) -> Value:
    """``model.losses``: the penalties that its layers add; an empty list where the program speaks of none."""
    known = not any(word in machine.code for word in ("regularizer", "Regularization", "add_loss"))
    if known and _own(value, 8):
        return sequence([], node=node)
    return sequence([machine.tensor(node, parameters(machine, value), dtype="float32", op="losses")], exact=False)


def _own(value: Value, depth: int) -> bool:
    """Whether a model and all its layers are made by the program from layers that it names."""
    if isinstance(value, Unknown) or (isinstance(value, Instance) and value.open) or not depth:
        return False
    if isinstance(value, LibObject) and (value.name.startswith("keras.applications") or "opaque" in value.state):
        return False
    return all(_own(inner, depth - 1) for inner in nested(value) if inner is not value)


def listed(layers: Seq) -> Seq:
    """What ``Sequential.layers`` gives: the layers without the input that stands before them."""
    first = layers.items.values[0] if layers.items.values else None
    if isinstance(first, Symbolic) or (isinstance(first, LibObject) and first.name == "keras.layers.InputLayer"):
        return Seq(Items(layers.items.values[1:], layers.items.exact), layers.kind, layers.span)
    return layers


# -- attributes ----------------------------------------------------------------------------------------------------


def attribute(machine: Attributes, value: LibObject, name: str, node: ast.AST) -> Value:
    """An attribute of an object of the library."""
    attrs = value.state.get("attrs")
    if isinstance(attrs, dict) and isinstance(attrs.get(name), Value):
        held: Value = attrs[name]
        return held
    if value.family in {"layer", "model"}:
        if name in VARIABLES:
            return variables(machine, value, name, node)
        if name in {"kernel", "bias", "gamma", "beta", "embeddings", "w", "recurrent_kernel"}:
            params = value.state.get("params")
            return params if isinstance(params, Params) else machine.unknown(name, node, [value])
        if name in {"output", "input", "inputs", "outputs"} and value.family == "model":
            held_value = value.state.get(name if name.endswith("s") else name + "s")
            if isinstance(held_value, Value):
                if isinstance(held_value, Seq) and not name.endswith("s") and len(held_value.items.values) == 1:
                    return held_value.items.values[0]
                return held_value
            symbol = Symbolic(span_of(node), value)
            if name.startswith("output"):
                symbol.edges = sure_everywhere(value)
            return sequence([symbol]) if name.endswith("s") else symbol
        if name in {"output", "input"}:
            symbol = Symbolic(span_of(node), value)
            if name == "output":
                symbol.edges = sure_everywhere(value)
            return symbol
        if name == "layers":
            layers = value.state.get("layers")
            if isinstance(layers, Seq):
                return listed(layers)
            inner = [item for item in nested(value) if is_layer(item)]
            return sequence([*inner, machine.unknown("layer", node, [value])], exact=False)
        if name == "losses":
            return losses(machine, value, node)
        if name == "trainable":
            flag = value.state.get("trainable")
            return Const(flag) if isinstance(flag, bool) else Number("bool")
        if name in {"name", "input_shape", "output_shape", "built", "count_params"}:
            return Number("")
    if value.family == "optimizer" and name in {"learning_rate", "lr", "iterations"}:
        return machine.unknown(name, node)
    return Method(value, name)


def instance_attribute(
    machine: Attributes, value: Instance, name: str, node: ast.AST, *, parent: bool = False
) -> Value | None:
    """An attribute that an object of the program's class has from Keras or ``tf.Module``; None where it has none."""
    if name in VARIABLES:
        return variables(machine, value, name, node)
    if value.library == "tensorflow.Module":
        return Method(value, name) if name in {"__init__", "with_name_scope", "name_scope"} else None
    if name == "trainable":
        flag = value.state.get("trainable")
        return Const(flag) if isinstance(flag, bool) else Number("bool")
    if name in {"losses"}:
        return losses(machine, value, node)
    if name in {"optimizer", "compiled_loss", "compiled_metrics", "metrics", "loss", "loss_tracker", "_optimizer"}:
        return None
    if name in LIBRARY_METHODS or parent:
        return Method(value, name)
    return None


LIBRARY_METHODS = frozenset({
    "__init__", "add_weight", "add_loss", "add_metric", "build", "call", "compile", "fit", "predict", "evaluate",
    "predict_on_batch", "train_on_batch", "summary", "save", "save_weights", "load_weights", "get_weights",
    "set_weights", "get_layer", "compute_loss", "compute_metrics", "compiled_loss", "get_config", "__call__",
    "__setattr__",
    "reset_metrics", "test_step", "predict_step", "train_step", "add_variable", "count_params", "get_build_config",
})  # fmt: skip


def set_attribute(machine: Core, value: LibObject, name: str, new: Value) -> None:
    """Write an attribute of an object of the library."""
    if name == "trainable" and value.family in {"layer", "model"}:
        flag = new.value if isinstance(new, Const) else None
        freeze(machine, value, flag if isinstance(flag, bool) else None)
        return
    attrs = value.state.get("attrs")
    if not isinstance(attrs, dict):
        attrs = {}
        machine.set(value.state, "attrs", attrs)
    machine.set(attrs, name, new)


def set_somewhere(machine: Core, value: Unknown, name: str, new: Value) -> None:
    """Write an attribute of a layer that is one of several: any layer of the model that it was taken from."""
    for edge in value.edges:
        owner = edge.parent
        for one in [inner.parent for inner in owner.edges] if isinstance(owner, Unknown) else [owner]:
            if not isinstance(one, LibObject | Instance) or not is_layer(one):
                continue
            layers = [inner for inner in nested(one) if isinstance(inner, LibObject) and is_layer(inner)]
            for layer in layers or ([one] if isinstance(one, LibObject) else []):
                attrs = layer.state.get("attrs")
                before = attrs.get(f"one {name}") if isinstance(attrs, dict) else None
                set_attribute(machine, layer, f"one {name}", either(before, new) if isinstance(before, Value) else new)


def freeze(machine: Core, value: Value, flag: bool | None, depth: int = 8) -> None:
    """Set ``trainable`` on a layer and on all that it holds."""
    if not depth or not isinstance(value, LibObject | Instance):
        return
    machine.set(value.state, "trainable", flag)
    for inner in nested(value):
        if inner is not value and is_layer(inner):
            freeze(machine, inner, flag, depth - 1)


def forget(machine: Core, value: Value) -> None:
    """Code of others may have called a layer, so that it has its variables."""
    if not isinstance(value, LibObject | Instance) or not is_layer(value):
        return
    grows = isinstance(value, LibObject) or machine_has(machine, value, "build")
    if grows or any(is_layer(inner) for inner in nested(value)):
        mark_built(machine, value)
