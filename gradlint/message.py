"""What a finding says, in three parts: what is in the code, what happens to the gradient, and how to get it back.

A one-line format joins them into a sentence; a format with more room shows each separately.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 80
"""How many characters a headline may have."""
_SHORTEST = 9
"""The fewest characters that a piece of code is shortened to."""
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Message:
    """A message in its parts; all of them are phrases without a full stop.

    Attributes:
        headline: What is in the code: ```np.mean` returns a NumPy array``; at most :data:`LONGEST` characters.
        effect: What happens to the gradient: ``the gradient of `y` with respect to `x` (line 11) is None``.
        help: The cure: ``use `tf.reduce_mean```.
        why: What links the first two, such as ``only floats have a gradient``.
        joint: What joins the effect to the text before it in a sentence.
    """

    headline: str
    effect: str = ""
    help: str = ""
    why: str = ""
    joint: str = ", so "

    @classmethod
    def of(cls, said: Message | str) -> Message:
        """A message that a rule gives in either form; in a sentence, the cure follows the last semicolon."""
        if isinstance(said, Message):
            return said
        text, found, cure = said.removesuffix(".").rpartition("; ")
        headline, _, effect = (text if found else cure).partition(", so ")
        return cls(headline, effect, cure if found else "")

    @property
    def sentence(self) -> str:
        """The parts as one sentence."""
        text = self.headline + (f", {self.why}" if self.why else "")
        text += f"{self.joint}{self.effect}" if self.effect else ""
        return text + (f"; {self.help}" if self.help else "") + "."

    @property
    def happens(self) -> str:
        """Everything but the headline and the cure: why, and what happens to the gradient."""
        why = self.why.removeprefix("and ")
        return f"{why}{self.joint}{self.effect}" if why and self.effect else why or self.effect

    def mapped(self, change: Callable[[str], str]) -> Message:
        """The message with each of its parts changed."""
        parts = {name: change(getattr(self, name)) for name in ("headline", "effect", "help", "why")}
        return replace(self, **parts)


def fitted(headline: str, room: int = LONGEST) -> str:
    """A headline within the limit: if it is too long, its longest pieces of code are shortened."""
    while len(headline) > room:
        spans = [match for match in _CODE.finditer(headline) if len(match[1]) > _SHORTEST]
        if not spans:
            return headline[: room - 1].rstrip() + "…"
        longest = max(spans, key=lambda match: len(match[1]))
        kept = max(len(longest[1]) - (len(headline) - room) - 1, _SHORTEST - 1)
        cut = longest[1].removesuffix("…")[:kept].rstrip() + "…"
        headline = headline[: longest.start(1)] + cut + headline[longest.end(1) :]
    return headline
