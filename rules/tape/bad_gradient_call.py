"""GT407 bad-gradient-call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._wording import call, code, name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim


EXCEPTIONS = {
    "nested-same-tape": "ValueError",
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
        """Reads ``callee`` (as written), ``source``, ``replacement``, ``exception``, ``variable`` and ``reason``.

        Reasons: ``second-source`` (it becomes ``output_gradients``), ``unknown-method`` (``tape.gradients``),
        ``unknown-keyword`` (``variable`` is the keyword), ``missing-argument``, ``with-a-class``, ``nested-same-tape``,
        ``persistent-not-bool``, ``tf.gradients``, ``target-list`` (a Jacobian of a list), ``stopped-outside``
        (``stop_recording`` or ``reset`` outside the block), ``unconnected-value``.
        """
        reason = claim.detail.get("reason", "")
        written = code(claim.detail.get("callee") or call(claim)[1:-1])
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
        keyword = name(claim, "variable", "this keyword")
        return {
            "unknown-method": (f"A tape has no {written}", "use `gradient`, `jacobian` or `batch_jacobian`"),
            "unknown-keyword": (f"{written} takes no keyword {keyword}", "see its signature"),
            "missing-argument": (f"{written} is called without its sources", "pass target and sources"),
            "nested-same-tape": (f"{written} is entered while it records", "make a second tape"),
            "tf.gradients": (f"{written} does not work in eager mode", "use a `tf.GradientTape`"),
            "target-list": (f"{written} takes one Tensor as its target", "ask for one target at a time"),
            "stopped-outside": (f"{written} is called outside the tape's block", "move it into the block"),
            "unconnected-value": (f"{written} takes 'none' or 'zero' as `unconnected_gradients`", "use one of these"),
        }.get(reason, (f"{written} does not take this", "see its signature"))
