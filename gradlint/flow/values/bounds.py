"""How large what one value holds may be before it is widened, and how large it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from gradlint.flow.account import pay_for

if TYPE_CHECKING:
    from collections.abc import Collection

MOST = 1024
"""How many items or entries of a container are known one by one, where all of them are known."""
SOME = 64
"""How many items are, of a container that may hold others as well."""
NEST = 8192
"""How many values may stand in a container and in those inside it, each counted as often as it stands there."""
DEEP = 48
"""How deep containers may stand in one another."""
TEXT = 1024
"""How long a text may be that the program computes."""
NUMBER = 1 << 64
"""How large an integer may be that the program computes."""
LEAVES = 4096
"""How many tensors of a nest are looked at one by one."""

Extent = tuple[int, int]
"""How many values stand in a value, itself included, and how deep."""


class Extended(Protocol):
    """A value that knows how much it holds.

    Attributes:
        nests: Whether values of its class hold others, as a container does.
    """

    nests: ClassVar[bool]

    @property
    def extent(self) -> Extent:
        """How much it holds."""


def extent_of(values: Collection[Extended]) -> Extent:
    """The extent of a container of some values."""
    pay_for(len(values))
    if not any(kind.nests for kind in {type(value) for value in values}):
        return 1 + len(values), 1
    size, depth = 1, 0
    for value in values:
        inner = value.extent
        size += inner[0]
        if inner[1] > depth:
            depth = inner[1]
    return size, depth + 1


def is_small(constant: object) -> bool:
    """Whether a constant that the program computed is one to be kept."""
    if isinstance(constant, int):
        return abs(constant) <= NUMBER
    return not isinstance(constant, str | bytes) or len(constant) <= TEXT
