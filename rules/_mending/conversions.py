"""Conversions that take a value out of TensorFlow, and what stands in their place when it stays."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .edits import operand, remove, replace
from .numpy import method
from .site import spelled
from .uses import refuses_a_tensor

if TYPE_CHECKING:
    from gradlint.rule import Replacement

    from .site import Site

METHODS = frozenset({"numpy", "item", "tolist", "eval"})
FUNCTIONS = frozenset({"float", "complex"})
READERS = frozenset({"get_value", "eval", "convert_to_numpy"})
MATH = {
    name: f"math.{name}"
    for name in [
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "ceil",
        "cos",
        "cosh",
        "erf",
        "erfc",
        "exp",
        "expm1",
        "floor",
        "lgamma",
        "log",
        "log1p",
        "pow",
        "sin",
        "sinh",
        "sqrt",
        "tan",
        "tanh",
    ]
} | {"fabs": "math.abs", "atan2": "math.atan2"}


def converted(node: ast.expr) -> ast.expr | None:
    """What a conversion converts: ``x`` of ``x.numpy()`` and of ``float(x)``; None for what is none."""
    if not isinstance(node, ast.Call) or node.keywords:
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS and not node.args:
        return node.func.value
    name = (spelled(node.func) or "").rpartition(".")
    if len(node.args) == 1 and not isinstance(node.args[0], ast.Starred):
        if not name[0] and name[2] in FUNCTIONS:
            return node.args[0]
        if name[0] and name[2] in READERS:
            return node.args[0]
    return None


def dropped(site: Site, node: ast.expr) -> Replacement | None:
    """A conversion replaced by what it converts, or a function of ``math`` by TensorFlow's."""
    inner = converted(node)
    if inner is not None:
        while (deeper := converted(inner)) is not None:
            inner = deeper
        attribute = site.index.parents.get(node)
        called = None if attribute is None else site.index.parents.get(attribute)
        if isinstance(attribute, ast.Attribute) and isinstance(called, ast.Call) and called.func is attribute:
            text = method(site, called, site.text(inner))
            return None if text is None else replace(called, text)
        if refuses_a_tensor(site, node):
            return None
        statement = site.index.parents.get(node)
        if isinstance(statement, ast.Assign) and [spelled(one) for one in statement.targets] == [spelled(inner)]:
            return remove(site, statement)
        return replace(node, operand(site, node, site.text(inner), inner))
    if isinstance(node, ast.Call) and not node.keywords:
        root, _, last = (spelled(node.func) or "").rpartition(".")
        arguments = 2 if last in {"pow", "atan2"} else 1
        if root == "math" and last in MATH and len(node.args) == arguments:
            function = site.tensorflow(MATH[last], node)
            return None if function is None else replace(node.func, function)
    return None


def gathered(site: Site, node: ast.expr) -> Replacement | None:
    """``x.numpy()[np.arange(n), columns]`` as ``tf.gather(x, columns, axis=1, batch_dims=1)``."""
    inner, parent = converted(node), site.index.parents.get(node)
    if inner is None or not isinstance(parent, ast.Subscript) or not isinstance(parent.slice, ast.Tuple):
        return None
    gather = site.tensorflow("gather", node)
    if gather is None or len(parent.slice.elts) != 2 or not isinstance(parent.ctx, ast.Load):
        return None
    rows, columns = parent.slice.elts
    every = isinstance(rows, ast.Call) and len(rows.args) == 1 and not rows.keywords
    maker = (spelled(rows.func) or "").rpartition(".")[2] if isinstance(rows, ast.Call) else ""
    if not every or maker not in {"arange", "range"} or isinstance(columns, (ast.Slice, ast.Constant, ast.UnaryOp)):
        return None
    return replace(parent, f"{gather}({site.text(inner)}, {site.text(columns)}, axis=1, batch_dims=1)")
