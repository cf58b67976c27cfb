"""Runs the modules of the project that call the program's functions, so that those are judged by their real arguments.

A function that nothing in the program calls is looked for in the modules that import the program: those run as
programs of their own, their functions as whatever calls them would; then those that import such a module and name
what leads from there to the program. What they do to the program's state is undone after each. Only the program's own
gradient calls are judged.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from gradlint.flow.machine import calls, entering, imports
from gradlint.flow.machine.core import Core, RaisedError
from gradlint.flow.state import expected
from gradlint.flow.values.modules import ModuleValue
from gradlint.flow.values.trees import nodes, walk

if TYPE_CHECKING:
    from gradlint.flow.values.program import Function

MOST = 6
"""How many modules that import the program are run."""
FURTHER = 3
"""How many modules are run that import one of those, or one of these."""
COST = 120_000
"""What one of them may cost."""
COST_FURTHER = 300_000
"""What one of those may cost that lead to the program through another module."""
STEPS = 12_000
"""How many expressions and statements of other modules one of them may run."""
REPLACING = re.compile(r"\b(?:monkeypatch|mocker|mock|patch\()")
"""What a test says that puts something else in the place of what the program has."""


def judge(machine: Core) -> None:
    """Judge the program's functions by the calls of the modules that import it."""
    assert machine.finder is not None
    names = asking(machine)
    if not names:
        return
    machine.as_module = _itself(machine)
    waiting = [(found, names) for found in machine.finder.importers(names)[:MOST]]
    seen, further = {found.path for found, _ in waiting}, FURTHER
    for found, named in waiting:
        if found.path in machine.modules_by_path or REPLACING.search(found.code):
            continue
        leads = _run(machine, ModuleValue(found), named, COST if named is names else COST_FURTHER)
        for one in machine.finder.importers(leads, found.path) if leads else ():
            if further and one.path not in seen and not one.own:
                waiting.append((one, leads))
                seen.add(one.path)
                further -= 1
    machine.as_module = None


def asking(machine: Core) -> frozenset[str]:
    """The names by which others call the functions that a claim may come of and that nothing has called."""
    pending = entering.not_entered(machine, 0, machine.recorder.own)
    asking = machine.relevance.pick(pending, machine.defined)
    owners = {one.owner.name for one in asking if one.owner is not None}
    return frozenset(owners | {one.name for one in asking if not isinstance(one.node, ast.Lambda)}) - {"__init__"}


def _itself(machine: Core) -> ModuleValue:
    """The program as a module that has been imported."""
    from gradlint.sources.project import Found

    made = ModuleValue(Found("", machine.code, own=True))
    made.frame, made.begun = machine.module, True
    return made


def _run(machine: Core, module: ModuleValue, names: frozenset[str], cost: int) -> frozenset[str]:
    """Run a module that imports the program, then the functions in it that call the program's.

    Returns:
        The names of the module's functions and classes by which other modules may come to the program's.
    """
    first = len(machine.lines)
    tree = imports.read(machine, module)
    if tree is None:
        return frozenset()
    last = len(machine.lines)
    machine.started, machine.recorder.expecting = module, _expecting(machine, tree)
    escaped, by_id, callbacks = machine.escaped.edges, dict(machine.escaped_by_id), dict(machine.callbacks)
    steps, entered, is_finished = machine.steps_in_modules, dict(machine.entered), False
    machine.steps_in_modules = calls.STEPS_IN_MODULES - STEPS
    with imports.apart(machine, module, cost, muted=False):
        mark = machine.store.mark()
        for statement in tree.body:
            try:
                machine.block([statement])
            except RaisedError:
                machine.stack.clear()
                machine.forks = 0
        for function in _calling(machine, tree, names, first, last):
            entering.enter_and_forget(machine, function)
        machine.store.undo(mark)
        is_finished = True
    if not is_finished:
        machine.entered = entered  # What was running when the budget ended has not been judged.
    machine.steps_in_modules, machine.started = steps, None
    machine.recorder.led_by, machine.recorder.is_expected = None, False
    machine.escaped.edges, machine.escaped_by_id, machine.callbacks = escaped, by_id, callbacks
    made = (one for one in tree.body if isinstance(one, ast.FunctionDef | ast.ClassDef))
    return frozenset(one.name for one in made if not names.isdisjoint(_names(one)))


def _calling(machine: Core, tree: ast.Module, names: frozenset[str], first: int, last: int) -> list[Function]:
    """The functions of a module that nothing has called and that name something of the program."""
    naming = {
        id(node)
        for node in nodes(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not names.isdisjoint(_names(node))
    }
    return [one for one in entering.not_entered(machine, first, last) if id(one.node) in naming]


def _expecting(machine: Core, tree: ast.Module) -> tuple[tuple[int, int], ...]:
    """The functions and statements, by their lines, that say that a gradient is None or that something raises."""
    functions = [node for node in nodes(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    alone = [one for one in tree.body if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    return tuple(
        (node.lineno, node.end_lineno or node.lineno)
        for node in (*functions, *alone)
        if expected.may_expect(b"\n".join(machine.lines[node.lineno - 1 : node.end_lineno]).decode(errors="replace"))
    )


def _names(node: ast.AST) -> set[str]:
    """The names in a piece of code."""
    inside = list(walk(node))
    return {part.id for part in inside if isinstance(part, ast.Name)} | {
        part.attr for part in inside if isinstance(part, ast.Attribute)
    }
