"""GT407 bad-gradient-call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, only
from gradlint.nodes.watching import watched_variables
from gradlint.rule import Message, Replace, Rule, cst, expression, safe, unsafe

from .._wording import code, named

if TYPE_CHECKING:
    from gradlint.flow.causes import BadCall
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class BadGradientCall(Rule):
    """A tape is made or called in a way that it does not support, or that does not do what was meant.

    ## What it does
    Reports a tape that is made or called in an unsupported way: a second source as the third argument,
    `tape.gradients`, an unknown keyword, the class instead of a tape (`with tf.GradientTape as tape`), a tape entered
    while it records, `persistent=1`, `tf.gradients` in eager mode, `fit` of a model that was compiled without a loss.

    ## Why the gradient is lost
    The third argument of `gradient` is `output_gradients`: a second source put there silently scales the result. A
    truthy `persistent` that is not a bool breaks the tape at the second call (InternalError). The others raise:
    AttributeError for an unknown method, TypeError for an unknown keyword or the class, ValueError for a tape entered
    twice or a model without a loss, RuntimeError for `tf.gradients`.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Pass all sources as one list: `tape.gradient(y, [a, b])`. Write `with tf.GradientTape() as tape`, `persistent=True`,
    and the names given in the signature.

    ## References
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    - Introduction to gradients and automatic differentiation, *Gradient tapes*: https://www.tensorflow.org/guide/autodiff#gradient_tapes
    """

    code = "GT407"
    name = "bad-gradient-call"
    kinds = (Kind.BAD_CALL,)

    def message(self, claim: Claim[BadCall]) -> Message:
        """Names the call, and what is wrong with it."""
        cause, raises = claim.cause, f"raises {claim.exception}"
        written = named(cause.callee, "`tf.GradientTape`")
        if cause.how == "second-source":
            scales = f"{code(cause.name)} is not a source and only scales the result"
            headline = f"The third argument of {written} is `output_gradients`"
            return Message(headline, scales, "pass the sources as one list", joint=": ")
        if cause.how == "with-a-class":
            return Message(f"{written} is a class, not a tape", f"`with` {raises}", "call it")
        headline, cure = _refused(cause, written)
        return Message(headline, f"this {raises}", cure)

    def fix(self, claim: Claim[BadCall], site: Site) -> Proposal | None:
        """What was meant, where it is plain: a name misspelled, a class not called, sources that are no list.

        Safe where the line raises as it stands; a list of sources gives a list of gradients and is unsafe.
        """
        node, how = site.node, claim.cause.how
        if isinstance(node, cst.Call):
            return _with_sources(site, node) if how == "no-sources" else _meant(node, how)
        if how == "early-symbol" and isinstance(node, cst.Attribute):
            listed = node.with_changes(attr=cst.Name(f"{node.attr.value}s"))
            return safe("Take it from the list", Replace(node, expression("{x}[0]", x=listed)))
        if how == "with-a-class" and node is not None:
            return safe("Call the class", Replace(node, cst.Call(node)))
        return None


def _refused(cause: BadCall, written: str) -> tuple[str, str]:
    """What a call does wrong that TensorFlow or Python refuses, and the cure."""
    name = code(cause.name)
    return {
        "early-symbol": (
            f"{written} does not exist before the model is called on an Input",
            f"use {code(f'{cause.callee}s[0]')}",
        ),
        "nested": ("The tape is entered while it records", "make a second tape"),
        "no-loss": (f"{written} trains a model that was compiled without a loss", "pass `loss` to `compile`"),
        "no-sources": (f"{written} is called without its sources", "pass target and sources"),
        "removed-method": (
            f"Optimizers of Keras 3 have no {name}",
            "see `scale_loss` and `apply_gradients`",
        ),
        "tf.gradients": (f"{written} does not work in eager mode", "use a `tf.GradientTape`"),
        "unconnected-value": (f"{written} takes 'none' or 'zero' as `unconnected_gradients`", "use one of these"),
        "unknown-keyword": (f"{written} takes no keyword {name}", "see its signature"),
        "unknown-method": (f"A tape has no {name}", "use `gradient`, `jacobian` or `batch_jacobian`"),
    }[cause.how]


def _with_sources(site: Site, node: cst.Call) -> Proposal | None:
    """All Variables that the tape watches, asked for where no sources are given."""
    target, sources = only(node, 1), watched_variables(site, node)
    if target is None or sources is None:
        return None
    args = [node.args[0].with_changes(comma=cst.MaybeSentinel.DEFAULT), cst.Arg(sources)]
    return unsafe("Ask for the Variables that it watches", Replace(node, node.with_changes(args=args)))


METHODS = {"gradients": "gradient", "grad": "gradient", "jacobians": "jacobian"}
KEYWORDS = {"source": "sources", "targets": "target", "presistent": "persistent"}


def _meant(node: cst.Call, how: str) -> Proposal | None:
    plain = [one for one in node.args if one.keyword is None]
    if how == "second-source" and len(plain) > 2:
        listed = cst.List([cst.Element(one.value) for one in plain[1:]])
        rest = [one for one in node.args if one.keyword is not None]
        args = [plain[0], plain[1].with_changes(value=listed, comma=plain[-1].comma), *rest]
        return unsafe("Pass the sources as one list", Replace(node, node.with_changes(args=args)))
    if how == "removed-method" and called(node) == "get_scaled_loss" and isinstance(node.func, cst.Attribute):
        return safe("Call `scale_loss`", Replace(node.func, node.func.with_changes(attr=cst.Name("scale_loss"))))
    if how == "unknown-method" and isinstance(node.func, cst.Attribute) and called(node) in METHODS:
        meant = METHODS[called(node)]
        return safe(f"Call `{meant}`", Replace(node.func, node.func.with_changes(attr=cst.Name(meant))))
    for one in node.args:
        name = "" if one.keyword is None else one.keyword.value
        if how == "unknown-keyword" and name in KEYWORDS:
            renamed = one.with_changes(keyword=cst.Name(KEYWORDS[name]))
            return safe(f"Pass it as `{KEYWORDS[name]}`", Replace(one, renamed))
    return None
