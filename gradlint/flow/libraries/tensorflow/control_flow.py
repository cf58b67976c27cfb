"""TensorFlow functions that take functions of the program: control flow, maps, and wrappers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.flow.libraries.models import argument
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import Bound, Function, Partial
from gradlint.flow.values.values import Array, Const, Items, Known, LibObject, Number, Seq, Tensor, Value, Variable

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.libraries.models import Special


def choose(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.cond``: one of two functions is called; in eager mode the other one is not."""
    predicate = argument(args, kwargs, 0, "pred")
    ways = [argument(args, kwargs, 1, "true_fn"), argument(args, kwargs, 2, "false_fn")]
    if predicate is None or any(way is None for way in ways):
        return machine.unknown("cond", node, [*args, *kwargs.values()])
    truth = machine.truth(predicate, node)
    if truth is not None and not machine.in_graph:
        way = ways[0] if truth else ways[1]
        assert way is not None
        return machine.call(way, [], {}, node)
    text = machine.text(node)
    calls = [_caller(machine, way, [], node) for way in ways if way is not None]
    return machine.fork(calls, [f"when the condition of `{text[:40]}` is true", "when it is false"])


def _caller(machine: Interpreter, function: Value, given: list[Value], node: ast.AST) -> Callable[[], Value]:
    return lambda: machine.call(function, given, {}, node)


