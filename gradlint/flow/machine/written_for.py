"""For which version of TensorFlow a program shows itself to be written: what it uses that later ones do not have."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from gradlint.flow.values.trees import walk
from gradlint.knowledge import versions
from gradlint.knowledge.packages import canonical, root

if TYPE_CHECKING:
    from collections.abc import Iterator


class Older(NamedTuple):
    """Something that a program uses.

    Attributes:
        name: What it is, as the program or the library calls it.
        version: The first version of TensorFlow that does not have it.
    """

    name: str
    version: str

    def __str__(self) -> str:
        return f"`{self.name}`, which TensorFlow has not had since {self.version}"


_PACKAGES = frozenset({"tensorflow", "keras", "tf_keras", "tensorflow_addons"})


def older(tree: ast.AST) -> tuple[Older, ...]:
    """What a program uses that later versions of TensorFlow do not have, apart from where it tries which one runs."""
    aliases = _aliases(tree)
    if not aliases:
        return ()
    found = {one.version: one for one in _used(tree, aliases)}
    return tuple(found.values())


def _aliases(tree: ast.AST) -> dict[str, str]:
    """What the names of the program's imports stand for, by name; those that its branches bind are left out."""
    aliases: dict[str, str] = {}
    for node in _surely(tree):
        for name, full in _imported(node):
            if root(full) in _PACKAGES:
                aliases[name] = full
    return aliases


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or root(alias.name), alias.name if alias.asname else root(alias.name)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _used(tree: ast.AST, aliases: dict[str, str]) -> Iterator[Older]:
    for node in _surely(tree):
        for _, full in _imported(node):
            yield from _shown(full)
        if isinstance(node, ast.Attribute):
            name = _dotted(node, aliases)
            if name:
                yield from _shown(name)
        elif isinstance(node, ast.Call):
            name = canonical(_dotted(node.func, aliases))
            for keyword in node.keywords if name else ():
                version = versions.refused(name, keyword.arg or "")
                if version:
                    yield Older(f"{name.rpartition('.')[2]}({keyword.arg}=...)", version)


def _shown(name: str) -> Iterator[Older]:
    plain = _spelled(name)
    version = versions.shows(plain) if root(plain) in _PACKAGES else ""
    if version:
        yield Older(name, version)


def _spelled(name: str) -> str:
    """A name's canonical one; those of packages that the table tells apart from Keras stay as they are."""
    return name if f"{name}.".startswith(("tf_keras.", "tensorflow.python.")) else canonical(name)


def _dotted(node: ast.expr, aliases: dict[str, str]) -> str:
    """The full name that an expression of names and dots stands for; empty where it is none of an import."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in aliases:
        return ""
    return ".".join([aliases[node.id], *reversed(parts)])


def _surely(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a program but for those behind a ``try`` and in branches that ask for a version or an attribute."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Try | ast.TryStar) and node.handlers:
            waiting += [*node.orelse, *node.finalbody]
        elif not (isinstance(node, ast.If | ast.IfExp) and _asks(node.test)):
            waiting.extend(ast.iter_child_nodes(node))


def _asks(test: ast.expr) -> bool:
    """Whether a condition asks which version runs, or what it has."""
    for node in walk(test):
        word = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if "version" in word.lower() or word in {"hasattr", "executing_eagerly"} or "tf2" in word.lower():
            return True
    return False
