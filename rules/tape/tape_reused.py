"""GT401 tape-reused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import holds, with_argument
from gradlint.nodes.reading import called, dotted, last_name, only, single_target
from gradlint.nodes.site import leaves
from gradlint.nodes.uses import ASKING
from gradlint.nodes.walking import walk
from gradlint.nodes.watching import is_watch
from gradlint.rule import After, Message, Remove, Replace, Rule, Wrap, block, cst, safe, statement

from .._fixing.watching import VARIABLE_LISTS
from .._wording import at, call, code, way

if TYPE_CHECKING:
    from gradlint.flow.causes import TapeUnusable
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site

    Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement
    _Single = tuple[cst.Name, cst.BaseExpression, cst.BaseExpression]


class TapeReused(Rule):
    """A gradient is asked of a tape that has no recording left, or never had one.

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
    Ask once for a list of sources: `tape.gradient(y, [a, b])`. For several targets, make the tape with
    `persistent=True`, and `del tape` after the last call.

    ## References
    - Introduction to gradients and automatic differentiation, *Intermediate results*: https://www.tensorflow.org/guide/autodiff#intermediate_results
    - `tf.GradientTape`: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    code = "GT401"
    name = "tape-reused"
    kinds = (Kind.TAPE_REUSED,)

    def message(self, claim: Claim[TapeUnusable]) -> Message:
        """Names the tape and the call that used it up."""
        tape = code(claim.asked.tape if claim.asked is not None else "tape")
        certain = claim.severity == "error" or way(claim)
        raises = f"{call(claim)} {'raises' if certain else 'can raise'} {claim.exception}{way(claim)}"
        each, used = "enter the tape in each iteration, or set persistent=True", f"{tape} is not persistent"
        match claim.cause.how:
            case "never-entered":
                headline = f"{tape} was never entered and has recorded nothing"
                return Message(headline, raises, f"open it with `with tf.GradientTape() as {tape[1:-1]}`")
            case "jacobian":
                headline = f"Without pfor the Jacobian asks {tape} once per row"
                return Message(headline, raises, "make the tape with persistent=True")
            case "second-turn":
                why = "and this call used it up in an earlier iteration of the loop"
                return Message(used, raises, each, why)
            case "second-time":
                each = "enter the tape each time, or set persistent=True"
                return Message(used, raises, each, "and this call used it up when it ran before")
        why = f"and its first gradient{at(claim, claim.cause.first)} used it up"
        return Message(used, raises, "ask once with a list of sources, or set persistent=True", why)

    def fix(self, claim: Claim[TapeUnusable], site: Site) -> Proposal | None:
        """One call with a list of sources where neighbouring calls share the target; else a persistent tape.

        Safe, since the second call raises as it stands. The persistent tape is deleted after its last use where that
        use is plain. A tape that was never entered is entered where it is made, up to the call.
        """
        if not site.calls:
            return None
        asked = site.calls[0][1]
        tape = site.tape(asked)
        if claim.cause.how == "never-entered" or tape is None:
            return None if tape is None else _entered(site, asked, tape)
        joined = _joined(site, asked, tape)
        if joined is not None:
            return joined
        made = site.tape_call(asked) or site.at(claim.asked.tape_call if claim.asked is not None else None)
        if not isinstance(made, cst.Call) or _is_shadowed(site, asked, tape):
            return None
        if made.args and made.args[0].keyword is None:
            persistent = made.with_deep_changes(made.args[0], value=cst.Name("True"))
        elif any(one.star for one in made.args):
            return None
        else:
            persistent = with_argument(made, "persistent", cst.Name("True"))
        return safe("Make the tape persistent", Replace(made, persistent), *_deleted(site, asked, tape))


