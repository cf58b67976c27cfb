"""Whether later turns of a loop may take another way to a gradient call than the first ones did."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.confirm.names import DEFINITIONS, last, targets
from gradlint.confirm.places import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPS = (ast.For, ast.AsyncFor, ast.While)
CHANGING = ("assign", "append", "add", "extend", "insert", "pop", "update", "remove", "clear", "scatter", "setdefault")
"""How the names of methods begin that change the object that they are called on."""
BY_CHANCE = frozenset(
    {"next", "random", "uniform", "normal", "choice", "randint", "randrange", "rand", "randn", "shuffle", "time"}
)
"""Functions that give another value each time."""
CHOOSING = frozenset({"cond", "case", "switch_case", "while_loop", "getattr", "where_fn"})
"""Functions that call, or look up, one thing or another by what they are given."""


class Turning:
    """What differs from turn to turn in one program, by names.

    A name varies where a loop binds it anew, where it counts, where the object that it names is changed by a method,
    and where it is made of what varies; so does a parameter that such a value is passed to.

    Args:
        tree: The program.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.functions = {node.name: node for node in ast.walk(tree) if isinstance(node, DEFINITIONS)}
        self.varying: set[str] = set(self._seeds())
        while (more := set(self._made_of_it())) - self.varying:
            self.varying |= more

    def chooses(self, lines: frozenset[int]) -> bool:
        """Whether a statement on one of some lines goes one way or another by what varies."""
        return any(
            self._chooses(part)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.stmt) and node.lineno in lines
            for part in _own(node)
        )

    def asks_by_choice(self) -> bool:
        """Whether a gradient is asked for only in some turns."""
        return any(
            any(isinstance(inner, ast.Call) and self._asks(inner, 0) for inner in ast.walk(node))
            for node in ast.walk(self.tree)
            if isinstance(node, (ast.If, ast.IfExp, ast.While, ast.Match, ast.BoolOp)) and self._depends(_test(node))
        )

    def _asks(self, call: ast.Call, depth: int) -> bool:
        name = last(call.func)
        if name in METHODS:
            return True
        function = self.functions.get(name or "")
        return (
            function is not None
            and depth < 4
            and any(self._asks(one, depth + 1) for one in ast.walk(function) if isinstance(one, ast.Call))
        )

    def _chooses(self, node: ast.AST) -> bool:
        if isinstance(node, (ast.If, ast.IfExp, ast.While, ast.Match, ast.BoolOp)):
            return self._depends(_test(node))
        if isinstance(node, ast.comprehension):
            return any(map(self._depends, node.ifs))
        if isinstance(node, ast.Call):
            if isinstance(node.func, (ast.Name, ast.Subscript, ast.Lambda, ast.Call)):
                return self._depends(node.func)
            return last(node.func) in CHOOSING and any(map(self._depends, node.args))
        return False

    def _depends(self, node: ast.AST) -> bool:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in self.varying:
                return True
            if isinstance(inner, ast.Attribute) and f".{inner.attr}" in self.varying:
                return True
            if isinstance(inner, ast.Call) and last(inner.func) in BY_CHANCE:
                return True
        return False

    def _seeds(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.AugAssign):
                yield from _bound(node.target)
            elif isinstance(node, (ast.Global, ast.Nonlocal)):
                yield from node.names
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield from _bound(node.func.value) if node.func.attr.startswith(CHANGING) else ()
            elif isinstance(node, LOOPS):
                yield from _bound_by_turns(node)
            elif isinstance(node, DEFINITIONS) and node.name not in {"__init__", "build"}:
                yield from _kept(node)

    def _made_of_it(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign) and self._depends(node.value):
                for target in node.targets:
                    yield from _bound(target)
            elif isinstance(node, ast.Call):
                function = self.functions.get(last(node.func) or "")
                passed = [*node.args, *(keyword.value for keyword in node.keywords)]
                if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(map(self._depends, passed)):
                    yield from _parameters(function, node, self._depends)


def _bound_by_turns(loop: ast.For | ast.AsyncFor | ast.While) -> Iterator[str]:
    """The names that a loop binds in each turn."""
    if not isinstance(loop, ast.While):
        yield from _bound(loop.target)
    for inner in ast.walk(loop):
        for target in inner.targets if isinstance(inner, ast.Assign) else ():
            yield from _bound(target)


def _kept(function: ast.AST) -> Iterator[str]:
    """The attributes that a function sets, with a dot."""
    for inner in ast.walk(function):
        if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
            yield f".{inner.attr}"


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, varies: object) -> Iterator[str]:
    """The parameters that a call passes something to that varies; all of them where it cannot be told."""
    assert callable(varies)
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    if names[:1] == ["self"] and isinstance(call.func, ast.Attribute):
        names = names[1:]
    starred = any(isinstance(one, ast.Starred) for one in call.args)
    for place, one in enumerate(call.args):
        if varies(one):
            yield from names if starred or place >= len(names) else [names[place]]
    for keyword in call.keywords:
        if varies(keyword.value):
            yield from names if keyword.arg is None else [keyword.arg]


def _test(node: ast.AST) -> ast.AST:
    """What decides which way a node goes."""
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        return node.test
    return node.subject if isinstance(node, ast.Match) else node


def _bound(target: ast.AST) -> Iterator[str]:
    """The names that a target binds; of an attribute its own, with a dot."""
    if isinstance(target, ast.Attribute):
        yield f".{target.attr}"
    elif isinstance(target, ast.Subscript):
        yield from _bound(target.value)
    else:
        yield from targets(target) if isinstance(target, ast.expr) else ()
        for inner in ast.walk(target):
            if isinstance(inner, ast.Attribute):
                yield f".{inner.attr}"


def _own(statement: ast.stmt) -> Iterator[ast.AST]:
    """A statement and the expressions in it, without the statements that it holds."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [
            child for child in ast.iter_child_nodes(node) if not isinstance(child, (ast.stmt, ast.excepthandler))
        ]
