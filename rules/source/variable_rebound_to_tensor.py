"""GT101 variable-rebound-to-tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal
from .._mending.site import Site
from .._mending.updates import assigned_in_place
from .._mending.watching import watch_sources
from .._wording import at, several, so, source, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class VariableReboundToTensor(Rule):
    """The name of a Variable was bound to a Tensor, which the tape does not watch.

    ## What it does
    Follows the name of a `tf.Variable` and reports where it is bound to a Tensor before the gradient is asked for. `x =
    x + 1` and, on a Tensor, `x += 1` make a new object; the name then stands for that object. An earlier turn of a loop
    counts: the first gradient comes, every later one is None.

    ## Why the gradient is lost
    A tape watches trainable Variables by itself, and Tensors only when told to. Arithmetic on a Variable gives a
    Tensor, so the name's new value is a Tensor that nobody watches, and `tape.gradient` gives None for it without a
    warning.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Change the Variable's value in place: `x.assign(...)`, `x.assign_add(...)`, `x.assign_sub(...)`. Where a new value
    is meant, give it another name. Where the name is to be a Tensor, call `tape.watch` on it in each tape.

    ## References
    - Introduction to gradients and automatic differentiation, *Replaced a variable with a tensor*: https://www.tensorflow.org/guide/autodiff#1_replaced_a_variable_with_a_tensor
    - Introduction to Variables: https://www.tensorflow.org/guide/variable
    """

    code = "GT101"
    name = "variable-rebound-to-tensor"
    kinds = (Kind.REBOUND,)
    examples = (
        Example(
            title="a temperature that is annealed",
            broken="""\
import tensorflow as tf

temperature = tf.Variable(4.0)
logits = tf.constant([1.0, 2.0, 3.0])

for epoch in range(3):
    with tf.GradientTape() as tape:
        entropy = -tf.reduce_sum(tf.nn.softmax(logits / temperature) * tf.nn.log_softmax(logits / temperature))
    print(epoch, tape.gradient(entropy, temperature))
    temperature = temperature * 0.9
""",
            fixed="""\
import tensorflow as tf

temperature = tf.Variable(4.0)
logits = tf.constant([1.0, 2.0, 3.0])

for epoch in range(3):
    with tf.GradientTape() as tape:
        entropy = -tf.reduce_sum(tf.nn.softmax(logits / temperature) * tf.nn.log_softmax(logits / temperature))
    print(epoch, tape.gradient(entropy, temperature))
    temperature.assign(temperature * 0.9)
""",
            outcome="none",
        ),
        Example(
            title="weights shrunk before a step",
            broken="""\
import tensorflow as tf


class Line:
    def __init__(self):
        self.slope = tf.Variable(2.0)

    def decayed_step(self, x, y):
        self.slope = self.slope * 0.99
        with tf.GradientTape() as tape:
            loss = (self.slope * x - y) ** 2
        return tape.gradient(loss, self.slope)


line = Line()
gradient = line.decayed_step(1.0, 3.0)
""",
            fixed="""\
import tensorflow as tf


class Line:
    def __init__(self):
        self.slope = tf.Variable(2.0)

    def decayed_step(self, x, y):
        self.slope.assign(self.slope * 0.99)
        with tf.GradientTape() as tape:
            loss = (self.slope * x - y) ** 2
        return tape.gradient(loss, self.slope)


line = Line()
gradient = line.decayed_step(1.0, 3.0)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    h = x
    h = h + 1.0
    y = h * h

print(tape.gradient(y, [x, h]))
""",
        """\
import tensorflow as tf

x = tf.Variable(2.0)
for step in range(3):
    with tf.GradientTape() as tape:
        y = x**2
    gradient = tape.gradient(y, x)
    x.assign(x - 0.1 * gradient)
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``source_line`` (where the Variable is made), ``turn``, ``replacement`` and ``reason``.

        Reasons: ``expression`` (a Variable used up in the expression that made it).
        """
        lost = so(claim, named=not several(claim))
        if claim.detail.get("reason") == "expression":
            told = f"{source(claim)} is a Tensor, for arithmetic on a Variable gives a Tensor{lost}"
            return f"{told}; keep the Variable and compute inside the tape."
        told = f"This binds {source(claim)} to a Tensor, and the Variable{at(claim, 'source_line')} is gone{lost}"
        return f"{told}; {use(claim, 'change its value with `assign`')}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The update written as ``assign``; the Tensor watched where the Variable never had a name.

        Safe where the name holds a Variable on every way to the update.
        """
        if claim.detail.get("reason") == "expression":
            return watch_sources(claim, module)
        site = Site(claim, module)
        statement = site.statement()
        if statement is None or any(block in site.index.above(statement) for block in site.blocks()):
            return None
        edits = assigned_in_place(site, statement)
        if edits is None:
            return None
        return proposal(
            "safe" if claim.severity == "error" else "unsafe", "Change the Variable's value in place", *edits
        )
