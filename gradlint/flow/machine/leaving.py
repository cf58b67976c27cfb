"""What running a function leaves behind: looked at, not assumed, by going through all that the program still holds."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from gradlint.flow.values.modules import Imported, ModuleValue
from gradlint.flow.values.program import Frame
from gradlint.flow.values.values import Edge, Items, Pairs, Recording, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 40_000
"""How many objects are gone through."""
_HOLDING = (Value, Frame, Edge, Items, Pairs, Recording, dict, list, tuple, set, frozenset)
"""What may hold values."""


class Holdings:
    """What a program holds at a time: each object that can be reached, and what it refers to.

    Args:
        roots: Where to begin.
        apart: Objects that are not gone through.

    Attributes:
        whole: Whether all of it was gone through.
    """

    def __init__(self, roots: Iterable[object], apart: Iterable[object]) -> None:
        self._held: dict[int, object] = {}
        self._kept: list[object] = []
        """Whatever was met, so that no other object gets its id."""
        passed = {id(one) for one in apart}
        waiting = [one for one in roots if id(one) not in passed]
        while waiting and len(self._held) < MOST:
            one = waiting.pop()
            if id(one) in self._held:
                continue
            inside = gc.get_referents(one)
            self._kept += (one, inside)
            self._held[id(one)] = _order(one, inside)
            waiting += [part for part in inside if _is_gone_through(part) and id(part) not in passed]
        self.whole = not waiting

    def hold_in(self, later: Holdings) -> bool:
        """Whether all that was held then refers to the same by now."""
        return all(later._held.get(key) == refers for key, refers in self._held.items())


def _order(one: object, inside: list[Any]) -> object:
    """What an object refers to, by identity; the entries of a dictionary may have changed places."""
    if isinstance(one, dict):
        return {id(key): id(value) for key, value in one.items()}
    ids = list(map(id, inside))
    return frozenset(ids) if isinstance(one, set | frozenset) else ids


def _is_gone_through(one: object) -> bool:
    """Whether what an object refers to counts: what an import turns out to be is the same whenever one looks."""
    if isinstance(one, Imported) or (isinstance(one, ModuleValue) and not one.begun):
        return False
    return isinstance(one, _HOLDING)
