"""``tf.autodiff.ForwardAccumulator``: a tape that follows its primals forward, and is asked by ``jvp``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries.models import LibraryCall, methods, models
from gradlint.flow.tapes import ask
from gradlint.flow.tapes.question import TapeCall
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import Tape, Tensor, Value, Variable

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

PRIMALS = "primals"


@models("accumulator")
def accumulator(machine: Interpreter, call: LibraryCall) -> Value:
    """``ForwardAccumulator(primals, tangents)``: it follows the primals, and nothing else."""
    primals, node = call.argument(0, PRIMALS), call.node
    written = _written(node)
    if primals is None or written is None:
        return machine.foreign("call", node, call.values)
    tape = Tape(span_of(node), persistent=True, accessed=False)
    tape.born = machine.tick()
    tape.state["graphs"] = machine.graphs
    tape.state["early"] = tuple(machine.leaves(primals))
    tape.state[PRIMALS] = (primals, written)
    return tape


def _written(node: ast.AST) -> ast.expr | None:
    """What names the primals."""
    if not isinstance(node, ast.Call):
        return None
    named = (keyword.value for keyword in node.keywords if keyword.arg == PRIMALS)
    return node.args[0] if node.args else next(named, None)


@methods(Tape, "jvp")
def jvp(machine: Interpreter, tape: Tape, call: LibraryCall) -> Value:
    """``accumulator.jvp(y)``: how ``y`` goes with the primals; None where it does not (TensorFlow 2.21)."""
    target, node = call.argument(0, PRIMALS), call.node
    held = tape.state.get(PRIMALS)
    plain = len(call.args) == 1 and not call.kwargs and tape.state["escaped"] is False
    if held is None or not plain or not isinstance(target, Tensor) or not isinstance(node, ast.Call):
        return machine.unknown("jvp", node, call.values)
    primals, written = held
    if not isinstance(primals, Tensor | Variable):
        return machine.unknown("jvp", node, call.values)
    question = TapeCall(
        tape=tape,
        method="jvp",
        node=node,
        target=target,
        sources=primals,
        target_node=node.args[0],
        sources_node=written,
    )
    ask.ask(machine, question)
    return machine.unknown("jvp", node, call.values)
