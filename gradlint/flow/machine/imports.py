"""Runs imports: of libraries by name, of the project's own modules by running them once something of them is used."""

from __future__ import annotations

import ast
import contextlib
import re
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gradlint.flow.account import ExhaustedError
from gradlint.flow.machine import calls, expressions
from gradlint.flow.machine.calls import STEPS_IN_MODULES
from gradlint.flow.machine.core import Core, RaisedError
from gradlint.flow.machine.nodes import runs
from gradlint.flow.state.store import Store, join_values
from gradlint.flow.values.making import span_of
from gradlint.flow.values.modules import Imported, ModuleValue
from gradlint.flow.values.program import Function
from gradlint.flow.values.texts import lines_of
from gradlint.flow.values.trees import walk
from gradlint.flow.values.values import Const, Dict, Items, Join, Known, Seq, Unknown, Value, Variable
from gradlint.knowledge import versions
from gradlint.knowledge.packages import LIBRARIES, SILENT, canonical, root
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
REPLACES = "setattr("
NAMED = re.compile(r"([\"'])(\w+)\1\s*,")
"""A text with a name, which behind ``setattr(`` may be one that a module sets, maybe its own."""
RUNNING = ("store", "module", "stack", "controls", "loops", "forks", "guards", "entry", "eager")
"""What the machine knows of the code that is running now."""


@runs(ast.Import)
def run_import(machine: Core, node: ast.Import) -> None:
    for alias in node.names:
        package = root(alias.name)
        if alias.asname:
            expressions.bind(machine, alias.asname, machine.imported(alias.name, node))
            continue
        value = machine.imported(package, node)
        expressions.bind(machine, package, value)
        if isinstance(value, Imported) and not machine.stack and not is_mentioned(machine, package):
            module = machine.module_of(alias.name, 0, value.importer)
            if module is not None:
                load(machine, module)


@runs(ast.ImportFrom)
def run_import_from(machine: Core, node: ast.ImportFrom) -> None:
    name = node.module or ""
    for alias in node.names:
        if alias.name == "*":
            import_all(machine, name, node)
        elif node.level:
            expressions.bind(machine, alias.asname or alias.name, own(machine, name, node.level, alias.name, node))
        else:
            expressions.bind(
                machine, alias.asname or alias.name, machine.imported(f"{name}.{alias.name}", node, inside=name)
            )


def imported(machine: Core, name: str, node: ast.AST, inside: str = "") -> Value:
    """The value of an imported name.

    Args:
        machine: What runs the program.
        name: The dotted name.
        node: The import.
        inside: The module that the name is taken from; empty where it is a module itself.
    """
    full = canonical(name)
    if full.startswith("tensorflow.python."):
        return Known(full)
    version = versions.gone(full)
    if version and not name.startswith(("tf_keras.", "tensorflow.python.")):
        machine.lacks(name, version, "ImportError")
    if root(full) in LIBRARIES | SILENT | shipped_packages() or machine.wrappers.names_package(full):
        return Known(full)
    if inside:
        return own(machine, inside, 0, name.removeprefix(inside + "."), node)
    return own(machine, name, 0, None, node)


def own(machine: Core, module: str, level: int, name: str | None, node: ast.AST) -> Value:
    """A module of the project, or something of it: what it is shows when it is used."""
    if machine.finder is None:
        return Unknown("import", span_of(node))
    made = Imported(importer(machine), module, level, name, span_of(node))
    made.born = machine.clock if machine.stack or made.importer is None else machine.imported_at
    return made


def import_all(machine: Core, module: str, node: ast.ImportFrom) -> None:
    """``from module import *``: any name may come of it."""
    before = machine.globals.names.get("*")
    stars = before if isinstance(before, tuple) else ()
    full = canonical(module)
    known = root(full) in LIBRARIES | SILENT | shipped_packages() and not node.level
    value = Known(full) if known else own(machine, module, node.level, None, node)
    names = machine.globals.names
    if isinstance(value, Imported) and any(_is_made(held) for held in names.values()):
        override(machine, names, value)
    machine.set(names, "*", (*stars, value))


def override(machine: Core, names: dict[Any, Any], star: Imported) -> None:
    """Let ``from module import *`` take the place of what its names held before."""
    module = machine.used(star)
    for name in [name for name in names if isinstance(name, str) and name.isidentifier()]:
        found = public(machine, module, name) if isinstance(module, ModuleValue) else None
        if found is not None:
            machine.set(names, name, found)


