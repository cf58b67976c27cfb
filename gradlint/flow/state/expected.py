"""What a program says itself of its gradients: that one is None, that a call raises. It needs nobody to tell it."""

from __future__ import annotations

import ast
import re
from functools import cached_property
from typing import TYPE_CHECKING

from gradlint.flow.values.making import span_of
from gradlint.flow.values.trees import children, of_type, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.flow.facts import LostGradient, Span

_METHODS = frozenset({"gradient", "jacobian", "batch_jacobian"})
_SAYS_NONE = re.compile(r"^(?>.*?\bassert\w*).*\bNone\b|assert_?[iI]s_?[nN]one", re.MULTILINE)
_TESTS_NONE = re.compile(r"\bis (?:not )?None\b")
_NOT_NONE = re.compile(r"\bis\s+not\s+None\b|\bassert_?[iI]s_?[nN]ot_?[nN]one\b")
_TELLING = frozenset({"print", "debug", "info", "warning", "warn", "error", "exit", "fail"})
"""Functions and methods that say something to whoever runs the program."""
_SAYS_RAISES = re.compile(r"\b(?:raises|assertRaises\w*)\(")
_TRIES = re.compile(r"^[ \t]*except\b", re.MULTILINE)
_ANY = frozenset({"Exception", "BaseException"})
_USED_UP = "RuntimeError"
"""What a tape raises that is asked again."""


class Expected:
    """What the program expects of its gradient calls; found out when it is first asked for.

    Args:
        code: The program.
        tree: Its tree; None where nothing is known of it.
    """

    def __init__(self, code: str = "", tree: ast.Module | None = None) -> None:
        self._code = code
        self._tree = tree or ast.Module([], [])

    @cached_property
    def none(self) -> frozenset[Span]:
        """The gradient calls of which it asserts that they give None."""
        return frozenset(_asserted(self._tree)) if _SAYS_NONE.search(self._code) else frozenset()

    @cached_property
    def raising(self) -> tuple[tuple[Span, frozenset[str]], ...]:
        """The blocks of which the program says that they raise, each with the exceptions; none means any."""
        tested = _raising(self._tree) if _SAYS_RAISES.search(self._code) else ()
        return (*tested, *(_tried(self._tree) if _TRIES.search(self._code) else ()))

    @cached_property
    def handled(self) -> frozenset[Span]:
        """The gradient calls of whose results the program takes each that is None by itself."""
        return frozenset(_handled(self._tree)) if _TESTS_NONE.search(self._code) else frozenset()

    @cached_property
    def replaced(self) -> frozenset[Span]:
        """The gradient calls whose one result the program replaces where it is None."""
        return frozenset(_replaced(self._tree)) if _TESTS_NONE.search(self._code) else frozenset()

    def says_what(self, other: Expected) -> bool:
        """Whether it says the same as another one wherever that was asked."""
        asked = vars(other).keys() & {"none", "raising", "handled", "replaced"}
        return all(getattr(self, name) == getattr(other, name) for name in asked)

    def expects(self, gradient: LostGradient) -> bool:
        """Whether the program says of a gradient that it is lost in just this way."""
        if gradient.outcome in {"none", "partial"}:
            return gradient.call in self.none
        return self.catches(gradient.call, gradient.exception)

    def catches(self, span: Span, exception: str | None) -> bool:
        """Whether the program says of a place that it raises."""
        return exception is not None and any(
            block.line <= span.line <= block.end_line and (not caught or exception in caught)
            for block, caught in self.raising
        )


def may_expect(code: str) -> bool:
    """Whether some code may say of a gradient that it is None, or of something that it raises."""
    said = _NOT_NONE.sub("", code)
    return bool(_SAYS_NONE.search(said) or _SAYS_RAISES.search(said))


def _raising(tree: ast.AST) -> Iterator[tuple[Span, frozenset[str]]]:
    for node in of_type(tree, ast.With):
        for item in node.items:
            called = item.context_expr.func if isinstance(item.context_expr, ast.Call) else None
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name == "raises" or name.startswith("assertRaises"):
                yield span_of(node), frozenset()


def _tried(tree: ast.AST) -> Iterator[tuple[Span, frozenset[str]]]:
    """The statements that a ``try`` holds alone or last and whose RuntimeError it takes: that of a tape used up.

    What stands before a last statement is there to bring the program to where it raises. A handler of every exception
    only counts where the statement stands alone.
    """
    for node in of_type(tree, ast.Try):
        last = node.body[-1]
        if isinstance(last, ast.For | ast.While | ast.With | ast.If | ast.FunctionDef | ast.ClassDef):
            continue
        caught = {name for handler in node.handlers for name in _caught(handler)}
        if _USED_UP in caught or (len(node.body) == 1 and caught & _ANY):
            yield span_of(last), frozenset({_USED_UP})


def _caught(handler: ast.ExceptHandler) -> Iterator[str]:
    """The names of the exceptions that a handler takes without raising again."""
    if any(isinstance(part, ast.Raise) for one in handler.body for part in walk(one)):
        return
    named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    for one in named:
        if one is None:
            yield "BaseException"
        elif isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Attribute):
            yield one.attr


def _asserted(tree: ast.AST) -> Iterator[Span]:
    """The gradient calls that stand in an assertion of None, or whose result does."""
    for scope in (tree, *of_type(tree, ast.FunctionDef)):
        nodes = list(_of_scope(scope))
        named = _results(nodes)
        for said in (part for node in nodes for part in _said_none(node)):
            if _is_gradient(said):
                yield span_of(said)
            yield from (span for name in _names(said) for span in named.get(name, ()))


