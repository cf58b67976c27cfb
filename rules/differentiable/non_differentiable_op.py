"""GT301 non-differentiable-op."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._wording import name, so, use

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim

INSTEAD = {
    "argmax": "use `tf.nn.softmax` as its smooth stand-in",
    "argmin": "use `tf.nn.softmax` of the negative as its smooth stand-in",
    "argsort": "use `tf.sort`, whose values have one",
    "bincount": "use `tf.reduce_sum` over a soft assignment",
    "bitcast": "go on with the float itself",
    "ceil": "use `x + tf.stop_gradient(tf.math.ceil(x) - x)`",
    "floor": "use `x + tf.stop_gradient(tf.floor(x) - x)`",
    "one_hot": "use `tf.nn.softmax` in its place",
    "range": "compute the steps from a fixed range instead",
    "rint": "use `x + tf.stop_gradient(tf.round(x) - x)`",
    "round": "use `x + tf.stop_gradient(tf.round(x) - x)`",
    "searchsorted": "use a smooth function of the distance",
    "shuffle": "shuffle indices and use `tf.gather`",
    "sign": "use `tf.tanh` as its smooth stand-in",
    "categorical": "use the log-probability of the sample, or a Gumbel-softmax",
}


class NonDifferentiableOp(Rule):
    """An operation that TensorFlow registers as not differentiable."""

    code = "GT301"
    name = "non-differentiable-op"
    kinds = (Kind.NON_DIFFERENTIABLE,)

    def message(self, claim: Claim) -> str:
        """Reads ``callee``, ``canonical``, ``op``, ``replacement`` and ``reason``.

        Reasons: ``argument`` (only this argument of the function is cut off, as ``on_value`` of ``tf.one_hot``),
        ``index`` (an index output such as ``top_k().indices``).
        """
        callee = name(claim, "callee", name(claim, "op", "This operation"))
        canonical = claim.detail.get("canonical", "")
        reason = claim.detail.get("reason")
        zero = bool(claim.gradients) and all(lost.outcome == "zero" for lost in claim.gradients)
        if reason == "argument":
            why = "has no derivative in this argument"
        elif reason == "index":
            why = "gives integers, which have no derivative"
        elif zero:
            why = "is flat wherever it has a slope"
        else:
            why = "has no derivative"
        cure = INSTEAD.get(canonical.rpartition(".")[2], "use a smooth function in its place")
        return f"{callee} {why}{so(claim)}; {use(claim, cure)}."
