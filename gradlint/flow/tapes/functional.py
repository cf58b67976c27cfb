"""Functions that differentiate a function by a tape of their own: ``tfp.math.value_and_gradient`` and its kin.

Facts of tensorflow-probability 0.25 on TensorFlow 2.21.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries.models import LibraryCall, models
from gradlint.flow.tapes import ask
from gradlint.flow.tapes.gradients import gradients_of
from gradlint.flow.tapes.question import TapeCall
from gradlint.flow.tapes.tape import enter, leave
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Bound, Function, Partial
from gradlint.flow.values.values import (
    Array,
    Const,
    Items,
    Join,
    Number,
    Params,
    Seq,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.flow.interpreter import Interpreter

_PLAIN = frozenset({"f", "name", "use_gradient_tape"})
"""The arguments beside which nothing changes what is differentiated by what."""


@models("value-and-gradient")
def value_and_gradient(machine: Interpreter, call: LibraryCall) -> Value:
    """``tfp.math.value_and_gradient(f, *args)``: what ``f`` gives of the arguments, and its gradients by them."""
    node, function = call.node, call.argument(0, "f")
    given = call.args[1:] if "f" not in call.kwargs else call.args
    packed = given[0].items if len(given) == 1 and isinstance(given[0], Seq) else None
    if packed is not None and packed.exact:
        given = list(packed.values)
    sources = [_converted(machine, value, node) for value in given]
    known = [source for source in sources if source is not None]
    written = _written(node)
    if not _is_plain(function, call) or written is None or not known or len(known) != len(sources):
        return machine.foreign("call", node, call.values)
    assert isinstance(node, ast.Call)
    assert function is not None
    tape, target = _run(machine, function, known, known, node)
    if isinstance(target, Const | Unknown | Join):
        return machine.unknown("call", node, [target, *known])
    asked: Value = known[0] if packed is None and len(known) == 1 else Seq(Items(tuple(known)), "tuple", span_of(node))
    question = TapeCall(tape, "gradient", node, target, asked, *written)
    answered = ask.ask(machine, question)
    if answered.exception:
        machine.raised(answered.exception)
        return machine.unknown("call", node)
    return Seq(Items((target, gradients_of(machine, question, asked, answered, node))), "tuple", span_of(node))


@models("minimized-function")
def minimize(machine: Interpreter, call: LibraryCall) -> Value:
    """``tfp.math.minimize(loss_fn, ..., trainable_variables=[...])``: it asks for the gradients by these variables."""
    node, loss = call.node, call.argument(0, "loss_fn")
    asked = call.argument(5, "trainable_variables")
    if not isinstance(loss, Function | Bound | Partial) or not isinstance(node, ast.Call):
        return machine.foreign("call", node, call.values)
    variables = list(machine.leaves(asked)) if asked is not None else []
    followed = variables and all(isinstance(variable, Variable | Params) for variable in variables)
    tape, target = _run(machine, loss, [], variables if followed else [], node)
    named = [keyword.value for keyword in node.keywords if keyword.arg == "trainable_variables"]
    if followed and named and asked is not None and not isinstance(target, Const | Unknown | Join):
        place = node.args[0] if node.args else node.func
        ask.ask(machine, TapeCall(tape, "gradient", node, target, asked, place, named[0]))
    return machine.foreign("call", node, call.values)


def _run(
    machine: Interpreter, function: Value, args: list[Value], watched: Sequence[Value], node: ast.AST
) -> tuple[Tape, Value]:
    """Call a function under a tape that watches some values, and nothing else."""
    tape = Tape(span_of(node), persistent=True, accessed=False)
    tape.born = machine.tick()
    tape.state["graphs"] = machine.graphs
    tape.state["early"] = tuple(watched)
    enter(machine, tape, node)
    try:
        takes_none = isinstance(function, Function) and not any(ast.iter_child_nodes(function.node.args))
        return tape, machine.call(function, [] if takes_none else args, {}, node)
    finally:
        leave(machine, tape)


def _is_plain(function: Value | None, call: LibraryCall) -> bool:
    """Whether a call surely differentiates a function of the program by its positional arguments."""
    return isinstance(function, Function | Bound | Partial) and _PLAIN.issuperset(call.kwargs)


def _written(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """What names the function and what names its arguments, in a call that lists them all."""
    if not isinstance(node, ast.Call) or any(isinstance(argument, ast.Starred) for argument in node.args):
        return None
    named = [keyword.value for keyword in node.keywords if keyword.arg == "f"]
    places = [*named, *node.args]
    return (places[0], places[1]) if len(places) > 1 else None


def _converted(machine: Interpreter, value: Value, node: ast.AST) -> Value | None:
    """What a function is called with for an argument: a Variable or a Tensor as it is, else a new Tensor of it."""
    if isinstance(value, Tensor | Variable):
        return value
    if isinstance(value, Array | Number) or (isinstance(value, Const) and isinstance(value.value, int | float)):
        # Numbers are taken for floats where that is possible.
        kind = dtypes.of(value)
        return machine.tensor(node, [value], dtype="float32" if kind == "int32" else kind)
    return None
