"""Counts the lines of the flow analysis that name a callable of a library, which is knowledge and belongs in data."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import gradlint.flow
from gradlint.knowledge import behaviours, packages

if TYPE_CHECKING:
    from collections.abc import Iterator

FLOW = Path(gradlint.flow.__file__).parent
ROOTS = tuple(f"{package}." for package in sorted(packages.LIBRARIES | {"scipy", "tf_keras", "torch", "jax", "typing"}))


def naming(folder: Path = FLOW) -> list[str]:
    """The lines of a folder that name a library's callable in a string that is no docstring, as ``file:line: name``."""
    files = sorted(folder.rglob("*.py"))
    return [f"{path.relative_to(folder)}:{line}: {name}" for path in files for line, name in _named(path)]


def _named(path: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    seen: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in documentation:
            continue
        if node.lineno not in seen and (node.value.startswith(ROOTS) or node.value in behaviours.lines()):
            seen.add(node.lineno)
            yield node.lineno, node.value


if __name__ == "__main__":
    found = naming()
    print(*found, f"{len(found)} lines", sep="\n")
