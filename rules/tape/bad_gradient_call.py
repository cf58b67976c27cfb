"""GT407 bad-gradient-call."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind, Span
from gradlint.rule import Example, Replacement, Rule

from .._mending.edits import proposal, replace
from .._mending.site import Site, span_of
from .._wording import call, name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


EXCEPTIONS = {
    "nested": "ValueError",
    "persistent-not-bool": "InternalError",
    "stopped-outside": "ValueError",
    "target-list": "AttributeError",
    "tf.gradients": "RuntimeError",
    "unconnected-value": "ValueError",
    "unknown-method": "AttributeError",
}


class BadGradientCall(Rule):
    """A tape is made or called in a way that it does not take, or takes otherwise than meant.

    ## What it does
    Reports a tape that is made or called in a way that it does not take: a second source as the third argument,
    `tape.gradients`, an unknown keyword, the class in place of a tape (`with tf.GradientTape as tape`), a tape entered
    while it records, `persistent=1`, `tf.gradients` in eager mode.

    ## Why the gradient is lost
    The third argument of `gradient` is `output_gradients`: a second source put there scales the result, without a word.
    A truthy `persistent` that is not a bool breaks the tape at the second call (InternalError). The others raise:
    AttributeError for an unknown method, TypeError for an unknown keyword or the class, ValueError for a tape entered
    twice, RuntimeError for `tf.gradients`.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Pass all sources as one list: `tape.gradient(y, [a, b])`. Write `with tf.GradientTape() as tape`, `persistent=True`,
    and the names as the signature has them.

    ## References
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    - Introduction to gradients and automatic differentiation, *Gradient tapes*: https://www.tensorflow.org/guide/autodiff#gradient_tapes
    """

    code = "GT407"
    name = "bad-gradient-call"
    kinds = (Kind.BAD_CALL,)
    examples = (
        Example(
            title="two sources as two arguments",
            broken="""\
import tensorflow as tf

a = tf.Variable(2.0)
b = tf.Variable(3.0)

with tf.GradientTape() as tape:
    y = a**2 + a * b

gradient = tape.gradient(y, a, b)
""",
            fixed="""\
import tensorflow as tf

a = tf.Variable(2.0)
b = tf.Variable(3.0)

with tf.GradientTape() as tape:
    y = a**2 + a * b

d_a, d_b = tape.gradient(y, [a, b])
""",
            outcome=None,
        ),
        Example(
            title="a method that is not there",
            broken="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])


def gradients_of(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(x) ** 2)
    return tape.gradients(loss, model.trainable_variables)


gradients_of(tf.random.normal([4, 2]))
""",
            fixed="""\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input([2]), tf.keras.layers.Dense(1)])


def gradients_of(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(x) ** 2)
    return tape.gradient(loss, model.trainable_variables)


gradients_of(tf.random.normal([4, 2]))
""",
            outcome=None,
            exception="AttributeError",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
upstream = tf.constant([0.5, 2.0])
with tf.GradientTape() as tape:
    y = w**2

print(tape.gradient(y, w, output_gradients=upstream))
""",
        """\
import tensorflow as tf

w = tf.Variable(1.0)
settings = {"persistent": True, "watch_accessed_variables": True}
with tf.GradientTape(**settings) as tape:
    y = w**2

