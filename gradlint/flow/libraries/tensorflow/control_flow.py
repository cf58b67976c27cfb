"""TensorFlow functions that take functions of the program: control flow, maps, and wrappers."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from gradlint.flow.causes import Opaque
from gradlint.flow.libraries.models import LibraryCall, models, tensors_in
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import Bound, Function, Partial
from gradlint.flow.values.values import Array, Const, Items, Known, LibObject, Number, Seq, Tensor, Value, Variable
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from gradlint.flow.interpreter import Interpreter


@models("cond")
def choose(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.cond``: one of two functions is called; in eager mode the other one is not."""
    predicate = call.argument(0, "pred")
    ways = [call.argument(1, "true_fn"), call.argument(2, "false_fn")]
    if predicate is None or any(way is None for way in ways):
        return machine.unknown("cond", call.node, call.values)
    truth = machine.truth(predicate, call.node)
    if truth is not None and not machine.in_graph:
        way = ways[0] if truth else ways[1]
        assert way is not None
        return machine.call(way, [], {}, call.node)
    text = machine.text(call.node)
    calls = [_caller(machine, way, [], call.node) for way in ways if way is not None]
    return machine.fork(calls, [f"when the condition of `{text[:40]}` is true", "when it is false"])


def _caller(machine: Interpreter, function: Value, given: list[Value], node: ast.AST) -> Callable[[], Value]:
    return lambda: machine.call(function, given, {}, node)


