"""Runs imports: of libraries by name, of the project's own modules by running them once something of them is used."""

from __future__ import annotations

import ast
import contextlib
import re
import warnings
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlint.flow.account import ExhaustedError
from gradlint.flow.machine.calls import STEPS_IN_MODULES
from gradlint.flow.machine.core import RaisedError
from gradlint.flow.machine.statements import Statements
from gradlint.flow.state.store import Store, join_values
from gradlint.flow.values.making import span_of
from gradlint.flow.values.modules import Imported, ModuleValue
from gradlint.flow.values.names import LIBRARIES, SILENT, canonical, root
from gradlint.flow.values.program import Function
from gradlint.flow.values.values import Const, Dict, Items, Join, Known, Seq, Unknown, Value, Variable
from gradlint.knowledge.stubs import shipped_packages
from gradlint.knowledge.table import lookup

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE_SIZE = 400_000
"""How many characters a module of the project may have to be followed into."""
MODULES = 40
"""How many modules of the project one program is followed into."""
MODULE_COST = 80_000
"""What one module may cost to run before the rest of it is unknown."""
TESTS = re.compile(r"\b(?:monkeypatch|mocker|patch)\b")
"""What a test names that replaces something of a module."""
REPLACES = re.compile(r"setattr\([^\n]*?([\"'])(\w+)\1\s*,")
"""A name that a module sets by name, maybe its own."""
STRINGS = re.compile(r"([\"'])([A-Za-z_][\w.]*)\1")
RUNNING = ("store", "module", "stack", "controls", "loops", "forks", "guards", "entry", "eager")
"""What the machine knows of the code that is running now."""


