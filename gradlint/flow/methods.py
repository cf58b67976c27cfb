"""Methods of tensors, Variables, arrays, containers, layers, models and optimizers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow import dtypes, keras, operators, tensorflow_calls, updates
from gradlint.flow.core import sequence, span_of
from gradlint.flow.expressions import with_key
from gradlint.flow.facts import Kind
from gradlint.flow.store import MANY, either, join_values
from gradlint.flow.values import (
    Array,
    Bound,
    Const,
    Dict,
    Function,
    Generator,
    Instance,
    Items,
    LibObject,
    Method,
    Number,
    Pairs,
    Params,
    Seq,
    Super,
    Symbolic,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from gradlint.flow.machine import Machine

_ASSIGNS = frozenset(
    {
        "assign",
        "assign_add",
        "assign_sub",
        "scatter_update",
        "scatter_add",
        "scatter_sub",
        "scatter_nd_update",
        "scatter_nd_add",
        "scatter_nd_sub",
        "scatter_mul",
        "scatter_div",
        "scatter_max",
        "scatter_min",
        "batch_scatter_update",
        "load",
    }
)
_LEAVES = {"numpy": "", "item": "", "tolist": "", "eval": "", "__array__": "", "__float__": "float", "__int__": "int"}
_MAGIC: dict[str, ast.operator] = {
    "__add__": ast.Add(), "__sub__": ast.Sub(), "__mul__": ast.Mult(), "__truediv__": ast.Div(), "__pow__": ast.Pow(),
    "__matmul__": ast.MatMult(), "__radd__": ast.Add(), "__rmul__": ast.Mult(), "__floordiv__": ast.FloorDiv(),
    "__mod__": ast.Mod(),
}  # fmt: skip


def call(m: Machine, method: Method, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Call a library's method."""
    owner, name = method.owner, method.name
    if isinstance(owner, Unknown):
        return leave(m, owner, name, node)
    if isinstance(owner, Tape):
        return m.tape_call(owner, name, args, kwargs, node)
    if isinstance(owner, Variable | Params):
        return of_variable(m, owner, name, args, kwargs, node)
    if isinstance(owner, Tensor):
        return of_tensor(m, owner, name, args, kwargs, node)
    if isinstance(owner, Array):
        return of_array(m, owner, name, args, node)
    if isinstance(owner, Seq):
        return of_sequence(m, owner, name, args, kwargs, node)
    if isinstance(owner, Dict):
        return of_dict(m, owner, name, args, kwargs, node)
    if isinstance(owner, LibObject):
        return of_object(m, owner, name, args, kwargs, node)
    if isinstance(owner, Instance):
        return of_instance(m, owner, name, args, kwargs, node)
    if isinstance(owner, Super):
        if name == "__init__" and isinstance(owner.owner, Instance):
            keras.base_init(m, owner.owner, args, kwargs)
        return Const(None) if name == "__init__" else m.unknown(name, node, [owner.owner, *args], top=True)
    if isinstance(owner, Const) and isinstance(owner.value, str):
        return Number("str", span_of(node))
    if isinstance(owner, Number):
        made = Number("" if name != "item" else "float", span_of(node))
        m.depend(made, [owner])
        return made
    if isinstance(owner, Function):
        return m.call(owner, args, kwargs, node) if name == "__call__" else m.unknown(name, node, [owner, *args])
    if isinstance(owner, Symbolic):
        return m.unknown(name, node, [owner, *args])
    if isinstance(owner, Generator) and name in {"__next__", "send"}:
        items, _ = m.iterate(owner, node)
        return items[0] if items else m.unknown(name, node)
    return m.foreign_call(owner, args, kwargs, node)


def leave(m: Machine, owner: Value, name: str, node: ast.AST) -> Value:
    """A method that gives a NumPy or Python value of a tensor."""
    written = f".{name}()"
    if name in {"numpy", "__array__", "eval"}:
        made: Array | Number = Array(dtypes.of(owner), span_of(node))
    else:
        made = Number("float" if name in {"item", "__float__"} else "", span_of(node))
    m.depend(made, [owner], m.cut(Kind.PYTHON, node, written, name))
    if m.in_graph and name in {"numpy", "item", "tolist"}:
        m.leaves_graph(made, node, written, name, "AttributeError", Kind.PYTHON)
    return made


