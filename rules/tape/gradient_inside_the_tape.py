"""GT402 gradient-inside-the-tape."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Replacement, Rule

from .._mending.edits import alone, dedent, proposal, replace, step_of
from .._mending.moving import LEAVING
from .._mending.site import Site
from .._mending.uses import computes
from .._wording import call, code

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class GradientInsideTheTape(Rule):
    """A persistent tape is differentiated inside its own block without need.

    ## What it does
    Reports a gradient that is asked of a persistent tape inside that tape's own block, when nothing in the block needs
    it there.

    ## Why the gradient is lost
    The gradient comes and is right. But the tape is still recording, so it records the operations of its own gradient:
    the call is slower, and the memory is kept until the tape is gone. TensorFlow logs a warning once. A higher
    derivative of the same tape needs exactly this, and is not reported.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Take the gradient after the block. Where it must stay inside, put it under `with tape.stop_recording():`.

    ## References
    - Advanced automatic differentiation, *Stop recording*: https://www.tensorflow.org/guide/advanced_autodiff#stop_recording
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT402"
    name = "gradient-inside-the-tape"
    kinds = (Kind.GRADIENT_INSIDE,)
    examples = (
        Example(
            title="the gradient taken while the tape records",
            broken="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_sum(w**2)
    energy = tf.reduce_sum(tf.sin(w))
    d_loss = tape.gradient(loss, w)

d_energy = tape.gradient(energy, w)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_sum(w**2)
    energy = tf.reduce_sum(tf.sin(w))

d_loss = tape.gradient(loss, w)
d_energy = tape.gradient(energy, w)
""",
            outcome=None,
        ),
        Example(
            title="an actor and a critic updated in the block",
            broken="""\
import tensorflow as tf

actor = tf.Variable([0.5, -0.5])
critic = tf.Variable([1.0, 1.0])


def update(state):
    with tf.GradientTape(persistent=True) as tape:
        value = tf.reduce_sum(critic * state)
        actor_loss = -tf.reduce_sum(actor * state) * tf.stop_gradient(value)
        actor_gradient = tape.gradient(actor_loss, actor)
        critic_loss = (value - 1.0) ** 2
    critic_gradient = tape.gradient(critic_loss, critic)
    return actor_gradient, critic_gradient


print(update(tf.constant([1.0, 2.0])))
""",
            fixed="""\
import tensorflow as tf

actor = tf.Variable([0.5, -0.5])
critic = tf.Variable([1.0, 1.0])


def update(state):
    with tf.GradientTape(persistent=True) as tape:
        value = tf.reduce_sum(critic * state)
        actor_loss = -tf.reduce_sum(actor * state) * tf.stop_gradient(value)
        critic_loss = (value - 1.0) ** 2
    actor_gradient = tape.gradient(actor_loss, actor)
    critic_gradient = tape.gradient(critic_loss, critic)
    return actor_gradient, critic_gradient


print(update(tf.constant([1.0, 2.0])))
""",
            outcome=None,
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable(3.0)
with tf.GradientTape(persistent=True) as tape:
    y = x**3
    dy_dx = tape.gradient(y, x)

print(tape.gradient(dy_dx, x))
""",
        """\
import tensorflow as tf

x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x**2
    gradient = tape.gradient(y, x)

print(gradient)
""",
    )
    severity = "warning"

    def message(self, claim: Claim) -> str:
        """Reads ``tape`` and ``method``."""
        tape = f"the persistent tape {code(claim.detail['tape'])}" if "tape" in claim.detail else "its persistent tape"
        told = f"{call(claim)} runs inside the block of {tape}, which records the gradient's own operations"
        return f"{told}: slow, and memory grows; move it after the block."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The block's last calls moved out of it: safe, since nothing comes after them that was recorded.

        What such a call computes itself stays in the block under a name.
        """
        site = Site(claim, module)
        statement = site.statement()
        block = None if statement is None else site.index.parents.get(statement)
        call = site.expression()
        tape = site.tape_of(call) if isinstance(call, ast.Call) else None
        if tape is None or statement is None or not isinstance(block, (ast.With, ast.AsyncWith)):
            return None
        asking: list[ast.stmt] = []
        for one in reversed(block.body):
            if _asked(site, one, tape) is None:
                break
            asking.insert(0, one)
        step = step_of(module, block)
        plain = all(alone(module, one) and not isinstance(one, LEAVING) for one in asking)
        if step is None or not plain or statement not in asking or len(asking) == len(block.body):
            return None
        kept: list[str] = []
        edits: list[Replacement] = []
        for one in asking:
            target = _computed(site, one, tape)
            if target is not None:
                if not computes(target) or site.text(target) in "\n".join(kept):
                    return None
                name = site.free_name("total" if not kept else f"total_{len(kept) + 1}")
                kept.append(f"{name} = {' '.join(site.text(target).split())}")
                edits.append(replace(target, name))
        moved = dedent(module, asking[0].lineno, block.end_lineno or 0, step)
        if not moved or any(_computes_a_source(site, one, tape) for one in asking):
            return None
        indent = module.indent(asking[0].lineno)
        moved[0] = Replacement(moved[0].span, "".join(f"{indent}{line}\n" for line in kept))
        return proposal("safe", "Ask after the block", *moved, *edits)


def _asked(site: Site, statement: ast.stmt, tape: str) -> ast.Call | None:
    """The gradient call that a statement only binds."""
    value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Expr)) else None
    asks = isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in METHODS
    return value if isinstance(value, ast.Call) and asks and site.tape_of(value) == tape else None


METHODS = frozenset({"gradient", "jacobian", "batch_jacobian"})
COMPUTED = (ast.Call, ast.BinOp, ast.Subscript)


def _computed(site: Site, statement: ast.stmt, tape: str) -> ast.expr | None:
    """The target of a statement's gradient call where the call computes it."""
    call = _asked(site, statement, tape)
    target = call.args[0] if call is not None and call.args else None
    return target if target is not None and any(isinstance(one, COMPUTED) for one in ast.walk(target)) else None


def _computes_a_source(site: Site, statement: ast.stmt, tape: str) -> bool:
    """Whether a statement's gradient call computes something besides its target."""
    call = _asked(site, statement, tape)
    rest = [] if call is None else [*call.args[1:], *(one.value for one in call.keywords)]
    return any(isinstance(one, COMPUTED) for part in rest for one in ast.walk(part))
