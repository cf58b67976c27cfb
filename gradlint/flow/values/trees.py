"""The nodes of a program's tree, walked once for all that ask questions of the whole."""

from __future__ import annotations

import ast
from functools import lru_cache


@lru_cache(maxsize=1)
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Every node of a tree, the tree itself first; the last tree's are remembered."""
    return tuple(ast.walk(tree))
