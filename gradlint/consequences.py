"""One cause, one finding: what follows from a lost gradient is told with what loses it.

A gradient that is None raises where it is used, and an update that binds the name of a Variable to a Tensor loses the
gradient of the next step. Where the cause has a finding of its own, these are a part of it; where its rule is off they
stand alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradlint.flow.causes import NoneUsed
from gradlint.flow.facts import Kind, Note
from gradlint.message import Message
from gradlint.rule import line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradlint.rule import Diagnostic, Rule

MOST = 2
"""How many consequences a message names; the story has them all."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one finding says.

    Attributes:
        rule: The rule of the cause.
        diagnostic: What it says of the cause.
        follows: What other rules say of its consequences, in the order of the program.
    """

    rule: Rule
    diagnostic: Diagnostic
    follows: tuple[tuple[Rule, Diagnostic], ...] = ()

    @property
    def message(self) -> Message:
        """The message of the cause, with its consequences named."""
        said = Message.of(self.diagnostic.message)
        raised = [one.claim for _, one in self.follows if isinstance(one.claim.cause, NoneUsed)]
        if not raised or not said.effect:
            return said
        words = [f"{line(claim.span.line)} raises {claim.exception}" for claim in raised[:MOST]]
        if len(raised) > MOST:
            words.append(f"{len(raised) - MOST} more raise")
        return replace(said, effect=f"{said.effect}, and {' and '.join(words)}")

    @property
    def story(self) -> tuple[Note, ...]:
        """The story of the cause, then its consequences, each with the rule that knows it."""
        notes = list(self.diagnostic.claim.story)
        for rule, one in self.follows:
            happens = f"raises {one.claim.exception}" if one.claim.exception else "binds the name to a Tensor"
            notes.append(Note(one.claim.span, f"{happens} ({rule.code})"))
        return tuple(notes)


def joined(said: Iterable[tuple[Rule, Diagnostic]]) -> list[Told]:
    """What rules say of a program's claims, each consequence with its cause."""
    alone = list(said)
    following: dict[int, list[tuple[Rule, Diagnostic]]] = {}
    heads: list[tuple[Rule, Diagnostic]] = []
    for rule, diagnostic in alone:
        head = next((one for _, one in alone if _follows(diagnostic, one)), None)
        if head is None:
            heads.append((rule, diagnostic))
        else:
            following.setdefault(id(head), []).append((rule, diagnostic))
    return [_told(rule, diagnostic, following.get(id(diagnostic), [])) for rule, diagnostic in heads]


def _told(rule: Rule, diagnostic: Diagnostic, follows: list[tuple[Rule, Diagnostic]]) -> Told:
    if diagnostic.fix is None:
        diagnostic = replace(diagnostic, fix=next((one.fix for _, one in follows if one.fix is not None), None))
    return Told(rule, diagnostic, tuple(sorted(follows, key=lambda one: one[1].claim.span)))


def _follows(diagnostic: Diagnostic, cause: Diagnostic) -> bool:
    """Whether what one diagnostic speaks of follows from what another does."""
    claim, head = diagnostic.claim, cause.claim
    if isinstance(claim.cause, NoneUsed):
        return any(lost.outcome == "none" and lost.call == claim.cause.call for lost in head.gradients)
    return claim.kind is Kind.UPDATE_REBINDS and head.kind is Kind.REBOUND and claim.span == head.span
