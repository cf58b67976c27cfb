"""GT701 summed-gradient."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import after, alone, proposal, replace
from .._mending.site import Site, spelled
from .._wording import call, target

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class SummedGradient(Rule):
    """The target is no scalar, or several targets, so the result is a sum.

    ## What it does
    Reports a gradient whose target is no scalar, or several targets at once: what comes is the gradient of their sum.

    ## Why the gradient is lost
    Nothing is lost. `tape.gradient` differentiates one number; of a Tensor with more elements it takes the sum, and of
    a list the sum over all. Functional Keras losses give one value a sample, so the step is as many times larger as the
    batch has samples.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Reduce the target yourself (`tf.reduce_mean`), so that the reader sees it. For the parts use `tape.jacobian`.

    ## References
    - Introduction to gradients and automatic differentiation, *Gradients of non-scalar targets*: https://www.tensorflow.org/guide/autodiff#gradients_of_non-scalar_targets
    - Advanced automatic differentiation, *Jacobians*: https://www.tensorflow.org/guide/advanced_autodiff#jacobians
    """

    code = "GT701"
    name = "summed-gradient"
    kinds = (Kind.SUMMED,)
    examples = (
        Example(
            title="two losses in one dictionary",
            broken="""\
import tensorflow as tf

w = tf.Variable(2.0)

with tf.GradientTape() as tape:
    fit = (w - 3.0) ** 2
    penalty = 0.1 * tf.abs(w)

print(tape.gradient({"fit": fit, "penalty": penalty}, w))
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable(2.0)

with tf.GradientTape() as tape:
    fit = (w - 3.0) ** 2
    penalty = 0.1 * tf.abs(w)
    loss = fit + penalty

print(tape.gradient(loss, w))
""",
            outcome=None,
        ),
        Example(
            title="a loss a sample",
            broken="""\
import tensorflow as tf

w = tf.Variable(0.5)
x = tf.constant([1.0, 2.0, 3.0])
y = tf.constant([2.0, 4.0, 6.0])

with tf.GradientTape() as tape:
    losses = (w * x - y) ** 2

print(tape.gradient(losses, w))
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable(0.5)
x = tf.constant([1.0, 2.0, 3.0])
y = tf.constant([2.0, 4.0, 6.0])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((w * x - y) ** 2)

print(tape.gradient(loss, w))
""",
            outcome=None,
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(w**2)

print(tape.gradient(loss, w))
""",
        """\
import tensorflow as tf

x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = tf.sin(x) * x

print(tape.gradient(y, x))
""",
    )
    severity = "info"
    default = False

    def message(self, claim: Claim) -> str:
        """Reads ``target`` and ``reason`` (``several``: a list or dict of targets)."""
        if claim.detail.get("reason") == "several":
            return (
                f"{call(claim)} of several targets gives the sum of their gradients; ask once a target for the parts."
            )
        named = target(claim, "The target")
        told = f"{named} is no scalar, so {call(claim)} gives the gradient of the sum of its elements"
        return f"{told}; `jacobian` gives the parts."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The mean of a loss, or the Jacobian by a single number: unsafe, since the sum may be what is meant."""
        site = Site(claim, module)
        call = site.expression()
        if not isinstance(call, ast.Call) or len(call.args) != 2 or claim.detail.get("reason") == "several":
            return None
        target, source = call.args
        name = spelled(target) or ""
        if name.rpartition(".")[2].lower().endswith(LOSSES):
            return _mean(site, call, name)
        found = site.definition(spelled(source) or "", call)
        made = None if found is None else found[1]
        scalar = isinstance(made, ast.Call) and made.args and isinstance(made.args[0], ast.Constant)
        maker = (spelled(made.func) or "").rpartition(".")[2] if isinstance(made, ast.Call) else ""
        if not scalar or maker not in {"Variable", "constant"} or not isinstance(call.func, ast.Attribute):
            return None
        return proposal("unsafe", "Ask for the Jacobian", replace(call.func, f"{site.text(call.func.value)}.jacobian"))


LOSSES = ("loss", "losses", "cost")


def _mean(site: Site, call: ast.Call, name: str) -> Proposal | None:
    """The mean of a loss taken right behind the one statement of the block that computes it."""
    block, mean = site.block_of(call), site.tensorflow("reduce_mean", call)
    found = [one for one, _ in site.bindings(name, call)]
    made = found[0] if len(found) == 1 else None
    if block is None or mean is None or made not in block.body or not isinstance(made, ast.Assign):
        return None
    if len(made.targets) != 1 or spelled(made.targets[0]) != name or not alone(site.module, made):
        return None
    return proposal("unsafe", "Take its mean", after(site.module, made, f"{name} = {mean}({name})"))
