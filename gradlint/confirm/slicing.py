"""The probe's program: the smallest one that puts a claim to the test, cut out of the file backwards.

From the marked nodes (the claimed gradient calls and the flagged place) the slice goes back and keeps each
statement that binds or may change what is needed so far, with the conditions and loops around it. What shows,
logs or stores is left out; training loops are run for a few turns only.
"""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING

from gradlint.confirm.names import DEFINITIONS, NamedProgram, parts, root, targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

JUMPS = (ast.Return, ast.Raise, ast.Break, ast.Continue, ast.Global, ast.Nonlocal)


class Slicer:
    """Slices one program.

    Args:
        program: The program.
        kept: The ids of the nodes that must be in the slice, wherever they stand.
        whole: Keep all that is not merely shown, instead of what is needed.
    """

    def __init__(self, program: NamedProgram, kept: Iterable[int], *, whole: bool = False) -> None:
        self.program = program
        self.whole = whole
        self.marked: set[int] = set()
        self._spread(program.tree, frozenset(kept))

    def _spread(self, node: ast.AST, kept: frozenset[int]) -> bool:
        """Mark every node that holds a kept one."""
        inside = [self._spread(child, kept) for child in ast.iter_child_nodes(node)]
        if id(node) in kept or any(inside):
            self.marked.add(id(node))
            return True
        return False

    def module(self, needed: Iterable[str] = ()) -> ast.Module:
        """The slice of the whole program.

        Args:
            needed: Names that must hold their value at the end.
        """
        body = self.program.tree.body
        if not needed:
            last = max((place for place, statement in enumerate(body) if id(statement) in self.marked), default=-1)
            body = body[: last + 1]
        wanted = set(needed)
        while True:
            kept, _ = self.block(body, set(wanted))
            later = wanted | self._read_later(kept)
            if later == wanted:
                return ast.Module(kept, [])
            wanted = later

    def _read_later(self, kept: list[ast.stmt]) -> set[str]:
        """The names that kept functions read whenever they are called, perhaps by way of an object."""
        reads = set[str]()
        for statement in kept:
            if isinstance(statement, DEFINITIONS):
                reads |= self.program.outer(statement, set()).reads
        return reads

    def block(self, statements: Sequence[ast.stmt], needed: set[str]) -> tuple[list[ast.stmt], set[str]]:
        """The slice of a block, and what is needed before it."""
        kept: list[ast.stmt] = []
        for statement in reversed(statements):
            new, needed = self._statement(statement, needed)
            if new is not None:
                kept.append(new)
        return kept[::-1], needed

    def _statement(self, node: ast.stmt, needed: set[str]) -> tuple[ast.stmt | None, set[str]]:
        program = self.program
        marked = id(node) in self.marked
        if program.is_shown(node) and not marked:
            return None, needed
        if isinstance(node, DEFINITIONS):
            return self._definition(node, needed, marked)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return self._imported(node, needed)
        if isinstance(node, (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar)):
            return self._compound(node, needed)
        effects = program.effects(node)
        if not (
            marked
            or isinstance(node, JUMPS)
            or (self.whole and not isinstance(node, ast.Pass))
            or program.sets_state(node)
            or program.meets(effects.binds | effects.touches, needed)
        ):
            return None, needed
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            written = node.targets if isinstance(node, ast.Assign) else [node.target]
            needed = needed - {name for target in written for name in targets(target)}
        return node, needed | effects.reads | effects.touches

    def _definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, needed: set[str], marked: bool
    ) -> tuple[ast.stmt | None, set[str]]:
        if not (marked or self.whole or node.name in needed):
            return None, needed
        new = copy.copy(node)
        if marked and not self.whole and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            escaping = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
            for inner in ast.walk(node):
                if isinstance(inner, (ast.Global, ast.Nonlocal)):
                    escaping |= set(inner.names)
            new.body = self.block(node.body, escaping)[0]
        elif marked and isinstance(node, ast.ClassDef):
            new.body = [
                self._definition(inner, {inner.name}, id(inner) in self.marked)[0] or inner
                if isinstance(inner, DEFINITIONS)
                else inner
                for inner in node.body
            ]
        else:
            new.body = [self._clean(statement) for statement in node.body if self._stays(statement)]
        new.body = new.body or [ast.Pass()]
        reads = set[str]()
        for definition in self.program.definitions.get(node.name, ()):
            reads |= self.program.outer(definition, set()).reads
        written = {name.id for name in ast.walk(new) if isinstance(name, ast.Name)}
        return new, (needed - {node.name}) | (reads & written)

    def _stays(self, statement: ast.stmt) -> bool:
        return id(statement) in self.marked or not self.program.is_shown(statement)

    def _clean(self, node: ast.stmt) -> ast.stmt:
        """A statement without what is merely shown inside it."""
        if isinstance(node, ast.Match):
            return node
        new = node
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(node, name, None)
            if isinstance(inner, list) and inner:
                new = copy.copy(node) if new is node else new
                block = [self._clean(statement) for statement in inner if self._stays(statement)]
                setattr(new, name, block or ([ast.Pass()] if name == "body" else []))
        if isinstance(new, (ast.Try, ast.TryStar)):
            handlers = [copy.copy(handler) for handler in new.handlers]
            for handler in handlers:
                handler.body = [self._clean(inner) for inner in handler.body if self._stays(inner)] or [ast.Pass()]
            new.handlers = handlers
        return new

    def _imported(self, node: ast.Import | ast.ImportFrom, needed: set[str]) -> tuple[ast.stmt | None, set[str]]:
        names = [
            alias
            for alias in node.names
            if alias.name == "*" or (alias.asname or alias.name.partition(".")[0]) in needed
        ]
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            names = node.names
        if not names:
            return None, needed
        new = copy.copy(node)
        new.names = names
        if not isinstance(node, ast.Import):
            needed = needed - {alias.asname or alias.name for alias in names}
        return new, needed

    def _compound(self, node: ast.stmt, needed: set[str]) -> tuple[ast.stmt | None, set[str]]:
        marked = id(node) in self.marked
        new = copy.copy(node)
        before = set[str]()
        filled = False
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            needed = self._around(node, needed)
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                block, wanted = self.block(inner, set(needed))
                filled = filled or _works(block)
                setattr(new, name, block or ([ast.Pass()] if name == "body" else []))
                before |= wanted
        if isinstance(new, (ast.Try, ast.TryStar)):
            handlers = []
            for handler in new.handlers:
                block, wanted = self.block(handler.body, set(needed))
                changed = copy.copy(handler)
                changed.body = block or [ast.Pass()]
                handlers.append(changed)
                before |= wanted | (self.program.effects(handler.type).reads if handler.type else set())
            new.handlers = handlers
        header = self._header(node)
        binds, reads = set[str](), set[str]()
        for part in header:
            effects = self.program.effects(part)
            binds |= effects.binds
            binds |= effects.touches
            reads |= effects.reads | effects.touches
        if not (marked or filled or self.program.meets(binds, needed)):
            return None, needed
        if isinstance(node, (ast.With, ast.AsyncWith)) and self._runs_through(node):
            return new, (before - set(_entered(node))) | reads
        return new, needed | before | reads

    def _around(self, node: ast.For | ast.AsyncFor | ast.While, needed: set[str]) -> set[str]:
        """What is needed at the end of a loop's body: also what its next turn needs."""
        while True:
            _, before = self.block(node.body, set(needed))
            if before <= needed:
                return needed
            needed = needed | before

    def _runs_through(self, node: ast.With | ast.AsyncWith) -> bool:
        """Whether a block's body surely runs to its end, or ends the program: what it binds is new then."""
        roots = [root(item.context_expr.func) for item in node.items if isinstance(item.context_expr, ast.Call)]
        modules = [self.program.modules.get(name or "", "").partition(".")[0] for name in roots]
        return len(modules) == len(node.items) and all(module in {"tensorflow", "keras"} for module in modules)

    @staticmethod
    def _header(node: ast.stmt) -> list[ast.AST]:
        if isinstance(node, (ast.If, ast.While)):
            return [node.test]
        if isinstance(node, (ast.For, ast.AsyncFor)):
            return [node.target, node.iter]
        if isinstance(node, (ast.With, ast.AsyncWith)):
            return list(node.items)
        return []


