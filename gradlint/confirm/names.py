"""What a statement reads, binds and may change: the facts that the backward slice goes by.

The slice must not lose a statement that matters, so whatever may change an object counts: a method called on
it, an opaque function it is passed to, a store into it. Libraries whose functions leave their arguments alone
are known by the program's imports.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


PRESENTATION = words(
    """
    IPython bokeh colorama cv2_imshow ipywidgets logging matplotlib mlflow plotly pprint pylab seaborn tensorboard
    termcolor time tqdm wandb warnings
    """
)
"""Modules that show or log and give nothing back to the computation."""

FUNCTIONS = words("breakpoint display help input pprint print")
"""Plain functions that show something."""

NUMERIC = words("math numpy tensorflow keras time datetime")
"""Libraries whose functions, those that change or set something apart, do nothing but compute."""

READERS = words(
    """
    count endswith format get get_shape get_weights index item items keys lower numpy predict shape size split
    startswith strip summary tolist upper values
    """
)
"""Methods that leave their object as it is."""

CHANGERS = words(
    """
    assign assign_add assign_sub copyto fill fill_diagonal put setattr shuffle
    """
)
"""Functions of libraries that change an argument."""

SETTING = tuple(
    words("clear config disable enable experimental initialize load register reset run_functions seed set use")
)
"""How the names of library functions begin that change the library's own state."""

PURE = frozenset(dir(builtins)) - words(
    """
    __import__ breakpoint compile delattr eval exec exit getattr hasattr help input locals map next open quit setattr
    vars
    """
)

BUILTINS = frozenset(dir(builtins))


@dataclass(slots=True)
class Effects:
    """What a piece of program reads, binds anew, and may change in place."""

    reads: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    touches: set[str] = field(default_factory=set)

    def add(self, other: Effects) -> None:
        """Join another piece's effects to these."""
        self.reads |= other.reads
        self.binds |= other.binds
        self.touches |= other.touches


