"""GT601 nan-through-where."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, spelled
from .._wording import code, name, so

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class NanThroughWhere(Rule):
    """The side of `tf.where` that is not chosen makes the gradient NaN.

    ## What it does
    Reports a `tf.where` (or a mask that is multiplied in) whose sides compute a logarithm, a division, a power or an
    exponential of a value that the condition is there to guard against.

    ## Why the gradient is lost
    Both sides of `tf.where` are computed, and both are differentiated. The side that is not chosen gets an upstream
    gradient of zero, and zero times an infinite slope is NaN. The loss looks right; its gradient is NaN, and neither
    TensorFlow nor the optimizer says a word. `tf.sqrt` at zero is spared in eager mode and NaN under XLA.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Make the argument safe first: `safe = tf.where(x > 0, x, 1.0)`, then `tf.where(x > 0, tf.math.log(safe), 0.0)`. For
    quotients use `tf.math.divide_no_nan`.

    ## References
    - `tf.where`: https://www.tensorflow.org/api_docs/python/tf/where
    - `tf.math.divide_no_nan`: https://www.tensorflow.org/api_docs/python/tf/math/divide_no_nan
    """

    code = "GT601"
    name = "nan-through-where"
    kinds = (Kind.NAN_THROUGH_WHERE,)
    examples = (
        Example(
            title="a guarded logarithm",
            broken="""\
import tensorflow as tf

p = tf.Variable([0.0, 0.25, 0.75])

with tf.GradientTape() as tape:
    entropy = tf.where(p > 0.0, p * tf.math.log(p), tf.zeros_like(p))
    loss = -tf.reduce_sum(entropy)

gradient = tape.gradient(loss, p)
""",
            fixed="""\
import tensorflow as tf

p = tf.Variable([0.0, 0.25, 0.75])

with tf.GradientTape() as tape:
    safe = tf.where(p > 0.0, p, tf.ones_like(p))
    entropy = tf.where(p > 0.0, p * tf.math.log(safe), tf.zeros_like(p))
    loss = -tf.reduce_sum(entropy)

gradient = tape.gradient(loss, p)
""",
            outcome="nan",
        ),
        Example(
            title="a guarded division",
            broken="""\
import tensorflow as tf

x = tf.Variable([0.0, 1.0, 2.0])


def sinc(values):
    return tf.where(tf.equal(values, 0.0), 1.0, tf.sin(values) / values)


with tf.GradientTape() as tape:
    y = tf.reduce_sum(sinc(x))

gradient = tape.gradient(y, x)
""",
            fixed="""\
import tensorflow as tf

x = tf.Variable([0.0, 1.0, 2.0])


def sinc(values):
    safe = tf.where(tf.equal(values, 0.0), 1.0, values)
    return tf.where(tf.equal(values, 0.0), 1.0, tf.sin(safe) / safe)


with tf.GradientTape() as tape:
    y = tf.reduce_sum(sinc(x))

gradient = tape.gradient(y, x)
""",
            outcome="nan",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable([-1.0, 0.0, 2.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.where(x > 0.0, x, tf.exp(x) - 1.0))

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

x = tf.Variable([0.0, 4.0])
with tf.GradientTape() as tape:
    kept = tf.boolean_mask(x, x > 0.0)
    y = tf.reduce_sum(tf.math.log(kept))

print(tape.gradient(y, x))
""",
    )
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