def _entered(site: Site, asked: cst.Call, tape: str) -> Proposal | None:
    """``tape = tf.GradientTape()`` as a ``with`` statement that holds what follows up to the gradient call."""
    node, found = site.statement_of(asked), site.bindings(tape, asked)
    if node is None or len(found) != 1:
        return None
    made, call = found[0]
    suite = site.suite(made)
    if not isinstance(made, cst.Assign) or not isinstance(call, cst.Call) or not site.is_tape(call):
        return None
    held = suite[suite.index(made) + 1 : suite.index(node)] if node in suite else []
    if not held or not all(site.is_alone(one) for one in (made, *held)) or any(leaves(one) for one in held):
        return None
    if any(dotted(inner) == tape and not is_watch(one, tape) for one in held for inner in walk(one)):
        return None
    return safe("Enter the tape", Remove(made), Wrap(held, block("with {c} as {t}:\n    pass", c=call, t=tape)))


def _is_shadowed(site: Site, asked: cst.Call, tape: str) -> bool:
    """Whether the block stands in another one whose tape has the same name, so that it is not plain which is meant."""
    inner = site.block(asked)
    blocks = () if inner is None else site.above(inner)
    return any(isinstance(one, cst.With) and site.item(one, tape) is not None for one in blocks)


def _joined(site: Site, asked: cst.Call, tape: str) -> Proposal | None:
    """Neighbouring ``a = tape.gradient(y, x)`` and ``b = tape.gradient(y, w)`` as one call with a list."""
    node = site.statement_of(asked)
    parts = {one: _single(site, one, tape) for one in (() if node is None else site.suite(node))}
    suite, target = list(parts), parts.get(node) if node is not None else None
    if node is None or target is None or site.block(asked) is None:
        return None
    first = last = suite.index(node)
    while first > 0 and _same(site, target, parts[suite[first - 1]]):
        first -= 1
    while last + 1 < len(suite) and _same(site, target, parts[suite[last + 1]]):
        last += 1
    group = suite[first : last + 1]
    singles = [one for one in parts.values() if one is not None]
    calls = [one for one in walk(site.scope(asked)) if called(one) in ASKING and site.tape(one) == tape]
    if len(group) < 2 or not len(group) == len(singles) == len(calls) or not all(site.is_alone(one) for one in group):
        return None
    names = cst.Tuple([cst.Element(name) for name, _, _ in singles], [], [])
    sources = cst.List([cst.Element(source) for _, _, source in singles])
    call = statement("{n} = {t}.gradient({y}, {x})", n=names, t=tape, y=target[1], x=sources)
    return safe("Ask once, with a list of sources", Replace(group[0], call), *(Remove(one) for one in group[1:]))


def _same(site: Site, one: _Single, other: _Single | None) -> bool:
    return other is not None and site.same(one[1], other[1])


def _single(site: Site, node: Statement, tape: str) -> _Single | None:
    """The name, target and source of ``name = tape.gradient(target, source)``."""
    name, value = single_target(node), node.value if isinstance(node, cst.Assign) else None
    given = only(value, 2)
    if not isinstance(name, cst.Name) or given is None or called(value) != "gradient" or site.tape(value) != tape:
        return None
    target, source = given
    if dotted(source) is None or last_name(source) in VARIABLE_LISTS:
        return None
    if dotted(target) is None or name.value in {dotted(target), dotted(source)}:
        return None
    return name, target, source


def _deleted(site: Site, asked: cst.Call, tape: str) -> list[Change]:
    """``del tape`` behind the last statement that uses the tape; nothing where that would not be plain."""
    made = site.block(asked)
    if made is None or len(site.bindings(tape, asked)) != 1 or "." in tape:
        return []
    using = [one for one in site.suite(made) if any(dotted(inner) == tape for inner in walk(one))]
    last = using[-1]
    if last is made or isinstance(last, (cst.Return, cst.Del, cst.With)) or not site.program.is_alone(last):
        return []
    uses = site.uses(tape)
    if any(site.scope(use) is not site.scope(asked) or not any(holds(one, use) for one in using) for use in uses):
        return []
    return [After(last, [statement("del {t}", t=tape)])]
