"""Runs the ways that a program may take at an ``if``, ``match`` or ``try``, each apart, and joins what they leave."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.machine.assignments import Assignments
from gradlint.flow.machine.core import RaisedError
from gradlint.flow.machine.narrowing import narrow
from gradlint.flow.state.loops import LEFT
from gradlint.flow.state.store import join_values
from gradlint.flow.values.values import Const, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.state.store import Changes


class Branches(Assignments):
    """The part of the machine that takes one of several ways."""

    # -- ways ------------------------------------------------------------------------------------------------------

    def branch(self, ways: list[Callable[[], str]], labels: list[str]) -> str:
        """Run several ways from here and join the states of those that go on."""
        mark = self.store.mark()
        going: list[Changes] = []
        names: list[str] = []
        ends: list[str] = []
        for way, label in zip(ways, labels, strict=True):
            self.forks += 1
            depth = len(self.stack)
            forks = self.forks
            try:
                end = way()
            except RaisedError:
                end = "raise"
                del self.stack[depth:]
                self.forks = forks
            self.forks -= 1
            changes = self.store.undo(mark)
            ends.append(end)
            if end == "normal":
                going.append(changes)
                names.append(label)
        if not going:
            return LEFT if LEFT in ends else next((end for end in ends if end != "raise"), "raise")
        if len(going) == 1:
            self.store.apply(going[0])
        else:
            self.store.merge(going, names)
        return "normal"

    def fork(self, ways: list[Callable[[], Value]], labels: list[str]) -> Value:
        """Evaluate several ways from here, each apart, and join what they leave and give."""
        results: list[tuple[Value, str]] = []

        def run(way: Callable[[], Value], label: str) -> Callable[[], str]:
            def inner() -> str:
                results.append((way(), label))
                return "normal"

            return inner

        self.branch([run(way, label) for way, label in zip(ways, labels, strict=True)], labels)
        if not results:
            return self.anything
        result, first = results[0]
        for value, label in results[1:]:
            result = join_values(result, value, first, label)
        return result

    # -- if --------------------------------------------------------------------------------------------------------

    def run_If(self, node: ast.If) -> str | None:
        ways: list[Callable[[], str]] = []
        labels: list[str] = []
        known: tuple[ast.expr, ...] = ()
        rest: list[ast.stmt] = [node]
        while len(rest) == 1 and isinstance(rest[0], ast.If):
            chosen = rest[0]
            truth = self.truth(self.condition(chosen.test), chosen.test)
            if truth is None:
                ways.append(self.way_of(chosen.body, chosen.test, known))
                labels.append(f"when `{self.text(chosen.test)}` is true")
                known = (*known, chosen.test)
            rest = chosen.body if truth else chosen.orelse
            if truth:
                break
        if not ways:
            return self.block(rest)
        last = f"when `{self.text(node.test)}` is false" if len(ways) == 1 else "in every other case"
        return self.branch([*ways, self.way_of(rest, None, known)], [*labels, last])

    def way_of(
        self, body: list[ast.stmt], holds: ast.expr | None = None, fail: tuple[ast.expr, ...] = ()
    ) -> Callable[[], str]:
        """One way of a branch: what is run where one condition holds and others do not."""

        def run() -> str:
            for test in fail:
                narrow(self, test, holds=False)
            if holds is not None:
                narrow(self, holds, holds=True)
            return self.block(body)

        return run

    def condition(self, node: ast.expr) -> Value:
        """A condition's value; the guard of a script counts as true, that of a module which is imported as false."""
        if (
            isinstance(node, ast.Compare)
            and isinstance(node.left, ast.Name)
            and node.left.id == "__name__"
            and len(node.ops) == 1
            and isinstance(node.ops[0], ast.Eq)
        ):
            return Const(id(self.globals) not in self.modules_by_frame)
        return self.eval(node)

    # -- match -----------------------------------------------------------------------------------------------------

    def run_Match(self, node: ast.Match) -> str:
        subject = self.eval(node.subject)
        ways: list[Callable[[], str]] = []
        labels: list[str] = []
        for case in node.cases:
            fits = self.fits(subject, case.pattern)
            if fits is False:
                continue

            def way(case: ast.match_case = case) -> str:
                self.capture(case.pattern, subject, node)
                return self.block(case.body)

            if fits is True and case.guard is None and not ways:
                return way()
            ways.append(way)
            labels.append(f"when `{self.text(node.subject)}` matches `{self.text(case.pattern)}`")
            if fits is True and case.guard is None:
                break
        else:
            ways.append(lambda: "normal")
            labels.append("when no case matches")
        return self.branch(ways, labels)

    def fits(self, subject: Value, pattern: ast.pattern) -> bool | None:
        """Whether a value matches a pattern."""
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
            return True
        if isinstance(pattern, ast.MatchValue):
            value = self.eval(pattern.value)
            if isinstance(value, Const) and isinstance(subject, Const):
                return bool(value.value == subject.value)
        if isinstance(pattern, ast.MatchOr):
            answers = [self.fits(subject, part) for part in pattern.patterns]
            return True if True in answers else None if None in answers else False
        return None

    def capture(self, pattern: ast.pattern, subject: Value, node: ast.AST) -> None:
        """Bind the names of a pattern."""
        for part in ast.walk(pattern):
            if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
                whole = part is pattern or (isinstance(pattern, ast.MatchAs) and pattern.name == part.name)
                self.bind(part.name, subject if whole else self.unknown(part.name, node, [subject], anything=True))

    # -- try -------------------------------------------------------------------------------------------------------

    def run_Try(self, node: ast.Try) -> str:
        end = "normal"

        def run() -> None:
            nonlocal end
            end = self.block(node.body)
            if end == "normal" and node.orelse:
                end = self.block(node.orelse)

        if node.handlers:
            forks = self.forks
            self.forks = 0 if not self.stack or forks == self.stack[-1].forks else forks
            caught = self.guarded(run)
            self.forks = forks
        else:
            run()
            caught = None
        if caught is not None:
            end = self.handle(node.handlers, certain=True)
        elif node.handlers and end == "normal" and self.may_raise(node.body):
            self.branch(
                [lambda: "normal", lambda: self.handle(node.handlers, certain=False)], ["", "after an exception"]
            )
        elif end == "raise" and node.handlers:
            end = self.handle(node.handlers, certain=False)
        if node.finalbody:
            last = self.block(node.finalbody)
            end = last if last != "normal" else end
        return end

    run_TryStar = run_Try

    @staticmethod
    def may_raise(body: list[ast.stmt]) -> bool:
        """Whether a body can raise at all, as an import or a call can."""
        return any(
            isinstance(part, ast.Call | ast.Import | ast.ImportFrom | ast.Subscript | ast.BinOp)
            for statement in body
            for part in ast.walk(statement)
        )

    def handle(self, handlers: list[ast.ExceptHandler], *, certain: bool) -> str:
        """Run the handlers of a ``try``, of which one is taken."""

        def way(handler: ast.ExceptHandler) -> Callable[[], str]:
            def run() -> str:
                if handler.name:
                    self.bind(handler.name, Unknown("exception"))
                return self.block(handler.body)

            return run

        if certain and len(handlers) == 1:
            return way(handlers[0])()
        return self.branch([way(handler) for handler in handlers], ["after an exception"] * len(handlers))