@models("case")
def case(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.case`` and ``tf.switch_case``: one of several functions is called."""
    functions = call.leaves(machine)
    functions = [leaf for leaf in functions if isinstance(leaf, Function | Bound | Partial)]
    if not functions:
        return machine.unknown("case", call.node, call.values)
    return machine.fork([_caller(machine, function, [], call.node) for function in functions], [""] * len(functions))


@models("while-loop")
def loop(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.while_loop(cond, body, loop_vars)``: the body, twice."""
    body = call.argument(1, "body")
    start = call.argument(2, "loop_vars")
    if body is None or not isinstance(start, Seq):
        return machine.unknown("while_loop", call.node, call.values)
    current: list[Value] = list(start.items.values)
    with machine.graph_loop(is_sure=True) if machine.in_graph else nullcontext():
        for _ in range(2):
            current = [generalised(machine, value, call.node) for value in current]
            result = machine.call(body, current, {}, call.node)
            items = list(result.items.values) if isinstance(result, Seq) else [result]
            if len(items) != len(current):
                return machine.unknown("while_loop", call.node, [*call.args, result])
            current = items
    return sequence(current, "list", node=call.node)


def generalised(machine: Interpreter, value: Value, node: ast.AST) -> Value:
    """A loop variable as any turn may have it: a tensor."""
    if isinstance(value, Const):
        return machine.tensor(node, [], dtype=dtypes.of(value))
    return value


@models("map")
def mapped(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.map_fn``, ``tf.scan``, ``tf.vectorized_map``, ``tf.foldl``: a function called on elements."""
    function = call.argument(0, "fn" if not call.name.endswith("associative_scan") else "f")
    elements = call.argument(1, "elems")
    if function is None or elements is None:
        return machine.unknown("map", call.node, call.values)
    element = _element(machine, elements, call.node)
    initial = call.argument(2, "initializer")
    in_loop = machine.in_graph and call.last != "vectorized_map"
    with machine.graph_loop(is_sure=True) if in_loop else nullcontext():
        if call.last in {"scan", "foldl", "foldr"}:
            result: Value = initial if initial is not None else element
            for _ in range(2):
                result = machine.call(function, [result, element], {}, call.node)
        else:
            result = machine.call(function, [element], {}, call.node)
    asked = call.kwargs.get("fn_output_signature") or call.kwargs.get("dtype")

    def stacked(value: Value) -> Value:
        if isinstance(value, Seq):
            return Seq(Items(tuple(stacked(item) for item in value.items.values), value.items.exact), value.kind)
        parents = tensors_in(machine, value)
        return machine.tensor(call.node, parents, dtype=dtypes.named(asked) or dtypes.of(value), op=call.name)

    return stacked(result)


def _element(machine: Interpreter, elements: Value, node: ast.AST) -> Value:
    if isinstance(elements, Seq):
        return Seq(Items(tuple(_element(machine, item, node) for item in elements.items.values)), "tuple")
    parents = tensors_in(machine, elements)
    return machine.tensor(node, parents, dtype=dtypes.of(elements), op=behaviours.the("operator:[]"))


@models("calls-numpy")
def numpy_function(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.numpy_function`` and ``tf.compat.v1.py_func``: a gradient never passes."""
    inputs = call.argument(1, "inp")
    parents = tensors_in(machine, inputs) if inputs is not None else []
    cut = machine.cut(Opaque(*call.written(machine), "numpy-function"), call.node)
    dtype = dtypes.named(call.argument(2, "Tout"))
    made = machine.tensor(call.node, parents, dtype=dtype, op=call.name, cut=cut)
    function = call.argument(0, "func")
    if isinstance(function, Function):
        machine.depend(made, list(machine.captured(function)), cut)
    if isinstance(function, Function | Bound) and inputs is not None:
        machine.depend(made, _inside(machine, function, parents, call.node), cut)
    return made


def _inside(machine: Interpreter, function: Value, given: list[Value], node: ast.AST) -> list[Value]:
    """What a function's result is computed from that runs with the arrays of some tensors."""
    fresh: list[Value] = [Array(dtypes.of(leaf), span_of(node)) for leaf in given]
    machine.recorder.muted += 1
    try:
        result = machine.call(function, fresh, {}, node)
    finally:
        machine.recorder.muted -= 1
    found: dict[int, Value] = {}
    waiting = tensors_in(machine, result)
    while waiting:
        value = waiting.pop()
        if id(value) in found:
            continue
        found[id(value)] = value
        waiting += [edge.parent for edge in value.edges if edge.cut is not None]
        machine.spend(1 + len(value.edges))
    return list(found.values())


@models("calls-python")
def py_function(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.py_function``: passes to what stands in ``inp``, not to what the function captures."""
    inputs = call.argument(1, "inp")
    function = call.argument(0, "func")
    given = tensors_in(machine, inputs) if inputs is not None else []
    fresh: list[Value] = [machine.tensor(call.node, [leaf], dtype=dtypes.of(leaf), op=call.name) for leaf in given]
    dtype = dtypes.named(call.argument(2, "Tout"))
    if not isinstance(function, Function | Known):
        return machine.unknown("py_function", call.node, [*given, *([function] if function is not None else [])])
    machine.eager = True
    result = machine.call(function, fresh, {}, call.node)
    made = machine.tensor(call.node, [], dtype=dtype, op=call.name)
    if any(isinstance(leaf, Array | Number) for leaf in machine.leaves(result)):
        cut = machine.cut(Opaque(*call.written(machine), "py-function-converts"), call.node)
        machine.depend(made, given, cut)
    else:
        machine.depend(made, given, sure=False)
    if isinstance(function, Function):
        captured = [value for value in machine.captured(function) if isinstance(value, Variable | Tensor)]
        machine.depend(made, captured, machine.cut(Opaque(*call.written(machine), "py-function-captures"), call.node))
    return made


@models("graph-function")
def graph_function(_machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.function(f)``: the same function, run as a graph."""
    function = call.argument(0, "func")
    if isinstance(function, Function):
        made = function.copy()
        made.graph = True
        return made
    return function if function is not None else Known(behaviours.the("graph-function"))


@models("custom-gradient")
def custom(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.custom_gradient(f)``."""
    function = call.argument(0, "f")
    if isinstance(function, Function):
        return machine.custom_gradient(function, call.node)
    return machine.foreign("custom gradient", call.node, call.args)


@models("pass-through")
def pass_through(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.grad_pass_through(f)``: computes with f, and passes the gradient by it."""
    function = call.argument(0, "f")
    given = (function,) if function is not None else (machine.anything,)
    return LibObject(call.name, "custom-gradient", span_of(call.node), given)


@models("eagerly")
def eagerly(machine: Interpreter, _call: LibraryCall) -> Value:
    """``tf.executing_eagerly()``: in code that is not traced it holds; what stands on the other way is graph code."""
    return Const(not machine.in_graph)


@models("inside-function")
def inside_function(machine: Interpreter, _call: LibraryCall) -> Value:
    """``tf.inside_function()``."""
    return Const(machine.in_graph)


@models("outside-functions")
def outside_functions(_machine: Interpreter, _call: LibraryCall) -> Value:
    """``tf.compat.v1.executing_eagerly_outside_functions()``: it holds in all TensorFlow 2 code."""
    return Const(True)
