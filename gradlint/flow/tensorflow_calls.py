"""TensorFlow functions that do more than pass a gradient on or lose it: constructors, state, control flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow import dtypes, keras
from gradlint.flow.core import sequence, span_of
from gradlint.flow.facts import Kind
from gradlint.flow.shapes import rank
from gradlint.flow.values import (
    Array,
    Bound,
    Const,
    Dict,
    Function,
    Items,
    Join,
    Known,
    LibObject,
    Number,
    Params,
    Partial,
    Seq,
    Storage,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from gradlint.flow.library import Library

    Special = Callable[[Library, str, list[Value], dict[str, Value], ast.AST], Value]


def argument(args: list[Value], kwargs: dict[str, Value], index: int, name: str) -> Value | None:
    """An argument by position or name."""
    return args[index] if index < len(args) else kwargs.get(name)


def make_variable(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.Variable(...)`` and ``keras.Variable(...)``."""
    is_keras = name.startswith("keras.")
    initial = argument(args, kwargs, 0, "initializer" if is_keras else "initial_value")
    given = kwargs.get("dtype") or (args[2] if is_keras and len(args) > 2 else None)
    dtype = dtypes.named(given) if given is not None else None
    known = None
    callable_initial = isinstance(initial, Function | Bound | LibObject | Partial)
    if initial is not None and given is None and not callable_initial:
        dtype = "float32" if is_keras else dtypes.of(initial)
    if callable_initial and given is None:
        assert initial is not None
        inner = m.call(initial, [], {}, node) if isinstance(initial, Function) else None
        dtype = dtypes.of(inner) if inner is not None else "float32" if is_keras else None
    if isinstance(initial, Const) and isinstance(initial.value, int | float):
        known = initial.value
    elif isinstance(initial, Tensor):
        known = initial.known
    flag = kwargs.get("trainable") or (args[1] if not is_keras and len(args) > 1 else None)
    if flag is None and is_keras and len(args) > 3:
        flag = args[3]
    trainable = True if flag is None else flag.value if isinstance(flag, Const) else None
    if "synchronization" in kwargs:
        trainable = False if m.text(node).find("ON_READ") >= 0 else trainable
    if isinstance(trainable, int):
        trainable = bool(trainable)
    if trainable is not None and not isinstance(trainable, bool):
        trainable = True
    made = Variable(dtype, span_of(node), trainable=trainable, keras=is_keras)
    made.born = m.tick()
    made.state["known"] = known
    made.state["initial"] = initial
    if initial is not None:
        parents = [leaf for leaf in m.leaves(initial) if not isinstance(leaf, Const | Function | Bound)]
        m.depend(made, parents, m.cut(Kind.REWRAPPED, node, m.callee(node), name))
    if initial is None and not kwargs and not args:
        made.dtype = None
    return made


