"""Runs the ways that a program may take at an ``if``, ``match`` or ``try``, each apart, and joins what they leave."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.machine import calls, expressions
from gradlint.flow.machine.core import Core, RaisedError
from gradlint.flow.machine.narrowing import doubt, narrow, narrows
from gradlint.flow.machine.nodes import runs
from gradlint.flow.state.loops import LEFT
from gradlint.flow.state.store import join_values
from gradlint.flow.values.trees import walk
from gradlint.flow.values.values import Const, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.state.store import Changes


# -- ways ----------------------------------------------------------------------------------------------------------


def branch(machine: Core, ways: list[Callable[[], str]], labels: list[str]) -> str:
    """Run several ways from here and join the states of those that go on."""
    mark = machine.store.mark()
    going: list[Changes] = []
    names: list[str] = []
    ends: list[str] = []
    for way, label in zip(ways, labels, strict=True):
        machine.forks += 1
        depth = len(machine.stack)
        forks = machine.forks
        try:
            end = way()
        except RaisedError:
            end = "raise"
            del machine.stack[depth:]
            machine.forks = forks
        machine.forks -= 1
        changes = machine.store.undo(mark)
        ends.append(end)
        if end == "normal":
            going.append(changes)
            names.append(label)
    if not going:
        return LEFT if LEFT in ends else next((end for end in ends if end != "raise"), "raise")
    if len(going) == 1:
        machine.store.apply(going[0])
    else:
        machine.store.merge(going, names)
    return "normal"


def fork(machine: Core, ways: list[Callable[[], Value]], labels: list[str]) -> Value:
    """Evaluate several ways from here, each apart, and join what they leave and give."""
    results: list[tuple[Value, str]] = []

    def run(way: Callable[[], Value], label: str) -> Callable[[], str]:
        def inner() -> str:
            results.append((way(), label))
            return "normal"

        return inner

    branch(machine, [run(way, label) for way, label in zip(ways, labels, strict=True)], labels)
    if not results:
        return machine.anything
    result, first = results[0]
    for value, label in results[1:]:
        result = join_values(result, value, first, label)
    return result


# -- if ------------------------------------------------------------------------------------------------------------


EARLIER = 64
"""How many of the conditions that were false before a way of a chain of ``elif`` are looked at on that way."""


@runs(ast.If)
def run_if(machine: Core, node: ast.If) -> str | None:
    ways: list[Callable[[], str]] = []
    labels: list[str] = []
    known: tuple[ast.expr, ...] = ()
    rest: list[ast.stmt] = [node]
    while len(rest) == 1 and isinstance(rest[0], ast.If):
        chosen = rest[0]
        truth = machine.truth(condition(machine, chosen.test), chosen.test)
        if truth is None:
            ways.append(way_of(machine, chosen.body, chosen.test, known))
            labels.append(f"when `{machine.text(chosen.test)}` is true")
            if narrows(chosen.test):
                known = (*known, chosen.test)[-EARLIER:]
        rest = chosen.body if truth else chosen.orelse
        if truth:
            break
    if not ways:
        return machine.block(rest)
    last = f"when `{machine.text(node.test)}` is false" if len(ways) == 1 else "in every other case"
    ways.append(way_of(machine, rest, None, known))
    raising: list[int] = []
    end = branch(machine, [noting(way, at, raising) for at, way in enumerate(ways)], [*labels, last])
    if end == "normal" and raising:
        doubt(machine, checked(node), node)
    return end


def noting(way: Callable[[], str], at: int, raising: list[int]) -> Callable[[], str]:
    """A way that enters its number in a list if it ends by raising."""

    def run() -> str:
        raising.append(at)
        end = way()
        if end != "raise":
            raising.remove(at)
        return end

    return run


def checked(node: ast.stmt) -> list[ast.expr]:
    """The conditions of an ``if`` that raises on some way, its own and those inside."""
    return [part.test for part in walk(node) if isinstance(part, ast.If)]


def way_of(
    machine: Core, body: list[ast.stmt], holds: ast.expr | None = None, fail: tuple[ast.expr, ...] = ()
) -> Callable[[], str]:
    """One way of a branch: what is run where one condition holds and others do not."""

    def run() -> str:
        for test in fail:
            narrow(machine, test, holds=False)
        if holds is not None:
            narrow(machine, holds, holds=True)
        return machine.block(body)

    return run


def condition(machine: Core, node: ast.expr) -> Value:
    """A condition's value; the guard of a script counts as true, that of a module which is imported as false."""
    if (
        isinstance(node, ast.Compare)
        and isinstance(node.left, ast.Name)
        and node.left.id == "__name__"
        and len(node.ops) == 1
        and isinstance(node.ops[0], ast.Eq)
    ):
        home = machine.modules_by_frame.get(id(machine.globals))
        return Const(home is None or home is machine.started)
    return machine.eval(node)


