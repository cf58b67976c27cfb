"""Runs ``with`` statements: enters their context managers, runs the body and leaves them again."""

from __future__ import annotations

import ast
import contextlib
from typing import TYPE_CHECKING, Any

from gradlint.flow.machine import assignments, calls
from gradlint.flow.machine.nodes import runs
from gradlint.flow.tapes import tape as tapes
from gradlint.flow.values.kinds import ByKind
from gradlint.flow.values.program import Bound, Function, Generator, Instance
from gradlint.flow.values.values import Const, Join, Known, LibObject, StopRecording, Tape, Unknown, Value
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradlint.flow.machine.core import Core

    Bind = Callable[[Value], None]
    """Lets the name after ``as`` hold a value."""


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

    def bound(value: Value) -> None:
        if item.optional_vars is not None:
            machine.tape_names.setdefault(id(value), machine.text(item.optional_vars))
            assignments.assign(machine, item.optional_vars, value, node)

    if isinstance(manager, Join):
        for option in manager.options:
            machine.escape(option)
    if isinstance(manager, Known) and behaviours.has(manager.name, "gradient-tape"):
        tapes.enter_class(machine, item.context_expr)
    return MANAGE.for_value(manager)(machine, manager, item, bound, body)


def _manage_other(machine: Core, manager: Value, item: ast.withitem, bound: Bind, body: Callable[[], str]) -> str:
    if item.optional_vars is not None:
        given = manager if isinstance(manager, Unknown) else machine.unknown("with", item.context_expr, [manager])
        bound(manager.state.get("given", manager) if isinstance(manager, LibObject) else given)
    return body()


MANAGE: ByKind[Callable[[Core, Any, ast.withitem, Bind, Callable[[], str]], str]] = ByKind(_manage_other)
"""What runs a body inside a context manager, by its class."""


@MANAGE.of(Tape)
def _manage_tape(machine: Core, tape: Tape, item: ast.withitem, bound: Bind, body: Callable[[], str]) -> str:
    tapes.enter(machine, tape, item.context_expr)
    bound(tape)
    try:
        return body()
    finally:
        tapes.leave(machine, tape)


@MANAGE.of(StopRecording)
def _manage_pause(
    machine: Core, manager: StopRecording, _item: ast.withitem, _bound: Bind, body: Callable[[], str]
) -> str:
    tapes.pause(machine, manager.tape)
    try:
        return body()
    finally:
        tapes.resume(machine, manager.tape)


@MANAGE.of(LibObject)
def _manage_library_object(
    machine: Core, manager: LibObject, item: ast.withitem, bound: Bind, body: Callable[[], str]
) -> str:
    if behaviours.has(manager.name, "scope"):
        with machine.unseen():
            return body()
    end = _manage_other(machine, manager, item, bound, body)
    if manager.family == "exit-stack":
        tapes.unwind(machine, manager, item.context_expr)
    return end


@MANAGE.of(Generator)
def _manage_generator(
    machine: Core, manager: Generator, item: ast.withitem, bound: Bind, body: Callable[[], str]
) -> str:
    if isinstance(manager.node, ast.FunctionDef):
        return generator_manager(machine, manager, bound, body)
    return _manage_other(machine, manager, item, bound, body)


@MANAGE.of(Instance)
def _manage_instance(machine: Core, manager: Instance, item: ast.withitem, bound: Bind, body: Callable[[], str]) -> str:
    enter = machine.class_attribute(manager.cls, "__enter__")
    leave = machine.class_attribute(manager.cls, "__exit__")
    if not isinstance(enter, Function):
        return _manage_other(machine, manager, item, bound, body)
    bound(machine.call(Bound(enter, manager), [], {}, item.context_expr))
    try:
        return body()
    finally:
        if isinstance(leave, Function):
            nothing: list[Value] = [Const(None)] * 3
            machine.call(Bound(leave, manager), nothing, {}, item.context_expr)


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


@contextlib.contextmanager
def unseen(machine: Core) -> Iterator[None]:
    """While no tape sees what runs: in ``tf.init_scope``, another thread, a data set's function."""
    held, began = machine.recording, machine.tick()
    machine.record_with(())
    try:
        yield
    finally:
        machine.record_with(held)
        machine.unseen_spans.append((began, machine.tick()))
