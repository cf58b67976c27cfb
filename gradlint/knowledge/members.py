"""What operators, methods and attributes do to a gradient: a short table by hand, ``members.tsv``.

A line has the owner (``tensor``, ``variable`` for ``tf.Variable``, ``keras variable``, ``ndarray``, ``number``,
``float32`` for a NumPy scalar), the member, the effect on the owner's gradient, the effect on the gradient of what is
given to it (``-`` where there is none), the result, and an expression that shows it. The tests evaluate each under a
tape, with ``x``, ``s`` for tensors, ``v``, ``k``, ``n`` for the other owners, and ``a``, ``t`` for what is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gradlint.knowledge.table import Effect

MEMBERS = Path(__file__).with_name("members.tsv")


@dataclass(frozen=True, slots=True)
class Member:
    """An operator, a method or an attribute of a value.

    Attributes:
        owner: What it belongs to.
        name: How it is written; a binary operator has its owner on the left.
        effect: What becomes of the owner's gradient; ``notensor`` where the owner has none.
        given: What becomes of the gradient of what is given to it.
        exception: The type of what is raised, where that is what happens.
        result: What comes back, in the words of :attr:`gradlint.knowledge.table.Entry.result`.
        case: The expression that shows it.
    """

    owner: str
    name: str
    effect: Effect
    given: Effect
    exception: str | None
    result: str
    case: str


def member(owner: str, name: str) -> Member | None:
    """What a member does, or None for one that the table does not have.

    Args:
        owner: ``tensor``, ``variable``, ``keras variable``, ``ndarray``, ``number`` or ``float32``.
        name: ``numpy``, ``assign``, ``+``, ``unary -``, ``[]``, ``float`` and the like.
    """
    return members().get((owner, name))


@cache
def members() -> dict[tuple[str, str], Member]:
    """The whole table, by owner and name."""
    found = {}
    for line in MEMBERS.read_text(encoding="utf-8").splitlines():
        owner, name, effect, given, result, case = line.split("\t")
        first, _, exception = effect.partition(":")
        second = given.partition(":")[0]
        found[owner, name] = Member(owner, name, _effect(first), _effect(second), exception or None, result, case)
    return found


def _effect(word: str) -> Effect:
    return Effect.NOTENSOR if word == "-" else Effect(word)
