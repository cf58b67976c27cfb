"""GT601 nan-through-where."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, spelled
from .._wording import code, name, so

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class NanThroughWhere(Rule):
    """The side of `tf.where` that is not chosen makes the gradient NaN."""

    code = "GT601"
    name = "nan-through-where"
    kinds = (Kind.NAN_THROUGH_WHERE,)
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``callee`` (the dangerous function), ``variable`` (its argument), ``replacement``, ``reason``.

        Reasons: ``where``, ``mask`` (a mask is multiplied in), ``jit`` (NaN only where XLA compiles).
        """
        callee = name(claim, "callee", "this")
        variable = claim.detail.get("variable")
        reason = claim.detail.get("reason")
        hides = "A mask" if reason == "mask" else "`tf.where`"
        compiled = " when XLA compiles it" if reason == "jit" else ""
        told = f"{hides} hides the value of {callee} and not its infinite slope{so(claim)}{compiled}"
        safe = code(variable) if variable else "its argument"
        return f"{told}; make {safe} safe first, with a `tf.where` of its own."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The double ``tf.where``: the dangerous argument made harmless where its side is not chosen.

        Safe, since the chosen side's values stay as they are.
        """
        site = Site(claim, module)
        node = site.expression()
        where = None if node is None else site.index.enclosing(node, ast.Call)
        while where is not None and not _is_where(where):
            parent = site.index.parents.get(where)
            where = None if parent is None else site.index.enclosing(parent, ast.Call)
        if node is None or where is None:
            return None
        condition, *sides = where.args
        function = site.text(where.func)
        ones = site.tensorflow("ones_like", where)
        edits = []
        for number, side in enumerate(sides):
            if node is not where and not any(one is node for one in ast.walk(side)):
                continue
            for argument, harmless in _dangerous(side, function):
                made = _harmless(site, argument, harmless, ones)
                if made is None:
                    return None
                text = site.text(argument)
                chosen = f"{text}, {made}" if number == 0 else f"{made}, {text}"
                edits.append(replace(argument, f"{function}({site.text(condition)}, {chosen})"))
        return proposal("safe", "Make the argument harmless where it is not chosen", *edits) if edits else None


ONE = ("sqrt", "rsqrt", "log", "log1p", "reciprocal", "norm", "lgamma", "digamma")
ZERO = ("exp", "acos", "asin", "atanh", "erfinv", "tan", "sinh", "cosh", "expm1")
HARMLESS = dict.fromkeys(ONE, 1) | dict.fromkeys(ZERO, 0)
DENOMINATORS = frozenset({"divide", "truediv", "div"})


def _is_where(node: ast.Call) -> bool:
    return (spelled(node.func) or "").rpartition(".")[2] == "where" and len(node.args) == 3 and not node.keywords


def _dangerous(side: ast.expr, function: str) -> Iterator[tuple[ast.expr, int]]:
    """The outermost dangerous arguments on one side, each with a value at which its function is harmless."""
    if isinstance(side, ast.Call):
        name = (spelled(side.func) or "").rpartition(".")[2]
        if spelled(side.func) == function:
            return
        if name in HARMLESS and side.args and not isinstance(side.args[0], ast.Constant):
            yield side.args[0], HARMLESS[name]
            return
        if name in DENOMINATORS and len(side.args) == 2:
            yield side.args[1], 1
            return
        if name == "pow" and len(side.args) == 2:
            yield side.args[0], 1
            return
    if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Div) and not isinstance(side.right, ast.Constant):
        yield side.right, 1
        yield from _dangerous(side.left, function)
        return
    if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Pow) and not isinstance(side.left, ast.Constant):
        yield side.left, 1
        return
    for child in ast.iter_child_nodes(side):
        if isinstance(child, ast.expr):
            yield from _dangerous(child, function)


def _harmless(site: Site, argument: ast.expr, value: int, ones: str | None) -> str | None:
    """A Tensor like the argument at which the function's slope is finite."""
    if value == 1:
        return None if ones is None else f"{ones}({site.text(argument)})"
    zeros = site.tensorflow("zeros_like", argument)
    return None if zeros is None else f"{zeros}({site.text(argument)})"
