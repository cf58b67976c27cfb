"""GT301 non-differentiable-op."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.roundtrips import itself
from gradlint.rule import Message, Rule, unsafe

from .._wording import effect, named
from ._surrogates import surrogate

if TYPE_CHECKING:
    from gradlint.flow.causes import NonDifferentiable
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


INSTEAD = {
    "argmax": "use `tf.nn.softmax` as its smooth stand-in",
    "argmin": "use `tf.nn.softmax` of the negative as its smooth stand-in",
    "argsort": "use `tf.sort`, whose values have one",
    "bincount": "use `tf.reduce_sum` over a soft assignment",
    "bitcast": "use the float itself",
    "ceil": "use `x + tf.stop_gradient(tf.math.ceil(x) - x)`",
    "floordiv": "use `x / y + tf.stop_gradient(x // y - x / y)`",
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
    """An operation that TensorFlow registers as not differentiable.

    ## What it does
    Reports an operation on the way to the target that TensorFlow registers as not differentiable: argmax and its kin,
    `tf.floor`, `tf.math.ceil`, `tf.round`, `tf.one_hot`, `tf.range`, eager `tf.random.shuffle`, histogram bins. If the
    gradient exists and is zero everywhere, as for `tf.sign`, the finding says zero.

    ## Why the gradient is lost
    Such a function is made of steps: between them its derivative is zero, and at them there is none. TensorFlow gives
    None for most of these operations and zeros for some (`tf.sign`), and warns of neither. Some float functions lose
    the gradient of one argument only: `on_value` of `tf.one_hot`, `constant_values` of `tf.pad`, the limits of
    `tf.range`. A `for` over a dataset in a `tf.function` runs as `Dataset.reduce`, which has no gradient either: what
    its turns assign is connected to nothing once the loop is over.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use a smooth stand-in (`tf.nn.softmax` for argmax, `tf.tanh` for sign), or pass the gradient straight through: `x +
    tf.stop_gradient(tf.round(x) - x)`. Using an argmax only as an index keeps the gradient of what is indexed. Shuffle
    indices and `tf.gather` by them; multiply the values of a one-hot encoding in.

    ## References
    - Introduction to gradients and automatic differentiation, *No gradient registered*: https://www.tensorflow.org/guide/autodiff#no_gradient_registered
    - Advanced automatic differentiation, *Custom gradients*: https://www.tensorflow.org/guide/advanced_autodiff#custom_gradients
    """

    code = "GT301"
    name = "non-differentiable-op"
    kinds = (Kind.NON_DIFFERENTIABLE,)

    def message(self, claim: Claim[NonDifferentiable]) -> Message:
        """Names the operation and a smooth stand-in for it."""
        cause = claim.cause
        callee = named(cause.callee or cause.op, "This operation")
        if cause.of == "loop":
            why = "a graph's loop over a dataset runs as `Dataset.reduce`, which has no derivative"
            return Message(why, effect(claim), "take the gradient in each turn of the loop")
        if cause.of == "argument":
            why = "has no derivative in this argument"
        elif cause.of == "index":
            why = "gives integers, which have no derivative"
        elif cause.of == "slope":
            why = "has a derivative that is zero everywhere"
        else:
            why = "has no derivative"
        cure = INSTEAD.get(cause.canonical.rpartition(".")[2], "use a smooth function in its place")
        return Message(f"{callee} {why}", effect(claim), cure)

    def fix(self, claim: Claim[NonDifferentiable], site: Site) -> Proposal | None:
        """The straight-through estimator, or what computes the same with a gradient: unsafe, for it is another one."""
        whole = itself(site, site.node)
        if whole is not None:
            return unsafe("Use the Tensor itself", whole)
        return None if site.node is None else surrogate(site, site.node, claim.cause.canonical)
