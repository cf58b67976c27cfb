"""What goes into a Variable's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.causes import Assigned, NoneUsed
from gradlint.flow.libraries.models import LibraryCall, models, tensors_in
from gradlint.flow.values.making import gain, span_of
from gradlint.flow.values.values import Edge, LostNone, Number, Params, Value, Variable

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter


@models("assigned")
def assigned(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.compat.v1.assign(v, x)`` and its kin."""
    if call.args and isinstance(call.args[0], Variable):
        return assign(machine, call.args[0], call.args[1:], call.node, machine.callee(call.node))
    return machine.unknown("assign", call.node, call.args)


def assign(machine: Interpreter, variable: Variable | Params, given: list[Value], node: ast.AST, callee: str) -> Value:
    """A value goes into a Variable: its state cuts the way to what was assigned."""
    parents = tensors_in(machine, *given)
    parents = [leaf for leaf in parents if leaf is not variable]
    machine.set(variable.state, "known", None)
    machine.set(variable.state, "assigned", True)
    if parents:
        holder = Number("", span_of(node))
        holder.born, holder.where = machine.tick(), machine.stack[-1] if machine.stack else None
        cut = machine.cut(Assigned(callee, variable=machine.name_of(variable)), node)
        machine.depend(holder, parents, cut)
        gain(variable, tuple(Edge(edge.parent, edge.cut, seen=edge.seen) for edge in holder.edges))
        machine.set(variable.state, "last assigned", holder)
    if isinstance(variable, Params) or variable.keras is not False:
        return variable
    made = machine.tensor(node, [variable], dtype=variable.dtype, op="read")
    made.copy_of = variable
    return made


def assigned_none(machine: Interpreter, given: list[Value], node: ast.AST) -> None:
    """``v.assign_sub(g)`` with a gradient that is None."""
    for value in given:
        if isinstance(value, LostNone):
            cause = NoneUsed(into="assign", call=value.call)
            machine.recorder.claim(cause, span_of(node), exception="ValueError")
            machine.raised("ValueError")
