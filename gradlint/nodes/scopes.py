"""Names in a program: which scope a node sees, what binds a name there, and where the name is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.lazy import cst
from gradlint.nodes.reading import binds, called, dotted, imported_as, only, parameters, string_value, value_of
from gradlint.nodes.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.nodes.program import Program

    Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement

TENSORFLOW = frozenset({"tensorflow", "tensorflow.compat.v2", "tensorflow.compat.v1"})


class Names:
    """The names of a program.

    Args:
        program: The program.
    """

    def __init__(self, program: Program) -> None:
        self.program = program

    def scope(self, node: cst.CSTNode) -> cst.CSTNode:
        """The function, lambda, class or module whose names a node sees first."""
        return self.program.scope(node)

    def own(self, scope: cst.CSTNode) -> list[cst.CSTNode]:
        """The nodes of a scope, without those of the functions and classes in it."""
        return self.program.own(scope)

    def bindings(self, name: str, near: cst.CSTNode) -> list[tuple[Statement, cst.BaseExpression | None]]:
        """The statements of a node's scope that bind a name, each with the value where it is plainly one."""
        found: dict[Statement, cst.BaseExpression | None] = {}
        for node in self.program.bound(self.scope(near)).get(name, ()):
            statement = self.program.statement(node)
            if statement is not None:
                found[statement] = value_of(statement, name)
        return sorted(found.items(), key=lambda pair: self.program.extent(pair[0]))

    def definition(self, name: str | None, near: cst.CSTNode) -> tuple[Statement, cst.BaseExpression] | None:
        """The one statement that binds a name to a value, in a node's scope or else in the module's own."""
        if not name:
            return None
        for place in (near, *self.program.module.body[:1]):
            found = self.bindings(name, place)
            if found:
                statement, value = found[0]
                return (statement, value) if len(found) == 1 and value is not None else None
            if name in parameters(self.scope(near)):
                return None
        return None

    def attribute_definition(self, name: str | None, near: cst.CSTNode) -> tuple[Statement, cst.BaseExpression] | None:
        """The one statement of a class that binds an attribute of its own object, such as ``self.w``, to a value."""
        owner = self.program.enclosing(near, cst.ClassDef)
        if owner is None or not name or not name.startswith("self.") or name.count(".") != 1:
            return None
        made = [
            statement
            for node in walk(owner)
            if name in binds(node) and (statement := self.program.statement(node)) is not None
        ]
        value = value_of(made[0], name) if len(made) == 1 else None
        return None if value is None else (made[0], value)

    def uses(self, name: str | None) -> list[cst.BaseExpression]:
        """Every place of the program that reads a name or a dotted name, in its order."""
        return self.program.reads(name or "")

    def uses_here(self, name: str | None, near: cst.CSTNode) -> list[cst.BaseExpression]:
        """The places of a node's own scope that read a name."""
        scope = self.scope(near)
        return [use for use in self.uses(name) if self.scope(use) is scope]

    def reads_attribute_elsewhere(self, attribute: str, known: Iterable[cst.BaseExpression]) -> bool:
        """Whether the program reads an attribute of a name at any place besides the known ones."""
        those = set(known)
        return any(
            isinstance(one, cst.Attribute) and one.attr.value == attribute and one not in those
            for one in self.program.every_read()
        )

    def free_name(self, wish: str) -> str:
        """A name that the program does not use: the wish itself, or the wish with a number."""
        used = self.program.names
        number, name = 2, wish
        while name in used:
            name, number = f"{wish}_{number}", number + 1
        return name

    def imports(self, near: cst.CSTNode) -> Iterator[cst.Import | cst.ImportFrom]:
        """The imports that hold at a node: those of its functions, then the module's."""
        for scope in self.program.above(near):
            if isinstance(scope, (cst.FunctionDef, cst.Lambda, cst.Module)):
                yield from self.program.imports(scope)

    def tensorflow(self, function: str, near: cst.CSTNode) -> str | None:
        """How the program at a node spells a function of TensorFlow; None where it cannot.

        ``tensorflow("nn.softmax", node)`` gives ``tf.nn.softmax`` after ``import tensorflow as tf``, or the function's
        own name after ``from tensorflow import softmax``.
        """
        package, _, last = f"tensorflow.{function}".rpartition(".")
        imports = list(self.imports(near))
        for node in imports:
            for alias in node.names if isinstance(node, cst.Import) else ():
                name = dotted(alias.name) or ""
                if name in TENSORFLOW or (alias.asname is None and name.startswith("tensorflow.")):
                    return f"{imported_as(alias)}.{function}"
        for node in imports:
            if isinstance(node, cst.ImportFrom) and not node.relative and not isinstance(node.names, cst.ImportStar):
                owner = dotted(node.module)
                for alias in node.names:
                    name = f"{owner}.{dotted(alias.name)}"
                    if owner == package and name == f"tensorflow.{function}":
                        return imported_as(alias)
                    if name in TENSORFLOW:
                        return f"{imported_as(alias)}.{function}"
                    if name == package:
                        return f"{imported_as(alias)}.{last}"
        return None

    def canonical(self, node: cst.CSTNode) -> str | None:
        """A library's name for a function: ``numpy.mean`` for ``np.mean``, however the program imports it."""
        written = dotted(node)
        if written is None:
            return _of_import_call(node)
        root, _, rest = written.partition(".")
        for one in self.imports(node):
            for alias in () if isinstance(one.names, cst.ImportStar) else one.names:
                if imported_as(alias) != root:
                    continue
                name = dotted(alias.name) or ""
                if isinstance(one, cst.ImportFrom):
                    name = f"{dotted(one.module)}.{name}"
                elif alias.asname is None:
                    name = root
                return f"{name}.{rest}" if rest else name
        return None


def _of_import_call(node: cst.CSTNode) -> str | None:
    """The name of an attribute of a module that ``__import__`` gives."""
    rest: list[str] = []
    while isinstance(node, cst.Attribute):
        rest.append(node.attr.value)
        node = node.value
    given = only(node, 1) if called(node) == "__import__" else None
    module = string_value(given[0]) if given else None
    return None if module is None else ".".join([module, *reversed(rest)])