def case(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.case`` and ``tf.switch_case``: one of several functions is called."""
    functions = [leaf for value in (*args, *kwargs.values()) for leaf in machine.leaves(value)]
    functions = [leaf for leaf in functions if isinstance(leaf, Function | Bound | Partial)]
    if not functions:
        return machine.unknown("case", node, [*args, *kwargs.values()])
    return machine.fork([_caller(machine, function, [], node) for function in functions], [""] * len(functions))


def loop(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.while_loop(cond, body, loop_vars)``: the body, twice."""
    body = argument(args, kwargs, 1, "body")
    start = argument(args, kwargs, 2, "loop_vars")
    if body is None or not isinstance(start, Seq):
        return machine.unknown("while_loop", node, [*args, *kwargs.values()])
    current: list[Value] = list(start.items.values)
    for _ in range(2):
        current = [generalised(machine, value, node) for value in current]
        result = machine.call(body, current, {}, node)
        items = list(result.items.values) if isinstance(result, Seq) else [result]
        if len(items) != len(current):
            return machine.unknown("while_loop", node, [*args, result])
        current = items
    return sequence(current, "list", node=node)


def generalised(machine: Interpreter, value: Value, node: ast.AST) -> Value:
    """A loop variable as any turn may have it: a tensor."""
    if isinstance(value, Const):
        return machine.tensor(node, [], dtype=dtypes.of(value))
    return value


def mapped(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.map_fn``, ``tf.scan``, ``tf.vectorized_map``, ``tf.foldl``: a function called on elements."""
    function = argument(args, kwargs, 0, "fn" if not name.endswith("associative_scan") else "f")
    elements = argument(args, kwargs, 1, "elems")
    if function is None or elements is None:
        return machine.unknown("map", node, [*args, *kwargs.values()])
    element = _element(machine, elements, node)
    initial = argument(args, kwargs, 2, "initializer")
    if name.rpartition(".")[2] in {"scan", "foldl", "foldr"}:
        state = initial if initial is not None else element
        result: Value = state
        for _ in range(2):
            result = machine.call(function, [result, element], {}, node)
    else:
        result = machine.call(function, [element], {}, node)
    asked = kwargs.get("fn_output_signature") or kwargs.get("dtype")

    def stacked(value: Value) -> Value:
        if isinstance(value, Seq):
            return Seq(Items(tuple(stacked(item) for item in value.items.values), value.items.exact), value.kind)
        parents = [leaf for leaf in machine.leaves(value) if not isinstance(leaf, Const)]
        return machine.tensor(node, parents, dtype=dtypes.named(asked) or dtypes.of(value), op=name)

    return stacked(result)


def _element(machine: Interpreter, elements: Value, node: ast.AST) -> Value:
    if isinstance(elements, Seq):
        return Seq(Items(tuple(_element(machine, item, node) for item in elements.items.values)), "tuple")
    parents = [leaf for leaf in machine.leaves(elements) if not isinstance(leaf, Const)]
    return machine.tensor(node, parents, dtype=dtypes.of(elements), op="tensorflow.strided_slice")


def numpy_function(
    machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """``tf.numpy_function`` and ``tf.compat.v1.py_func``: a gradient never passes."""
    inputs = argument(args, kwargs, 1, "inp")
    parents = [leaf for leaf in machine.leaves(inputs) if not isinstance(leaf, Const)] if inputs is not None else []
    cut = machine.cut(Kind.OPAQUE, node, machine.callee(node), name, reason="numpy-function")
    dtype = dtypes.named(argument(args, kwargs, 2, "Tout"))
    made = machine.tensor(node, parents, dtype=dtype, op=name, cut=cut)
    function = argument(args, kwargs, 0, "func")
    if isinstance(function, Function):
        machine.depend(made, list(machine.captured(function)), cut)
    return made


def py_function(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.py_function``: passes to what stands in ``inp``, not to what the function captures."""
    inputs = argument(args, kwargs, 1, "inp")
    function = argument(args, kwargs, 0, "func")
    given = [leaf for leaf in machine.leaves(inputs) if not isinstance(leaf, Const)] if inputs is not None else []
    fresh: list[Value] = [machine.tensor(node, [leaf], dtype=dtypes.of(leaf), op=name) for leaf in given]
    dtype = dtypes.named(argument(args, kwargs, 2, "Tout"))
    if not isinstance(function, Function | Known):
        return machine.unknown("py_function", node, [*given, *([function] if function is not None else [])])
    machine.eager = True
    result = machine.call(function, fresh, {}, node)
    made = machine.tensor(node, [], dtype=dtype, op=name)
    if any(isinstance(leaf, Array | Number) for leaf in machine.leaves(result)):
        cut = machine.cut(Kind.OPAQUE, node, machine.callee(node), name, reason="py-function-converts")
        machine.depend(made, given, cut)
    else:
        machine.depend(made, given, sure=False)
    if isinstance(function, Function):
        captured = [value for value in machine.captured(function) if isinstance(value, Variable | Tensor)]
        machine.depend(
            made, captured, machine.cut(Kind.OPAQUE, node, machine.callee(node), name, reason="py-function-captures")
        )
    return made


def graph_function(
    machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """``tf.function(f)``: the same function, run as a graph."""
    function = argument(args, kwargs, 0, "func")
    if isinstance(function, Function):
        made = function.copy()
        made.graph = True
        return made
    return function if function is not None else Known("tensorflow.function")


def custom(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.custom_gradient(f)``."""
    function = argument(args, kwargs, 0, "f")
    if isinstance(function, Function):
        return machine.custom_gradient(function, node)
    return machine.foreign("custom gradient", node, args)


def pass_through(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.grad_pass_through(f)``: computes with f, and passes the gradient by it."""
    function = argument(args, kwargs, 0, "f")
    given = (function,) if function is not None else (machine.anything,)
    return LibObject("tensorflow.grad_pass_through", "custom-gradient", span_of(node), given)


def recompute(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.recompute_grad(f)``: the same function."""
    return args[0] if args else machine.unknown("recompute", node)


CALLS: dict[str, Special] = {
    "tensorflow.grad_pass_through": pass_through, "tensorflow.cond": choose, "keras.ops.cond": choose,
    "tensorflow.case": case, "tensorflow.switch_case": case, "tensorflow.while_loop": loop,
    "keras.ops.while_loop": loop, "tensorflow.map_fn": mapped, "tensorflow.vectorized_map": mapped,
    "tensorflow.scan": mapped, "tensorflow.foldl": mapped, "tensorflow.foldr": mapped, "keras.ops.map": mapped,
    "keras.ops.vectorized_map": mapped, "tensorflow.numpy_function": numpy_function,
    "tensorflow.compat.v1.py_func": numpy_function, "tensorflow.py_func": numpy_function,
    "tensorflow.py_function": py_function, "tensorflow.function": graph_function,
    "tensorflow.compat.v1.function": graph_function, "tensorflow.custom_gradient": custom,
    "keras.ops.custom_gradient": custom, "tensorflow.recompute_grad": recompute,
}  # fmt: skip
"""What each of these functions gives, by its canonical name."""
