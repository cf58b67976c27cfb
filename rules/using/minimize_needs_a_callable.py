"""GT504 minimize-needs-a-callable."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import alone, before, indent, proposal, put, replace
from .._mending.site import Site, bound_names, span_of, spelled
from .._wording import name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal, Replacement


class MinimizeNeedsACallable(Rule):
    """`minimize` gets a Tensor, or an optimizer that has no `minimize`.

    ## What it does
    Reports `optimizer.minimize(...)` with a Tensor as the loss, and any `minimize` of a Keras 3 optimizer.

    ## Why the gradient is lost
    Keras 3 optimizers have no `minimize`: AttributeError. The optimizers of `tf.compat.v1.train` have one, which in
    eager mode takes a function that computes the loss and raises RuntimeError for a Tensor, since the Tensor's
    computation was recorded by no tape.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Take the gradients from a tape and call `optimizer.apply_gradients(zip(gradients, variables))`.

    ## References
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    - `tf.keras.optimizers.Optimizer`: https://www.tensorflow.org/api_docs/python/tf/keras/optimizers/Optimizer
    """

    code = "GT504"
    name = "minimize-needs-a-callable"
    kinds = (Kind.MINIMIZE,)
    examples = (
        Example(
            title="minimize of a Keras optimizer",
            broken="""\
import tensorflow as tf

w = tf.Variable(2.0)
optimizer = tf.keras.optimizers.Adam(0.1)

with tf.GradientTape() as tape:
    loss = (w - 1.0) ** 2
print(tape.gradient(loss, w))

optimizer.minimize(loss, [w])
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable(2.0)
optimizer = tf.keras.optimizers.Adam(0.1)

with tf.GradientTape() as tape:
    loss = (w - 1.0) ** 2
gradient = tape.gradient(loss, w)

optimizer.apply_gradients([(gradient, w)])
""",
            outcome=None,
            exception="AttributeError",
        ),
        Example(
            title="a Tensor given to an old optimizer",
            broken="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
optimizer = tf.compat.v1.train.GradientDescentOptimizer(0.1)


def train_step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w**2)
    optimizer.minimize(loss, var_list=[w])
    return tape.gradient(loss, w)


train_step()
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
optimizer = tf.compat.v1.train.GradientDescentOptimizer(0.1)


def train_step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w**2)
    gradient = tape.gradient(loss, w)
    optimizer.apply_gradients([(gradient, w)])
    return gradient


train_step()
""",
            outcome=None,
            exception="RuntimeError",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(2.0)
optimizer = tf.compat.v1.train.GradientDescentOptimizer(0.1)
optimizer.minimize(lambda: (w - 1.0) ** 2, var_list=[w])
with tf.GradientTape() as tape:
    loss = w**2
print(tape.gradient(loss, w))
""",
        """\
import tensorflow as tf


def minimize(loss_function, variable, steps=3):
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = loss_function()
        variable.assign_sub(0.1 * tape.gradient(loss, variable))


w = tf.Variable(2.0)
minimize(lambda: w**2, w)
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``exception`` and ``reason`` (``removed``: Keras 3 has no such method; ``tensor``)."""
        callee = name(claim, "callee", "`minimize`")
        exception = claim.detail.get("exception")
        if claim.detail.get("reason", "removed") == "removed":
            told = f"Keras 3 optimizers have no `minimize`, so {callee} raises {exception or 'AttributeError'}"
            return f"{told}; take the gradients from a tape and use `apply_gradients`."
        told = (
            f"{callee} needs a function that computes the loss, and with a Tensor raises {exception or 'RuntimeError'}"
        )
        return f"{told}; pass a lambda, or use a tape and `apply_gradients`."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The tape's gradients applied, where a block that computed the loss stands just before: safe, as it raises."""
        site = Site(claim, module)
        node, statement = site.expression(), site.statement()
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or statement is None:
            return None
        arguments = [*node.args, *(one.value for one in node.keywords if one.arg == "var_list")]
        suite = site.index.suite(statement)
        at = next((number for number, one in enumerate(suite) if one is statement), 0)
        block = suite[at - 1] if at else None
        if len(arguments) != 2 or spelled(arguments[0]) is None:
            return None
        if isinstance(block, ast.Assign) and [spelled(one) for one in block.targets] == [spelled(arguments[0])]:
            return _recorded(site, node, statement, block, *arguments)
        if not isinstance(block, ast.With):
            return None
        tape = spelled(block.items[0].optional_vars) if block.items[0].optional_vars is not None else None
        if tape is None or spelled(arguments[0]) not in {name for one in block.body for name in bound_names(one)}:
            return None
        return proposal("safe", "Apply the tape's gradients", *_applied(site, statement, node, tape, *arguments))


def _applied(
    site: Site, statement: ast.stmt, node: ast.Call, tape: str, loss: ast.expr, variables: ast.expr
) -> list[Replacement]:
    """The call that applies a tape's gradients, and the one before it that asks for them."""
    name, wanted = site.free_name("gradients"), site.text(variables)
    optimizer = site.text(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    asked = f"{name} = {tape}.gradient({site.text(loss)}, {wanted})"
    applied = f"{optimizer}.apply_gradients(zip({name}, {wanted}))"
    if span_of(node) == span_of(statement) and alone(site.module, statement):
        return [replace(node, f"{asked}\n{site.module.indent(statement.lineno)}{applied}")]
    return [before(site.module, statement, asked), replace(node, applied)]


def _recorded(
    site: Site, node: ast.Call, statement: ast.stmt, made: ast.stmt, loss: ast.expr, variables: ast.expr
) -> Proposal | None:
    """The statement that computes the loss recorded by a tape, and the tape's gradients applied."""
    tape_class, tape = site.tensorflow("GradientTape", node), site.free_name("tape")
    if tape_class is None or not alone(site.module, made) or not isinstance(node.func, ast.Attribute):
        return None
    margin = site.module.indent(made.lineno)
    opened, *others = indent(site.module, made.lineno, made.end_lineno or made.lineno, "    ")
    return proposal(
        "safe",
        "Record the loss and apply the tape's gradients",
        put(made.lineno, 0, f"{margin}with {tape_class}() as {tape}:\n{opened.content}"),
        *others,
        *_applied(site, statement, node, tape, loss, variables),
    )
