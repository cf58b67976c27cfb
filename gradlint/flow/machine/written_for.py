"""For which version of TensorFlow a program shows itself to be written: what it uses that later ones do not have."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from gradlint.flow.values.trees import of_type, walk
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


_PACKAGES = frozenset({"tensorflow", "keras", *versions.showing()})


def older(tree: ast.AST) -> tuple[Older, ...]:
    """What a program uses that later versions of TensorFlow do not have, apart from where it tries which one runs."""
    imports = _imports(tree)
    if not any(root(full) in _PACKAGES for node in imports for _, full in _imported(node)):
        return ()
    unsure = _unsure(tree)
    imports = [node for node in imports if id(node) not in unsure]
    aliases = {name: full for node in imports for name, full in _imported(node) if root(full) in _PACKAGES}
    if not aliases:
        return ()
    used = [(node, one) for node, one in _used(tree, imports, aliases) if id(node) not in unsure]
    used.sort(key=lambda use: _place(use[0]), reverse=True)
    return tuple({one.version: one for _, one in used}.values())


def _imports(tree: ast.AST) -> list[ast.Import | ast.ImportFrom]:
    """The imports of a program, the last one first, so that of two with one name the first one counts."""
    found: list[ast.Import | ast.ImportFrom] = [*of_type(tree, ast.Import), *of_type(tree, ast.ImportFrom)]
    return sorted(found, key=_place, reverse=True)


def _place(node: ast.stmt | ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or root(alias.name), alias.name if alias.asname else root(alias.name)
    elif node.module and not node.level:
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _used(
    tree: ast.AST, imports: list[ast.Import | ast.ImportFrom], aliases: dict[str, str]
) -> Iterator[tuple[ast.stmt | ast.expr, Older]]:
    """What a program uses that later versions do not have, each with its node."""
    for node in imports:
        yield from ((node, one) for _, full in _imported(node) for one in _shown(full))
    for attribute in of_type(tree, ast.Attribute):
        name = _dotted(attribute, aliases)
        yield from ((attribute, one) for one in _shown(name))
    for call in of_type(tree, ast.Call):
        name = canonical(_dotted(call.func, aliases)) if call.keywords else ""
        for keyword in call.keywords if name else ():
            text = keyword.value.value if isinstance(keyword.value, ast.Constant) else ""
            version = versions.refused(name, keyword.arg or "", text if isinstance(text, str) else "")
            if version:
                yield call, Older(f"{name.rpartition('.')[2]}({keyword.arg}=...)", version)


def _shown(name: str) -> Iterator[Older]:
    plain = _spelled(name) if name else ""
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


def _unsure(tree: ast.AST) -> set[int]:
    """The nodes behind a ``try`` with handlers, and in branches that ask for a version or an attribute, by identity."""
    found: set[int] = set()
    tries: list[ast.Try | ast.TryStar] = [*of_type(tree, ast.Try), *of_type(tree, ast.TryStar)]
    for tried in tries:
        if tried.handlers and id(tried) not in found:
            found.update(id(node) for part in (*tried.body, *tried.handlers) for node in walk(part))
    branches: list[ast.If | ast.IfExp] = [*of_type(tree, ast.If), *of_type(tree, ast.IfExp)]
    for branch in branches:
        if id(branch) not in found and _asks(branch.test):
            found.update(map(id, walk(branch)))
    return found


def _asks(test: ast.expr) -> bool:
    """Whether a condition asks which version runs, or what it has."""
    for node in walk(test):
        word = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if "version" in word.lower() or word in {"hasattr", "executing_eagerly"} or "tf2" in word.lower():
            return True
    return False
