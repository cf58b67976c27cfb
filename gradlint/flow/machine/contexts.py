"""Runs ``with`` statements: enters their context managers, runs the body and leaves them again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.machine import assignments, calls
from gradlint.flow.machine.nodes import runs
from gradlint.flow.tapes import tape as tapes
from gradlint.flow.values.program import Bound, Function, Generator, Instance
from gradlint.flow.values.values import Const, Join, Known, LibObject, StopRecording, Tape, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.machine.core import Core
    from gradlint.flow.values.values import Recording


# -- with ----------------------------------------------------------------------------------------------------------


@runs(ast.With, ast.AsyncWith)
def run_with(machine: Core, node: ast.With | ast.AsyncWith) -> str:
    return with_items(machine, node, 0)


def with_items(machine: Core, node: ast.With | ast.AsyncWith, index: int) -> str:
    """Enter the items of a ``with`` one after the other, run the body, and leave them again."""
    if index == len(node.items):
        return machine.block(node.body)
    item = node.items[index]
    manager = machine.eval(item.context_expr)
    return managed(machine, manager, item, lambda: with_items(machine, node, index + 1), node)


def managed(machine: Core, manager: Value, item: ast.withitem, body: Callable[[], str], node: ast.AST) -> str:
    """Run a body inside a context manager."""
    expression = item.context_expr

    def bound(value: Value) -> None:
        if item.optional_vars is not None:
            machine.tape_names.setdefault(id(value), machine.text(item.optional_vars))
            assignments.assign(machine, item.optional_vars, value, node)

    if isinstance(manager, Tape):
        tapes.enter(machine, manager, expression)
        bound(manager)
        try:
            return body()
        finally:
            tapes.leave(machine, manager)
    if isinstance(manager, Join):
        for option in manager.options:
            machine.escape(option)
    if isinstance(manager, StopRecording):
        before = tapes.pause(machine, manager.tape)
        try:
            return body()
        finally:
            tapes.resume(machine, manager.tape, before)
    if isinstance(manager, LibObject) and manager.name == "tensorflow.init_scope":
        held = machine.suspend()
        try:
            return body()
        finally:
            machine.record_with(held)
    if isinstance(manager, Generator) and isinstance(manager.node, ast.FunctionDef):
        return generator_manager(machine, manager, bound, body)
    if isinstance(manager, Instance):
        enter = machine.class_attribute(manager.cls, "__enter__")
        leave = machine.class_attribute(manager.cls, "__exit__")
        if isinstance(enter, Function):
            bound(machine.call(Bound(enter, manager), [], {}, expression))
            try:
                return body()
            finally:
                if isinstance(leave, Function):
                    nothing: list[Value] = [Const(None)] * 3
                    machine.call(Bound(leave, manager), nothing, {}, expression)
    if isinstance(manager, Known) and manager.name == "tensorflow.GradientTape":
        tapes.enter_class(machine, expression)
    if isinstance(manager, LibObject) and manager.family == "exit-stack":
        bound(manager)
        end = body()
        for tape in reversed(manager.state.get("entered", ())):
            tapes.leave(machine, tape)
        return end
    if item.optional_vars is not None:
        bound(manager if isinstance(manager, LibObject | Unknown) else machine.unknown("with", expression, [manager]))
    return body()


def generator_manager(
    machine: Core, manager: Generator, bound: Callable[[Value], None], body: Callable[[], str]
) -> str:
    """Run a body at the ``yield`` of a function that ``contextlib.contextmanager`` wraps."""
    end = "normal"
    ran = False

    def at_yield(value: Value) -> Value:
        nonlocal end, ran
        if not ran:
            ran = True
            inner = machine.stack.pop()
            try:
                bound(value)
                end = body()
            finally:
                machine.stack.append(inner)
        return Const(None)

    function = manager.frame.function
    assert function is not None
    assert not isinstance(function.node, ast.Lambda)
    code = function.node

    def run() -> Value:
        machine.stack[-1].on_yield = at_yield
        return calls.body_of(machine, code)

    calls.inside(machine, function, manager.frame, code, run)
    if not ran:
        end = body()
    return end


def suspend(machine: Core) -> tuple[Recording, ...]:
    """Take all tapes off the record (``tf.init_scope``); gives what to put back."""
    before = machine.recording
    machine.record_with(())
    return before
