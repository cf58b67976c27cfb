"""GT202 python-conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.knowledge.instead import of_python
from gradlint.nodes.roundtrips import itself
from gradlint.nodes.uses import computes_alike_without, goes_on_as_tensor
from gradlint.rule import Message, Rule, cst, safe, unsafe

from .._wording import code, effect, in_graph, use
from ._conversions import dropped, gathered, rounds

if TYPE_CHECKING:
    from gradlint.flow.causes import ToPython
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


METHODS = {"numpy", "item", "tolist"}

TO_NUMPY = {"numpy", "convert_to_numpy", "get_value"}


class PythonConversion(Rule):
    """A value on the way to the target was converted to a plain Python or NumPy value.

    ## What it does
    Reports `.numpy()`, `float()`, `int()`, `.item()`, `.tolist()`, the functions of `math` and the like on the way from
    a source to the target.

    ## Why the gradient is lost
    Each of them reads the value into a plain Python or NumPy object. What is computed with that object is not a
    TensorFlow operation; the Tensor made from it later is a constant to the tape. TensorFlow gives no warning. Reading
    a value to print or log it, off the path to the target, is harmless. Inside a `tf.function` the conversions raise.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Use the Tensor itself and convert after taking the gradient. `math.sin` and its kin have counterparts in `tf` and
    `tf.math`.

    ## References
    - Introduction to gradients and automatic differentiation, *Did calculations outside of TensorFlow*: https://www.tensorflow.org/guide/autodiff#2_did_calculations_outside_of_tensorflow
    - Better performance with tf.function: https://www.tensorflow.org/guide/function
    """

    code = "GT202"
    name = "python-conversion"
    kinds = (Kind.PYTHON,)

    def message(self, claim: Claim[ToPython]) -> Message:
        """Names the conversion, and the function of TensorFlow that does the same."""
        written = claim.cause.callee
        method = written.rpartition(".")[2].removesuffix("()")
        what = code(f"{written.removesuffix('()')}()" if method in METHODS else written) if written else "This"
        if written == "f-string":
            what = "An f-string"
        gives = "a NumPy array" if method in TO_NUMPY else "a plain Python value"
        cure = use("use the Tensor itself", of_python(claim.cause.canonical))
        if claim.cause.in_graph:
            return in_graph(what, claim, cure)
        return Message(f"{what} gives {gives}, which no tape records", effect(claim), cure)

    def fix(self, claim: Claim[ToPython], site: Site) -> Proposal | None:
        """The conversion dropped: safe where all that is done with its value takes a Tensor and gives the same numbers.

        One element a row of an array becomes ``tf.gather``: unsafe, since it takes all rows of the Tensor.
        """
        node, site.may_import = site.node, True
        whole = itself(site, node)
        if whole is not None:
            return unsafe("Use the Tensor itself", whole)
        row_wise = None if node is None else gathered(site, node)
        if row_wise is not None:
            return unsafe("Take the elements with TensorFlow", *site.imports_needed, row_wise)
        change = None if node is None else dropped(site, node)
        if node is None or change is None or (claim.cause.in_graph and _is_kept(site, node)):
            return None
        exact = not rounds(site, node) and computes_alike_without(site, node)
        proposed = safe if goes_on_as_tensor(site, node) and exact else unsafe
        return proposed("Use the Tensor itself", *site.imports_needed, change)


def _is_kept(site: Site, node: cst.BaseExpression) -> bool:
    """Whether a value is stored beyond its function, where a symbolic Tensor is of no use."""
    holder = site.holder(node)
    targets = [one.target for one in holder.targets] if isinstance(holder, cst.Assign) else []
    return any(not isinstance(one, cst.Name) for one in targets)