def of_variable(
    m: Machine, owner: Variable | Params, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of a Variable."""
    if name in {"value", "read_value", "__call__"}:
        made = m.tensor(node, [owner], dtype=dtypes.of(owner), op="read")
        made.copy_of = owner
        return made
    if name in _ASSIGNS:
        given = [*args, *kwargs.values()]
        if isinstance(owner, Params):
            return owner
        updates.assigned_none(m, given, node, name)
        result = tensorflow_calls.assign(m, owner, given, node, f"{m.name_of(owner)}.{name}")
        if owner.keras is True and given:
            return m.tensor(node, list(m.leaves(given[0])), dtype=owner.dtype)
        return result
    if name in _LEAVES:
        return leave(m, owner, name, node)
    if name in _MAGIC and args:
        return operators.binary(m, node, _MAGIC[name], owner, args[0])
    if name == "sparse_read" or name == "gather_nd":
        return m.tensor(node, [owner], dtype=dtypes.of(owner))
    if name in {"ref", "experimental_ref"}:
        return LibObject("tensorflow.Reference", "reference", span_of(node), (owner,))
    if name in {"set_shape", "get_shape", "__len__"}:
        return Number("")
    if name == "initialized_value":
        return m.tensor(node, [owner], dtype=dtypes.of(owner), op="read")
    return m.unknown(name, node, [owner, *args])


def of_tensor(
    m: Machine, owner: Tensor, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of a tensor."""
    if name in _LEAVES:
        return leave(m, owner, name, node)
    if name in {"ref", "experimental_ref"}:
        return LibObject("tensorflow.Reference", "reference", span_of(node), (owner,))
    if name in {"get_shape", "set_shape", "__len__", "__hash__"}:
        return Number("")
    if name in {"cpu", "gpu", "read_value", "value", "to_tensor", "__copy__"}:
        made = m.tensor(node, [owner], dtype=owner.dtype)
        made.copy_of = owner
        return made
    if name in _MAGIC and args:
        return operators.binary(m, node, _MAGIC[name], owner, args[0])
    return m.unknown(name, node, [owner, *args, *kwargs.values()])


def of_array(m: Machine, owner: Array, name: str, args: list[Value], node: ast.AST) -> Value:
    """A method of an array."""
    made: Array | Number
    if name.startswith("__i") and args and not isinstance(args[0], Array | Number | Const):
        return m.unknown(name, node, [owner, *args])  # an array leaves it to a tensor: NotImplemented
    if name in {"item", "tolist"}:
        made = Number("float", span_of(node))
    else:
        dtype = owner.dtype
        if name == "astype" and args:
            dtype = dtypes.named(args[0])
        elif name in {"argmax", "argmin", "argsort"}:
            dtype = "int64"
        elif name in {"any", "all"}:
            dtype = "bool"
        elif name in {"mean", "std", "var"}:
            dtype = "float64" if not dtypes.is_float(dtype) else dtype
        made = Array(dtype, span_of(node))
    m.depend(made, [owner])
    others = [leaf for value in args for leaf in m.leaves(value) if leaf.edges or isinstance(leaf, Variable)]
    m.depend(made, others, m.cut(Kind.NUMPY, node, m.callee(node), "numpy.ndarray." + name))
    return made


def of_sequence(m: Machine, owner: Seq, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """A method of a list, tuple or set."""
    items = owner.items

    def put(values: tuple[Value, ...], *, exact: bool) -> None:
        m.set(owner.state, "items", Items(values, exact))

    if name in {"append", "add"} and args:
        put((*items.values, args[0]), exact=items.exact)
        return Const(None)
    if name == "appendleft" and args:
        put((args[0], *items.values), exact=items.exact)
        return Const(None)
    if name in {"extend", "update"} and args:
        more, exact = m.iterate(args[0], node)
        put((*items.values, *more), exact=items.exact and exact)
        return Const(None)
    if name == "insert" and len(args) == 2:
        at = args[0].value if isinstance(args[0], Const) else None
        if isinstance(at, int):
            put((*items.values[:at], args[1], *items.values[at:]), exact=items.exact)
        else:
            put((*items.values, args[1]), exact=False)
        return Const(None)
    if name in {"pop", "popleft"}:
        if not items.values:
            return m.unknown("item", node, [owner], top=not items.exact)
        if items.exact and (not args or (isinstance(args[0], Const) and isinstance(args[0].value, int))):
            at = 0 if name == "popleft" else args[0].value if args and isinstance(args[0], Const) else -1
            values = list(items.values)
            try:
                taken = values.pop(at)
            except IndexError:
                return m.unknown("item", node)
            put(tuple(values), exact=True)
            return taken
        if len(items.values) > MANY:
            return either(*items.values)
        result = items.values[0]
        for item in items.values[1:]:
            result = join_values(result, item)
        return result
    if name == "clear":
        put((), exact=True)
        return Const(None)
    if name in {"reverse"}:
        put(tuple(reversed(items.values)), exact=items.exact)
        return Const(None)
    if name in {"sort", "remove", "discard"}:
        put(items.values, exact=items.exact and name == "sort")
        return Const(None)
    if name in {"copy", "__iter__"}:
        return Seq(items, owner.kind, span_of(node))
    if name in {"index", "count", "__len__"}:
        return Number("int")
    if name == "_replace" and owner.extra is not None:
        return m.unknown(name, node, [owner, *kwargs.values()])
    return m.unknown(name, node, [owner, *args])


def of_dict(m: Machine, owner: Dict, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """A method of a dictionary."""
    pairs = owner.pairs
    keys: list[Value] = [key if isinstance(key, Value) else Const(key) for key, _ in pairs.entries]
    values = [value for _, value in pairs.entries]
    if name == "items":
        rows: list[Value] = [Seq(Items((key, value)), "tuple") for key, value in zip(keys, values, strict=True)]
        rows += [Seq(Items((m.unknown("key", node), value)), "tuple") for value in pairs.rest]
        return sequence(rows, exact=pairs.exact, node=node)
    if name == "keys":
        return sequence(m.keys(owner, node), exact=pairs.exact, node=node)
    if name == "values":
        return sequence([*values, *pairs.rest], exact=pairs.exact, node=node)
    if name in {"get", "pop", "setdefault"} and args:
        found = None
        if isinstance(args[0], Const):
            found = pairs.get(args[0].value)
        if found is not None:
            if name == "pop" and isinstance(args[0], Const):
                left = tuple((key, value) for key, value in pairs.entries if key != args[0].value)
                m.set(owner.state, "pairs", Pairs(left, pairs.exact, pairs.rest))
            return found
        default = args[1] if len(args) > 1 else Const(None)
        if name == "setdefault":
            m.set(owner.state, "pairs", with_key(pairs, args[0], default))
            return default
        if pairs.exact and isinstance(args[0], Const):
            return default
        result = default
        for value in [*values, *pairs.rest][:6]:
            result = join_values(result, value)
        return result
    if name == "update":
        for value in args:
            if isinstance(value, Dict):
                for key, item in value.pairs.entries:
                    pairs = pairs.put(key, item)
                pairs = Pairs(pairs.entries, pairs.exact and value.pairs.exact, pairs.rest + value.pairs.rest)
            else:
                pairs = Pairs(pairs.entries, False, (*pairs.rest, value))
        for key, item in kwargs.items():
            pairs = pairs.put(key, item)
        m.set(owner.state, "pairs", pairs)
        return Const(None)
    if name == "copy":
        return Dict(pairs, span_of(node))
    if name == "clear":
        m.set(owner.state, "pairs", Pairs())
        return Const(None)
    return m.unknown(name, node, [owner, *args])


def of_object(
    m: Machine, owner: LibObject, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of an object of a library's class."""
    given = [leaf for value in (*args, *kwargs.values()) for leaf in m.leaves(value)]
    if owner.family == "optimizer":
        return updates.optimizer_method(m, owner, name, args, kwargs, node)
    if owner.family == "metric":
        if name in {"update_state"}:
            m.set(owner.state, "fed", (*owner.state.get("fed", ()), *given))
            return Const(None)
        if name == "result":
            return keras.metric_result(m, owner, [], node)
        if name in {"reset_state", "reset_states"}:
            return Const(None)
        if name == "__call__":
            return keras.metric_result(m, owner, given, node)
    if owner.family == "loss" and name in {"call", "__call__"}:
        return keras.call_object(m, owner, args, kwargs, node)
    if owner.family == "dataset":
        return dataset_method(m, owner, name, args, kwargs, node)
    if owner.family == "exit-stack" and name == "enter_context" and args:
        if isinstance(args[0], Tape):
            m.enter_tape(args[0], node)
            m.set(owner.state, "entered", (*owner.state.get("entered", ()), args[0]))
        return args[0]
    if owner.family in {"layer", "model"}:
        return of_layer(m, owner, name, args, kwargs, node)
    return m.foreign("call", node, [owner, *args, *kwargs.values()])


def of_layer(
    m: Machine, owner: LibObject, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of a layer or model of the library."""
    if name in {"call", "__call__", "predict_step"}:
        return keras.call_object(m, owner, args, kwargs, node)
    if name == "build":
        keras.mark_built(m, owner)
        return Const(None)
    if name in {"fit", "load_weights", "set_weights", "summary"}:
        keras.mark_built(m, owner)
        return m.unknown(name, node)
    if name in {"compile", "save", "save_weights", "reset_states", "get_config"}:
        return m.unknown(name, node)
    if name == "add" and args and isinstance(owner.state.get("layers"), Seq):
        layers = owner.state["layers"]
        m.set(layers.state, "items", Items((*layers.items.values, args[0]), layers.items.exact))
        if len(layers.items.values) == 1 and keras.takes_input(args[0]):
            m.set(owner.state, "built", True)
        if owner.state.get("built") is True:
            keras.mark_built(m, args[0])
        return Const(None)
    if name == "get_layer":
        return layer_named(m, owner, args, kwargs, node)
    if name in keras.LEAVES:
        keras.mark_built(m, owner)
        given = [leaf for value in (*args, *kwargs.values()) for leaf in m.leaves(value) if not isinstance(leaf, Const)]
        made: Array | Number | Seq
        cut = m.cut(Kind.OPAQUE, node, m.callee(node), "keras.Model." + name, reason="model-method")
        parents = [*given, *keras.parameters(m, owner)]
        if name == "get_weights":
            array = Array("float32", span_of(node))
            m.depend(array, parents, cut)
            made = sequence([array, array], exact=False, node=node)
        elif name in {"predict", "predict_on_batch"}:
            made = Array("float32", span_of(node))
            m.depend(made, parents, cut)
        else:
            made = Number("float", span_of(node))
            m.depend(made, parents, cut)
        return made
    return m.foreign("call", node, [owner, *args, *kwargs.values()])


def layer_named(m: Machine, owner: LibObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``model.get_layer(name)``."""
    wanted = args[0] if args else kwargs.get("name")
    inner = [item for item in keras.nested(owner) if keras.is_layer(item)]
    if isinstance(wanted, Const):
        for item in inner:
            if isinstance(item, LibObject) and item.state.get("name") == wanted.value and wanted.value:
                outputs = owner.state.get("outputs")
                symbol = _symbol_of(outputs, item) if isinstance(outputs, Value) else None
                if symbol is not None:
                    twin = LibObject(item.name, item.family, item.span, item.arguments)
                    twin.state = item.state
                    m.set(twin.state, "attrs", {**(twin.state.get("attrs") or {}), "output": symbol})
                    return item
                return item
    return m.unknown("layer", node, [owner])


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


def dataset_method(
    m: Machine, owner: LibObject, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of a ``tf.data.Dataset``: another dataset."""
    made = LibObject("tensorflow.data.Dataset", "dataset", span_of(node), (owner, *args))
    element = owner.state.get("element")
    if name in {
        "shuffle",
        "repeat",
        "prefetch",
        "take",
        "skip",
        "cache",
        "with_options",
        "shard",
        "as_numpy_iterator",
        "batch",
        "padded_batch",
        "unbatch",
    }:
        if isinstance(element, Value) and name != "as_numpy_iterator":
            made.state["element"] = element
    elif name == "enumerate" and isinstance(element, Value):
        made.state["element"] = Seq(Items((Tensor("int64"), element)), "tuple")
    elif name in {"__iter__"}:
        return owner
    elif name == "map" and args and isinstance(args[0], Function | Bound | Method):
        held = m.suspend()
        given = operators.data(m, node, element if isinstance(element, Value) else None, owner)
        spread = list(given.items.values) if isinstance(given, Seq) else [given]
        made.state["element"] = m.call(args[0], spread, {}, node)
        m.set(m.world, "active", held)
    return made


def of_instance(
    m: Machine, owner: Instance, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method that an object of the program's class has from Keras or ``tf.Module``."""
    if name in {"add_weight", "add_variable"}:
        return add_weight(m, owner, args, kwargs, node)
    if name == "__init__":
        keras.base_init(m, owner, args, kwargs)
        return Const(None)
    if name in {"__call__"}:
        return m.call(owner, args, kwargs, node)
    if name in {"call", "predict_step"} and name != "call":
        return m.call(owner, args, kwargs, node)
    if name in {"build", "compile", "summary", "fit", "load_weights", "set_weights", "save", "save_weights"}:
        if name in {"build", "fit", "set_weights", "load_weights"}:
            keras.build(m, owner, node)
            for inner in keras.nested(owner):
                keras.mark_built(m, inner)
        for value in (*args, *kwargs.values()):
            if isinstance(value, LibObject) and name == "compile":
                m.set(owner.state, f"compiled {id(value)}", value)
        if name == "compile" and "optimizer" in kwargs:
            m.set(owner.attrs, "optimizer", kwargs["optimizer"])
        return m.unknown(name, node)
    if name in keras.LEAVES:
        given = [leaf for value in (*args, *kwargs.values()) for leaf in m.leaves(value) if not isinstance(leaf, Const)]
        cut = m.cut(Kind.OPAQUE, node, m.callee(node), "keras.Model." + name, reason="model-method")
        keras.build(m, owner, node)
        if name in {"predict", "predict_on_batch"} and owner.state.get("running") is not True:
            m.set(owner.state, "running", True)
            inner_result = m.call(owner, args[:1], {}, node)
            m.set(owner.state, "running", False)
            made = Array("float32", span_of(node))
            m.depend(made, [leaf for leaf in m.leaves(inner_result) if not isinstance(leaf, Const)], cut)
            return made
        made_array: Array | Number = (
            Array("float32", span_of(node)) if name == "get_weights" else Number("float", span_of(node))
        )
        m.depend(made_array, [*given, *keras.parameters(m, owner)], cut)
        return sequence([made_array], exact=False) if name == "get_weights" else made_array
    if name == "compute_loss":
        # It is the compiled loss of what it is given, and the model's penalties.
        given = [leaf for value in (*args, *kwargs.values()) for leaf in m.leaves(value) if not isinstance(leaf, Const)]
        penalties = [leaf for leaf in m.leaves(keras.losses(m, owner, node)) if not isinstance(leaf, Const)]
        loss = m.tensor(node, [], dtype="float32", op="compute_loss")
        m.depend(loss, [*given, *penalties, m.pool], sure=False)
        return loss
    return m.foreign("call", node, [owner, *args, *kwargs.values()])


def add_weight(m: Machine, owner: Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``self.add_weight(...)``: a ``keras.Variable``."""
    flag = kwargs.get("trainable")
    trainable = True if flag is None else flag.value if isinstance(flag, Const) else None
    given = kwargs.get("dtype")
    dtype = dtypes.named(given) if given is not None else "float32"
    made = Variable(dtype, span_of(node), trainable=trainable if isinstance(trainable, bool) else None, keras=True)
    made.born = m.tick()
    m.set(owner.state, "weights", (*owner.state.get("weights", ()), made))
    return made
