"""GT204 assigned-state."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import after, alone, proposal, replace, term
from .._mending.site import Site, spelled
from .._wording import code, name, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal

    from .._mending.site import With


class AssignedState(Rule):
    """A value on the way was written into a Variable, whose state keeps no history.

    ## What it does
    Reports a value that is written into a Variable (`assign`, `assign_add`, `assign_sub`, `scatter_*`, `set_weights`, a
    slice's `assign`) and read from there on the way to the target.

    ## Why the gradient is lost
    A Variable has a state, and the tape sees only the state as it is read, not how it came about. What is read
    afterwards is connected to the Variable itself, as if its new value were a parameter, and never to what was
    assigned. A Variable that is not trainable, such as an accumulator, connects to nothing.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Compute with Tensors: `y = (x1 + x0) ** 2` in place of `x1.assign_add(x0)`. Add up losses in a Python name. Update
    Variables after the gradient is taken.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through a stateful object*: https://www.tensorflow.org/guide/autodiff#4_took_gradients_through_a_stateful_object
    - Introduction to Variables: https://www.tensorflow.org/guide/variable
    """

    code = "GT204"
    name = "assigned-state"
    kinds = (Kind.ASSIGNED,)
    examples = (
        Example(
            title="a balance that is updated and read",
            broken="""\
import tensorflow as tf

deposit = tf.Variable(100.0)
balance = tf.Variable(20.0)

with tf.GradientTape() as tape:
    balance.assign_add(deposit)
    interest = balance * 0.03

print(tape.gradient(interest, deposit))
""",
            fixed="""\
import tensorflow as tf

deposit = tf.Variable(100.0)
balance = tf.Variable(20.0)

with tf.GradientTape() as tape:
    total = balance + deposit
    interest = total * 0.03

print(tape.gradient(interest, deposit))
""",
            outcome="none",
        ),
        Example(
            title="losses added up in a Variable",
            broken="""\
import tensorflow as tf

w = tf.Variable([1.0, -1.0])
total = tf.Variable(0.0, trainable=False)
batches = [tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])]

with tf.GradientTape() as tape:
    total.assign(0.0)
    for batch in batches:
        total.assign_add(tf.reduce_sum((w * batch) ** 2))
    loss = total / 2.0

gradient = tape.gradient(loss, w)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable([1.0, -1.0])
batches = [tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])]

with tf.GradientTape() as tape:
    total = 0.0
    for batch in batches:
        total += tf.reduce_sum((w * batch) ** 2)
    loss = total / 2.0

gradient = tape.gradient(loss, w)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    x.assign(5.0)
    y = x**2

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

w = tf.Variable(2.0)
average = tf.Variable(0.0, trainable=False)
with tf.GradientTape() as tape:
    loss = (w - 1.0) ** 2
    average.assign(0.9 * average + 0.1 * loss)

print(average, tape.gradient(loss, w))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``variable`` (the one written to), ``callee`` and ``reason``.

        Reasons: ``set-weights``, ``accumulator`` (a running sum).
        """
        variable, method = claim.detail.get("variable"), "assign"
        written = name(claim, "callee", code(f"{variable}.{method}" if variable else method))
        told = f"{written} stores a value, and state keeps no history{so(claim)}"
        if claim.detail.get("reason") == "set-weights":
            return f"{told}; compute with Tensors and set weights later."
        if claim.detail.get("reason") == "accumulator":
            return f"{told}; add up Tensors in a Python name instead."
        return f"{told}; compute with a Tensor and assign it later."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The new value given a name of its own, which what follows in the block reads; the Variable still gets it.

        Unsafe, since the program may count on reading the Variable.
        """
        site = Site(claim, module)
        node, statement = site.expression(), site.statement()
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or statement is None:
            return None
        variable, value = spelled(node.func.value), _new_value(site, node)
        calls = site.calls()
        block = site.block_of(calls[0][1]) if calls else None
        if variable is None or value is None or block is None or not alone(module, statement):
            return None
        if not isinstance(statement, (ast.Expr, ast.Assign)) or statement.value is not node:
            return None
        if not any(one is statement for one in block.body) or any(
            isinstance(one, (ast.For, ast.While)) for one in ast.walk(block)
        ):
            return _rebound(site, block, statement, node, variable, value)
        function = site.text(node.func.value)
        if isinstance(statement, ast.Assign):
            target = spelled(statement.targets[0]) if len(statement.targets) == 1 else None
            if target is None or target == variable:
                return None
            edits = [replace(node, value), after(module, statement, f"{function}.assign({target})")]
            return proposal("unsafe", "Go on with the value itself", *edits)
        named = site.free_name(f"new_{variable.rpartition('.')[2]}")
        last = max(call.lineno for _, call in calls)
        later = [
            use
            for use in site.uses(variable)
            if site.index.scope(use) is site.index.scope(node)
            and (statement.end_lineno or 0) < use.lineno <= last
            and block in site.index.above(use)
            and not _written(site, use)
        ]
        if not later:
            return None
        written = f"{named} = {value}"
        return proposal(
            "unsafe",
            "Go on with the value itself",
            replace(statement, written),
            after(module, statement, f"{function}.assign({named})"),
            *(replace(use, named) for use in later),
        )


def _new_value(site: Site, node: ast.Call) -> str | None:
    """What an ``assign`` makes of its Variable."""
    if len(node.args) != 1 or node.keywords or not isinstance(node.func, ast.Attribute):
        return None
    value, owner = node.args[0], site.text(node.func.value)
    sign = {"assign_add": "+", "assign_sub": "-"}.get(node.func.attr)
    if sign is not None:
        return f"{owner} {sign} {term(value, site.text(value))}"
    return site.text(value) if node.func.attr == "assign" and "\n" not in site.text(value) else None


def _rebound(
    site: Site, block: With, statement: ast.stmt, node: ast.Call, variable: str, value: str
) -> Proposal | None:
    """``total.assign_add(e)`` as ``total = total + e`` where the total is local and nothing else writes to it."""
    found = site.definition(variable, node)
    inside = block in site.index.above(statement) and isinstance(statement, ast.Expr)
    if not inside or "." in variable or found is None or site.index.scope(found[0]) is not site.index.scope(node):
        return None
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    others = [use for use in site.uses(variable) if use is not receiver]
    if any(isinstance(site.index.parents.get(use), ast.Attribute) for use in others):
        return None
    return proposal("unsafe", "Sum up Tensors", replace(statement, f"{variable} = {value}"))


def _written(site: Site, use: ast.expr) -> bool:
    """Whether a use of a Variable writes to it."""
    parent = site.index.parents.get(use)
    return isinstance(parent, ast.Attribute) and parent.attr.startswith("assign")
