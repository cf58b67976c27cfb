"""How values depend on one another: edges from a value to what it was computed from, and cuts in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradlint.flow.facts import Kind, Span
    from gradlint.flow.values import Recording, Value


@dataclass(frozen=True, slots=True)
class Cut:
    """Why a gradient does not pass from a value to the one computed from it.

    Attributes:
        kind: The sort of break.
        span: The expression that breaks it.
        callee: What is called there, as it is written.
        name: The callee's canonical name, where it is known.
        detail: Further names for the message.
    """

    kind: Kind
    span: Span
    callee: str = ""
    name: str = ""
    detail: tuple[tuple[str, str], ...] = ()


class Edge:
    """A value's dependence on another one.

    Attributes:
        parent: The value that was computed with.
        cut: Why no gradient passes, or None where one does.
        live: The recordings that saw the operation while the parent could be followed back by them.
        sure: False where the gradient only might pass: unknown code stands between the two.
        seen: The recordings that were running when the operation ran.
    """

    __slots__ = ("cut", "live", "parent", "seen", "sure")

    def __init__(
        self,
        parent: Value,
        cut: Cut | None = None,
        live: frozenset[Recording] = frozenset(),
        *,
        sure: bool = True,
        seen: frozenset[Recording] = frozenset(),
    ) -> None:
        self.parent = parent
        self.cut = cut
        self.live = live
        self.sure = sure
        self.seen = seen


class _Everywhere(frozenset["Recording"]):
    """The set of all recordings, for what is no operation and so is seen by none and by all."""

    def __contains__(self, item: object) -> bool:
        return True


NO_EDGES: tuple[Edge, ...] = ()
NOWHERE: frozenset[Recording] = frozenset()
EVERYWHERE: frozenset[Recording] = _Everywhere()