class Imports(Statements):
    """The part of the machine that imports."""

    def run_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            package = root(alias.name)
            if alias.asname:
                self.bind(alias.asname, self.imported(alias.name, node))
                continue
            value = self.imported(package, node)
            self.bind(package, value)
            if isinstance(value, Imported) and not self.stack and not self.is_mentioned(package):
                module = self.module_of(alias.name, 0, value.importer)
                if module is not None:
                    self.load(module)

    def run_ImportFrom(self, node: ast.ImportFrom) -> None:
        name = node.module or ""
        for alias in node.names:
            if alias.name == "*":
                self.import_all(name, node)
            elif node.level:
                self.bind(alias.asname or alias.name, self.own(name, node.level, alias.name, node))
            else:
                self.bind(alias.asname or alias.name, self.imported(f"{name}.{alias.name}", node, inside=name))

    def imported(self, name: str, node: ast.AST, inside: str = "") -> Value:
        """The value of an imported name.

        Args:
            name: The dotted name.
            node: The import.
            inside: The module that the name is taken from; empty where it is a module itself.
        """
        full = canonical(name)
        if full.startswith("tensorflow.python."):
            return Known(full)
        if root(full) in LIBRARIES | SILENT | shipped_packages() or self.wrappers.names_package(full):
            return Known(full)
        if inside:
            return self.own(inside, 0, name.removeprefix(inside + "."), node)
        return self.own(name, 0, None, node)

    def own(self, module: str, level: int, name: str | None, node: ast.AST) -> Value:
        """A module of the project, or something of it: what it is shows when it is used."""
        if self.finder is None:
            return Unknown("import", span_of(node))
        made = Imported(self.importer, module, level, name, span_of(node))
        made.born = self.clock if self.stack or made.importer is None else self.imported_at
        return made

    def import_all(self, module: str, node: ast.ImportFrom) -> None:
        """``from module import *``: any name may come of it."""
        before = self.globals.names.get("*")
        stars = before if isinstance(before, tuple) else ()
        full = canonical(module)
        known = root(full) in LIBRARIES | SILENT | shipped_packages() and not node.level
        value = Known(full) if known else self.own(module, node.level, None, node)
        names = self.globals.names
        if isinstance(value, Imported) and any(_is_made(held) for held in names.values()):
            self.override(names, value)
        self.set(names, "*", (*stars, value))

    def override(self, names: dict[Any, Any], star: Imported) -> None:
        """Let ``from module import *`` take the place of what its names held before."""
        module = self.used(star)
        for name in [name for name in names if isinstance(name, str) and name.isidentifier()]:
            found = self.public(module, name) if isinstance(module, ModuleValue) else None
            if found is not None:
                self.set(names, name, found)

    def is_mentioned(self, name: str) -> bool:
        """Whether the running module names something besides importing it; else it imports it for its effects."""
        home = self.modules_by_frame.get(id(self.globals))
        return len(re.findall(rf"\b{name}\b", self.code if home is None else home.found.code)) > 1

    @property
    def importer(self) -> str | None:
        """The path of the module that the running code belongs to; None for the program itself."""
        home = self.modules_by_frame.get(id(self.globals))
        return home.found.path if home is not None else None

    # -- what is used ----------------------------------------------------------------------------------------------

    def used(self, value: Value) -> Value:
        """What an imported value is, now that it is used."""
        if isinstance(value, Join):
            if not any(isinstance(option, Imported) for option in value.options):
                return value
            result: Value | None = None
            for option in value.options:
                got = self.used(option)
                result = got if result is None else join_values(result, got)
            return result if result is not None else value
        if not isinstance(value, Imported):
            return value
        if value.value is None:
            value.value = self.resolve(value)
        return value.value

    def resolve(self, value: Imported) -> Value:
        """What an import gives."""
        unknown = Unknown("import", value.span)
        value.value = unknown
        module = self.module_of(value.module, value.level, value.importer)
        if module is not None and module.imported is None:
            module.imported = value.born
        if value.name is None:
            return module or unknown
        if module is None or not module.found.file:
            return self.module_of(_inside(value.module, value.name), value.level, value.importer) or unknown
        found = self.member(module, value.name)
        if module.first is not None and value.born <= module.ran:
            first = module.first.get(value.name)
            found = self.used(first) if isinstance(first, Value) else found
        if found is None and module.found.own:
            unknown.anything = True
        return found or unknown

    def module_of(self, name: str, level: int, importer: str | None) -> ModuleValue | None:
        """A module of the project; None where it has none of that name."""
        assert self.finder is not None
        found = self.finder.find(name, level, importer)
        if found is None:
            return None
        module = self.modules_by_path.get(found.path)
        if module is None:
            module = self.modules_by_path[found.path] = ModuleValue(found)
        return module

    def member(self, module: ModuleValue, name: str) -> Value | None:
        """Something of a module: a name that it binds, or a module below it; None where that is not known."""
        self.load(module)
        if not self.stack and self.importer is not None and module.changed.get(name, 0) > self.imported_at:
            return Unknown(name, anything=True)  # It was set after the import whose effects are only now looked at.
        value = module.frame.names.get(name)
        if isinstance(value, Value):
            return self.used(value)
        if name not in module.submodules and module.found.package:
            module.submodules[name] = self.module_of(name, 1, module.found.path)
        return module.submodules.get(name) or self.starred(module.frame, name)

    def starred(self, frame: object, name: str) -> Value | None:
        """A name that a ``from module import *`` brought, where it surely is one of a module of the project."""
        stars = getattr(frame, "names", {}).get("*")
        found: Value | None = None
        for star in reversed(stars if isinstance(stars, tuple) else ()):
            module = self.used(star)
            if isinstance(module, ModuleValue):
                other = self.public(module, name)
                if other is not None and found is not None and other is not found:
                    return None  # Which of the two it is may depend on the way taken.
                found = found or other
            elif found is None and (not isinstance(module, Known) or lookup(f"{module.name}.{name}") is not None):
                return None
        return found

    def public(self, module: ModuleValue, name: str) -> Value | None:
        """A name of a module that ``from module import *`` takes; None where it takes none such."""
        self.load(module)
        listed = module.frame.names.get("__all__")
        if isinstance(listed, Seq) and listed.items.exact:
            taken = any(isinstance(item, Const) and item.value == name for item in listed.items.values)
        else:
            taken = not name.startswith("_")
        return (
            self.member(module, name) if taken and (name in module.frame.names or "*" in module.frame.names) else None
        )

    def set_member(self, module: ModuleValue, name: str, value: Value) -> None:
        """Give something of a module another value, as ``module.name = value`` does."""
        self.load(module)
        self.set(module.frame.names, name, value)
        module.changed[name] = self.clock
        self.escape(value)

    def let_change(self, module: ModuleValue) -> None:
        """Let whatever a module holds be something else from now on: code of others has got hold of it."""
        self.load(module)
        for name, value in list(module.frame.names.items()):
            if isinstance(value, Value) and isinstance(name, str):
                self.set_member(module, name, Unknown(name, anything=True))

    def load(self, module: ModuleValue) -> None:
        """Run a module, apart from what the program is doing now; what cannot be run leaves its names unknown."""
        if module.begun:
            return
        module.begun = True
        found = module.found
        if (
            not found.code
            or len(found.code) > MODULE_SIZE
            or len(self.modules_by_frame) >= MODULES
            or self.spent_in_modules > STEPS_IN_MODULES
        ):
            return
        if not self.modules_by_frame:
            # Where the project's modules take too much, the program is followed once more without them.
            self.account.limit -= self.account.left // 2
        first = len(self.lines)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse("\n" * first + found.code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        lines = found.code.encode(errors="replace").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self.lines += lines
        self.modules_by_frame[id(module.frame)] = module
        self.recorder.extend(found.path, first, lines)
        rest = list(tree.body)
        with self.apart(module):
            with contextlib.suppress(RaisedError):
                while rest and self.block(rest[:1]) != "raise":
                    del rest[0]
            if rest:
                module.frame.names.clear()
                rest.clear()
        self.doubt(module, tree, rest)
        module.first, module.ran = dict(module.frame.names), self.clock
        for value in module.first.values():
            if _is_made(value) and not (isinstance(value, Function) and value.frame is module.frame):
                self.held_by_modules.add(id(value))
                self.escape(value)
                _open(value)

    def doubt(self, module: ModuleValue, tree: ast.Module, rest: list[ast.stmt]) -> None:
        """Let the names be unknown that may be other things by the time that they are used.

        Those are the ones that the rest of the module binds, the ones that its functions put something else in the
        place of, and those that a test of the program replaces.
        """
        names = module.frame.names
        bound = {part for statement in rest for node in ast.walk(statement) for part in _bound(node)}
        bound |= {match[2] for match in REPLACES.finditer(module.found.code)} & names.keys()
        bound |= {
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.Global)
            for name in node.names
            if not isinstance(names.get(name), Variable)
        }
        stem = re.sub(r"/__init__\.py$|\.py$", "", module.found.path).rpartition("/")[2]
        for name in list(names):
            if name in bound or "*" in bound or not self.named_in_tests.isdisjoint((name, f"{stem}.{name}")):
                names[name] = Unknown(str(name), anything=True) if isinstance(names[name], Value) else names[name]

    @cached_property
    def named_in_tests(self) -> frozenset[str]:
        """The strings of a program that replaces names for a test: names, and the last two parts of dotted ones."""
        if not TESTS.search(self.code):
            return frozenset()
        texts = {match[2] for match in STRINGS.finditer(self.code)}
        return frozenset(texts | {".".join(text.split(".")[-2:]) for text in texts})

    @contextlib.contextmanager
    def apart(self, module: ModuleValue) -> Iterator[None]:
        """Run something as an import does: at the top of its module, whatever is being recorded, undone or caught."""
        before = {name: getattr(self, name) for name in RUNNING}
        active, began, since = self.active["recordings"], self.clock, self.imported_at
        self.imported_at = began if module.imported is None else module.imported
        self.store, self.module, self.stack, self.controls, self.loops = Store(self.account), module.frame, [], [], []
        self.forks, self.guards, self.entry, self.eager = 0, 0, None, False
        self.active["recordings"] = ()
        self.recorder.muted += 1
        try:
            with self.account.share(MODULE_COST):
                yield
        except ExhaustedError:
            if not self.account.left:
                raise
        finally:
            if before["entry"] is None:
                self.steps_in_modules += self.clock - began
            self.recorder.muted -= 1
            self.active["recordings"] = active
            self.imported_at = since
            vars(self).update(before)


def _open(value: Value) -> None:
    """Let a module's container hold more than the module itself puts into it: others may register there."""
    if isinstance(value, Dict):
        value.state["pairs"] = replace(value.pairs, exact=False)
    elif isinstance(value, Seq) and value.kind != "tuple" and not value.items.values:
        value.state["items"] = Items(exact=False)


def _bound(node: ast.AST) -> list[str]:
    """The names that a piece of a statement binds."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    return [node.asname or node.name] if isinstance(node, ast.alias) else []


def _is_made(value: object) -> bool:
    """Whether a name's value was made by the program itself."""
    return isinstance(value, Value) and not isinstance(value, Const | Imported | Known | ModuleValue | Unknown)


def _inside(module: str, name: str) -> str:
    return f"{module}.{name}" if module else name
