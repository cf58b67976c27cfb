"""GT402 gradient-inside-the-tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called
from gradlint.nodes.uses import ASKING, computes
from gradlint.nodes.walking import walk
from gradlint.rule import After, Message, Move, Replace, Rule, cst, safe, statement

from .._wording import call, code

if TYPE_CHECKING:
    from gradlint.flow.causes import GradientInside
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site

    Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement


class GradientInsideTheTape(Rule):
    """A gradient of a persistent tape is needlessly taken inside the tape's own block.

    ## What it does
    Reports a gradient that is asked of a persistent tape inside that tape's own block, although nothing in the block
    needs it there.

    ## Why the gradient is lost
    The gradient arrives and is right. But the tape is still recording, so it records the operations of its own
    gradient: the call is slower, and the memory is kept until the tape is gone. TensorFlow logs a warning once. A
    higher derivative of the same tape needs exactly this and is not reported.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Take the gradient after the block. What the call computes for it, such as `loss[i]`, stays in the block under a
    name: after the block nothing records it. If the call must stay inside, put it under `with tape.stop_recording():`.

    ## References
    - Advanced automatic differentiation, *Stop recording*: https://www.tensorflow.org/guide/advanced_autodiff#stop_recording
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT402"
    name = "gradient-inside-the-tape"
    kinds = (Kind.GRADIENT_INSIDE,)
    severity = "warning"

    def message(self, claim: Claim[GradientInside]) -> Message:
        """Names the call and the tape."""
        tape = f"the persistent tape {code(claim.asked.tape)}" if claim.asked is not None else "its persistent tape"
        why = "and each call adds the gradient's own operations to it"
        headline = f"{call(claim)} runs inside the block of {tape}"
        target = claim.asked.target if claim.asked is not None else ""
        move = "move it after the block"
        if target and _is_computed(cst.parse_expression(target)):
            move = f"compute {code(target)} before it, and {move}"
        return Message(headline, "it is slow, and memory grows", move, why)

    def fix(self, claim: Claim[GradientInside], site: Site) -> Proposal | None:
        """The block's last calls moved out of it: safe, since nothing comes after them that was recorded.

        What such a call computes itself stays in the block under a name.
        """
        tape, made = site.tape(site.node), site.statement
        block = None if made is None else next((one for one in site.above(made) if isinstance(one, cst.With)), None)
        if tape is None or made is None or block is None or not any(one is made for one in site.body(block)):
            return None
        body = site.body(block)
        asking: list[Statement] = []
        while len(asking) < len(body) and _asked(site, body[-1 - len(asking)], tape) is not None:
            asking.insert(0, body[-1 - len(asking)])
        if made not in asking or len(asking) == len(body) or not all(site.is_alone(one) for one in asking):
            return None
        if any(_computes_a_source(site, one, tape) for one in asking):
            return None
        kept: list[cst.SimpleStatementLine] = []
        changes: list[Change] = []
        for target in filter(None, (_computed(site, one, tape) for one in asking)):
            if not computes(target) or any(site.text(target) in site.text(line) for line in kept):
                return None
            name = site.free_name("total" if not kept else f"total_{len(kept) + 1}")
            kept.append(statement("{n} = {x}", n=name, x=target))
            changes.append(Replace(target, cst.Name(name)))
        if kept:
            changes.append(After(body[-1 - len(asking)], kept))
        return safe("Ask after the block", Move(asking, after=block), *changes)


def _asked(site: Site, made: Statement, tape: str) -> cst.Call | None:
    """The gradient call that a statement only binds."""
    value = made.value if isinstance(made, (cst.Assign, cst.AnnAssign, cst.Expr)) else None
    return value if isinstance(value, cst.Call) and called(value) in ASKING and site.tape(value) == tape else None


_COMPUTING = (cst.Call, cst.BinaryOperation, cst.UnaryOperation, cst.Subscript)


def _is_computed(node: cst.CSTNode) -> bool:
    return any(isinstance(one, _COMPUTING) for one in walk(node))


def _computed(site: Site, made: Statement, tape: str) -> cst.BaseExpression | None:
    """The target of a statement's gradient call where the call computes it."""
    call = _asked(site, made, tape)
    target = call.args[0].value if call is not None and call.args and call.args[0].keyword is None else None
    return target if target is not None and _is_computed(target) else None


def _computes_a_source(site: Site, made: Statement, tape: str) -> bool:
    """Whether a statement's gradient call computes something besides its target."""
    call = _asked(site, made, tape)
    rest = () if call is None else [one.value for at, one in enumerate(call.args) if at or one.keyword is not None]
    return any(_is_computed(one) for one in rest)
