"""GT407 bad-gradient-call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

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
    """A tape is made or called in a way that it does not take, or takes otherwise than meant."""

    code = "GT407"
    name = "bad-gradient-call"
    kinds = (Kind.BAD_CALL,)

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
