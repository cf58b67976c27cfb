"""GT501 swapped-zip."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, spelled
from .._mending.watching import VARIABLE_LISTS
from .._wording import code, name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class SwappedZip(Rule):
    """`apply_gradients` gets variables before gradients, or no pairs at all.

    ## What it does
    Reports `apply_gradients` that gets (variable, gradient) pairs, no pairs at all, or a `zip` that was walked through
    before.

    ## Why the gradient is lost
    `apply_gradients` takes (gradient, variable) pairs. With the two swapped it raises AttributeError on the first
    Tensor (`no attribute '_unique_id'`); with a plain list of gradients TypeError; with a `zip` that a loop has used up
    ValueError, for no pair is left.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Write `optimizer.apply_gradients(zip(gradients, variables))`. Make a list of the pairs if they are to be walked
    through first.

    ## References
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    - `tf.keras.optimizers.Optimizer`: https://www.tensorflow.org/api_docs/python/tf/keras/optimizers/Optimizer
    """

    code = "GT501"
    name = "swapped-zip"
    kinds = (Kind.SWAPPED_ZIP,)
    examples = (
        Example(
            title="variables before gradients",
            broken="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([3]), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.1)
x, y = tf.random.normal([8, 3]), tf.random.normal([8, 1])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)

gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(model.trainable_variables, gradients))
""",
            fixed="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([3]), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.1)
x, y = tf.random.normal([8, 3]), tf.random.normal([8, 1])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)

gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
            outcome=None,
            exception="AttributeError",
        ),
        Example(
            title="no zip at all",
            broken="""\
import tensorflow as tf

w = tf.Variable(2.0)
b = tf.Variable(0.5)
optimizer = tf.keras.optimizers.Adam(0.01)


def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = (w * x + b - y) ** 2
    gradients = tape.gradient(loss, [w, b])
    optimizer.apply_gradients(gradients)
    return loss


train_step(tf.constant(1.0), tf.constant(3.0))
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable(2.0)
b = tf.Variable(0.5)
optimizer = tf.keras.optimizers.Adam(0.01)


def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = (w * x + b - y) ** 2
    gradients = tape.gradient(loss, [w, b])
    optimizer.apply_gradients(zip(gradients, [w, b]))
    return loss


train_step(tf.constant(1.0), tf.constant(3.0))
""",
            outcome=None,
            exception="TypeError",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(2.0)
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = w**2
gradient = tape.gradient(loss, w)
optimizer.apply_gradients([(gradient, w)])
""",
        """\
import tensorflow as tf

variables = [tf.Variable(2.0), tf.Variable(1.0)]
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = variables[0] ** 2 * variables[1]
gradients = tape.gradient(loss, variables)
pairs = [(tf.clip_by_norm(g, 1.0), v) for v, g in zip(variables, gradients)]
optimizer.apply_gradients(pairs)
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``exception``, ``replacement``, ``reason``: ``swapped``, ``no-zip``, ``consumed``."""
        callee = name(claim, "callee", "`apply_gradients`")
        reason = claim.detail.get("reason", "swapped")
        exception = claim.detail.get("exception")
        instead = claim.detail.get("replacement")
        if reason == "consumed":
            told = f"This `zip` was walked through before, so {callee} gets no pairs"
            return f"{told} and raises {exception or 'ValueError'}; make it a list, or zip anew."
        cure = f"write {code(instead, 60)}" if instead else "write `zip(gradients, variables)`"
        if reason == "no-zip":
            return (
                f"{callee} takes pairs, and this is no list of them, so it raises {exception or 'TypeError'}; {cure}."
            )
        told = f"{callee} takes (gradient, variable) pairs, and these are the other way round"
        return f"{told}, so it raises {exception or 'AttributeError'}; {cure}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The zip turned round, put in, or kept as a list: safe, since the call raises as it stands."""
        site, reason = Site(claim, module), claim.detail.get("reason", "swapped")
        node = site.expression()
        if node is None:
            return None
        zipped = [one for one in ast.walk(node) if isinstance(one, ast.Call) and spelled(one.func) == "zip"]
        if reason == "swapped" and len(zipped) == 1 and len(zipped[0].args) == 2 and not zipped[0].keywords:
            one, other = zipped[0].args
            return proposal(
                "safe", "Put the gradients first", replace(one, site.text(other)), replace(other, site.text(one))
            )
        if reason == "no-zip" and not zipped:
            return _zipped(site, node)
        if reason == "consumed":
            return _listed(site, node)
        return None


def _argument(node: ast.expr) -> ast.expr | None:
    """What an ``apply_gradients`` call applies."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("apply"):
        return node.args[0] if len(node.args) == 1 else None
    return node


def _zipped(site: Site, node: ast.expr) -> Proposal | None:
    """The gradients zipped with the sources that they were asked for."""
    gradients = _argument(node)
    if isinstance(gradients, (ast.Tuple, ast.List)) and len(gradients.elts) == 2:
        one, other = (site.text(part) for part in gradients.elts)
        return proposal("safe", "Pass pairs", replace(gradients, f"zip({one}, {other})"))
    found = None if gradients is None else site.definition(spelled(gradients) or "", gradients)
    if gradients is None or found is None or not isinstance(found[1], ast.Call):
        return None
    asked = found[1]
    if not (isinstance(asked.func, ast.Attribute) and asked.func.attr == "gradient" and len(asked.args) == 2):
        return None
    name, sources = site.text(gradients), asked.args[1]
    listed = sources
    if isinstance(sources, ast.Name):
        made = site.definition(sources.id, gradients)
        listed = sources if made is None else made[1]
    if (
        not isinstance(listed, (ast.List, ast.Tuple))
        and (spelled(listed) or "").rpartition(".")[2] not in VARIABLE_LISTS
    ):
        return None
    return proposal("safe", "Pass pairs", replace(gradients, f"zip({name}, {site.text(sources)})"))


def _listed(site: Site, node: ast.expr) -> Proposal | None:
    """The pairs kept as a list where the zip is made."""
    pairs = _argument(node)
    found = None if pairs is None else site.definition(spelled(pairs) or "", pairs)
    if found is None or spelled(getattr(found[1], "func", found[1])) != "zip":
        return None
    return proposal("safe", "Keep the pairs as a list", replace(found[1], f"list({site.text(found[1])})"))
