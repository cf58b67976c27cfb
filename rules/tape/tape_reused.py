"""GT401 tape-reused."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import after, alone, begins_line, indent, proposal, remove, replace, with_keyword
from .._mending.moving import LEAVING
from .._mending.site import Site, spelled
from .._mending.watching import VARIABLE_LISTS, is_watch
from .._wording import at, call, code, way

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal, Replacement


class TapeReused(Rule):
    """A tape is asked that has no recording left, or never had one.

    ## What it does
    Reports a second gradient call on one recording of a tape that is not persistent, and a gradient call on a tape that
    was never entered.

    ## Why the gradient is lost
    A tape that is not persistent frees what it recorded at its first `gradient`, `jacobian` or `batch_jacobian`, even
    if that gave None. The next one raises RuntimeError (`A non-persistent GradientTape can only be used to compute one
    set of gradients`). Entering the tape again starts a new recording, so one call after each block is right. A tape
    that was never entered has no recording and raises too.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Ask once for a list of sources: `tape.gradient(y, [a, b])`. For several targets make the tape with `persistent=True`
    and `del tape` after the last call.

    ## References
    - Introduction to gradients and automatic differentiation, *Intermediate results*: https://www.tensorflow.org/guide/autodiff#intermediate_results
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT401"
    name = "tape-reused"
    kinds = (Kind.TAPE_REUSED,)
    examples = (
        Example(
            title="two derivatives of one recording",
            broken="""\
import tensorflow as tf

radius = tf.Variable(2.0)

with tf.GradientTape() as tape:
    area = 3.14159 * radius**2
    volume = 4.0 / 3.0 * 3.14159 * radius**3

d_area = tape.gradient(area, radius)
d_volume = tape.gradient(volume, radius)
""",
            fixed="""\
import tensorflow as tf

radius = tf.Variable(2.0)

with tf.GradientTape(persistent=True) as tape:
    area = 3.14159 * radius**2
    volume = 4.0 / 3.0 * 3.14159 * radius**3

d_area = tape.gradient(area, radius)
d_volume = tape.gradient(volume, radius)
del tape
""",
            outcome="error",
            exception="RuntimeError",
        ),
        Example(
            title="two networks trained from one tape",
            broken="""\
import tensorflow as tf

generator = tf.Variable(tf.random.normal([2, 2]))
critic = tf.Variable(tf.random.normal([2, 1]))


def train_step(noise):
    with tf.GradientTape() as tape:
        score = tf.reduce_mean(tf.tanh(noise @ generator) @ critic)
    critic_gradient = tape.gradient(score, critic)
    generator_gradient = tape.gradient(score, generator)
    return critic_gradient, generator_gradient


gradients = train_step(tf.random.normal([4, 2]))
""",
            fixed="""\
import tensorflow as tf

generator = tf.Variable(tf.random.normal([2, 2]))
critic = tf.Variable(tf.random.normal([2, 1]))


def train_step(noise):
    with tf.GradientTape() as tape:
        score = tf.reduce_mean(tf.tanh(noise @ generator) @ critic)
    critic_gradient, generator_gradient = tape.gradient(score, [critic, generator])
    return critic_gradient, generator_gradient


gradients = train_step(tf.random.normal([4, 2]))
""",
            outcome="error",
            exception="RuntimeError",
        ),
    )
    clean = (
        """\
import tensorflow as tf

w = tf.Variable(1.0)
tape = tf.GradientTape()
for step in range(3):
    with tape:
        loss = (w - float(step)) ** 2 + w
    print(tape.gradient(loss, w))
""",
        """\
import tensorflow as tf

x = tf.Variable(2.0)
y = tf.Variable(3.0)
with tf.GradientTape() as first, tf.GradientTape() as second:
    z = x**2 * y

print(first.gradient(z, x), second.gradient(z, y))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``tape``, ``first_call_line``, ``exception`` and ``reason``.

        Reasons: ``second-call``, ``second-turn`` (the same call in a loop), ``second-time``
        (the same call in a function that is called again), ``never-entered``, ``other-tape``
        (the ``with`` made another tape), ``jacobian`` (without pfor it asks more than once).
        """
        tape = code(claim.detail.get("tape", "tape"))
        reason = claim.detail.get("reason")
        raises = f"{call(claim)} {self._raises(claim)}{way(claim)}"
        if reason == "other-tape":
            told = f"{tape} is not the tape that this `with` entered and has recorded nothing, so {raises}"
            return f"{told}; write `with ... as {tape[1:-1]}`."
        if reason == "never-entered":
            told = f"{tape} was never entered and has recorded nothing, so {raises}"
            return f"{told}; open it with `with tf.GradientTape() as {tape[1:-1]}`."
        if reason == "jacobian":
            told = f"Without pfor the Jacobian asks {tape} once a row, so {raises}"
            return f"{told}; make the tape with persistent=True."
        if reason == "second-turn":
            told = f"{tape} is not persistent and was used up by this call at an earlier turn of the loop, so {raises}"
            return f"{told}; enter the tape at each turn, or set persistent=True."
        if reason == "second-time":
            told = f"{tape} is not persistent and was used up when this call ran before, so {raises}"
            return f"{told}; enter the tape each time, or set persistent=True."
        first = at(claim, "first_call_line")
        told = f"{tape} is not persistent and was used up by its first gradient{first}, so {raises}"
        return f"{told}; ask once with a list of sources, or set persistent=True."

    @staticmethod
    def _raises(claim: Claim) -> str:
        exception = claim.detail.get("exception") or next((lost.exception for lost in claim.gradients), None)
        certain = claim.severity == "error" or way(claim)
        return f"{'raises' if certain else 'can raise'} {exception or 'RuntimeError'}"

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """One call with a list of sources where neighbouring calls share the target; else a persistent tape.

        Safe, since the second call raises as it stands. The persistent tape is deleted after its last use where that
        use is plain. A tape that was never entered is entered where it is made, up to the call.
        """
        site = Site(claim, module)
        calls = site.calls()
        if not calls or claim.detail.get("reason") == "other-tape":
            return None
        asked = calls[0][1]
        if claim.detail.get("reason") == "never-entered":
            return _entered(site, asked)
        tape, made = site.tape_of(asked), site.tape_call(asked) or site.at(claim.places.get("tape_call"))
        if tape is None:
            return None
        joined = _joined(site, asked, tape)
        if joined is not None:
            return joined
        if not isinstance(made, ast.Call):
            return None
        persistent = replace(made.args[0], "True") if made.args else with_keyword(site, made, "persistent", "True")
        if persistent is None:
            return None
        deleted = _deleted(site, asked, tape)
        return proposal("safe", "Make the tape persistent", persistent, *([] if deleted is None else [deleted]))


def _entered(site: Site, asked: ast.Call) -> Proposal | None:
    """``tape = tf.GradientTape()`` as a ``with`` statement that holds what follows up to the gradient call."""
    module, tape = site.module, site.tape_of(asked)
    statement, found = site.index.statement(asked), None if tape is None else site.bindings(tape, asked)
    if tape is None or statement is None or not found or len(found) != 1:
        return None
    made, call = found[0]
    suite = site.index.suite(made)
    if not isinstance(made, ast.Assign) or not isinstance(call, ast.Call) or not site.is_tape(call):
        return None
    at = next((number for number, one in enumerate(suite) if one is statement), -1)
    held = suite[suite.index(made) + 1 : at] if at >= 0 else []
    plain = all(alone(module, one) or hasattr(one, "body") for one in [made, *held])
    if not held or not plain or any(isinstance(node, LEAVING) for one in held for node in ast.walk(one)):
        return None
    if any(spelled(node) == tape and not is_watch(one, tape) for one in held for node in ast.walk(one)):
        return None
    body = next((one for one in site.index.above(made) if isinstance(one, ast.stmt)), None)
    outer = "" if body is None else module.indent(body.lineno)
    step = module.indent(made.lineno).removeprefix(outer) or "    "
    return proposal(
        "safe",
        "Enter the tape",
        replace(made, f"with {site.text(call)} as {tape}:"),
        *indent(module, held[0].lineno, held[-1].end_lineno or 0, step),
    )


def _joined(site: Site, asked: ast.Call, tape: str) -> Proposal | None:
    """Neighbouring ``a = tape.gradient(y, x)`` and ``b = tape.gradient(y, w)`` as one call with a list."""
    block = site.block_of(asked)
    statement = site.index.statement(asked)
    if block is None or statement is None:
        return None
    suite = site.index.suite(statement)
    single = [one for one in suite if _single(site, one, tape) is not None]
    at = next((number for number, one in enumerate(suite) if one is statement), -1)
    first = last = at
    target = _single(site, statement, tape)
    while first > 0 and _same(target, _single(site, suite[first - 1], tape)):
        first -= 1
    while last + 1 < len(suite) and _same(target, _single(site, suite[last + 1], tape)):
        last += 1
    group = suite[first : last + 1]
    asking = {f"{tape}.{method}" for method in METHODS}
    all_calls = [
        one for one in ast.walk(site.index.scope(asked)) if isinstance(one, ast.Call) and spelled(one.func) in asking
    ]
    if target is None or len(group) < 2 or len(group) != len(single) or len(all_calls) != len(group):
        return None
    if not all(alone(site.module, one) for one in group):
        return None
    parts = [part for one in group if (part := _single(site, one, tape)) is not None]
    names = ", ".join(name for name, _, _ in parts)
    sources = ", ".join(source for _, _, source in parts)
    return proposal(
        "safe",
        "Ask once, with a list of sources",
        replace(group[0], f"{names} = {tape}.gradient({target[1]}, [{sources}])"),
        *(remove(site, one) for one in group[1:]),
    )


METHODS = frozenset({"gradient", "jacobian", "batch_jacobian"})


def _same(one: tuple[str, str, str] | None, other: tuple[str, str, str] | None) -> bool:
    return one is not None and other is not None and one[1] == other[1]


def _single(site: Site, statement: ast.stmt, tape: str) -> tuple[str, str, str] | None:
    """The name, target and source of ``name = tape.gradient(target, source)``."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    name, value = statement.targets[0], statement.value
    if not (isinstance(name, ast.Name) and isinstance(value, ast.Call) and site.tape_of(value) == tape):
        return None
    if spelled(value.func) != f"{tape}.gradient" or len(value.args) != 2 or value.keywords:
        return None
    target, source = value.args
    if spelled(source) is None or (isinstance(source, ast.Attribute) and source.attr in VARIABLE_LISTS):
        return None
    if not isinstance(target, (ast.Name, ast.Attribute)) or name.id in {spelled(target), spelled(source)}:
        return None
    return name.id, site.text(target), site.text(source)


def _deleted(site: Site, asked: ast.Call, tape: str) -> Replacement | None:
    """``del tape`` behind the last statement that uses the tape; None where that would not be plain."""
    block = site.block_of(asked)
    if block is None or len(site.bindings(tape, asked)) != 1 or "." in tape:
        return None
    suite = site.index.suite(block)
    using = [one for one in suite if any(spelled(node) == tape for node in ast.walk(one))]
    everywhere = [use for use in site.uses(tape) if site.index.scope(use) is site.index.scope(asked)]
    last = using[-1]
    if last is block or isinstance(last, (ast.Return, ast.Delete, ast.With)) or not begins_line(site.module, last):
        return None
    held = {id(node) for one in using for node in ast.walk(one)}
    if any(id(use) not in held for use in everywhere) or len(everywhere) != len(site.uses(tape)):
        return None
    return after(site.module, last, f"del {tape}")
