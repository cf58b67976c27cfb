"""GT302 no-registered-gradient."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import bracketed, operand, proposal, replace
from .._mending.site import Site, spelled
from .._wording import code, name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class NoRegisteredGradient(Rule):
    """An operation on floats for which TensorFlow has no gradient registered.

    ## What it does
    Reports a float operation on the way for which TensorFlow has no gradient registered, such as the ones behind
    `tf.image.adjust_contrast`, `tf.image.adjust_hue` or `tf.image.adjust_saturation`.

    ## Why the gradient is lost
    TensorFlow cannot tell whether the derivative is missing or zero, and raises LookupError (`gradient registry has no
    entry for: AdjustContrastv2`). It raises as soon as the operation lies between the target and any watched value,
    even if the source asked for does not depend on it. In a `tf.function` it raises at the call, not at the gradient.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Write the function with operations that have a gradient (contrast is `(image - mean) * factor + mean`), register one
    with `tf.custom_gradient`, or keep such preprocessing outside the tape.

    ## References
    - Introduction to gradients and automatic differentiation, *No gradient registered*: https://www.tensorflow.org/guide/autodiff#no_gradient_registered
    - `tf.custom_gradient`: https://www.tensorflow.org/api_docs/python/tf/custom_gradient
    """

    code = "GT302"
    name = "no-registered-gradient"
    kinds = (Kind.NO_GRADIENT,)
    examples = (
        Example(
            title="a trainable contrast",
            broken="""\
import tensorflow as tf

photo = tf.random.uniform([1, 8, 8, 3])
contrast = tf.Variable(1.2)

with tf.GradientTape() as tape:
    edited = tf.image.adjust_contrast(photo, contrast)
    loss = tf.reduce_mean((edited - 0.5) ** 2)

print(tape.gradient(loss, contrast))
""",
            fixed="""\
import tensorflow as tf

photo = tf.random.uniform([1, 8, 8, 3])
contrast = tf.Variable(1.2)

with tf.GradientTape() as tape:
    mean = tf.reduce_mean(photo, axis=[1, 2], keepdims=True)
    edited = (photo - mean) * contrast + mean
    loss = tf.reduce_mean((edited - 0.5) ** 2)

print(tape.gradient(loss, contrast))
""",
            outcome="error",
            exception="LookupError",
        ),
        Example(
            title="saturation changed on the way to a classifier",
            broken="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(5)])


def class_slope(image, label):
    with tf.GradientTape() as tape:
        tape.watch(image)
        vivid = tf.image.adjust_saturation(image, 1.5)
        score = model(vivid)[0, label]
    return tape.gradient(score, image)


slope = class_slope(tf.random.uniform([1, 4, 4, 3]), 2)
""",
            fixed="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(5)])


def class_slope(image, label):
    with tf.GradientTape() as tape:
        tape.watch(image)
        gray = tf.reduce_mean(image, axis=-1, keepdims=True)
        vivid = gray + 1.5 * (image - gray)
        score = model(vivid)[0, label]
    return tape.gradient(score, image)


slope = class_slope(tf.random.uniform([1, 4, 4, 3]), 2)
""",
            outcome="error",
            exception="LookupError",
        ),
    )
    clean = (
        """\
import tensorflow as tf

image = tf.random.uniform([1, 4, 4, 3])
bright = tf.image.adjust_contrast(image, 1.5)
w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((w * bright) ** 2)

print(tape.gradient(loss, w))
""",
        """\
import tensorflow as tf

image = tf.Variable(tf.random.uniform([1, 4, 4, 3]))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.image.adjust_brightness(image, 0.2) ** 2)

print(tape.gradient(loss, image))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``op``, ``replacement`` and ``reason`` (``function``: raised at the forward call)."""
        if claim.detail.get("reason") == "count":
            told = f"{name(claim, 'callee', 'The custom gradient')} gives fewer gradients than it takes arguments"
            return f"{told}{so(claim)}; return one gradient for each argument."
        op = claim.detail.get("op")
        callee = claim.detail.get("callee")
        where = f", which {code(callee)} uses" if callee and op else ""
        named = name(claim, "op", name(claim, "callee", "this operation"))
        told = f"TensorFlow has no gradient registered for {named}{where}{so(claim)}"
        if claim.detail.get("reason") == "function":
            told += ", at the call of the `tf.function`"
        return f"{told}; {use(claim, 'use operations that have one')}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The formula of a contrast or a saturation, or another filter for resizing by area.

        Unsafe: the formula of the contrast takes float images as they are, a saturation taken from the grey image
        differs a little from the one taken from HSV, and so does the filter. None where the program catches the error.
        """
        site = Site(claim, module)
        node = site.expression()
        caught = any(
            isinstance(one, ast.Try) and one.handlers for _, call in site.calls() for one in site.index.above(call)
        )
        if not isinstance(node, ast.Call) or caught:
            return None
        function = claim.detail.get("canonical", "").rpartition(".")[2]
        if function == "resize":
            method = next((one.value for one in node.keywords if one.arg == "method"), None)
            named = spelled(method) if method is not None else None
            if isinstance(method, ast.Constant) and method.value == "area":
                quote = site.text(method)[0]
                return proposal("unsafe", "Resize with a filter", replace(method, f"{quote}bilinear{quote}"))
            if method is None or named is None or not named.endswith("ResizeMethod.AREA"):
                return None
            return proposal("unsafe", "Resize with a filter", replace(method, f"{named.removesuffix('AREA')}BILINEAR"))
        if len(node.args) != 2 or node.keywords or spelled(node.args[0]) is None:
            return None
        image, factor = site.text(node.args[0]), bracketed(node.args[1], site.text(node.args[1]))
        centre = _centre(site, node, function, image)
        if centre is None or "\n" in factor:
            return None
        content = f"{factor} * {image} + (1.0 - {factor}) * {centre}"
        whole = ast.BinOp(node, ast.Add(), node)
        return proposal("unsafe", "Write its formula", replace(node, operand(site, node, content, whole)))


def _centre(site: Site, node: ast.Call, function: str, image: str) -> str | None:
    """What an adjustment moves an image away from: its mean for the contrast, its grey for the saturation."""
    if function == "adjust_contrast":
        mean = site.tensorflow("reduce_mean", node)
        return None if mean is None else f"{mean}({image}, axis=[-3, -2], keepdims=True)"
    if function == "adjust_saturation":
        grey = site.tensorflow("image.rgb_to_grayscale", node)
        return None if grey is None else f"{grey}({image})"
    return None