def is_mentioned(machine: Core, name: str) -> bool:
    """Whether the running module names something besides importing it; else it imports it for its effects."""
    home = machine.modules_by_frame.get(id(machine.globals))
    if home is None:
        return bool(machine.answered("count", name) > 1)
    return len(re.findall(rf"\b{name}\b", home.found.code)) > 1


def importer(machine: Core) -> str | None:
    """The path of the module that the running code belongs to; None for the program itself."""
    home = machine.modules_by_frame.get(id(machine.globals))
    return home.found.path if home is not None else None


# -- what is used --------------------------------------------------------------------------------------------------


def used(machine: Core, value: Value) -> Value:
    """What an imported value is, now that it is used."""
    if isinstance(value, Join):
        if not any(isinstance(option, Imported) for option in value.options):
            return value
        result: Value | None = None
        for option in value.options:
            got = machine.used(option)
            result = got if result is None else join_values(result, got)
        return result if result is not None else value
    if not isinstance(value, Imported):
        return value
    if value.value is None:
        value.value = resolve(machine, value)
    return value.value


def resolve(machine: Core, value: Imported) -> Value:
    """What an import gives."""
    unknown = Unknown("import", value.span)
    value.value = unknown
    module = machine.module_of(value.module, value.level, value.importer)
    if module is not None and module.imported is None:
        module.imported = value.born
    if value.name is None:
        return module or unknown
    if module is None or not module.found.file:
        return machine.module_of(_inside(value.module, value.name), value.level, value.importer) or unknown
    found = machine.member(module, value.name)
    if module.first is not None and value.born <= module.ran:
        first = module.first.get(value.name)
        found = machine.used(first) if isinstance(first, Value) else found
    if found is None and module.found.own:
        unknown.anything = True
    return found or unknown


def module_of(machine: Core, name: str, level: int, importer: str | None) -> ModuleValue | None:
    """A module of the project; None where it has none of that name."""
    assert machine.finder is not None
    found = machine.finder.find(name, level, importer)
    if found is None:
        return None
    module = machine.modules_by_path.get(found.path)
    if found.own and machine.as_module is not None:
        return machine.as_module
    if module is None:
        module = machine.modules_by_path[found.path] = ModuleValue(found)
    return module


def member(machine: Core, module: ModuleValue, name: str) -> Value | None:
    """Something of a module: a name that it binds, or a module below it; None where that is not known."""
    load(machine, module)
    if not machine.stack and importer(machine) is not None and module.changed.get(name, 0) > machine.imported_at:
        return Unknown(name, anything=True)  # It was set after the import whose effects are only now looked at.
    value = module.frame.names.get(name)
    if isinstance(value, Value):
        return machine.used(value)
    if name not in module.submodules and module.found.package:
        module.submodules[name] = machine.module_of(name, 1, module.found.path)
    return module.submodules.get(name) or machine.starred(module.frame, name)


def starred(machine: Core, frame: object, name: str) -> Value | None:
    """A name that a ``from module import *`` brought, where it surely is one of a module of the project."""
    stars = getattr(frame, "names", {}).get("*")
    found: Value | None = None
    for star in reversed(stars if isinstance(stars, tuple) else ()):
        module = machine.used(star)
        if isinstance(module, ModuleValue):
            other = public(machine, module, name)
            if other is not None and found is not None and other is not found:
                return None  # Which of the two it is may depend on the way taken.
            found = found or other
        elif found is None and (not isinstance(module, Known) or lookup(f"{module.name}.{name}") is not None):
            return None
    return found


def public(machine: Core, module: ModuleValue, name: str) -> Value | None:
    """A name of a module that ``from module import *`` takes; None where it takes none such."""
    load(machine, module)
    listed = module.frame.names.get("__all__")
    if isinstance(listed, Seq) and listed.items.exact:
        taken = any(isinstance(item, Const) and item.value == name for item in listed.items.values)
    else:
        taken = not name.startswith("_")
    return machine.member(module, name) if taken and (name in module.frame.names or "*" in module.frame.names) else None


def set_member(machine: Core, module: ModuleValue, name: str, value: Value) -> None:
    """Give something of a module another value, as ``module.name = value`` does."""
    load(machine, module)
    machine.set(module.frame.names, name, value)
    module.changed[name] = machine.clock
    machine.escape(value)


