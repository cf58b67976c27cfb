"""Reads of names that may not be bound yet: definite assignment over Python's syntax tree.

Within one scope the statements are followed in order with the set of names that are bound on every way so far; a read
of a local name outside that set may raise ``UnboundLocalError`` or ``NameError``. A read of another scope's name is
judged only by whether that scope binds the name anywhere, since when the reader is called is not known.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Bound = frozenset[str] | None
"""The names that are bound on every way to a place; None where no way leads there."""

_BUILTINS = frozenset(dir(builtins)) | {
    "__annotations__",
    "__builtins__",
    "__class__",
    "__doc__",
    "__file__",
    "__loader__",
    "__name__",
    "__package__",
    "__path__",
    "__spec__",
    "get_ipython",
    "display",
    "exit",
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def unbound_reads(tree: ast.Module) -> Counter[tuple[str, str]]:
    """How often each name is read in each scope where some way to the read does not bind it.

    Args:
        tree: A program.

    Returns:
        Counts by the scope's dotted name (empty for the module) and the name.
    """
    reads: Counter[tuple[str, str]] = Counter()
    _Scope("", tree, _names_bound_in(tree), (), reads).follow_module(tree)
    return reads


def _join(one: Bound, other: Bound) -> Bound:
    if one is None:
        return other
    return one if other is None else one & other


def _names_bound_in(scope: ast.AST) -> frozenset[str]:
    """The names that a scope's own statements bind, ``global`` and ``nonlocal`` ones left out."""
    bound: set[str] = set()
    outside: set[str] = set()
    arguments = getattr(scope, "args", None)
    if isinstance(arguments, ast.arguments):
        bound.update(one.arg for one in ast.walk(arguments) if isinstance(one, ast.arg))
    pending = list(_own_children(scope))
    while pending:
        node = pending.pop()
        bound.update(_names_bound_by(node))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            outside.update(node.names)
        if isinstance(node, _COMPREHENSIONS):
            pending += [one for one in ast.walk(node) if isinstance(one, ast.NamedExpr)]
        elif not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            pending += ast.iter_child_nodes(node)
    return frozenset(bound - outside)


def _own_children(scope: ast.AST) -> list[ast.AST]:
    body = getattr(scope, "body", [])
    return list(body) if isinstance(body, list) else [body]


def _names_bound_by(node: ast.AST) -> list[str]:
    """The names that one node binds by itself, without what is in it."""
    if isinstance(node, ast.Name):
        return [] if isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ExceptHandler):
        return [node.name] if node.name else []
    if isinstance(node, (ast.MatchAs, ast.MatchStar)):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []


@dataclass
class _Loop:
    """What is bound where a loop is left by ``break``."""

    left: Bound = None


