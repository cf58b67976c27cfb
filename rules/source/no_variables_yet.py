"""GT109 no-variables-yet."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal, remove, replace
from .._mending.site import Site, spelled
from .._wording import at, call, source

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class NoVariablesYet(Rule):
    """The list of variables is empty: the model is not built yet, wholly frozen, or has no weights.

    ## What it does
    Reports `trainable_variables` that are empty where they are read: of a model or layer that was not built yet, of one
    that is frozen as a whole, or of one whose layers have no weights (`Flatten`, pooling, activations).

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
        """The variables read where they are needed, after the model is built: safe, as the list is empty before.

        A model that is frozen as a whole is not frozen any more: unsafe, since it may be meant to be.
        """
        site = Site(claim, module)
        if claim.detail.get("reason") == "none":
            return None
        asked, source = site.at(claim.places.get("call")), site.at(claim.places.get("source"))
        name = None if source is None else spelled(source)
        if not isinstance(asked, ast.Call) or name is None:
            return None
        if claim.detail.get("reason") == "frozen":
            return _unfrozen(site, asked, name)
        found = site.definition(name, asked)
        if found is None:
            return _read_again(site, asked, name)
        if not isinstance(found[1], ast.Attribute) or spelled(found[1]) is None:
            return None
        scope = site.index.scope(asked)
        late = [one for one in site.uses(name) if site.index.scope(one) is scope and one.lineno >= asked.lineno]
        return _replaced(site, name, late, site.text(found[1]), found[0])


def _replaced(site: Site, name: str, uses: list[ast.expr], text: str, made: ast.stmt) -> Proposal:
    """Uses of a list replaced by what it was read from; the statement that read it goes where nothing else needs it."""
    edits = [replace(one, text) for one in uses]
    single = isinstance(made, (ast.Assign, ast.AnnAssign)) and not isinstance(
        made.targets[0] if isinstance(made, ast.Assign) else made.target, ast.Tuple
    )
    if single and len(uses) == len(site.uses(name)):
        edits.append(remove(site, made))
    return proposal("safe", "Read the variables after the model is built", *edits)


def _read_again(site: Site, asked: ast.Call, name: str) -> Proposal | None:
    """An attribute that keeps the variables of a model, which another attribute keeps, as the model's own."""
    found = site.attribute_definition(name, asked)
    made = None if found is None else spelled(found[1])
    if found is None or made is None:
        return None
    owner, _, rest = made.partition(".")
    kept = [
        one
        for one in site.index.suite(found[0])
        if isinstance(one, ast.Assign) and len(one.targets) == 1 and spelled(one.value) == owner
    ]
    model = made if owner == "self" else f"{spelled(kept[0].targets[0])}.{rest}" if len(kept) == 1 else ""
    holder = site.index.enclosing(asked, ast.ClassDef)
    if not model.startswith("self.") or holder is None or rest.count(".") + (owner == "self") > 1:
        return None
    uses = site.uses(name)
    if any(holder not in site.index.above(one) for one in uses):
        return None
    statement = found[0]
    edits = [replace(one, model) for one in uses]
    elsewhere = site.reads_attribute_elsewhere(name.rpartition(".")[2], uses)
    if not elsewhere and isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        edits.append(remove(site, statement))
    return proposal("safe", "Read the variables after the model is built", *edits)


def _unfrozen(site: Site, asked: ast.Call, name: str) -> Proposal | None:
    """``model.trainable = False`` taken out where it alone freezes what is asked for."""
    model = name.rpartition(".")[0]
    found = site.bindings(f"{model}.trainable", asked)
    if not model or len(found) != 1:
        return None
    statement, value = found[0]
    freezes = isinstance(value, ast.Constant) and value.value is False
    if not freezes or not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    return proposal("unsafe", "Let the model learn", remove(site, statement))