def let_change(machine: Core, module: ModuleValue) -> None:
    """Let whatever a module holds be something else from now on: code of others has got hold of it."""
    load(machine, module)
    for name, value in list(module.frame.names.items()):
        if isinstance(value, Value) and isinstance(name, str):
            machine.set_member(module, name, Unknown(name, anything=True))


def load(machine: Core, module: ModuleValue) -> None:
    """Run a module, apart from what the program is doing now; what cannot be run leaves its names unknown."""
    if module.begun:
        return
    module.begun = True
    found = module.found
    if (
        not found.code
        or len(found.code) > MODULE_SIZE
        or len(machine.modules_by_frame) >= MODULES
        or calls.spent_in_modules(machine) > STEPS_IN_MODULES
    ):
        return
    tree = read(machine, module)
    if tree is None:
        return
    rest = list(tree.body)
    with apart(machine, module):
        with contextlib.suppress(RaisedError):
            while rest and machine.block(rest[:1]) != "raise":
                del rest[0]
        if rest:
            module.frame.names.clear()
            rest.clear()
    doubt(machine, module, tree, rest)
    module.first, module.ran = dict(module.frame.names), machine.clock
    for value in module.first.values():
        if _is_made(value) and not (isinstance(value, Function) and value.frame is module.frame):
            machine.held_by_modules.add(id(value))
            machine.escape(value)
            _open(value)


def read(machine: Core, module: ModuleValue) -> ast.Module | None:
    """Take a module's text up, so that its lines follow those of the program; None where it is no Python."""
    if not machine.modules_by_frame:
        # Where the project's modules take too much, the program is followed once more without them.
        machine.account.limit -= machine.account.left // 2
    first, code = len(machine.lines), module.found.code
    machine.account.pay(len(code) // 4)  # some quarter of a microsecond a character, to parse it and look through it
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse("\n" * first + code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = lines_of(code)
    machine.lines += lines
    machine.relevance.extend(first, code)
    machine.modules_by_frame[id(module.frame)] = module
    machine.recorder.extend(module.found.path, first, lines)
    return tree


def doubt(machine: Core, module: ModuleValue, tree: ast.Module, rest: list[ast.stmt]) -> None:
    """Let the names be unknown that may be other things by the time that they are used.

    Those are the ones that the rest of the module binds, the ones that its functions put something else in the
    place of, and those that a test of the program replaces.
    """
    names = module.frame.names
    bound = {part for statement in rest for node in walk(statement) for part in _bound(node)}
    code = module.found.code
    setting = (line.partition(REPLACES)[2] for line in (code.split("\n") if REPLACES in code else ()))
    bound |= {match[2] for rest in setting for match in NAMED.finditer(rest)} & names.keys()
    shared = (node for node in (walk(tree) if "global" in code else ()) if isinstance(node, ast.Global))
    bound |= {name for node in shared for name in node.names if not isinstance(names.get(name), Variable)}
    stem = re.sub(r"/__init__\.py$|\.py$", "", module.found.path).rpartition("/")[2]
    for name in list(names):
        if name in bound or "*" in bound or not machine.answered("tests").isdisjoint((name, f"{stem}.{name}")):
            names[name] = Unknown(str(name), anything=True) if isinstance(names[name], Value) else names[name]


@contextlib.contextmanager
def apart(machine: Core, module: ModuleValue, cost: int = MODULE_COST, *, muted: bool = True) -> Iterator[None]:
    """Run something as an import does: at the top of its module, whatever is being recorded, undone or caught.

    Args:
        machine: What runs the program.
        module: The module.
        cost: What it may cost.
        muted: Whether nothing is claimed meanwhile.
    """
    before = {name: getattr(machine, name) for name in RUNNING}
    active, began, since = machine.active["recordings"], machine.clock, machine.imported_at
    machine.imported_at = began if module.imported is None else module.imported
    machine.store, machine.module, machine.stack, machine.controls, machine.loops = (
        Store(machine.account),
        module.frame,
        [],
        [],
        [],
    )
    machine.forks, machine.guards, machine.entry, machine.eager = 0, 0, None, False
    machine.active["recordings"] = ()
    machine.recorder.muted += muted
    try:
        with machine.account.share(cost):
            yield
    except ExhaustedError:
        if not machine.account.left:
            raise
    finally:
        if before["entry"] is None:
            machine.steps_in_modules += machine.clock - began
        machine.recorder.muted -= muted
        machine.active["recordings"] = active
        machine.imported_at = since
        vars(machine).update(before)


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
