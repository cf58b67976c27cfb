"""GT109 no-variables-yet."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, spelled
from .._wording import at, call, source

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class NoVariablesYet(Rule):
    """The list of variables is empty: the model is not built yet, or wholly frozen.

    ## What it does
    Reports `trainable_variables` that are empty where they are read: of a model or layer that was not built yet, or of
    one that is frozen as a whole.

    ## Why the gradient is lost
    A Keras model makes its variables at the first call (or in `build`). A list taken before that is empty and stays so:
    `tape.gradient` gives an empty list without a word, and `apply_gradients` on it raises ValueError. `trainable=False`
    on the model empties the list too.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Read `model.trainable_variables` after the first call of the model, best in the gradient call itself. Unfreeze the
    layers that are to learn.

    ## References
    - Introduction to gradients and automatic differentiation, *Gradients with respect to a model*: https://www.tensorflow.org/guide/autodiff#gradients_with_respect_to_a_model
    - The Sequential model: https://www.tensorflow.org/guide/keras/sequential_model
    """

    code = "GT109"
    name = "no-variables-yet"
    kinds = (Kind.NO_VARIABLES,)
    examples = (
        Example(
            title="variables collected before the first call",
            broken="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(4, activation="relu"), tf.keras.layers.Dense(1)])
variables = model.trainable_variables
x = tf.random.normal([8, 3])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(x) ** 2)

gradients = tape.gradient(loss, variables)
""",
            fixed="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(4, activation="relu"), tf.keras.layers.Dense(1)])
x = tf.random.normal([8, 3])

with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(x) ** 2)

variables = model.trainable_variables
gradients = tape.gradient(loss, variables)
""",
            outcome=None,
        ),
        Example(
            title="a wholly frozen base",
            broken="""\
import tensorflow as tf

base = tf.keras.Sequential([tf.keras.Input([4]), tf.keras.layers.Dense(8), tf.keras.layers.Dense(2)])
base.trainable = False


def finetune(images, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((base(images) - labels) ** 2)
    return tape.gradient(loss, base.trainable_variables)


gradients = finetune(tf.random.normal([8, 4]), tf.zeros([8, 2]))
""",
            fixed="""\
import tensorflow as tf

base = tf.keras.Sequential([tf.keras.Input([4]), tf.keras.layers.Dense(8), tf.keras.layers.Dense(2)])
base.layers[0].trainable = False


def finetune(images, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((base(images) - labels) ** 2)
    return tape.gradient(loss, base.trainable_variables)


gradients = finetune(tf.random.normal([8, 4]), tf.zeros([8, 2]))
""",
            outcome=None,
        ),
    )
    clean = (
        """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
model.build([None, 3])
variables = model.trainable_variables
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(tf.ones([2, 3])))

print(tape.gradient(loss, variables))
""",
        """\
import tensorflow as tf

inputs = tf.keras.Input([3])
model = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(inputs))
variables = model.trainable_variables
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(tf.ones([2, 3])))

print(tape.gradient(loss, variables))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``bound_line`` (where the list was taken) and ``reason``: ``unbuilt``, ``frozen`` or ``none``."""
        named = source(claim, "This list of variables")
        result = f"{call(claim)} gives an empty list"
        if claim.detail.get("reason") == "frozen":
            told = f"{named} is empty, since every layer is frozen (trainable=False), so {result}"
            return f"{told}; unfreeze what is to learn."
        if claim.detail.get("reason") == "none":
            return f"{named} is empty, since nothing in it has variables, so {result}; make its weights Variables."
        taken = at(claim, "bound_line")
        told = f"{named}{taken} is empty, since the model is not built before its first call, so {result}"
        return f"{told}; read it after the first call."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The variables read where they are needed, after the model is built: safe, as the list is empty before."""
        site = Site(claim, module)
        if claim.detail.get("reason") == "frozen":
            return None
        edits = []
        for lost, asked in site.calls():
            name = spelled(site.at(lost.source_span) or asked)
            found = site.definition(name, asked) if name is not None else None
            if name is None or found is None or not isinstance(found[1], ast.Attribute) or spelled(found[1]) is None:
                return None
            edits += [
                replace(use, site.text(found[1]))
                for use in site.uses(name)
                if site.index.scope(use) is site.index.scope(asked) and use.lineno >= asked.lineno
            ]
        return proposal("safe", "Read the variables after the model is built", *dict.fromkeys(edits)) if edits else None