# -- match ---------------------------------------------------------------------------------------------------------


@runs(ast.Match)
def run_match(machine: Core, node: ast.Match) -> str:
    subject = machine.eval(node.subject)
    ways: list[Callable[[], str]] = []
    labels: list[str] = []
    for case in node.cases:
        fit = fits(machine, subject, case.pattern)
        if fit is False:
            continue

        def way(case: ast.match_case = case) -> str:
            capture(machine, case.pattern, subject, node)
            return machine.block(case.body)

        if fit is True and case.guard is None and not ways:
            return way()
        ways.append(way)
        labels.append(f"when `{machine.text(node.subject)}` matches `{machine.text(case.pattern)}`")
        if fit is True and case.guard is None:
            break
    else:
        ways.append(lambda: "normal")
        labels.append("when no case matches")
    return branch(machine, ways, labels)


def fits(machine: Core, subject: Value, pattern: ast.pattern) -> bool | None:
    """Whether a value matches a pattern."""
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
        return True
    if isinstance(pattern, ast.MatchValue):
        value = machine.eval(pattern.value)
        if isinstance(value, Const) and isinstance(subject, Const):
            return bool(value.value == subject.value)
    if isinstance(pattern, ast.MatchOr):
        answers = [fits(machine, subject, part) for part in pattern.patterns]
        return True if True in answers else None if None in answers else False
    return None


def capture(machine: Core, pattern: ast.pattern, subject: Value, node: ast.AST) -> None:
    """Bind the names of a pattern."""
    for part in walk(pattern):
        if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
            whole = part is pattern or (isinstance(pattern, ast.MatchAs) and pattern.name == part.name)
            expressions.bind(
                machine, part.name, subject if whole else machine.unknown(part.name, node, [subject], anything=True)
            )


# -- try -----------------------------------------------------------------------------------------------------------


@runs(ast.Try, ast.TryStar)
def run_try(machine: Core, node: ast.Try) -> str:
    end = "normal"

    def run() -> None:
        nonlocal end
        end = machine.block(node.body)
        if end == "normal" and node.orelse:
            end = machine.block(node.orelse)

    if node.handlers:
        forks = machine.forks
        machine.forks = 0 if not machine.stack or forks == machine.stack[-1].forks else forks
        caught = calls.guarded(machine, run)
        machine.forks = forks
    else:
        run()
        caught = None
    if caught is not None:
        end = handle(machine, node.handlers, certain=True)
    elif node.handlers and end == "normal" and may_raise(node.body):
        branch(
            machine,
            [lambda: "normal", lambda: handle(machine, node.handlers, certain=False)],
            ["", "after an exception"],
        )
    elif end == "raise" and node.handlers:
        end = handle(machine, node.handlers, certain=False)
    if node.finalbody:
        last = machine.block(node.finalbody)
        end = last if last != "normal" else end
    return end


def may_raise(body: list[ast.stmt]) -> bool:
    """Whether a body can raise at all, as an import or a call can."""
    return any(
        isinstance(part, ast.Call | ast.Import | ast.ImportFrom | ast.Subscript | ast.BinOp)
        for statement in body
        for part in walk(statement)
    )


def handle(machine: Core, handlers: list[ast.ExceptHandler], *, certain: bool) -> str:
    """Run the handlers of a ``try``, of which one is taken."""

    def way(handler: ast.ExceptHandler) -> Callable[[], str]:
        def run() -> str:
            if handler.name:
                expressions.bind(machine, handler.name, Unknown("exception", anything=True))
            return machine.block(handler.body)

        return run

    if certain and len(handlers) == 1:
        return way(handlers[0])()
    return branch(machine, [way(handler) for handler in handlers], ["after an exception"] * len(handlers))
