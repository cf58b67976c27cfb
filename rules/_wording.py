"""The words that the rules share: how a message names a gradient, a line and the way on which it is lost.

Every function takes a claim and answers with a piece of a sentence, so that all messages name things alike. Lines
are marked with :func:`gradlint.rule.line`, and become the user's own where the message is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint import escaping
from gradlint.flow.causes import Rebound, ReboundByUpdate
from gradlint.flow.facts import Asked, Kind
from gradlint.rule import Message, line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradlint.flow.facts import Cause, Claim, LostGradient, Span

NAMES = {"gradient": "gradient", "jacobian": "Jacobian", "batch_jacobian": "batch Jacobian"}
REBINDING = frozenset({Kind.REBOUND, Kind.UPDATE_REBINDS})
WORST_FIRST = ("error", "none", "nan", "zero", "partial")


def code(text: str, limit: int = 40) -> str:
    """A piece of the program in backticks, on one line, its end cut where it is longer than ``limit``."""
    line = " ".join(text.split())
    if len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return escaping.code(line)


def listed(texts: Iterable[str], most: int = 3) -> str:
    """Pieces of the program as a list in words: ```a``, ``b`` and 2 more`` where there are over ``most``."""
    distinct = list(dict.fromkeys(texts))
    named = [code(text) for text in distinct[:most]]
    if len(distinct) > most:
        return f"{', '.join(named)} and {len(distinct) - most} more"
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def named(text: str, otherwise: str) -> str:
    """A piece of the program in backticks, or other words where there is none."""
    return code(text) if text else otherwise


def source(claim: Claim[Cause], otherwise: str = "the source") -> str:
    """The first source that is lost, in backticks."""
    return named(_asked(claim).source, otherwise)


def sources(claim: Claim[Cause], otherwise: str = "the source") -> str:
    """All sources that are lost, as a list in words."""
    texts = [lost.source for lost in claim.gradients]
    return listed(texts) if texts else source(claim, otherwise)


def several(claim: Claim[Cause]) -> bool:
    """Whether :func:`sources` names more than one thing."""
    return len({lost.source for lost in claim.gradients}) > 1


def them(claim: Claim[Cause]) -> str:
    """How to speak again of what :func:`sources` names: a model's list of variables is several, too."""
    return "them" if _plural(claim.gradients) else "it"


def target(claim: Claim[Cause], otherwise: str = "the target") -> str:
    """The first target whose gradient is lost, in backticks."""
    return named(_asked(claim).target, otherwise)


def call(claim: Claim[Cause]) -> str:
    """The gradient call's own name: ```tape.gradient```."""
    asked = _asked(claim)
    return f"`{asked.tape}.{asked.method}`"


def watch(claim: Claim[Cause]) -> str:
    """The call that watches the first source: ```tape.watch(x)```."""
    asked = _asked(claim)
    return code(f"{asked.tape}.watch({asked.source or '...'})", 60)


def use(otherwise: str, instead: str | None) -> str:
    """The cure: to use what does the same, where that is known, or other words."""
    return f"use {code(instead, 60)}" if instead else otherwise


def at(claim: Claim[Cause], place: Span | None) -> str:
    """The line of a place, in brackets after a space; nothing where it is the finding's own."""
    return f" ({line(place.line)})" if place is not None and place.line != claim.span.line else ""


def made(claim: Claim[Cause]) -> str:
    """The line on which the first source is made, like :func:`at`."""
    return at(claim, _asked(claim).definition)


def way(claim: Claim[Cause]) -> str:
    """On which way to the call it holds, after a space: ``when `flag` is false``.

    A name that is rebound below all the gradient calls can only lose what is asked the next time.
    """
    said = f" {claim.branch}" if claim.branch else ""
    if isinstance(claim.cause, Rebound | ReboundByUpdate) and claim.cause.later_turn:
        said += " from the second iteration of the loop on"
    later = claim.kind in REBINDING and claim.gradients and all(lost.call < claim.span for lost in claim.gradients)
    return said or (" the next time" if later else "")


def effect(claim: Claim[Cause], *, named: bool = False, nan: str = "NaN") -> str:
    """What becomes of the gradients: ``the gradient of `y` with respect to `x` (line 9) is None``.

    Empty where the claim names no gradient. Of several outcomes the two worst are named.

    Args:
        claim: The claim.
        named: Whether the sentence has named all sources already, so that ``it`` or ``them`` will do.
        nan: What a gradient that is no number is.
    """
    groups = [[lost for lost in claim.gradients if lost.outcome == outcome] for outcome in WORST_FIRST]
    groups = [group for group in groups if group]
    if not groups:
        return ""
    effects = [_first(claim, groups[0], named and len(groups) == 1, nan)]
    effects += [_second(claim, group, nan) for group in groups[1:2]]
    return ", and ".join(effects) + way(claim)


def in_graph(callee: str, claim: Claim[Any], cure: str) -> Message:
    """What is said of a function that takes no symbolic Tensors."""
    headline = f"{callee} gets symbolic Tensors of a `tf.function`"
    return Message(headline, f"it raises {claim.exception}", cure)


def _asked(claim: Claim[Cause]) -> Asked:
    """The gradient call of a claim; made of the first gradient where the analysis names none."""
    if claim.asked is not None:
        return claim.asked
    for lost in claim.gradients:
        return Asked(lost.call, lost.method, target=lost.target, source=lost.source)
    return Asked(claim.span)


def _first(claim: Claim[Cause], group: Sequence[LostGradient], named: bool, nan: str) -> str:
    where = _calls(claim, group)
    verb = _verb(claim, group, nan)
    if group[0].outcome == "error" and claim.raising is not None:
        number = claim.raising.line
        place = "this line" if number == claim.span.line else line(number)
        return f"{place} {verb} before {call(claim)}{where} is reached"
    if group[0].outcome == "error":
        return f"{call(claim)}{where} {verb}"
    noun = NAMES.get(group[0].method, "gradient") + ("s" if _plural(group) else "")
    targets = listed((lost.target for lost in group), most=2)
    wrt = ("them" if _plural(group) else "it") if named else listed(lost.source for lost in group)
    return f"the {noun} of {targets} with respect to {wrt}{where} {verb}"


def _second(claim: Claim[Cause], group: Sequence[LostGradient], nan: str) -> str:
    plural = _plural(group)
    verb = f"lack{'' if plural else 's'} this part" if group[0].outcome == "partial" else _verb(claim, group, nan)
    return f"{'those' if plural else 'that'} for {listed((lost.source for lost in group), most=2)} {verb}"


def _calls(claim: Claim[Cause], group: Sequence[LostGradient]) -> str:
    own = claim.span.line
    lines = sorted({lost.call.line for lost in group} - {own})
    if not lines:
        return ""
    if len(lines) > 2:
        return f" ({line(lines[0])} and {len(lines) - 1} more calls)"
    return f" ({', '.join(map(line, lines))})"


def _plural(group: Sequence[LostGradient]) -> bool:
    names = {lost.source for lost in group}
    return len(names) > 1 or any(name.endswith(("variables", "weights")) for name in names)


def _verb(claim: Claim[Cause], group: Sequence[LostGradient], nan: str) -> str:
    outcome = group[0].outcome
    open_question = not all(lost.certain for lost in group)
    if claim.severity == "warning" and all(lost.outcome in {"none", "error"} for lost in claim.gradients):
        open_question = True
    open_question = open_question and not way(claim)
    if outcome == "error":
        return f"{'can raise' if open_question else 'raises'} {group[0].exception or 'an error'}"
    plural = _plural(group)
    if outcome == "partial":
        return f"treat{'' if plural else 's'} this part as a constant"
    state = {"none": "None", "nan": nan, "zero": "zero"}[outcome]
    return f"{'can be' if open_question else 'are' if plural else 'is'} {state}"
