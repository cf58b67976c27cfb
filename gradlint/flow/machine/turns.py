"""What of a program's text runs once for each of several items."""

from __future__ import annotations

import ast

from gradlint.flow.values.trees import walk

TURNING = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""What runs a part of the program once for each of several items."""


def inside(tree: ast.AST) -> set[int]:
    """The ids of the nodes that stand in a loop or a comprehension."""
    turning = (part for part in walk(tree) if isinstance(part, TURNING))
    return {id(node) for part in turning for node in walk(part)}


def targets(tree: ast.AST) -> frozenset[str]:
    """The names that a loop binds to one item after the other."""
    loops = (part for part in walk(tree) if isinstance(part, ast.For | ast.AsyncFor))
    nodes = (node for loop in loops for node in walk(loop.target))
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name))
