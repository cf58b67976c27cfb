"""GT407 bad-gradient-call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called
from gradlint.rule import Replace, Rule, cst, safe, unsafe

from .._wording import call, name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


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

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``source``, ``method``, ``keyword``, ``replacement``, ``exception`` and ``reason``.

        Reasons: ``second-source`` (it becomes ``output_gradients``), ``unknown-method``, ``unknown-keyword`` (of a
        gradient call or of the tape), ``no-sources``, ``with-a-class``, ``nested`` (a tape in its own block),
        ``persistent-not-bool``, ``tf.gradients``, ``target-list`` (a Jacobian of a list), ``stopped-outside``
        (``stop_recording`` or ``reset`` outside the block), ``unconnected-value``, ``removed-method`` (of a Keras 2
        optimizer), ``early-symbol`` (the output of a Sequential that nothing has called).
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
            "removed-method": (f"Optimizers of Keras 3 have no {keyword}", "see `scale_loss` and `apply_gradients`"),
            "early-symbol": (f"{written} is not there before the model is called on an Input", "use `model.outputs`"),
            "unconnected-value": (f"{written} takes 'none' or 'zero' as `unconnected_gradients`", "use one of these"),
        }.get(reason, (f"{written} does not take this", "see its signature"))

    def fix(self, claim: Claim, site: Site) -> Proposal | None:
        """What was meant, where it is plain: a name misspelled, a class not called, sources that are no list.

        Safe where the line raises as it stands; a list of sources gives a list of gradients and is unsafe.
        """
        node, reason = site.node, claim.detail.get("reason")
        if isinstance(node, cst.Call):
            return _meant(node, reason)
        if reason == "with-a-class" and node is not None:
            return safe("Call the class", Replace(node, cst.Call(node)))
        return None


METHODS = {"gradients": "gradient", "grad": "gradient", "jacobians": "jacobian"}
KEYWORDS = {"source": "sources", "targets": "target", "presistent": "persistent"}


def _meant(node: cst.Call, reason: str | None) -> Proposal | None:
    plain = [one for one in node.args if one.keyword is None]
    if reason == "second-source" and len(plain) > 2:
        listed = cst.List([cst.Element(one.value) for one in plain[1:]])
        rest = [one for one in node.args if one.keyword is not None]
        args = [plain[0], plain[1].with_changes(value=listed, comma=plain[-1].comma), *rest]
        return unsafe("Pass the sources as one list", Replace(node, node.with_changes(args=args)))
    if reason == "unknown-method" and isinstance(node.func, cst.Attribute) and called(node) in METHODS:
        meant = METHODS[called(node)]
        return safe(f"Call `{meant}`", Replace(node.func, node.func.with_changes(attr=cst.Name(meant))))
    for one in node.args:
        name = "" if one.keyword is None else one.keyword.value
        if reason == "unknown-keyword" and name in KEYWORDS:
            renamed = one.with_changes(keyword=cst.Name(KEYWORDS[name]))
            return safe(f"Pass it as `{KEYWORDS[name]}`", Replace(one, renamed))
        if reason == "persistent-not-bool" and name in ("", "persistent"):
            return safe("Write persistent=True", Replace(one.value, cst.Name("True")))
    return None
