"""Calls of functions under ``tf.custom_gradient``: the program gives the gradient of their arguments itself."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.causes import NoGradient, Unconnected
from gradlint.flow.graph.derivatives import FACTORS
from gradlint.flow.libraries.models import CALLED, LibraryCall, methods
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.numbers import sizes
from gradlint.flow.values.program import Function
from gradlint.flow.values.trees import children
from gradlint.flow.values.values import Array, Const, Items, LibObject, Number, Params, Seq, Tensor, Value, Variable

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter


@methods("custom-gradient", CALLED)
def call_with_gradient(machine: Interpreter, value: LibObject, call: LibraryCall) -> Value:
    """Call a function under ``tf.custom_gradient``: the program gives the gradient to its arguments itself."""
    function = value.arguments[0]
    machine.recorder.muted += 1
    began = machine.tick()
    try:
        inner = machine.call(function, call.args, call.kwargs, call.node)
    finally:
        machine.recorder.muted -= 1
    given = call.leaves(machine)
    result = inner
    if isinstance(inner, Seq) and inner.items.values:
        result = inner.items.values[0]
    if isinstance(inner, Seq) and isinstance(result, Tensor | Variable):
        rest = inner.items.values[1:]
        used = _uses_variables(machine, function, given) or _reads_variables(machine, result, given, began)
        if _takes_no_variables(rest) and used:
            return _refused(machine, call, result)
        raised = _unpacked(machine, rest, result, call.node) if used else None
        if raised is not None:
            cause = NoGradient(machine.text(call.node), custom="alone", exception=raised)
            cut = machine.cut(cause, call.node)
            return machine.tensor(call.node, given, dtype=dtypes.of(result), cut=cut)
        if _gives_wrong_count(machine, rest, len(call.args), call.node):
            cause = NoGradient(machine.text(call.node), custom="count", exception="ValueError")
            cut = machine.cut(cause, call.node)
            return machine.tensor(call.node, given, dtype=dtypes.of(result), cut=cut)
        if _gives_none(machine, inner.items.values[1:], call.node):
            cut = machine.cut(Unconnected(machine.text(call.node), why="custom-gradient"), call.node)
            return machine.tensor(call.node, given, dtype=dtypes.of(result), cut=cut)
    return _made(machine, function, given, inner, result, call)


def _made(
    machine: Interpreter, function: Value, given: list[Value], inner: Value, result: Value, call: LibraryCall
) -> Value:
    """What a call gives that is not refused: it leads to the arguments that its gradient function answers for.

    Args:
        machine: What runs the program.
        function: The function under ``tf.custom_gradient``.
        given: What stands for tensors in the arguments.
        inner: What the function gives.
        result: The result in that, without the gradient function.
        call: The call.
    """
    ways = _by_argument(machine, function, call.args, call.kwargs, inner, call.node)
    if ways is not None and not isinstance(result, Seq):
        reaching, blocked = ways
        made = machine.tensor(call.node, reaching, dtype=dtypes.of(result), sure=False)
        machine.depend(
            made, blocked, machine.cut(Unconnected(machine.text(call.node), why="custom-gradient"), call.node)
        )
        return made
    if isinstance(result, Seq):
        made_items = tuple(machine.tensor(call.node, given, sure=False) for _ in result.items.values)
        return Seq(Items(made_items, result.items.exact), result.kind, span_of(call.node))
    captured = list(machine.captured(function)) if isinstance(function, Function) else []
    if not isinstance(result, Tensor | Variable | Array | Number | Const):
        return machine.unknown("call", call.node, [*given, *captured])
    made = machine.tensor(call.node, [*given, *captured], dtype=dtypes.of(result), sure=False)
    factors = _factors(machine, inner.items.values[1:], call.node) if isinstance(inner, Seq) else None
    if factors is not None:
        made.extra = {FACTORS: factors}
    return made


def _refused(machine: Interpreter, call: LibraryCall, result: Value) -> Value:
    """A call that raises, since the function uses a Variable and its gradient has no place for one."""
    cause = NoGradient(machine.callee(call.node), custom="variables", exception="TypeError")
    machine.recorder.claim(cause, span_of(call.node), exception="TypeError")
    made = machine.tensor(call.node, call.tensors(machine), dtype=dtypes.of(result), sure=False)
    machine.doom(made, call.node, "TypeError")
    return made


def _takes_no_variables(rest: tuple[Value, ...]) -> bool:
    """Whether the gradient function surely has no parameter for the gradients of Variables."""
    if len(rest) != 1 or not isinstance(rest[0], Function):
        return False
    given = rest[0].node.args
    return given.kwarg is None and all(one.arg != "variables" for one in (*given.args, *given.kwonlyargs))


def _uses_variables(machine: Interpreter, function: Value, given: list[Value]) -> bool:
    """Whether a function surely reads a trainable Variable that is none of its arguments.

    A ``keras.Variable`` among them is read, since it is no ``tf.Variable`` itself (Keras 3.15).
    """
    if not isinstance(function, Function):
        return False
    own = _read_names(function.node)
    captured = {id(value) for value in machine.captured(function)}
    around = [value for value in (function.frame.names.get(name) for name in own) if id(value) in captured]
    passed = {id(value) for value in given}
    used = [value for value in around if isinstance(value, Variable) and id(value) not in passed]
    used += [value for value in given if isinstance(value, Variable) and value.keras is True]
    by_layer = any(isinstance(value, Params) for value in given)
    return by_layer or any(value.trainable is True for value in used)


def _reads_variables(machine: Interpreter, result: Value, given: list[Value], began: int) -> bool:
    """Whether a result was surely computed from a trainable Variable that was read after a function began to run."""
    passed = {id(value) for value in given}
    seen: set[int] = set()
    waiting: list[Value] = [result]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or id(value) in passed:
            continue
        seen.add(id(value))
        if isinstance(value, Variable):
            if value.trainable is True and value.keras is False:
                return True
            continue
        if value.born > began:
            machine.spend(1 + len(value.edges))
            waiting += [edge.parent for edge in value.edges if edge.sure and edge.cut is None]
    return False


def _read_names(function: ast.AST) -> set[str]:
    """The names that a function's own code reads, without the functions inside it."""
    found: set[str] = set()
    waiting: list[ast.AST] = children(function)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            waiting.extend(children(node))
    return found