def _handled(tree: ast.AST) -> Iterator[Span]:
    """The gradient calls over whose results the program goes, asking of each whether it is None."""
    for scope in (tree, *of_type(tree, ast.FunctionDef)):
        nodes = list(_of_scope(scope))
        named = _results(nodes)
        for turned, body in (turn for node in nodes for turn in _turns(node)):
            if not any(_provides(part) for one in body for part in walk(one)):
                continue
            for part in walk(turned):
                if isinstance(part, ast.Call) and _is_gradient(part):
                    yield span_of(part)
                elif isinstance(part, ast.Name):
                    yield from _last_before(named.get(part.id, []), part.lineno)


def _replaced(tree: ast.AST) -> Iterator[Span]:
    """The gradient calls whose result has a name of which the program asks by itself whether it is None."""
    for scope in (tree, *of_type(tree, ast.FunctionDef)):
        nodes = list(_of_scope(scope))
        named = _results(nodes)
        for branch in nodes:
            if isinstance(branch, ast.If | ast.IfExp) and _provides(branch):
                for name in (name for part in walk(branch.test) if _tests_none(part) for name in _names(part)):
                    if isinstance(branch, ast.IfExp) or any(_replaces(one, name) for one in _where_none(branch)):
                        yield from _last_before(named.get(name, []), branch.test.lineno)


def _replaces(statement: ast.stmt, name: str) -> bool:
    """Whether a statement binds a name anew, or returns something that is not None."""
    if isinstance(statement, ast.Return):
        return statement.value is not None and not _shows_none(statement.value)
    return isinstance(statement, ast.Assign) and any(name in _names(target) for target in statement.targets)


def _last_before(spans: Sequence[Span], line: int) -> Sequence[Span]:
    """The last of some places above a line; all of them where none is, as in a loop."""
    above = [span for span in spans if span.line < line]
    return [max(above, key=lambda span: span.line)] if above else spans


def _results(nodes: Sequence[ast.AST]) -> dict[str, list[Span]]:
    """By name, the gradient calls whose results it holds."""
    named: dict[str, list[Span]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and _is_gradient(node.value):
            for name in (name for target in node.targets for name in _names(target)):
                named.setdefault(name, []).append(span_of(node.value))
    return named


def _turns(node: ast.AST) -> Iterator[tuple[ast.expr, list[ast.AST]]]:
    """What a loop or a comprehension goes over, and what it does at each turn."""
    if isinstance(node, ast.For):
        yield node.iter, list(node.body)
    elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp):
        done = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for generator in node.generators:
            # What a clause lets through is as what a conditional expression gives. One that lets through what is None
            # makes a list of it.
            tests = [test for test in generator.ifs if not (_tests_none(test) and _is_same(test))]
            clauses = [ast.IfExp(test=test, body=done[0], orelse=done[0]) for test in tests]
            yield generator.iter, [*done, *clauses]


def _provides(node: ast.AST) -> bool:
    """Whether a branch on whether a gradient is None does something about it, and does not only tell of it."""
    if not isinstance(node, ast.If | ast.IfExp) or not any(_tests_none(part) for part in walk(node.test)):
        return False
    if isinstance(node, ast.IfExp):
        return not _shows_none(node.orelse if _is_swapped(node) else node.body)
    return not _where_none(node) or not all(map(_only_tells, _where_none(node)))


def _where_none(node: ast.If) -> list[ast.stmt]:
    """What a branch does where the gradient is None."""
    return node.orelse if _is_swapped(node) else node.body


def _is_swapped(node: ast.If | ast.IfExp) -> bool:
    return isinstance(node.test, ast.Compare) and isinstance(node.test.ops[0], ast.IsNot)


def _shows_none(value: ast.expr) -> bool:
    """Whether a value is None still, or a text about it."""
    return isinstance(value, ast.JoinedStr) or (
        isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, str))
    )


def _only_tells(statement: ast.stmt) -> bool:
    """Whether a statement prints something, or ends the program."""
    if isinstance(statement, ast.Raise):
        return True
    called = statement.value.func if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in _TELLING


def _tests_none(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Compare)
        and isinstance(node.ops[0], ast.Is | ast.IsNot)
        and isinstance(node.left, ast.Name)
        and _has_none(node.comparators)
    )


def _is_same(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is)


def _of_scope(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, or of a module, without those of the functions in it."""
    stack = children(scope)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            stack.extend(children(node))


def _said_none(node: ast.AST) -> Iterator[ast.expr]:
    """What an assertion says to be None."""
    if isinstance(node, ast.Assert):
        for part in walk(node.test):
            is_same = isinstance(part, ast.Compare) and isinstance(part.ops[0], ast.Is | ast.Eq)
            if is_same and isinstance(part, ast.Compare) and _has_none(list(walk(part.comparators[0]))):
                yield from _iterated(part.left, node.test)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        is_none = name.lower().replace("_", "") == "assertisnone"
        if node.args and (is_none or (name.startswith("assert") and _has_none(node.args[1:2]))):
            yield node.args[0]


def _iterated(said: ast.expr, test: ast.expr) -> Iterator[ast.expr]:
    """What is said of, and what it is an item of: in ``all(g is None for g in gradients)``, the gradients."""
    yield said
    for part in walk(test):
        if isinstance(part, ast.comprehension):
            yield part.iter


def _has_none(nodes: Sequence[ast.AST]) -> bool:
    return any(isinstance(node, ast.Constant) and node.value is None for node in nodes)


def _is_gradient(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS


def _names(node: ast.AST) -> list[str]:
    return [part.id for part in walk(node) if isinstance(part, ast.Name)]
