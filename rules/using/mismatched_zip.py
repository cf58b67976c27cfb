"""GT502 mismatched-zip."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, spelled
from .._wording import code, name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class MismatchedZip(Rule):
    """Gradients of one list of variables are applied to another.

    ## What it does
    Reports gradients of one list of variables that are applied to another list: another model's, another order, another
    length, or a single gradient that `zip` takes apart.

    ## Why the gradient is lost
    `zip` pairs by position and stops at the shorter list. TensorFlow cannot know which variable a gradient belongs to:
    where the shapes agree it updates the wrong one without a word, and what the longer list has left over is not
    updated. A source that is no list gives one bare Tensor, and `zip` walks through its elements.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Keep the sources in one name and use it for both: `gradients = tape.gradient(loss, variables)`, then `zip(gradients,
    variables)`.

    ## References
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    """

    code = "GT502"
    name = "mismatched-zip"
    kinds = (Kind.MISMATCHED_ZIP,)
    examples = (
        Example(
            title="the generator's gradients given to the critic",
            broken="""\
import tensorflow as tf

generator = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(2)])
critic = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(2)])
optimizer = tf.keras.optimizers.SGD(0.1)
noise = tf.random.normal([4, 2])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean(critic(generator(noise)) ** 2)

gradients = tape.gradient(loss, generator.trainable_variables)
optimizer.apply_gradients(zip(gradients, critic.trainable_variables))
""",
            fixed="""\
import tensorflow as tf

generator = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(2)])
critic = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(2)])
optimizer = tf.keras.optimizers.SGD(0.1)
noise = tf.random.normal([4, 2])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean(critic(generator(noise)) ** 2)

gradients = tape.gradient(loss, generator.trainable_variables)
optimizer.apply_gradients(zip(gradients, generator.trainable_variables))
""",
            outcome=None,
        ),
        Example(
            title="the order changed between the two",
            broken="""\
import tensorflow as tf

w = tf.Variable(2.0)
b = tf.Variable(-1.0)
optimizer = tf.keras.optimizers.SGD(0.1)

with tf.GradientTape() as tape:
    loss = (w * 3.0 + b) ** 2

gradients = tape.gradient(loss, [w, b])
optimizer.apply_gradients(zip(gradients, [b, w]))
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable(2.0)
b = tf.Variable(-1.0)
optimizer = tf.keras.optimizers.SGD(0.1)

with tf.GradientTape() as tape:
    loss = (w * 3.0 + b) ** 2

variables = [w, b]
gradients = tape.gradient(loss, variables)
optimizer.apply_gradients(zip(gradients, variables))
""",
            outcome=None,
        ),
    )
    clean = (
        """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(tf.ones([3, 2])) ** 2)
variables = model.trainable_variables
gradients = tape.gradient(loss, variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
        """\
import tensorflow as tf

student = [tf.Variable(1.0), tf.Variable(2.0)]
teacher = [tf.Variable(1.0), tf.Variable(2.0)]
with tf.GradientTape() as tape:
    loss = tf.add_n([(variable - 3.0) ** 2 for variable in student])
for variable, gradient in zip(student, tape.gradient(loss, student)):
    variable.assign_sub(0.1 * gradient)
for old, new in zip(teacher, student):
    old.assign(0.9 * old + 0.1 * new)
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``source`` (what the gradients are of), ``variable`` (what they go to) and ``reason``.

        Reasons: ``other``, ``order``, ``length``, ``single`` (one Tensor, no list: zip walks through its elements).
        """
        wrt = claim.detail.get("source")
        onto = name(claim, "variable", "the variables")
        reason = claim.detail.get("reason")
        of = f"gradients of {code(wrt)}" if wrt else "gradients"
        if reason == "single":
            one = code(wrt) if wrt else "one source"
            told = f"The gradient of {one} is a Tensor and no list, and `zip` takes it apart"
            return f"{told}; ask for it in a list: {code('[' + (wrt or 'variable') + ']')}."
        if reason == "length":
            told = f"These {of} are not as many as {onto}, and `zip` drops the rest without a word"
        elif reason == "order":
            told = f"These {of} are in another order than {onto}, so each goes to the wrong variable"
        else:
            onto = name(claim, "variable", "variables")
            told = f"These {of} are applied to {onto} that they were not asked for"
        return f"{told}; use one list for both."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The gradients that were asked for these variables, where there are some; else the variables of the gradients.

        Unsafe, since the others may be the ones that are meant.
        """
        site = Site(claim, module)
        node = site.expression()
        zipped = [one for one in ast.walk(node or module.tree) if isinstance(one, ast.Call)]
        zipped = [one for one in zipped if spelled(one.func) == "zip" and len(one.args) == 2]
        if node is None or len(zipped) != 1:
            return None
        gradients, variables = zipped[0].args
        found = site.definition(spelled(gradients) or "", gradients)
        if found is None or not isinstance(found[1], ast.Call) or len(found[1].args) != 2:
            return None
        asked, sources = found[1], found[1].args[1]
        if not (isinstance(asked.func, ast.Attribute) and asked.func.attr == "gradient"):
            return None
        if claim.detail.get("reason") == "single":
            return proposal("safe", "Ask for it in a list", replace(sources, f"[{site.text(sources)}]"))
        meant = _asked_of(site, gradients, site.text(variables))
        if meant is not None:
            return proposal("unsafe", "Apply the gradients of these variables", replace(gradients, meant))
        return proposal("unsafe", "Apply them to what they were asked for", replace(variables, site.text(sources)))


def _asked_of(site: Site, gradients: ast.expr, variables: str) -> str | None:
    """The one other name of the same suite that is bound to gradients of exactly these variables."""
    statement = site.index.statement(gradients)
    names = []
    for one in [] if statement is None else site.index.suite(statement):
        value = one.value if isinstance(one, ast.Assign) and len(one.targets) == 1 else None
        asks = isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "gradient"
        if isinstance(one, ast.Assign) and isinstance(value, ast.Call) and asks and len(value.args) == 2:
            name = spelled(one.targets[0])
            before = statement is not None and one.lineno < statement.lineno
            if name is not None and before and name != spelled(gradients) and site.text(value.args[1]) == variables:
                names.append(name)
    return names[0] if len(names) == 1 else None