def _gives_wrong_count(machine: Interpreter, rest: tuple[Value, ...], count: int, node: ast.AST) -> bool:
    """Whether the gradient function surely gives another number of gradients than there are arguments."""
    answer = _answer(machine, rest, node)
    if isinstance(answer, Tensor):
        return count > 1
    return (
        _takes_no_variables(rest)
        and isinstance(answer, Seq)
        and answer.items.exact
        and len(answer.items.values) != count
    )


def _unpacked(machine: Interpreter, rest: tuple[Value, ...], result: Value, node: ast.AST) -> str | None:
    """What TensorFlow raises where a gradient function gives what came from above, and nothing for the Variables.

    It takes two things out of the answer (TensorFlow 2.21). A gradient from above has the result's shape; one of two
    rows could be taken apart, so the shape is to be known.
    """
    axes = sizes(result)
    above = machine.tensor(node, [])
    if axes is None or len(axes) > 1 or _answer(machine, rest, node, above) is not above:
        return None
    return "ValueError" if axes and axes[0] != 2 else "TypeError"


def _answer(machine: Interpreter, rest: tuple[Value, ...], node: ast.AST, above: Tensor | None = None) -> Value | None:
    """What the gradient function of a custom gradient gives."""
    if len(rest) != 1 or not isinstance(rest[0], Function):
        return None
    machine.recorder.muted += 1
    try:
        return machine.call(rest[0], [above or machine.tensor(node, [])], {}, node)
    finally:
        machine.recorder.muted -= 1


def _factors(machine: Interpreter, rest: tuple[Value, ...], node: ast.AST) -> list[Value] | None:
    """What a gradient function computes its answer from beside what comes from above; None where that is not known."""
    above = machine.tensor(node, [])
    began = machine.tick()
    answer = _answer(machine, rest, node, above)
    if answer is None:
        return None
    found: list[Value] = []
    seen: set[int] = {id(above)}
    waiting = list(machine.leaves(answer))
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, Const):
            continue
        seen.add(id(value))
        if not isinstance(value, Tensor | Variable):
            return None
        if isinstance(value, Variable) or value.born < began:
            found.append(value)
            continue
        machine.spend(1 + len(value.edges))
        waiting += [edge.parent for edge in value.edges]
    return found


def _gives_none(machine: Interpreter, rest: tuple[Value, ...], node: ast.AST) -> bool:
    """Whether the gradient function surely gives None, and nothing else."""
    answer = _answer(machine, rest, node)
    return isinstance(answer, Const) and answer.value is None


def _by_argument(
    machine: Interpreter, function: Value, args: list[Value], kwargs: dict[str, Value], inner: Value, node: ast.AST
) -> tuple[list[Value], list[Value]] | None:
    """The arguments that the gradient function surely gives something for, and those that it gives None for.

    None where it gives None for none of them, or where that is not known.
    """
    if kwargs or not isinstance(inner, Seq):
        return None
    answer = _answer(machine, inner.items.values[1:], node)
    if not isinstance(answer, Seq) or not answer.items.exact or len(answer.items.values) != len(args):
        return None
    gets_none = [isinstance(value, Const) and value.value is None for value in answer.items.values]
    if not any(gets_none):
        return None
    captured = list(machine.captured(function)) if isinstance(function, Function) else []
    reaching = [leaf for arg, lost in zip(args, gets_none, strict=True) if not lost for leaf in machine.leaves(arg)]
    blocked = [leaf for arg, lost in zip(args, gets_none, strict=True) if lost for leaf in machine.leaves(arg)]
    return [*reaching, *captured], blocked
