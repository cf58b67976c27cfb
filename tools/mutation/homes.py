"""Finds what a call of a program runs: a function, a method, an object's ``call``, here or in another file."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from functools import cache

from gradlint.sources.project import Project
from tools.mutation.file import File
from tools.mutation.ways import dotted

CALLS = ("call", "__call__")
PLAIN = frozenset({"function", "tf.function", "staticmethod", "classmethod"})
"""Decorators that leave a function what it is."""


@dataclass(frozen=True)
class Home:
    """A function that a call runs, and the class and the file that it stands in."""

    file: File
    node: ast.FunctionDef
    owner: ast.ClassDef | None

    @property
    def parameters(self) -> list[str]:
        """The names of its parameters that a call's arguments go to, in their order."""
        names = [one.arg for one in (*self.node.args.posonlyargs, *self.node.args.args)]
        static = any(dotted(one) == "staticmethod" for one in self.node.decorator_list)
        return names[1:] if self.owner is not None and not static else names


@cache
def _read(path: str, code: str) -> File | None:
    try:
        return File(os.path.abspath(path), code)
    except (SyntaxError, ValueError):
        return None


class Homes:
    """What the calls of one file run.

    Args:
        file: The file.
        owner: The class that the calling code stands in, where there is one.
        scope: The function that it stands in, where there is one.
    """

    def __init__(self, file: File, owner: ast.ClassDef | None, scope: ast.FunctionDef | None) -> None:
        self.file, self.owner, self.scope = file, owner, scope

    def of(self, name: str) -> Home | None:
        """What a call of a dotted name runs; None where that is not seen."""
        found = self._found(name)
        if found is None or any(dotted(_called(one)) not in PLAIN for one in found.node.decorator_list):
            return None
        return found

    def _found(self, name: str) -> Home | None:
        head, _, last = name.rpartition(".")
        if head == "self" and self.owner is not None:
            method = self._method(self.file, self.owner, (last,))
            return method or self._object(self.owner, name)
        if not head:
            own = self._top(self.file, name)
            if isinstance(own, ast.FunctionDef):
                return Home(self.file, own, None)
            return self._elsewhere(name) or self._object(self.scope, name) or self._object(self.file.tree, name)
        return self._member(head, last)

    def _member(self, head: str, last: str) -> Home | None:
        """A function of a module that was imported whole."""
        module = self.file.imported().get(head)
        place = (
            (".".join(filter(None, [module[0], module[2]])), module[1])
            if module
            else (self.file.modules().get(head), 0)
        )
        other = self._module(place[0], place[1]) if place[0] else None
        own = self._top(other, last) if other else None
        return Home(other, own, None) if other and isinstance(own, ast.FunctionDef) else None

    def _elsewhere(self, name: str) -> Home | None:
        other, own = self._imported(name)
        return Home(other, own, None) if other and isinstance(own, ast.FunctionDef) else None

    def _imported(self, name: str) -> tuple[File | None, ast.FunctionDef | ast.ClassDef | None]:
        module = self.file.imported().get(name)
        other = self._module(module[0], module[1]) if module else None
        return other, self._top(other, module[2]) if other and module else None

    def _object(self, scope: ast.AST | None, name: str) -> Home | None:
        """The ``call`` of the one class whose object a name holds."""
        made = [
            node.value
            for node in (ast.walk(scope) if scope is not None else ())
            if isinstance(node, ast.Assign) and any(dotted(target) == name for target in node.targets)
        ]
        if len(made) != 1 or not isinstance(made[0], ast.Call) or not isinstance(made[0].func, ast.Name):
            return None
        own, home = self._top(self.file, made[0].func.id), self.file
        if own is None:
            other, own = self._imported(made[0].func.id)
            home = other or home
        return self._method(home, own, CALLS) if isinstance(own, ast.ClassDef) else None

    def _method(self, home: File, owner: ast.ClassDef, names: tuple[str, ...]) -> Home | None:
        for node in owner.body:
            if isinstance(node, ast.FunctionDef) and node.name in names:
                return Home(home, node, owner)
        for base in owner.bases:
            name = dotted(base)
            other, own = (
                (home, self._top(home, name)) if self._top(home, name) else Homes(home, None, None)._imported(name)
            )
            if other is not None and isinstance(own, ast.ClassDef) and own is not owner:
                return self._method(other, own, names)
        return None

    def _module(self, name: str | None, level: int) -> File | None:
        found = Project(self.file.path).find(name or "", level, None)
        return _read(found.path, found.code) if found is not None and found.code else None

    @staticmethod
    def _top(file: File, name: str) -> ast.FunctionDef | ast.ClassDef | None:
        """The one function or class of a program's top level of a name."""
        found = [one for one in file.tree.body if isinstance(one, ast.FunctionDef | ast.ClassDef) and one.name == name]
        return found[0] if len(found) == 1 else None


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node
