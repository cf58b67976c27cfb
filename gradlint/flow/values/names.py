"""What the settings say of functions that cannot be followed, by their names."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from gradlint.knowledge.packages import root

if TYPE_CHECKING:
    from gradlint.knowledge.stubs import Stubs


@dataclass(frozen=True, slots=True)
class Wrappers:
    """What a program's settings say of functions that the analysis cannot follow, as patterns of dotted names.

    Attributes:
        differentiable: Functions whose result is a tensor connected to all that goes in.
        opaque: Functions through which no gradient passes.
        stubs: What the user's own stubs say.
    """

    differentiable: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    stubs: Stubs | None = None

    def names_package(self, name: str) -> bool:
        """Whether a pattern speaks of the package that a dotted name belongs to."""
        if self.stubs is not None and root(name) in self.stubs.packages:
            return True
        return any(fnmatchcase(root(name), root(pattern)) for pattern in (*self.differentiable, *self.opaque))

    def passes(self, name: str) -> bool | None:
        """Whether a gradient passes through a function; None where nothing is said of it."""
        if any(fnmatchcase(name, pattern) for pattern in self.opaque):
            return False
        return True if any(fnmatchcase(name, pattern) for pattern in self.differentiable) else None
