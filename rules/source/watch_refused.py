"""GT110 watch-refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import code, listed

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim

WHAT = {
    "ndarray": ("a NumPy array", "convert it with `tf.convert_to_tensor` and watch that"),
    "number": ("a Python number", "make it a `tf.constant` and watch that"),
    "model": ("a model", "its trainable variables are watched by themselves"),
    "layer": ("a layer", "its trainable variables are watched by themselves"),
    "symbolic": ("a symbolic Keras tensor", "watch the Tensor that the model is called on"),
    "none": ("None", "watch a Tensor"),
    "string": ("a Python string", "watch the Tensor itself"),
    "generator": ("a generator", "make it a list"),
}


class WatchRefused(Rule):
    """`watch` of what it does not take, or before the tape is entered, which raises."""

    code = "GT110"
    name = "watch-refused"
    kinds = (Kind.WATCH_REFUSED,)

    def message(self, claim: Claim) -> str:
        """Reads ``source`` (what is watched), ``tape``, ``exception`` and ``reason``.

        Reasons: the keys of ``WHAT``, ``keras-variable``, ``keras-variables``, ``not-entered``, ``two-arguments``.
        """
        tape = code(f"{claim.detail.get('tape', 'tape')}.watch")
        watched = claim.detail.get("source", "this")
        exception = claim.detail.get("exception")
        reason = claim.detail.get("reason", "")
        if reason == "not-entered":
            told = f"{tape} is called before the tape is entered and raises {exception or 'AttributeError'}"
            return f"{told}; move it into the `with` block."
        if reason == "two-arguments":
            return (
                f"{tape} takes one argument and raises {exception or 'TypeError'}; put {listed([watched])} in a list."
            )
        raises = f"and raises {exception or 'ValueError'}"
        if reason == "keras-variable":
            return (
                f"{tape} does not take the Keras variable {code(watched)} {raises}; watch {code(watched + '.value')}."
            )
        if reason == "keras-variables":
            told = f"{tape} does not take Keras variables, as in {code(watched)}, {raises}"
            return f"{told}; drop the line or watch each one's `.value`."
        what, cure = WHAT.get(reason, ("this", "watch a Tensor or a tf.Variable"))
        if watched in {"this", "None"}:
            return f"{tape} does not take {what} {raises}; {cure}."
        return f"{tape} does not take {what}, as {code(watched)} is, {raises}; {cure}."