def _entered(node: ast.With | ast.AsyncWith) -> Iterator[str]:
    """The names that a block's context managers bind."""
    for item in node.items:
        if item.optional_vars is not None:
            yield from targets(item.optional_vars)


def _works(block: list[ast.stmt]) -> bool:
    return any(not isinstance(statement, ast.Pass) for statement in block)


def enclosing(tree: ast.Module, node: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The functions and classes that a node stands in, from the outermost."""

    def search(here: ast.AST, chain: list[ast.AST]) -> list[ast.AST] | None:
        if here is node:
            return chain
        for child in ast.iter_child_nodes(here):
            found = search(child, [*chain, here] if isinstance(here, DEFINITIONS) else chain)
            if found is not None:
                return found
        return None

    chain = search(tree, []) or []
    return [definition for definition in chain if isinstance(definition, DEFINITIONS)]


IMPLIED = {
    "train_step": {"fit", "train_on_batch"},
    "test_step": {"evaluate", "test_on_batch"},
    "call": {"fit", "predict", "evaluate", "train_on_batch"},
}
"""Which calls of a Keras model run which of its methods."""


def callers(program: NamedProgram, chain: Sequence[ast.AST]) -> list[ast.AST]:
    """The places through which the file itself may come to a function; none where it never does."""
    reached: set[str] = set()
    for definition in chain:
        if isinstance(definition, DEFINITIONS):
            reached |= {definition.name} | IMPLIED.get(definition.name, set())
    while True:
        found: list[ast.stmt] = []
        places: list[ast.AST] = []
        grown = set(reached)
        for statement in program.tree.body:
            if isinstance(statement, DEFINITIONS):
                for part, mentioned in _mentioning(statement, reached):
                    places += mentioned
                    grown |= {part.name, statement.name}
            elif mentioned := _mentions(statement, reached):
                found.append(statement)
                places += mentioned
                grown |= _objects_made(program, statement)
        if grown == reached:
            return places if any(_calls(statement) for statement in found) else []
        reached = grown


def _mentioning(
    statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, reached: set[str]
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, list[ast.AST]]]:
    """The definitions in a function or class that mention some names, with the places where they do."""
    for part in statement.body if isinstance(statement, ast.ClassDef) else [statement]:
        mentioned = _mentions(part, reached) if isinstance(part, DEFINITIONS) else []
        if isinstance(part, DEFINITIONS) and mentioned:
            yield part, mentioned


def _objects_made(program: NamedProgram, statement: ast.stmt) -> set[str]:
    """The names that a statement binds to an object of one of the program's classes."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
        return set()
    function = parts(statement.value.func)
    made = program.definitions.get(function[-1], []) if function else []
    if not any(isinstance(definition, ast.ClassDef) for definition in made):
        return set()
    return {name for target in statement.targets for name in targets(target)}


def _mentions(node: ast.AST, names: set[str]) -> list[ast.AST]:
    """Where a piece of program speaks of one of the names."""
    return [
        inner
        for inner in ast.walk(node)
        if (isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load) and inner.id in names)
        or (isinstance(inner, ast.Attribute) and inner.attr in names and root(inner) != "super")
    ]


def _calls(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Call) for inner in ast.walk(node))