@dataclass
class _Scope:
    """One scope while its statements are followed.

    Attributes:
        path: The scope's dotted name.
        node: The scope.
        local: The names that it binds.
        outer: The names that each scope around it binds, the module's first.
        reads: Where doubtful reads are counted.
    """

    path: str
    node: ast.AST
    local: frozenset[str]
    outer: tuple[frozenset[str], ...]
    reads: Counter[tuple[str, str]]
    _loops: list[_Loop] = field(default_factory=list)

    def follow_module(self, tree: ast.Module) -> None:
        """Follow a module's statements."""
        self._block(tree.body, frozenset())

    def follow_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        """Follow a function's body; its parameters are bound."""
        given = frozenset(one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg))
        if isinstance(node, ast.Lambda):
            self._reads(node.body, given)
        else:
            self._block(node.body, given)

    def _inner(self, name: str, node: ast.AST) -> _Scope:
        around = self.outer[:-1] if isinstance(self.node, ast.ClassDef) else (*self.outer, self.local)
        path = f"{self.path}.{name}" if self.path else name
        return _Scope(path, node, _names_bound_in(node), around, self.reads)

    def _block(self, body: Iterable[ast.stmt], bound: Bound) -> Bound:
        for statement in body:
            if bound is None:
                return None
            bound = self._statement(statement, bound)
        return bound

    def _statement(self, node: ast.stmt, bound: frozenset[str]) -> Bound:
        handler: Callable[[ast.stmt, frozenset[str]], Bound] | None = getattr(
            self, f"_{type(node).__name__.lower().removeprefix('async')}", None
        )
        if handler is not None:
            return handler(node, bound)
        after = self._reads(node, bound)
        return None if isinstance(node, (ast.Return, ast.Raise)) else after

    def _break(self, node: ast.stmt, bound: frozenset[str]) -> Bound:
        if self._loops:
            self._loops[-1].left = _join(self._loops[-1].left, bound)
        return None

    def _continue(self, node: ast.stmt, bound: frozenset[str]) -> Bound:
        return None

    def _if(self, node: ast.If, bound: frozenset[str]) -> Bound:
        after = self._reads(node.test, bound)
        then, otherwise = self._block(node.body, after), self._block(node.orelse, after)
        if isinstance(node.test, ast.Constant):
            return then if node.test.value else otherwise
        return _join(then, otherwise)

    def _while(self, node: ast.While, bound: frozenset[str]) -> Bound:
        after = self._reads(node.test, bound)
        left = self._turn(node.body, after)
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        done = None if endless else self._block(node.orelse, after)
        return _join(done, left)

    def _for(self, node: ast.For | ast.AsyncFor, bound: frozenset[str]) -> Bound:
        before = self._reads(node.iter, bound)
        turning = self._reads(node.target, before)
        loop = _Loop()
        self._loops.append(loop)
        turned = self._block(node.body, turning)
        self._loops.pop()
        done = before
        if _turns_surely(node.iter) and turned is not None and not _continues(node.body):
            done = turned
        return _join(self._block(node.orelse, done), loop.left)

    def _turn(self, body: list[ast.stmt], bound: frozenset[str]) -> Bound:
        """Follow a loop's body; what is bound where it is left by ``break``."""
        loop = _Loop()
        self._loops.append(loop)
        self._block(body, bound)
        self._loops.pop()
        return loop.left

    def _with(self, node: ast.With | ast.AsyncWith, bound: frozenset[str]) -> Bound:
        for item in node.items:
            bound = self._reads(item.context_expr, bound)
            if item.optional_vars is not None:
                bound = self._reads(item.optional_vars, bound)
        return self._block(node.body, bound)

    def _try(self, node: ast.Try, bound: frozenset[str]) -> Bound:
        after = self._block(node.body, bound)
        if after is not None:
            after = self._block(node.orelse, after)
        for handler in node.handlers:
            caught = bound if handler.type is None else self._reads(handler.type, bound)
            named = caught | {handler.name} if handler.name else caught
            left = self._block(handler.body, named)
            if left is not None and handler.name:
                left -= {handler.name}
            after = _join(after, left)
        if not node.finalbody:
            return after
        final = self._block(node.finalbody, bound)
        return None if after is None or final is None else after | final

    _trystar = _try

    def _match(self, node: ast.Match, bound: frozenset[str]) -> Bound:
        before = self._reads(node.subject, bound)
        after: Bound = None
        for case in node.cases:
            taken = self._reads(case.pattern, before)
            if case.guard is not None:
                taken = self._reads(case.guard, taken)
            after = _join(after, self._block(case.body, taken))
            if isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None:
                return after
        return _join(after, before)

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, bound: frozenset[str]) -> Bound:
        for one in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            bound = self._reads(one, bound)
        self._inner(node.name, node).follow_function(node)
        return bound | {node.name}

    def _classdef(self, node: ast.ClassDef, bound: frozenset[str]) -> Bound:
        for one in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            bound = self._reads(one, bound)
        inner = self._inner(node.name, node)
        inner.local = frozenset()
        inner.outer = (*inner.outer, _names_bound_in(node))
        inner._block(node.body, frozenset())
        return bound | {node.name}

    def _delete(self, node: ast.Delete, bound: frozenset[str]) -> Bound:
        for one in node.targets:
            bound = bound - {one.id} if isinstance(one, ast.Name) else self._reads(one, bound)
        return bound

    def _reads(self, node: ast.AST, bound: frozenset[str]) -> frozenset[str]:
        """Judge what an expression or a simple statement reads; what is bound after it."""
        if isinstance(node, ast.Name):
            return self._name(node, bound)
        if isinstance(node, ast.Lambda):
            for one in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
                bound = self._reads(one, bound)
            self._inner("<lambda>", node).follow_function(node)
            return bound
        if isinstance(node, _COMPREHENSIONS):
            return self._comprehension(node, bound)
        for child in _in_order(node):
            bound = self._reads(child, bound)
        return bound | frozenset(_names_bound_by(node))

    def _name(self, node: ast.Name, bound: frozenset[str]) -> frozenset[str]:
        if not isinstance(node.ctx, ast.Load):
            return bound | {node.id}
        if node.id in bound:
            return bound
        if node.id in self.local:
            if not (isinstance(self.node, ast.Module) and node.id in _BUILTINS):
                self.reads[self.path, node.id] += 1
        elif node.id not in _BUILTINS and not any({node.id, "*"} & names for names in (self.local, *self.outer)):
            self.reads[self.path, node.id] += 1
        return bound

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, bound: frozenset[str]
    ) -> frozenset[str]:
        inside = bound
        for turn in node.generators:
            inside = self._reads(turn.iter, inside)
            inside = self._reads(turn.target, inside)
            for condition in turn.ifs:
                inside = self._reads(condition, inside)
        results = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        for result in results:
            inside = self._reads(result, inside)
        return bound


def _in_order(node: ast.AST) -> list[ast.AST]:
    """A node's children in the order in which Python evaluates them: what is bound comes last."""
    if isinstance(node, ast.Assign):
        return [node.value, *node.targets]
    if isinstance(node, ast.AugAssign):
        target = node.target
        read = [ast.Name(target.id, ast.Load())] if isinstance(target, ast.Name) else []
        return [*read, node.value, target]
    if isinstance(node, ast.AnnAssign):
        if node.value is None:
            return [] if isinstance(node.target, ast.Name) else [node.target]
        return [node.value, node.target]
    if isinstance(node, ast.NamedExpr):
        return [node.value, node.target]
    return list(ast.iter_child_nodes(node))


def _turns_surely(iterated: ast.expr) -> bool:
    """Whether a loop over an expression plainly takes at least one turn."""
    if isinstance(iterated, (ast.List, ast.Tuple)):
        return bool(iterated.elts) and not any(isinstance(one, ast.Starred) for one in iterated.elts)
    if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name) and iterated.func.id == "range":
        values = [one.value for one in iterated.args if isinstance(one, ast.Constant)]
        numbers = [one for one in values if isinstance(one, int)]
        if numbers and len(numbers) == len(iterated.args):
            return numbers[2:] != [0] and len(range(*numbers)) > 0
    return False


def _continues(body: list[ast.stmt]) -> bool:
    return any(isinstance(one, ast.Continue) for statement in body for one in ast.walk(statement))
