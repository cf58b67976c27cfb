"""GT103 non-trainable-variable."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, spelled
from .._mending.watching import watch_sources
from .._wording import at, several, so, source, sources, watch

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal

WHY = {
    "synchronization": "is not trainable with ON_READ synchronization",
    "moving-statistics": "holds moving statistics, which are not trainable",
    "seed-state": "is a random generator's state, which is not trainable",
}


class NonTrainableVariable(Rule):
    """The source is a Variable that is not trainable, which a tape does not watch by itself.

    ## What it does
    Reports a source that is a Variable with `trainable=False`, or a weight that Keras keeps as non-trainable, when no
    `watch` covers it: moving statistics of a BatchNormalization, a random generator's state,
    `add_weight(trainable=False)`.

    ## Why the gradient is lost
    Reading a Variable inside the tape watches it only if the Variable is trainable. A Variable made with
    `synchronization=ON_READ` counts as not trainable. Setting `trainable` later on a layer or on a Keras variable does
    not change what the tape watches: a frozen layer's `kernel` still gets its gradient.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Call `tape.watch(v)` first in the block, or leave `trainable=False` out. For a Keras variable watch its `value`. If
    `model.weights` is the source, ask for `model.trainable_variables` instead.

    ## References
    - Introduction to gradients and automatic differentiation, *Controlling what the tape watches*: https://www.tensorflow.org/guide/autodiff#controlling_what_the_tape_watches
    - Transfer learning and fine-tuning: https://www.tensorflow.org/guide/keras/transfer_learning
    """

    code = "GT103"
    name = "non-trainable-variable"
    kinds = (Kind.NON_TRAINABLE,)
    examples = (
        Example(
            title="a fixed offset among the sources",
            broken="""\
import tensorflow as tf

slope = tf.Variable(3.0, name="slope")
offset = tf.Variable(1.0, name="offset", trainable=False)

with tf.GradientTape() as tape:
    y = slope * 2.0 + offset**2

d_slope, d_offset = tape.gradient(y, [slope, offset])
""",
            fixed="""\
import tensorflow as tf

slope = tf.Variable(3.0, name="slope")
offset = tf.Variable(1.0, name="offset", trainable=False)

with tf.GradientTape() as tape:
    tape.watch(offset)
    y = slope * 2.0 + offset**2

d_slope, d_offset = tape.gradient(y, [slope, offset])
""",
            outcome="none",
        ),
        Example(
            title="a style target that is optimised",
            broken="""\
import tensorflow as tf


class Stylizer(tf.Module):
    def __init__(self, content):
        super().__init__()
        self.image = tf.Variable(content, trainable=False)

    def step(self, style):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.image - style) ** 2)
        gradient = tape.gradient(loss, self.image)
        return loss, gradient


stylizer = Stylizer(tf.random.uniform([8, 8, 3]))
loss, gradient = stylizer.step(tf.random.uniform([8, 8, 3]))
""",
            fixed="""\
import tensorflow as tf


class Stylizer(tf.Module):
    def __init__(self, content):
        super().__init__()
        self.image = tf.Variable(content)

    def step(self, style):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.image - style) ** 2)
        gradient = tape.gradient(loss, self.image)
        return loss, gradient


stylizer = Stylizer(tf.random.uniform([8, 8, 3]))
loss, gradient = stylizer.step(tf.random.uniform([8, 8, 3]))
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

layer = tf.keras.layers.Dense(1)
layer.build([None, 2])
layer.trainable = False
with tf.GradientTape() as tape:
    y = tf.reduce_sum(layer(tf.ones([3, 2])))

print(tape.gradient(y, layer.kernel))
""",
        """\
import tensorflow as tf

step = tf.Variable(0, trainable=False)
w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = w**2
print(tape.gradient(loss, w))
step.assign_add(1)
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``source_line`` and ``reason``.

        Reasons: ``keras-variable`` (only its ``value`` can be watched), ``weight`` (made by ``add_weight``),
        ``synchronization``, ``moving-statistics``, ``seed-state``.
        """
        lost = so(claim, named=True)
        reason = claim.detail.get("reason", "")
        if several(claim) and reason in WHY:
            return f"{sources(claim)} are not trainable{lost}; ask for `trainable_variables` instead."
        if several(claim):
            told = f"{sources(claim)} are not trainable, and the tape watches trainable Variables only"
            return f"{told}{lost}; watch them first in the block, or make them trainable."
        why = WHY.get(reason, f"has trainable=False{at(claim, 'source_line')}")
        told = f"{source(claim)} {why}, and the tape does not watch it{lost}"
        if reason in {"moving-statistics", "seed-state"}:
            return f"{told}; ask for `trainable_variables` instead."
        if reason in {"keras-variable", "weight"}:
            return f"{told}; watch its `.value`, or make it trainable."
        return f"{told}; call {watch(claim)}, or make it trainable."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The Variable watched, which is safe; where it cannot be, ``trainable=True``, which others may notice.

        Of an object's ``weights`` the trainable ones: unsafe, since the gradients are then fewer.
        """
        reason = claim.detail.get("reason")
        fewer = _trainable_ones(Site(claim, module))
        if fewer is not None:
            return fewer
        if reason in {"moving-statistics", "seed-state"}:
            return None
        watched = watch_sources(claim, module, keras=reason in {"keras-variable", "weight"})
        return watched or self._trainable(Site(claim, module))

    @staticmethod
    def _trainable(site: Site) -> Proposal | None:
        edits = {}
        for lost, call in site.calls():
            source = site.at(lost.source_span)
            found = site.definition(spelled(source) or "", call) if source is not None else None
            if found is None or not isinstance(found[1], ast.Call):
                return None
            for keyword in found[1].keywords:
                if keyword.arg == "trainable" and isinstance(keyword.value, ast.Constant):
                    edits[keyword.value] = replace(keyword.value, "True")
        return proposal("unsafe", "Make the Variable trainable", *edits.values()) if edits else None


TRAINABLE = {"weights": "trainable_weights", "variables": "trainable_variables"}


def _trainable_ones(site: Site) -> Proposal | None:
    """The trainable of an object's weights asked for, and taken wherever the same function goes through the list."""
    edits = []
    for lost, call in site.calls():
        source = site.at(lost.source_span)
        instead = TRAINABLE.get(source.attr) if isinstance(source, ast.Attribute) else None
        if source is None or instead is None or spelled(source) is None:
            return None
        scope = site.index.scope(call)
        for use in site.uses(spelled(source) or ""):
            if site.index.scope(use) is scope and isinstance(use, ast.Attribute):
                edits.append(replace(use, f"{site.text(use.value)}.{instead}"))
    return proposal("unsafe", "Ask for the trainable ones", *dict.fromkeys(edits)) if edits else None
