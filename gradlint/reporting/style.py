"""Text on a terminal: colour, width, and characters that are wider or narrower than one column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gradlint.escaping import content, prose, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.finding import Severity

Role = Literal["plain", "strong", "dim", "error", "warning", "info", "frame", "good", "code", "added", "removed"]

_CODES: dict[Role, str] = {
    "plain": "",
    "strong": "1",
    "dim": "2",
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "frame": "34",
    "good": "1;32",
    "code": "1",
    "added": "32",
    "removed": "31",
}

_WORD = re.compile(r"(?:[^\s`]|`[^`\n]{1,40}`|`)+")
TAB = 4
LONGEST = 4000
"""The most characters of a line that are laid out."""
_MANY, _MOST = 16, 128
"""How many characters are measured together before a letter, and before any other."""


@dataclass(frozen=True, slots=True)
class Style:
    """How text is to look.

    Attributes:
        color: Whether to paint with ANSI escape sequences.
        width: How many columns a line may take.
        quiet: Whether the summary is left out.
        links: Whether the terminal supports links (OSC 8).
    """

    color: bool = False
    width: int = 80
    quiet: bool = False
    links: bool = False

    def paint(self, text: str, role: Role) -> str:
        """The text in a role's colour; the text itself if there is no colour or nothing to colour."""
        code = _CODES[role]
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and code and text else text

    def severity(self, text: str, severity: Severity) -> str:
        """The text in the colour of a severity."""
        return self.paint(text, severity)

    def link(self, text: str, address: str | None) -> str:
        """The text as a link to an address, if the terminal supports links and the address is one."""
        if not self.links or not address or not address.isascii() or not address.isprintable():
            return text
        return f"\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\"

    def prose(self, text: str) -> str:
        """The text with everything in backquotes coloured as code."""
        if not self.color:
            return text
        return re.sub(r"`[^`\n]+`", lambda match: self.paint(match[0], "code"), text)


def cell_len(text: str) -> int:
    """How many columns a text without control characters takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def columns(text: str) -> tuple[str, list[int]]:
    """Lay out a line of code on a terminal.

    Returns:
        The line with its tabs expanded and control characters made visible, and for each of its characters, and
        for its end, the column at which it stands.
    """
    text = content(text)
    if text.isascii() and "\t" not in text:
        return text, list(range(len(text) + 1))
    laid: list[str] = []
    stops = [0]
    # Joined characters (an emoji's parts, an accent on its letter) are measured together, from the last ASCII one, or
    # from where one of many is not likely to be joined to the one before.
    joined, base = 0, 0
    for index, char in enumerate(text):
        if char.isascii():
            step = TAB - stops[-1] % TAB if char == "\t" else 1
            laid.append(" " * step if char == "\t" else char)
            stops.append(stops[-1] + step)
            joined, base = index + 1, stops[-1]
        else:
            if index - joined >= (_MANY if char.isalnum() else _MOST):
                joined, base = index, stops[-1]
            laid.append(char)
            stops.append(base + cell_len(text[joined : index + 1]))
    return "".join(laid), stops


def wrap(text: str, width: int, first: str = "", rest: str | None = None) -> Iterator[str]:
    """Break prose into lines of at most ``width`` columns; short code in backquotes is not broken.

    Args:
        text: The prose; its line breaks are kept.
        width: How many columns a line may take, its indentation counted.
        first: What the first line begins with.
        rest: What the other lines begin with; ``first``'s width in spaces where None.
    """
    rest = " " * cell_len(first) if rest is None else rest
    line, used, empty = first, cell_len(first), True
    for number, paragraph in enumerate(prose(text).split("\n")):
        if number:
            yield line.rstrip()
            line, used, empty = rest, cell_len(rest), True
        for word in _WORD.findall(paragraph):
            size = cell_len(word)
            if not empty and used + 1 + size > width and quiet(word) is word:
                yield line
                line, used, empty = rest, cell_len(rest), True
            line += word if empty else f" {word}"
            used += size if empty else size + 1
            empty = False
    yield line.rstrip()
