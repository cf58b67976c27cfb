"""What was seen of one source of one gradient call, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from gradlint.finding import Outcome
    from gradlint.runtime.places import Place

Reason = Literal[
    "left",
    "rewrapped",
    "assigned",
    "outside",
    "stopped",
    "cast",
    "comparison",
    "no-gradient",
    "non-differentiable",
    "opaque",
    "captured",
    "metric",
    "data",
    "condition",
    "integer-source",
    "not-watched",
    "rebound",
    "non-trainable",
    "not-accessed",
    "watched-late",
    "copy",
    "unconnected",
    "no-sources",
    "left-out",
    "watch-refused",
    "silenced",
    "reused",
    "target",
    "source",
    "raised",
    "nonfinite",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class WayCut:
    """Where the way from the target back to a source is cut.

    Attributes:
        reason: How.
        place: The user's line; None where it is not in the user's code.
        operation: TensorFlow's name of the operation, or the method through which the value left it.
        way: The user's lines on the way, from the source to the target.
        guessed: Whether only lines around tie together what left TensorFlow and what came back.
    """

    reason: Reason
    place: Place | None
    operation: str = ""
    way: tuple[Place, ...] = ()
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """One source of one gradient call that did not get the gradient of the whole target.

    Attributes:
        method: ``gradient``, ``jacobian`` or ``batch_jacobian``.
        call: The user's lines of the call, from the innermost outwards.
        target: How the target is written.
        source: How the source is written.
        outcome: What it got.
        exception: The exception's type where the outcome is ``error``.
        text: The exception's text.
        cut: Why.
        weak: Whether the code may mean it so: said only where reading the code claims the same.
    """

    method: str
    call: tuple[Place, ...]
    target: str
    source: str
    outcome: Outcome
    cut: WayCut
    exception: str | None = None
    text: str = ""
    weak: bool = False

    @property
    def place(self) -> Place | None:
        """The innermost user's line of the call."""
        return self.call[0] if self.call else None
