"""GT406 tape-never-asked."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal
from .._mending.moving import unwrapped
from .._mending.site import Site, spelled
from .._wording import code

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class TapeNeverAsked(Rule):
    """A tape records and no gradient is ever asked of it.

    ## What it does
    Reports a tape that records a block and of which no gradient is ever asked, in a program where nothing else can ask
    it.

    ## Why the gradient is lost
    Nothing is lost, but nothing is gained: recording costs time and keeps every intermediate value in memory. Often the
    gradient was asked of another tape, or a forward pass was copied out of a training step.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Ask the tape for the gradient, or drop the `with`.

    ## References
    - Introduction to gradients and automatic differentiation, *Performance notes*: https://www.tensorflow.org/guide/autodiff#performance_notes
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT406"
    name = "tape-never-asked"
    kinds = (Kind.NEVER_ASKED,)
    examples = (
        Example(
            title="a validation step copied from training",
            broken="""\
import tensorflow as tf

w = tf.Variable([[1.0], [2.0]])
x = tf.constant([[1.0, 2.0]])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((x @ w) ** 2)
gradient = tape.gradient(loss, w)

with tf.GradientTape() as validation_tape:
    validation_loss = tf.reduce_mean((2.0 * x @ w) ** 2)
print(validation_loss)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([[1.0], [2.0]])
x = tf.constant([[1.0, 2.0]])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((x @ w) ** 2)
gradient = tape.gradient(loss, w)

validation_loss = tf.reduce_mean((2.0 * x @ w) ** 2)
print(validation_loss)
""",
            outcome=None,
        ),
        Example(
            title="an outer tape that nobody asks",
            broken="""\
import tensorflow as tf

x = tf.Variable([1.0, 2.0])


def slope(values):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(values**3)
        gradient = inner.gradient(y, values)
    return gradient


print(slope(x))
""",
            fixed="""\
import tensorflow as tf

x = tf.Variable([1.0, 2.0])


def slope(values):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(values**3)
    gradient = tape.gradient(y, values)
    return gradient


print(slope(x))
""",
            outcome=None,
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(2.0)


def record(compute):
    with tf.GradientTape() as tape:
        value = compute()
    return value, tape


loss, recorded = record(lambda: w**2)
print(recorded.gradient(loss, w))
""",
        """\
import tensorflow as tf

w = tf.Variable(2.0)
tape = tf.GradientTape()
with tape:
    loss = w**3

for _ in range(1):
    print(tape.gradient(loss, w))
""",
    )
    severity = "info"
    default = False

    def message(self, claim: Claim) -> str:
        """Reads ``tape``."""
        tape = claim.detail.get("tape")
        named = code(tape) if tape else "This tape"
        return f"{named} records, and no gradient is asked of it; ask for one, or drop the tape."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The tape dropped, its block's lines kept: unsafe, since a gradient may be what was forgotten."""
        site = Site(claim, module)
        made = site.expression()
        block = None if made is None else site.index.statement(made)
        if (
            made is None
            or not isinstance(block, (ast.With, ast.AsyncWith))
            or len(block.items) != 1
            or block.items[0].context_expr is not made
        ):
            return None
        tape = block.items[0].optional_vars
        name = None if tape is None else spelled(tape)
        if tape is not None and (name is None or _read_after(site, block, name)):
            return None
        edits = unwrapped(site, block)
        return None if edits is None else proposal("unsafe", "Drop the tape", *edits)


def _read_after(site: Site, block: ast.With | ast.AsyncWith, tape: str) -> bool:
    """Whether the tape of a block may be used, in the block or behind it, before its name is bound anew."""
    scope = site.index.scope(block)
    if "." in tape or any(site.index.scope(use) is not scope for use in _all_uses(site, tape, scope)):
        return True
    bound = [one.lineno for one, _ in site.bindings(tape, block) if one.lineno > block.lineno]
    until = min(bound, default=None)
    return any(
        use.lineno >= block.lineno and (until is None or use.lineno < until) for use in _all_uses(site, tape, scope)
    )


def _all_uses(site: Site, tape: str, scope: ast.AST) -> list[ast.Name]:
    """Where a scope, or a function in it, reads or deletes a name."""
    named = (one for one in ast.walk(scope) if isinstance(one, ast.Name) and one.id == tape)
    inner = {one for one in ast.walk(scope) if isinstance(one, ast.FunctionDef) and one is not scope}
    own = {name for one in inner for name in ast.walk(one) if _binds(one, tape)}
    return [one for one in named if not isinstance(one.ctx, ast.Store) and one not in own]


def _binds(function: ast.FunctionDef, name: str) -> bool:
    """Whether a function has a name of its own."""
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    bound = (one for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
    return any(one.arg == name for one in given) or any(one.id == name for one in bound)