print(tape.gradient(target=y, sources=[w]), tape.gradient(y, w))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``source``, ``method``, ``keyword``, ``replacement``, ``exception`` and ``reason``.

        Reasons: ``second-source`` (it becomes ``output_gradients``), ``unknown-method``, ``unknown-keyword`` (of a
        gradient call or of the tape), ``no-sources``, ``with-a-class``, ``nested`` (a tape in its own block),
        ``persistent-not-bool``, ``tf.gradients``, ``target-list`` (a Jacobian of a list), ``stopped-outside``
        (``stop_recording`` or ``reset`` outside the block), ``unconnected-value``.
        """
        reason = claim.detail.get("reason", "")
        asked = claim.gradients or "method" in claim.detail
        written = name(claim, "callee", call(claim) if asked else "`tf.GradientTape`")
        raises = f"raises {claim.detail.get('exception') or EXCEPTIONS.get(reason, 'TypeError')}"
        if reason == "second-source":
            extra = name(claim, "source", "this")
            told = f"The third argument of {written} is `output_gradients`: {extra} is no source and scales the result"
            return f"{told}{so(claim)}; pass the sources as one list."
        if reason == "persistent-not-bool":
            told = f"`persistent` must be a bool: with another value the second gradient {raises}"
            return f"{told}; write persistent=True."
        if reason == "with-a-class":
            return f"{written} is a class and no tape, so `with` {raises}; {use(claim, 'call it')}."
        told, cure = self._refused(reason, written, claim)
        return f"{told} and {raises}; {use(claim, cure)}."

    @staticmethod
    def _refused(reason: str, written: str, claim: Claim) -> tuple[str, str]:
        keyword = name(claim, "keyword", name(claim, "variable", "this keyword"))
        return {
            "unknown-method": (
                f"A tape has no {name(claim, 'method', written)}",
                "use `gradient`, `jacobian` or `batch_jacobian`",
            ),
            "unknown-keyword": (f"{written} takes no keyword {keyword}", "see its signature"),
            "no-sources": (f"{written} is called without its sources", "pass target and sources"),
            "nested": ("The tape is entered while it records", "make a second tape"),
            "tf.gradients": (f"{written} does not work in eager mode", "use a `tf.GradientTape`"),
            "target-list": (f"{written} takes one Tensor as its target", "ask for one target at a time"),
            "stopped-outside": (f"{written} is called outside the tape's block", "move it into the block"),
            "unconnected-value": (f"{written} takes 'none' or 'zero' as `unconnected_gradients`", "use one of these"),
        }.get(reason, (f"{written} does not take this", "see its signature"))

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """What was meant, where it is plain: a name misspelled, a class not called, sources that are no list.

        Safe where the line raises as it stands; a list of sources gives a list of gradients and is unsafe.
        """
        site, reason = Site(claim, module), claim.detail.get("reason")
        node = site.expression()
        if isinstance(node, ast.Call):
            return _meant(site, node, reason)
        if reason == "with-a-class" and node is not None:
            return proposal("safe", "Call the class", replace(node, f"{site.text(node)}()"))
        return None


def _meant(site: Site, node: ast.Call, reason: str | None) -> Proposal | None:
    function = node.func
    if reason == "second-source" and len(node.args) > 2:
        first, last = span_of(node.args[1]), span_of(node.args[-1])
        sources = ", ".join(site.text(one) for one in node.args[1:])
        whole = Span(first.line, first.column, last.end_line, last.end_column)
        return proposal("unsafe", "Pass the sources as one list", Replacement(whole, f"[{sources}]"))
    if reason == "unknown-method" and isinstance(function, ast.Attribute):
        meant = {"gradients": "gradient", "grad": "gradient", "jacobians": "jacobian"}.get(function.attr)
        owner = site.text(function.value)
        return None if meant is None else proposal("safe", f"Call `{meant}`", replace(function, f"{owner}.{meant}"))
    if reason == "unknown-keyword":
        for keyword in node.keywords:
            meant = {"source": "sources", "targets": "target", "presistent": "persistent"}.get(keyword.arg or "")
            if meant is not None:
                named = Span(keyword.lineno, keyword.col_offset, keyword.lineno, keyword.value.col_offset)
                if keyword.lineno == keyword.value.lineno and site.module.text(named) == f"{keyword.arg}=":
                    return proposal("safe", f"Pass it as `{meant}`", Replacement(named, f"{meant}="))
    if reason == "persistent-not-bool":
        for value in [*node.args[:1], *(one.value for one in node.keywords if one.arg == "persistent")]:
            return proposal("safe", "Write persistent=True", replace(value, "True"))
    return None
