"""GT205 outside-the-tape."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import after, operand, proposal, remove, replace
from .._mending.moving import beside, moved_in_from_before, moved_in_from_behind, statements_between, unwrapped
from .._mending.site import Site, spelled
from .._mending.uses import computes
from .._wording import name, so

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal

    from .._mending.site import With

WHERE = {
    "before the tape": ("before the tape's block begins", "compute it inside the block"),
    "after the tape": ("after the tape's block has ended", "move it into the block"),
    "in __init__": ("in `__init__`, long before the tape records", "compute it where it is used"),
    "while recording is stopped": ("while the tape's recording is stopped", "move it out of `stop_recording`"),
    "on another tape": ("under another tape than the one that is asked", "compute it in this tape's block"),
    "in init_scope": ("in `tf.init_scope`, which no tape records", "move it out of the scope"),
    "in another thread": ("in another thread, and a tape records its own thread only", "compute it in this one"),
    "before the reset": ("before `reset`, which makes the tape forget", "compute it after the reset"),
    "at import": ("once at import, before the tape records", "compute it where it is used"),
}


class OutsideTheTape(Rule):
    """A value on the way was computed where the tape does not record.

    ## What it does
    Reports an operation on the way to the target that runs where the tape does not record: before the `with` block or
    after it (a sum or a slice of the loss counts), in a constructor, under `stop_recording()`, on another tape.

    ## Why the gradient is lost
    A tape records what runs inside its block. One operation on the target after the block makes another object that the
    tape has never seen, and every gradient is None, even if all else was recorded. A Tensor made in `__init__` holds
    the value that the Variable had then, and no tape was recording.

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
    examples = (
        Example(
            title="the mean taken after the block",
            broken="""\
import tensorflow as tf

w = tf.Variable(tf.random.normal([3, 2]))
x = tf.constant([[1.0, 2.0, 3.0]])

with tf.GradientTape() as tape:
    squared = (x @ w) ** 2
loss = tf.reduce_mean(squared)

gradient = tape.gradient(loss, w)
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable(tf.random.normal([3, 2]))
x = tf.constant([[1.0, 2.0, 3.0]])

with tf.GradientTape() as tape:
    squared = (x @ w) ** 2
    loss = tf.reduce_mean(squared)

gradient = tape.gradient(loss, w)
""",
            outcome="none",
        ),
        Example(
            title="a scale derived in the constructor",
            broken="""\
import tensorflow as tf


class Noise(tf.Module):
    def __init__(self):
        super().__init__()
        self.log_sigma = tf.Variable(-1.0)
        self.sigma = tf.exp(self.log_sigma)

    def log_prob(self, x):
        return -0.5 * (x / self.sigma) ** 2 - tf.math.log(self.sigma)


noise = Noise()
samples = tf.random.normal([16])
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(noise.log_prob(samples))

gradient = tape.gradient(loss, noise.log_sigma)
""",
            fixed="""\
import tensorflow as tf


class Noise(tf.Module):
    def __init__(self):
        super().__init__()
        self.log_sigma = tf.Variable(-1.0)

    def log_prob(self, x):
        sigma = tf.exp(self.log_sigma)
        return -0.5 * (x / sigma) ** 2 - tf.math.log(sigma)


noise = Noise()
samples = tf.random.normal([16])
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(noise.log_prob(samples))

gradient = tape.gradient(loss, noise.log_sigma)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
features = tf.exp(tf.constant([0.1, 0.2]))
with tf.GradientTape() as tape:
    y = tf.reduce_sum(w * features)
loss = y

print(tf.sqrt(loss), tape.gradient(loss, w))
""",
        """\
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    losses = [w**2, tf.sin(w)]

print(tape.gradient(losses, w))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``where`` (a key of ``WHERE`` or a phrase) and ``variable`` or ``callee`` (what is computed)."""
        where = claim.detail.get("where", "outside the tape's block")
        phrase, cure = WHERE.get(where, (where, "move it into the block"))
        what = name(claim, "variable", name(claim, "callee", "This"))
        return f"{what} is computed {phrase}{so(claim)}; {cure}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The statement moved into the block.

        Unsafe, since what else the moved lines do is then recorded; safe for an expression in the gradient call and
        for a single statement just behind the block that only computes.
        """
        site = Site(claim, module)
        calls = site.calls()
        if not calls:
            return None
        call = calls[0][1]
        block, tape, statement = site.block_of(call), site.tape_of(call), site.statement()
        if block is None or tape is None or statement is None:
            return None
        stopped = _stopped(site, statement)
        if stopped is not None:
            return stopped
        if block in site.index.above(statement):
            return None
        inlined = _inlined(site, statement)
        if inlined is not None:
            return inlined
        node = site.expression()
        if node is not None and any(one is call for one in site.index.above(node)):
            return _hoisted(site, block, node, call)
        edits = moved_in_from_behind(site, block, statement, tape)
        if edits is not None:
            only = len(statements_between(site, block, statement)) == 1 and _computes(statement)
            return proposal("safe" if only else "unsafe", "Move it into the tape's block", *edits)
        edits = moved_in_from_before(site, block, beside(site, block, statement))
        return None if edits is None else proposal("unsafe", "Open the tape before it", *edits)


def _hoisted(site: Site, block: With, node: ast.expr, call: ast.Call) -> Proposal | None:
    """An expression of the gradient call computed as the last statement of the block."""
    target = next(iter(call.args), None) or next((k.value for k in call.keywords if k.arg == "target"), None)
    whole = next((one for one in (node, *site.index.above(node)) if one is target), None)
    if not isinstance(whole, ast.expr) or not computes(whole) or call in _within(block):
        return None
    name = site.free_name("target")
    return proposal(
        "safe",
        "Compute it in the tape's block",
        after(site.module, block.body[-1], f"{name} = {' '.join(site.text(whole).split())}"),
        replace(whole, name),
    )


def _stopped(site: Site, statement: ast.stmt) -> Proposal | None:
    """The lines under ``with tape.stop_recording()`` taken out of it."""
    block = next((one for one in site.index.above(statement) if isinstance(one, ast.With)), None)
    if block is None or len(block.items) != 1 or "stop_recording" not in site.text(block.items[0].context_expr):
        return None
    edits = unwrapped(site, block)
    return None if edits is None else proposal("unsafe", "Record it", *edits)


def _inlined(site: Site, statement: ast.stmt) -> Proposal | None:
    """An attribute that ``__init__`` computes, computed where it is read."""
    made = statement.value if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
    name = spelled(statement.targets[0]) if isinstance(statement, ast.Assign) else None
    if made is None or name is None or site.attribute_definition(name, statement) is None or not computes(made):
        return None
    owner = site.index.enclosing(statement, ast.ClassDef)
    uses = [use for use in site.uses(name) if owner is not None and owner in site.index.above(use)]
    roots = {one.id for one in ast.walk(made) if isinstance(one, ast.Name)}
    if roots - {"self", "tf", "tensorflow", "keras"} or not uses or "\n" in site.text(made):
        return None
    edits = [replace(use, operand(site, use, site.text(made), made)) for use in uses]
    if not site.reads_attribute_elsewhere(name.rpartition(".")[2], uses):
        edits.append(remove(site, statement))
    return proposal("unsafe", "Compute it where it is read", *edits)


def _within(block: With) -> list[ast.AST]:
    return list(ast.walk(block))


def _computes(statement: ast.stmt) -> bool:
    """Whether a statement does nothing but bind the value of an expression of TensorFlow."""
    return isinstance(statement, ast.Assign) and computes(statement.value)
