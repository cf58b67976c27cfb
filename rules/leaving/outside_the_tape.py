"""GT205 outside-the-tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.moving import (
    beside,
    moved_in_from_before,
    moved_in_from_behind,
    recorded_as_a_whole,
    statements_between,
)
from gradlint.nodes.reading import called, dotted, last_name, names_in, single_target
from gradlint.nodes.uses import computes
from gradlint.nodes.watching import is_watch
from gradlint.rule import After, Message, Move, Remove, Replace, Rule, Unwrap, cst, safe, statement, unsafe

from .._wording import effect, named

if TYPE_CHECKING:
    from gradlint.flow.causes import Outside
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site

    Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement


WHERE = {
    "before": ("before the tape's block begins", "compute it inside the block"),
    "after": ("after the tape's block has ended", "move it into the block"),
    "in a constructor": ("in `{within}`, long before the tape records", "compute it where it is used"),
    "while stopped": ("while the tape's recording is stopped", "move it out of `stop_recording`"),
    "unseen": ("in a thread or `init_scope`, which no tape sees", "compute it in the block"),
    "before the reset": ("before `reset`, which makes the tape forget", "compute it after the reset"),
}


class OutsideTheTape(Rule):
    """A value on the way to the target was computed where the tape does not record.

    ## What it does
    Reports an operation on the way to the target that runs where the tape does not record: before the `with` block or
    after it (even a sum or a slice of the loss), in a constructor, under `stop_recording()` or `tf.init_scope()`, in
    another thread, on another tape.

    ## Why the gradient is lost
    A tape records what runs inside its block. A single operation on the target after the block makes a new object that
    the tape has never seen, and every gradient is None, even if everything else was recorded. A Tensor made in
    `__init__` holds the value that the Variable had then, and no tape was recording.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Move the statement into the block. Compute what is derived from Variables in the method that uses it, not in the
    constructor.

    ## References
    - Introduction to gradients and automatic differentiation, *Gradient tapes*: https://www.tensorflow.org/guide/autodiff#gradient_tapes
    - Advanced automatic differentiation, *Stop recording*: https://www.tensorflow.org/guide/advanced_autodiff#stop_recording
    """

    code = "GT205"
    name = "outside-the-tape"
    kinds = (Kind.OUTSIDE,)

    def message(self, claim: Claim[Outside]) -> Message:
        """Names what is computed, and when."""
        phrase, cure = WHERE[claim.cause.where]
        phrase = phrase.format(within=claim.cause.within)
        return Message(f"{named(claim.cause.callee, 'This')} is computed {phrase}", effect(claim), cure)

    def fix(self, claim: Claim[Outside], site: Site) -> Proposal | None:
        """The statement moved into the block.

        Unsafe, since what else the moved lines do is then recorded; safe for an expression in the gradient call and
        for a single statement just behind the block that only computes.
        """
        node, made = site.node, site.statement
        call = site.calls[0][1] if site.calls else None
        block, tape = (None, None) if call is None else (site.block(call), site.tape(call))
        if call is None or block is None or tape is None or made is None or claim.cause.where == "unseen":
            return None
        if claim.cause.where == "before the reset":
            return _reset(site, block, tape)
        stopped = _stopped(site, made)
        around = recorded_as_a_whole(site, block, tape, call) if stopped is None else None
        if around is not None:
            return unsafe("Record all of it on one tape", *around)
        if stopped is not None or site.is_inside(made, block):
            return stopped
        inlined = _inlined(site, made)
        if inlined is not None:
            return inlined
        if node is not None and site.is_inside(node, call):
            return _hoisted(site, block, node, call)
        behind = moved_in_from_behind(site, block, made, tape)
        if behind is not None:
            alone = len(statements_between(site, block, made)) == 1 and isinstance(made, cst.Assign)
            computed = isinstance(made, cst.Assign) and computes(made.value)
            return (safe if alone and computed else unsafe)("Move it into the tape's block", *behind)
        before = moved_in_from_before(site, block, beside(site, block, made))
        if before is not None:
            return unsafe("Open the tape before it", *before)
        return _computed_each_turn(site, block, made)


def _hoisted(site: Site, block: cst.With, node: cst.BaseExpression, call: cst.Call) -> Proposal | None:
    """An expression of the gradient call computed as the last statement of the block."""
    target = next((one.value for one in call.args if one.keyword is None or one.keyword.value == "target"), None)
    if target is None or not (node is target or site.is_inside(node, target)) or not computes(target):
        return None
    if site.is_inside(call, block):
        return None
    name = site.free_name("target")
    return safe(
        "Compute it in the tape's block",
        After(site.body(block)[-1], [statement("{n} = {x}", n=name, x=target)]),
        Replace(target, cst.Name(name)),
    )


def _reset(site: Site, block: cst.With, tape: str) -> Proposal | None:
    """The one statement that makes the tape forget, dropped: unsafe, since it may be on purpose."""
    resets = [one for one in site.body(block) if isinstance(one, cst.Expr) and _calls(one.value, f"{tape}.reset")]
    return unsafe("Drop the reset", Remove(resets[0])) if len(resets) == 1 and site.asked_alone else None


def _calls(node: cst.BaseExpression, name: str) -> bool:
    return isinstance(node, cst.Call) and dotted(node.func) == name


def _stopped(site: Site, made: Statement) -> Proposal | None:
    """The lines under ``with tape.stop_recording()`` or the like taken out of it: unsafe, for it may be on purpose."""
    block = next((one for one in site.above(made) if isinstance(one, cst.With)), None)
    if (
        block is None
        or not site.asked_alone
        or len(block.items) != 1
        or called(block.items[0].item) not in {"stop_recording", "init_scope"}
    ):
        return None
    return unsafe("Record it", Unwrap(block))


def _computed_each_turn(site: Site, block: cst.With, made: Statement) -> Proposal | None:
    """What is computed once before a loop, computed in the loop's block that alone reads it."""
    name = single_target(made)
    loop = next((one for one in site.above(block) if isinstance(one, (cst.For, cst.While))), None)
    if not isinstance(name, cst.Name) or not isinstance(made, cst.Assign) or loop is None or not computes(made.value):
        return None
    if not site.ends_before(made, loop) or not site.is_alone(made) or len(site.bindings(name.value, made)) != 1:
        return None
    uses, body = site.uses(name.value), site.body(block)
    if site.scope(made) is not site.scope(block) or not all(site.is_inside(use, block) for use in uses):
        return None
    first = next((one for one in body if not is_watch(one)), None)
    if first is None or not site.is_alone(first):
        return None
    return unsafe("Compute it in the tape's block", Move([made], before=first))


def _inlined(site: Site, made: Statement) -> Proposal | None:
    """An attribute that ``__init__`` computes, computed where it is read."""
    name, owner = dotted(single_target(made)), site.program.enclosing(made, cst.ClassDef)
    if not isinstance(made, cst.Assign) or owner is None or site.attribute_definition(name, made) is None:
        return None
    uses = [use for use in site.uses(name) if site.is_inside(use, owner)]
    known = {"self", "tf", "tensorflow", "keras"}
    if not computes(made.value) or names_in(made.value) - known or not uses or "\n" in site.text(made.value):
        return None
    changes: list[Change] = [Replace(use, made.value) for use in uses]
    if not site.reads_attribute_elsewhere(last_name(uses[0]), uses):
        changes.append(Remove(made))
    return unsafe("Compute it where it is read", *changes)