def root(node: ast.AST) -> str | None:
    """The name at the bottom of ``a.b[0].c``."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.Await)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def last(node: ast.AST) -> str | None:
    """The name that a call's function ends with."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def parts(node: ast.AST) -> list[str]:
    """``a.b.c`` as its names, or an empty list for anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [*reversed([*names, node.id])] if isinstance(node, ast.Name) else []


class NamedProgram:
    """A program's tree and what is known of its names.

    Attributes:
        tree: The module.
        modules: What each imported name stands for, dotted.
        definitions: The functions and classes by name, methods included.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.modules: dict[str, str] = {}
        self.definitions: dict[str, list[Definition]] = {}
        self.aliases: dict[str, str] = {}
        self.known: dict[int, Effects] = {}
        self.showing: set[str] = set()
        self.holds: dict[str, set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, DEFINITIONS):
                self.definitions.setdefault(node.name, []).append(node)
            else:
                self._note_import(node)
                self._note_binding(node)
        local = {name for name, module in self.modules.items() if module.startswith(".")}
        self.libraries = set(self.modules) - local - set(self.definitions)

    def _note_import(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                self.modules[alias.asname or name] = name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self.modules[alias.asname or alias.name] = f"{node.module or '.'}.{alias.name}"

    def _note_binding(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            self._alias(node)
            for target in node.targets:
                self._hold(target, node.value)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self._hold(node.target, node.iter)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._hold(node.optional_vars, node.context_expr)

    def _alias(self, node: ast.Assign) -> None:
        value = node.value
        other = root(value) if isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)) else None
        shown = isinstance(value, ast.Call) and self.presents(value.func)
        for target in node.targets:
            for name in targets(target):
                if shown:
                    self.showing.add(name)
                if other is not None and other != name:
                    self._join(name, other)

    def _hold(self, target: ast.expr, value: ast.expr) -> None:
        """Note that an object made by a call, or that is a function, may keep whatever it was made of."""
        if not any(isinstance(inner, (ast.Call, ast.Lambda)) for inner in ast.walk(value)):
            return
        made_of = {inner.id for inner in ast.walk(value) if isinstance(inner, ast.Name)} - BUILTINS
        for name in targets(target):
            self.holds.setdefault(name, set()).update(made_of - {name})

    def reached(self, name: str, seen: set[int]) -> set[str]:
        """The names whose objects a call of an object, or of its method, may change: its own, and what it may keep."""
        found, waiting = {name}, [name]
        while waiting:
            for other in self.holds.get(waiting.pop(), set()) - found - self.libraries:
                found.add(other)
                waiting.append(other)
        called = [self.outer(one, seen) for other in found for one in self.definitions.get(other, ())]
        found -= self.definitions.keys() - {name}
        return found.union(*(effects.touches | effects.binds for effects in called))

    def _join(self, one: str, other: str) -> None:
        first, second = self.representative(one), self.representative(other)
        if first != second and other not in self.modules:
            self.aliases[first] = second

    def representative(self, name: str) -> str:
        """One name for all that may stand for the same object."""
        while name in self.aliases:
            name = self.aliases[name]
        return name

    def meets(self, some: set[str], needed: set[str]) -> bool:
        """Whether two sets of names may share an object."""
        if not some.isdisjoint(needed):
            return True
        return not {self.representative(name) for name in some}.isdisjoint(map(self.representative, needed))

    def presents(self, function: ast.AST) -> bool:
        """Whether a call's function belongs to what shows or logs."""
        names = parts(function)
        if not names:
            return False
        module = self.modules.get(names[0], "").split(".")
        return module[0] in PRESENTATION or names[0] in self.showing

    def is_shown(self, statement: ast.stmt) -> bool:
        """Whether a statement surely only shows or logs something: what it calls does, and its arguments do nothing."""
        if not isinstance(statement, ast.Expr):
            return False
        value = statement.value
        if isinstance(value, ast.Constant):
            return True
        if not isinstance(value, ast.Call):
            return False
        function = value.func
        named = isinstance(function, ast.Name) and function.id in FUNCTIONS and function.id not in self.definitions
        if last(function) in self.definitions or not (named or self.presents(function)):
            return False
        return all(map(self.is_inert, [*value.args, *(keyword.value for keyword in value.keywords)]))

    def is_inert(self, node: ast.AST) -> bool:
        """Whether evaluating an expression has no effect but its value: what it calls is known to have none."""
        for inner in ast.walk(node):
            if isinstance(inner, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
                return False
            if isinstance(inner, ast.Call) and not self._is_pure(inner.func):
                return False
        return True

    def _is_pure(self, function: ast.expr) -> bool:
        """Whether a called function is known to leave everything as it is."""
        name = last(function)
        if name is None or name in self.definitions or name in CHANGERS or name in {"watch", "gradient"}:
            return False
        if isinstance(function, ast.Name):
            return name in PURE or self.modules.get(name, "").partition(".")[0] in NUMERIC
        if root(function) in self.libraries:
            return self.modules[root(function) or ""].partition(".")[0] in NUMERIC and not name.startswith(SETTING)
        return name in READERS

    def sets_state(self, statement: ast.stmt) -> bool:
        """Whether a statement calls into a library for its own sake, as ``tf.random.set_seed(0)`` does.

        A notebook's bare ``tf.square(x)`` only shows its value.
        """
        if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
            return False
        names = parts(statement.value.func)
        if not names or not names[-1].startswith(SETTING):
            return False
        module = self.modules.get(names[0], "").partition(".")[0] if names else ""
        return module in {"tensorflow", "keras", "numpy", "random"} and not self.is_shown(statement)

    def effects(self, node: ast.AST) -> Effects:
        """The effects of a statement or expression, nested ones included."""
        known = self.known.get(id(node))
        if known is None:
            known = self.known[id(node)] = Effects()
            self._collect(node, known, set())
        return known

    def outer(self, definition: Definition, seen: set[int]) -> Effects:
        """What running a function or making a class reads and changes of the names around it."""
        inner = Effects()
        if id(definition) in seen:
            return inner
        seen.add(id(definition))
        declared: set[str] = set()
        arguments: set[str] = set()
        for node in ast.walk(definition):
            if isinstance(node, (ast.Global, ast.Nonlocal)):
                declared |= set(node.names)
            elif isinstance(node, ast.arg):
                arguments.add(node.arg)
        for child in ast.iter_child_nodes(definition):
            self._collect(child, inner, seen)
        local = (inner.binds | arguments) - declared
        return Effects(inner.reads - local, inner.binds & declared, inner.touches - local)

    def _collect(self, node: ast.AST, into: Effects, seen: set[int]) -> None:
        if isinstance(node, DEFINITIONS):
            into.binds.add(node.name)
            into.reads |= self.outer(node, seen).reads
        elif isinstance(node, ast.Name):
            (into.reads if isinstance(node.ctx, ast.Load) else into.binds).add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            into.binds |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        else:
            self._collect_own(node, into, seen)
            for child in ast.iter_child_nodes(node):
                self._collect(child, into, seen)

    def _collect_own(self, node: ast.AST, into: Effects, seen: set[int]) -> None:
        """What a node does itself, apart from what it holds."""
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            into.touches |= {name} if (name := root(node)) else set()
        elif isinstance(node, ast.AugAssign):
            if name := root(node.target):
                into.reads.add(name)
                into.touches.add(name)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            into.binds.add(node.name)
        elif isinstance(node, ast.Call):
            self._collect_call(node, into, seen)

    def _collect_call(self, node: ast.Call, into: Effects, seen: set[int]) -> None:
        name, base = last(node.func), root(node.func)
        for definition in self.definitions.get(name or "", ()):
            outer = self.outer(definition, seen)
            into.reads |= outer.reads
            into.touches |= outer.touches | outer.binds
        for keyword in node.keywords:
            if keyword.arg == "out":
                into.touches |= set(_objects(keyword.value))
        library = base in self.libraries
        builtin = isinstance(node.func, ast.Name) and name in PURE and name not in self.definitions
        opaque = not library and not builtin
        reads = name in READERS and name not in self.definitions
        if base and opaque and (isinstance(node.func, ast.Name) or not reads):
            into.touches |= self.reached(base, seen)
        if (
            (library and name in CHANGERS)
            or (opaque and not isinstance(node.func, ast.Attribute))
            or name in self.definitions
        ):
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                into.touches |= set(_objects(argument))
        elif name in {"apply_gradients", "watch", "minimize", "fit", "train_on_batch", "compile"}:
            for argument in node.args:
                named = {inner.id for inner in ast.walk(argument) if isinstance(inner, ast.Name)}
                into.touches |= named - self.libraries


def _objects(node: ast.AST) -> Iterator[str]:
    """The names whose objects an argument hands over."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        for element in node.elts:
            yield from _objects(element)
    else:
        name = root(node)
        if name:
            yield name


def targets(node: ast.AST) -> Iterator[str]:
    """The plain names that an assignment's target binds."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, (ast.Tuple, ast.List)):
        for element in node.elts:
            yield from targets(element)
    elif isinstance(node, ast.Starred):
        yield from targets(node.value)
