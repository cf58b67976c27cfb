"""Runs ``with`` statements: enters their context managers, runs the body and leaves them again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.machine.iterations import Iterations
from gradlint.flow.tapes import tape as tapes
from gradlint.flow.values.program import Bound, Function, Generator, Instance
from gradlint.flow.values.values import Const, Join, Known, LibObject, StopRecording, Tape, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.values.values import Recording


class Contexts(Iterations):
    """The part of the machine that runs something inside a context manager."""

    # -- with ------------------------------------------------------------------------------------------------------

    def run_With(self, node: ast.With | ast.AsyncWith) -> str:
        return self.with_items(node, 0)

    run_AsyncWith = run_With

    def with_items(self, node: ast.With | ast.AsyncWith, index: int) -> str:
        """Enter the items of a ``with`` one after the other, run the body, and leave them again."""
        if index == len(node.items):
            return self.block(node.body)
        item = node.items[index]
        manager = self.eval(item.context_expr)
        return self.managed(manager, item, lambda: self.with_items(node, index + 1), node)

    def managed(self, manager: Value, item: ast.withitem, body: Callable[[], str], node: ast.AST) -> str:
        """Run a body inside a context manager."""
        expression = item.context_expr

        def bound(value: Value) -> None:
            if item.optional_vars is not None:
                self.tape_names.setdefault(id(value), self.text(item.optional_vars))
                self.assign(item.optional_vars, value, node)

        if isinstance(manager, Tape):
            tapes.enter(self, manager, expression)
            bound(manager)
            try:
                return body()
            finally:
                tapes.leave(self, manager)
        if isinstance(manager, Join):
            for option in manager.options:
                self.escape(option)
        if isinstance(manager, StopRecording):
            before = tapes.pause(self, manager.tape)
            try:
                return body()
            finally:
                tapes.resume(self, manager.tape, before)
        if isinstance(manager, LibObject) and manager.name == "tensorflow.init_scope":
            held = self.suspend()
            try:
                return body()
            finally:
                self.record_with(held)
        if isinstance(manager, Generator) and isinstance(manager.node, ast.FunctionDef):
            return self.generator_manager(manager, bound, body)
        if isinstance(manager, Instance):
            enter = self.class_attribute(manager.cls, "__enter__")
            leave = self.class_attribute(manager.cls, "__exit__")
            if isinstance(enter, Function):
                bound(self.call(Bound(enter, manager), [], {}, expression))
                try:
                    return body()
                finally:
                    if isinstance(leave, Function):
                        nothing: list[Value] = [Const(None)] * 3
                        self.call(Bound(leave, manager), nothing, {}, expression)
        if isinstance(manager, Known) and manager.name == "tensorflow.GradientTape":
            tapes.enter_class(self, expression)
        if isinstance(manager, LibObject) and manager.family == "exit-stack":
            bound(manager)
            end = body()
            for tape in reversed(manager.state.get("entered", ())):
                tapes.leave(self, tape)
            return end
        if item.optional_vars is not None:
            bound(manager if isinstance(manager, LibObject | Unknown) else self.unknown("with", expression, [manager]))
        return body()

    def generator_manager(self, manager: Generator, bound: Callable[[Value], None], body: Callable[[], str]) -> str:
        """Run a body at the ``yield`` of a function that ``contextlib.contextmanager`` wraps."""
        end = "normal"
        ran = False

        def at_yield(value: Value) -> Value:
            nonlocal end, ran
            if not ran:
                ran = True
                inner = self.stack.pop()
                try:
                    bound(value)
                    end = body()
                finally:
                    self.stack.append(inner)
            return Const(None)

        function = manager.frame.function
        assert function is not None
        assert not isinstance(function.node, ast.Lambda)
        code = function.node

        def run() -> Value:
            self.stack[-1].on_yield = at_yield
            return self.body_of(code)

        self.inside(function, manager.frame, code, run)
        if not ran:
            end = body()
        return end

    def suspend(self) -> tuple[Recording, ...]:
        """Take all tapes off the record (``tf.init_scope``); gives what to put back."""
        before = self.recording
        self.record_with(())
        return before