def constant(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.constant`` and ``tf.convert_to_tensor``: the very object for a tensor, a new one for all else."""
    value = argument(args, kwargs, 0, "value")
    if value is None:
        return m.unknown("constant", node, kwargs.values())
    given = kwargs.get("dtype")
    if given is None and len(args) > 1:
        given = args[1]
    asked = dtypes.named(given)
    shaped = "shape" in kwargs or len(args) > 2
    is_constant = name == "tensorflow.constant"
    if isinstance(value, Storage):
        value = value.base
    if isinstance(value, Join):
        return m.tensor(node, [value], dtype=asked or dtypes.of(value), op=name)
    if isinstance(value, Symbolic):
        return value
    if isinstance(value, Tensor):
        if not shaped and (asked is None or asked == value.dtype):
            return value
        shape = argument(args, kwargs, 2, "shape")
        axes, had = (len(shape.items.values) if isinstance(shape, Seq) else None), rank(value)
        if is_constant and axes is not None and had is not None and axes != had:
            cut = m.cut(Kind.REWRAPPED, node, m.callee(node), name, reason="reshaped")
            return m.tensor(node, [value], dtype=asked or value.dtype, op=name, cut=cut)
        made = m.tensor(node, [value], dtype=asked or value.dtype, op=name, sure=False)
        made.copy_of = value
        return made
    if isinstance(value, Variable | Params):
        if is_constant:
            cut = m.cut(Kind.REWRAPPED, node, m.callee(node), name, reason="constant-of-variable")
            return m.tensor(node, [value], dtype=asked or dtypes.of(value), op=name, cut=cut)
        made = m.tensor(node, [value], dtype=asked or dtypes.of(value), op="read")
        made.copy_of = value
        return made
    if isinstance(value, Unknown):
        made = m.tensor(node, [value], dtype=asked, op=name, sure=False)
        made.copy_of = value
        made.extra = {"maybe_same": value}
        return made
    known = None
    if isinstance(value, Const) and isinstance(value.value, int | float):
        known = value.value
    elif isinstance(value, Array):
        known = value.known if isinstance(value.known, int | float) else None
    parents = [leaf for leaf in m.leaves(value) if not isinstance(leaf, Const)]
    made = m.tensor(node, parents, dtype=asked or dtypes.of(value), op=name, known=known)
    made.extra = {"args": (value,)}
    return made


def identity(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.identity`` and the like: a fresh tensor that is connected."""
    value = argument(args, kwargs, 0, "input") or next(iter(kwargs.values()), None)
    if value is None:
        return m.unknown("identity", node)
    if isinstance(value, Symbolic):
        return value
    parents = [leaf for leaf in m.leaves(value) if not isinstance(leaf, Const)]
    made = m.tensor(node, parents, dtype=dtypes.of(value), op=name)
    if not isinstance(value, Seq):
        made.copy_of = value
    return made


def same(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """A function that gives back its first argument."""
    return args[0] if args else next(iter(kwargs.values()), Const(None))


def cast(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.cast``: passes between floats, loses everything else."""
    value = argument(args, kwargs, 0, "x")
    given = argument(args, kwargs, 1, "dtype")
    if name.rpartition(".")[2] != "cast" and name.rpartition(".")[2] not in {"saturate_cast"}:
        target = {"to_float": "float32", "to_int32": "int32", "to_int64": "int64", "to_double": "float64"}.get(
            name.rpartition(".")[2]
        )
    else:
        target = dtypes.named(given)
    if value is None:
        return m.unknown("cast", node)
    if isinstance(value, Symbolic):
        return value
    if isinstance(value, Tensor) and target is not None and value.dtype == target:
        return value
    source = dtypes.of(value)
    parents = [leaf for leaf in m.leaves(value) if not isinstance(leaf, Const)]
    if dtypes.is_discrete(target) and not dtypes.is_discrete(source):
        cut = m.cut(Kind.CAST, node, m.callee(node), name, dtype=str(target))
        return m.tensor(node, parents, dtype=target, op=name, cut=cut)
    made = m.tensor(
        node,
        parents,
        dtype=target,
        op=name,
        sure=target is not None,
        known=value.known if isinstance(value, Tensor) else None,
    )
    if not isinstance(value, Seq):
        made.copy_of = value
    return made


def filled(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.zeros``, ``tf.ones``, ``tf.eye``: constants."""
    given = kwargs.get("dtype") or (args[1] if len(args) > 1 and name.endswith(("zeros", "ones")) else None)
    dtype = dtypes.named(given) if given is not None else "float32"
    made = m.tensor(node, [], dtype=dtype, op=name)
    made.extra = {"args": tuple(args) or tuple(value for key, value in kwargs.items() if key == "shape")}
    return made


def like(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.zeros_like``, ``tf.ones_like``: constants of another's shape."""
    value = args[0] if args else next(iter(kwargs.values()), Const(None))
    given = kwargs.get("dtype") or (args[1] if len(args) > 1 else None)
    cut = m.cut(Kind.NON_DIFFERENTIABLE, node, m.callee(node), name)
    dtype = dtypes.named(given) if given is not None else dtypes.of(value)
    return m.tensor(
        node, [leaf for leaf in m.leaves(value) if not isinstance(leaf, Const)], dtype=dtype, op=name, cut=cut
    )


def number_range(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.range``: a constant, whatever its bounds."""
    values = [*args, *(kwargs[key] for key in ("start", "limit", "delta") if key in kwargs)]
    given = kwargs.get("dtype")
    dtype = dtypes.named(given) if given is not None else dtypes.of(sequence(values))
    cut = m.cut(Kind.NON_DIFFERENTIABLE, node, m.callee(node), name)
    parents = [leaf for value in values for leaf in m.leaves(value)]
    return m.tensor(node, parents, dtype=dtype, op=name, cut=cut)


def where(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.where``: connected to what is chosen from, never to the condition."""
    condition = argument(args, kwargs, 0, "condition")
    chosen = [value for value in (argument(args, kwargs, 1, "x"), argument(args, kwargs, 2, "y")) if value is not None]
    if name.startswith("keras."):
        chosen = [value for value in (argument(args, kwargs, 1, "x1"), argument(args, kwargs, 2, "x2")) if value]
    chosen = [value for value in chosen if not (isinstance(value, Const) and value.value is None)]
    steering = list(m.leaves(condition)) if condition is not None else []
    if not chosen:
        cut = m.cut(Kind.NON_DIFFERENTIABLE, node, m.callee(node), name)
        return m.tensor(node, steering, dtype="int64", op=name, cut=cut)
    parents = [leaf for value in chosen for leaf in m.leaves(value)]
    if any(isinstance(leaf, Symbolic) for leaf in parents):
        return next(leaf for leaf in parents if isinstance(leaf, Symbolic))
    floats = [dtypes.of(value) for value in chosen if isinstance(value, Tensor | Variable)]
    made = m.tensor(node, parents, dtype=floats[0] if floats else dtypes.of(chosen[0]), op=name)
    made.extra = {"condition": condition, "args": tuple(chosen)}
    m.depend(made, steering, m.cut(Kind.CONDITION, node, m.callee(node), name, reason="where"))
    return made


def choose(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.cond``: one of two functions is called; in eager mode the other one is not."""
    predicate = argument(args, kwargs, 0, "pred")
    ways = [argument(args, kwargs, 1, "true_fn"), argument(args, kwargs, 2, "false_fn")]
    if predicate is None or any(way is None for way in ways):
        return m.unknown("cond", node, [*args, *kwargs.values()])
    truth = m.truth(predicate, node)
    if truth is not None and not m.in_graph:
        way = ways[0] if truth else ways[1]
        assert way is not None
        return m.call(way, [], {}, node)
    text = m.text(node)
    calls = [_caller(m, way, [], node) for way in ways if way is not None]
    return m.fork(calls, [f"when the condition of `{text[:40]}` is true", "when it is false"])


def _caller(m: Library, function: Value, given: list[Value], node: ast.AST) -> Callable[[], Value]:
    return lambda: m.call(function, given, {}, node)


def case(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.case`` and ``tf.switch_case``: one of several functions is called."""
    functions = [leaf for value in (*args, *kwargs.values()) for leaf in m.leaves(value)]
    functions = [leaf for leaf in functions if isinstance(leaf, Function | Bound | Partial)]
    if not functions:
        return m.unknown("case", node, [*args, *kwargs.values()])
    return m.fork([_caller(m, function, [], node) for function in functions], [""] * len(functions))


def loop(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.while_loop(cond, body, loop_vars)``: the body, twice."""
    body = argument(args, kwargs, 1, "body")
    start = argument(args, kwargs, 2, "loop_vars")
    if body is None or not isinstance(start, Seq):
        return m.unknown("while_loop", node, [*args, *kwargs.values()])
    current: list[Value] = list(start.items.values)
    for _ in range(2):
        current = [generalised(m, value, node) for value in current]
        result = m.call(body, current, {}, node)
        items = list(result.items.values) if isinstance(result, Seq) else [result]
        if len(items) != len(current):
            return m.unknown("while_loop", node, [*args, result])
        current = items
    return sequence(current, "list", node=node)


def generalised(m: Library, value: Value, node: ast.AST) -> Value:
    """A loop variable as any turn may have it: a tensor."""
    if isinstance(value, Const):
        return m.tensor(node, [], dtype=dtypes.of(value))
    return value


def mapped(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.map_fn``, ``tf.scan``, ``tf.vectorized_map``, ``tf.foldl``: a function called on elements."""
    function = argument(args, kwargs, 0, "fn" if not name.endswith("associative_scan") else "f")
    elements = argument(args, kwargs, 1, "elems")
    if function is None or elements is None:
        return m.unknown("map", node, [*args, *kwargs.values()])
    element = _element(m, elements, node)
    initial = argument(args, kwargs, 2, "initializer")
    if name.rpartition(".")[2] in {"scan", "foldl", "foldr"}:
        state = initial if initial is not None else element
        result: Value = state
        for _ in range(2):
            result = m.call(function, [result, element], {}, node)
    else:
        result = m.call(function, [element], {}, node)
    asked = kwargs.get("fn_output_signature") or kwargs.get("dtype")

    def stacked(value: Value) -> Value:
        if isinstance(value, Seq):
            return Seq(Items(tuple(stacked(item) for item in value.items.values), value.items.exact), value.kind)
        parents = [leaf for leaf in m.leaves(value) if not isinstance(leaf, Const)]
        return m.tensor(node, parents, dtype=dtypes.named(asked) or dtypes.of(value), op=name)

    return stacked(result)


def _element(m: Library, elements: Value, node: ast.AST) -> Value:
    if isinstance(elements, Seq):
        return Seq(Items(tuple(_element(m, item, node) for item in elements.items.values)), "tuple")
    parents = [leaf for leaf in m.leaves(elements) if not isinstance(leaf, Const)]
    return m.tensor(node, parents, dtype=dtypes.of(elements), op="tensorflow.strided_slice")


def numpy_function(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.numpy_function`` and ``tf.compat.v1.py_func``: a gradient never passes."""
    inputs = argument(args, kwargs, 1, "inp")
    parents = [leaf for leaf in m.leaves(inputs) if not isinstance(leaf, Const)] if inputs is not None else []
    cut = m.cut(Kind.OPAQUE, node, m.callee(node), name, reason="numpy-function")
    dtype = dtypes.named(argument(args, kwargs, 2, "Tout"))
    made = m.tensor(node, parents, dtype=dtype, op=name, cut=cut)
    function = argument(args, kwargs, 0, "func")
    if isinstance(function, Function):
        m.depend(made, list(m.captured(function)), cut)
    return made


def py_function(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.py_function``: passes to what stands in ``inp``, not to what the function captures."""
    inputs = argument(args, kwargs, 1, "inp")
    function = argument(args, kwargs, 0, "func")
    given = [leaf for leaf in m.leaves(inputs) if not isinstance(leaf, Const)] if inputs is not None else []
    fresh: list[Value] = [m.tensor(node, [leaf], dtype=dtypes.of(leaf), op=name) for leaf in given]
    dtype = dtypes.named(argument(args, kwargs, 2, "Tout"))
    if not isinstance(function, Function | Known):
        return m.unknown("py_function", node, [*given, *([function] if function is not None else [])])
    m.eager = True
    result = m.call(function, fresh, {}, node)
    made = m.tensor(node, [], dtype=dtype, op=name)
    if any(isinstance(leaf, Array | Number) for leaf in m.leaves(result)):
        cut = m.cut(Kind.OPAQUE, node, m.callee(node), name, reason="py-function-converts")
        m.depend(made, given, cut)
    else:
        m.depend(made, given, sure=False)
    if isinstance(function, Function):
        captured = [value for value in m.captured(function) if isinstance(value, Variable | Tensor)]
        m.depend(made, captured, m.cut(Kind.OPAQUE, node, m.callee(node), name, reason="py-function-captures"))
    return made


def graph_function(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.function(f)``: the same function, run as a graph."""
    function = argument(args, kwargs, 0, "func")
    if isinstance(function, Function):
        made = Function(function.node, function.frame, function.name, function.span or span_of(node))
        made.defaults, made.owner, made.kind = function.defaults, function.owner, function.kind
        made.opaque, made.extra, made.graph = function.opaque, function.extra, True
        return made
    return function if function is not None else Known("tensorflow.function")


def custom(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.custom_gradient(f)``."""
    function = argument(args, kwargs, 0, "f")
    if isinstance(function, Function):
        return m.custom_gradient(function, node)
    return m.foreign("custom gradient", node, args)


def pass_through(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.grad_pass_through(f)``: computes with f, and passes the gradient by it."""
    function = argument(args, kwargs, 0, "f")
    given = (function,) if function is not None else (m.top,)
    return LibObject("tensorflow.grad_pass_through", "custom-gradient", span_of(node), given)


def scope(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.init_scope()``."""
    return LibObject("tensorflow.init_scope", "scope", span_of(node))


def assigned(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.compat.v1.assign(v, x)`` and its kin."""
    if args and isinstance(args[0], Variable):
        return assign(m, args[0], args[1:], node, m.callee(node))
    return m.unknown("assign", node, args)


def assign(m: Library, variable: Variable, given: list[Value], node: ast.AST, callee: str) -> Value:
    """A value goes into a Variable: its state cuts the way to what was assigned."""
    parents = [leaf for value in given for leaf in m.leaves(value) if not isinstance(leaf, Const)]
    parents = [leaf for leaf in parents if leaf is not variable]
    m.set(variable.state, "known", None)
    m.set(variable.state, "assigned", True)
    if parents:
        holder = Number("", span_of(node))
        holder.born = m.tick()
        cut = m.cut(Kind.ASSIGNED, node, callee, variable=m.name_of(variable))
        m.depend(holder, parents, cut)
        from gradlint.flow.values import Edge

        variable.edges = (*variable.edges, *(Edge(edge.parent, edge.cut, seen=edge.seen) for edge in holder.edges))
    if variable.keras is not False:
        return variable
    made = m.tensor(node, [variable], dtype=variable.dtype, op="read")
    made.copy_of = variable
    return made


def nest(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.nest.flatten``, ``map_structure`` and ``pack_sequence_as``."""
    last = name.rpartition(".")[2]
    if last == "flatten" and args:
        exact = all(isinstance(value, Seq | Dict | Tensor | Variable | Const) for value in args)
        return sequence(list(m.leaves(args[0])), exact=exact and _exact(args[0]), node=node)
    if last == "map_structure" and len(args) > 1 and isinstance(args[1], Seq):
        columns = [value.items.values for value in args[1:] if isinstance(value, Seq)]
        made = [m.call(args[0], list(row), {}, node) for row in zip(*columns, strict=False)]
        return Seq(Items(tuple(made), args[1].items.exact), args[1].kind, span_of(node))
    if last == "map_structure" and len(args) > 1 and not isinstance(args[1], Dict | Unknown):
        return m.call(args[0], args[1:], {}, node)
    return m.unknown("nest", node, [*args, *kwargs.values()])


def _exact(value: Value) -> bool:
    if isinstance(value, Seq):
        return value.items.exact and all(_exact(item) for item in value.items.values)
    if isinstance(value, Dict):
        return value.pairs.exact
    return not isinstance(value, Unknown | Join)


def clip_norm(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.clip_by_global_norm(list, norm)``: the list again, and the norm."""
    values = argument(args, kwargs, 0, "t_list")
    if not isinstance(values, Seq):
        given = [leaf for value in (*args, *kwargs.values()) for leaf in m.leaves(value)]
        return sequence([m.unknown("clipped", node, given), m.tensor(node, given, dtype="float32")], "tuple")
    made: list[Value] = []
    for item in values.items.values:
        if isinstance(item, Const):
            made.append(item)
            continue
        clipped = m.tensor(
            node, [leaf for leaf in m.leaves(values) if not isinstance(leaf, Const)], dtype=dtypes.of(item), op=name
        )
        made.append(clipped)
    out = Seq(Items(tuple(made), values.items.exact), "list", span_of(node))
    out.extra = values.extra
    norm = m.tensor(node, [leaf for leaf in m.leaves(values) if not isinstance(leaf, Const)], dtype="float32", op=name)
    return sequence([out, norm], "tuple", node=node)


def dataset(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """A ``tf.data`` pipeline: what goes in comes out as data."""
    made = LibObject(
        "tensorflow.data.Dataset", "dataset", span_of(node), tuple(v for v in args if not isinstance(v, Const))
    )
    if name.endswith(("from_tensor_slices", "from_tensors")) and args:
        made.state["element"] = args[0]
    elif name.endswith("zip") and args:
        parts = args[0].items.values if isinstance(args[0], Seq) else args
        elements = [part.state.get("element") for part in parts if isinstance(part, LibObject)]
        if elements and all(isinstance(element, Value) for element in elements):
            made.state["element"] = Seq(Items(tuple(e for e in elements if isinstance(e, Value))), "tuple")
    elif name.endswith("range"):
        made.state["element"] = Tensor("int64")
    return made


def unsupported(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.gradients`` in eager mode."""
    return m.unknown("gradients", node, [*args, *kwargs.values()])


def recompute(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.recompute_grad(f)``: the same function."""
    return args[0] if args else m.unknown("recompute", node)


def keras_input(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``keras.Input(...)``: a symbolic tensor."""
    return Symbolic(span_of(node))


def random_values(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.random.normal`` and its kin: connected to their parameters, a constant otherwise."""
    given = kwargs.get("dtype")
    dtype = dtypes.named(given) if given is not None else None
    integers = name.endswith("uniform") and dtypes.is_discrete(dtype)
    if given is None:
        dtype = "float32"
    shape = ("shape", "dtype", "seed", "name")
    skip = 1
    if name.rpartition(".")[2].startswith("stateless_"):
        skip = 2
    parents = [leaf for value in args[skip:] for leaf in m.leaves(value)]
    parents += [leaf for key, value in kwargs.items() if key not in shape for leaf in m.leaves(value)]
    parents = [leaf for leaf in parents if not isinstance(leaf, Const | Known)]
    cut = m.cut(Kind.NON_DIFFERENTIABLE, node, m.callee(node), name) if integers else None
    made = m.tensor(node, parents, dtype=dtype, op=name, cut=cut)
    made.extra = {"args": tuple(args) or tuple(value for key, value in kwargs.items() if key == "shape")}
    return made


def one_hot(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.one_hot``: a constant for its indices, its depth and its values."""
    parents = [leaf for value in (*args, *kwargs.values()) for leaf in m.leaves(value)]
    given = kwargs.get("dtype")
    cut = m.cut(Kind.NON_DIFFERENTIABLE, node, m.callee(node), name)
    parents = [leaf for leaf in parents if not isinstance(leaf, Const | Known)]
    return m.tensor(node, parents, dtype=dtypes.named(given) if given is not None else "float32", op=name, cut=cut)


def indexed(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.gather`` and its kin: connected to the values, not to the indices."""
    first = argument(args, kwargs, 0, "params") or next(iter(kwargs.values()), Const(None))
    rest = [value for value in (*args[1:], *kwargs.values()) if value is not first]
    steering = [leaf for value in rest for leaf in m.leaves(value) if not isinstance(leaf, Const | Known)]
    parents = [leaf for leaf in m.leaves(first) if not isinstance(leaf, Const)]
    if any(isinstance(leaf, Symbolic) for leaf in parents):
        return next(leaf for leaf in parents if isinstance(leaf, Symbolic))
    made = m.tensor(node, parents, dtype=dtypes.of(first), op=name)
    made.copy_of = first if not isinstance(first, Seq) else None
    if steering:
        m.depend(made, steering, m.cut(Kind.CONDITION, node, m.callee(node), name, reason="index"))
    return made


def resize(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.image.resize``: every method but ``area`` passes."""
    image = argument(args, kwargs, 0, "images")
    method = argument(args, kwargs, 2, "method")
    text = method.value if isinstance(method, Const) else method.name if isinstance(method, Known) else ""
    cut = None
    if str(text).lower().endswith("area"):
        cut = m.cut(Kind.NO_GRADIENT, node, m.callee(node), name, op="ResizeArea")
    parents = [leaf for leaf in m.leaves(image) if not isinstance(leaf, Const)] if image is not None else []
    nearest = str(text).lower().endswith(("nearest", "nearest_neighbor"))
    dtype = dtypes.of(image) if nearest and image is not None else "float32"
    return m.tensor(node, parents, dtype=dtype, op=name, cut=cut)


def leaves(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Functions that hand a tensor's value over to something else than TensorFlow's gradients."""
    given = [leaf for value in (*args, *kwargs.values()) for leaf in m.leaves(value) if not isinstance(leaf, Const)]
    made = Array(None, span_of(node))
    m.depend(made, given, m.cut(Kind.PYTHON, node, m.callee(node), name))
    return made


def parsed(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Functions that make a tensor of bytes or of a capsule."""
    given = [leaf for value in (*args, *kwargs.values()) for leaf in m.leaves(value) if not isinstance(leaf, Const)]
    return m.tensor(node, given, dtype=dtypes.named(argument(args, kwargs, 1, "out_type")), op=name)


def image_dtype(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.image.convert_image_dtype``: a cast that scales."""
    return cast(m, "tensorflow.cast", args, kwargs, node)


def unregistered(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Raw operations that forbid differentiation."""
    given = [leaf for value in (*args, *kwargs.values()) for leaf in m.leaves(value) if not isinstance(leaf, Const)]
    op = name.rpartition(".")[2]
    return m.tensor(
        node,
        given,
        dtype=dtypes.of(given[0]) if given else None,
        op=name,
        cut=m.cut(Kind.NO_GRADIENT, node, m.callee(node), name, op=op),
    )


def slices(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.IndexedSlices`` and ``tf.SparseTensor``: composites that are no source themselves."""
    given = [leaf for value in (*args, *kwargs.values()) for leaf in m.leaves(value) if not isinstance(leaf, Const)]
    floats = [leaf for leaf in given if not dtypes.is_discrete(dtypes.of(leaf))]
    made = m.tensor(node, given, dtype=dtypes.of(floats[0]) if floats else None, op=name)
    made.extra = {"composite": "sparse" if name.endswith("SparseTensor") else "slices"}
    return made


RAW_NONE = frozenset({"Round", "Rint", "Floor", "Ceil", "FloorDiv", "Bucketize", "ArgMax", "ArgMin", "OnesLike",
                      "ZerosLike", "LogicalAnd", "Equal", "Greater", "Less", "NotEqual", "StopGradient"})  # fmt: skip
"""Raw operations whose gradient TensorFlow registers as none."""


def raw(m: Library, name: str, kwargs: dict[str, Value], node: ast.AST) -> Value:
    """A raw operation: those that TensorFlow knows to have no gradient lose it; of the others nothing is said."""
    op = name.rpartition(".")[2]
    given = {key: [leaf for leaf in m.leaves(value) if not isinstance(leaf, Const)] for key, value in kwargs.items()}
    parents = [leaf for leaves_ in given.values() for leaf in leaves_]
    if op in RAW_NONE:
        dtype = dtypes.of(parents[0]) if parents and op in {"Round", "Rint", "Floor", "Ceil"} else None
        cut = m.cut(Kind.NON_DIFFERENTIABLE, node, m.callee(node), name, op=op)
        return m.tensor(node, parents, dtype=dtype, op=name, cut=cut)
    if op.startswith("ImageProjectiveTransform"):
        made = m.tensor(node, given.get("images", []), op=name)
        cut = m.cut(Kind.NON_DIFFERENTIABLE, node, m.callee(node), name, op=op, reason="argument")
        m.depend(made, given.get("transforms", []), cut)
        return made
    return m.unknown("raw operation", node, parents)


def cloned(m: Library, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``keras.models.clone_model(model)``."""
    model = argument(args, kwargs, 0, "model")
    return keras.clone(m, model if model is not None else m.top, node)


_T = "tensorflow."
SPECIAL: dict[str, Special] = {
    "tensorflow.Variable": make_variable, "keras.Variable": make_variable,
    "keras.models.clone_model": cloned, "tensorflow.compat.v1.Variable": make_variable,
    "keras.backend.variable": make_variable, "tensorflow.constant": constant, "tensorflow.convert_to_tensor": constant,
    "keras.ops.convert_to_tensor": constant, "keras.backend.constant": constant,
    "tensorflow.identity": identity, "tensorflow.ensure_shape": identity,
    "tensorflow.debugging.check_numerics": identity, "tensorflow.grad_pass_through": pass_through,
    "tensorflow.cast": cast, "tensorflow.saturate_cast": cast, "keras.ops.cast": cast, "keras.backend.cast": cast,
    "tensorflow.compat.v1.to_float": cast, "tensorflow.compat.v1.to_int32": cast, "tensorflow.compat.v1.cast": cast,
    "tensorflow.zeros": filled, "tensorflow.ones": filled, "tensorflow.eye": filled, "keras.ops.zeros": filled,
    "keras.ops.ones": filled, "tensorflow.zeros_like": like, "tensorflow.ones_like": like, "keras.ops.zeros_like": like,
    "keras.ops.ones_like": like, "tensorflow.range": number_range, "tensorflow.where": where, "keras.ops.where": where,
    "tensorflow.compat.v1.where": where, "tensorflow.experimental.numpy.where": where,
    "tensorflow.compat.v1.where_v2": where,
    "tensorflow.cond": choose, "keras.ops.cond": choose, "tensorflow.case": case, "tensorflow.switch_case": case,
    "tensorflow.while_loop": loop, "keras.ops.while_loop": loop,
    "tensorflow.map_fn": mapped, "tensorflow.vectorized_map": mapped, "tensorflow.scan": mapped,
    "tensorflow.foldl": mapped, "tensorflow.foldr": mapped, "keras.ops.map": mapped, "keras.ops.vectorized_map": mapped,
    "tensorflow.numpy_function": numpy_function, "tensorflow.compat.v1.py_func": numpy_function,
    "tensorflow.py_func": numpy_function, "tensorflow.py_function": py_function,
    "tensorflow.function": graph_function, "tensorflow.compat.v1.function": graph_function,
    "tensorflow.custom_gradient": custom, "keras.ops.custom_gradient": custom, "tensorflow.recompute_grad": recompute,
    "tensorflow.init_scope": scope, "tensorflow.compat.v1.assign": assigned,
    "tensorflow.compat.v1.assign_add": assigned,
    "tensorflow.compat.v1.assign_sub": assigned, "tensorflow.nest.flatten": nest, "tensorflow.nest.map_structure": nest,
    "tensorflow.nest.pack_sequence_as": nest, "tensorflow.clip_by_global_norm": clip_norm,
    "tensorflow.gradients": unsupported, "tensorflow.compat.v1.gradients": unsupported, "keras.Input": keras_input,
    "tensorflow.one_hot": one_hot, "keras.ops.one_hot": one_hot, "keras.utils.to_categorical": one_hot,
    "tensorflow.gather": indexed, "tensorflow.gather_nd": indexed, "tensorflow.nn.embedding_lookup": indexed,
    "tensorflow.boolean_mask": indexed, "keras.ops.take": indexed, "keras.ops.take_along_axis": indexed,
    "tensorflow.image.resize": resize, "tensorflow.compat.v1.image.resize": resize,
    **{_T + "random." + kind: random_values for kind in (
        "normal", "uniform", "truncated_normal", "stateless_normal", "stateless_uniform", "stateless_truncated_normal",
    )},
    "tensorflow.get_static_value": leaves, "tensorflow.make_ndarray": leaves,
    "tensorflow.experimental.dlpack.to_dlpack": leaves, "tensorflow.make_tensor_proto": leaves,
    "keras.backend.get_value": leaves, "keras.backend.eval": leaves, "keras.ops.convert_to_numpy": leaves,
    "tensorflow.io.parse_tensor": parsed, "tensorflow.experimental.dlpack.from_dlpack": parsed,
    "tensorflow.image.convert_image_dtype": image_dtype, "tensorflow.raw_ops.PreventGradient": unregistered,
    "tensorflow.raw_ops.GuaranteeConst": unregistered, "tensorflow.IndexedSlices": slices,
    "tensorflow.SparseTensor": slices, "tensorflow.sparse.SparseTensor": slices,
    "keras.random.normal": random_values, "keras.random.uniform": random_values,
}  # fmt: skip
