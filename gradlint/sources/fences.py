"""The fenced blocks of a Markdown page, found in one pass over its lines.

CommonMark's containers (quotes and list items), fences, and the raw HTML in which none begin; of all other text each
line stands for itself. A fence may be indented as far as it likes and follow any line, so that those count that MkDocs
has in notes and behind tabs, where CommonMark sees a paragraph or indented code. A line costs what its length costs,
whatever stands on it. Source: https://spec.commonmark.org/0.31.2/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TAB = 4
_DEEPEST = 20
"""How many quotes and list items may stand in one another."""
_OPENING = re.compile(r"`{3,}+(?!.*`)|~{3,}+")
_BULLET = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?=[ \t]|$)")
_RAW = re.compile(r"<(?:!--|(?:pre|script|style|textarea)(?=[ \t>]|$))", re.IGNORECASE)
_RAW_END = re.compile(r"</(?:pre|script|style|textarea)>", re.IGNORECASE)
_NO_TEXT = re.compile(r"[>=]|#{1,6}(?=[ \t]|$)|[-*_][-*_ \t]*+$")
"""What begins a line that is no text of a paragraph, beside fences, list items and raw HTML."""
_COMMENT_END = re.compile(r"-->")
_EVERYTHING = 1 << 30


@dataclass(slots=True)
class Fenced:
    """One fenced block.

    Attributes:
        info: What stands behind the opening fence.
        line: The page's line of the block's first line, from 1.
        lines: The block's lines without what the fence stands behind, and without their ends.
        columns: For each line, how many characters the page's line is further right.
    """

    info: str
    line: int
    lines: list[str] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)


def fenced(page: Iterable[str]) -> list[Fenced]:
    """The fenced blocks of a page, in order.

    Args:
        page: The page's lines without their ends.
    """
    scan = _Scan()
    for number, text in enumerate(page, 1):
        scan.line(number, _Line(text))
    return scan.found


class _Line:
    """A line that is read from its left, with its white space counted in columns."""

    __slots__ = ("at", "column", "owed", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.column = 0
        self.owed = 0
        """The columns of the tab before ``at`` that are not taken yet."""

    def take(self, most: int = _EVERYTHING) -> int:
        """Take white space of so many columns at most; gives how many there were."""
        taken = 0
        while taken < most:
            if not self.owed and self.text[self.at : self.at + 1] in (" ", "\t"):
                self.owed = 1 if self.text[self.at] == " " else _TAB - self.column % _TAB
                self.at += 1
            if not self.owed:
                break
            step = min(self.owed, most - taken)
            self.owed -= step
            self.column += step
            taken += step
        return taken

    def skip(self, count: int) -> None:
        """Pass over characters that are no white space."""
        self.at += count
        self.column += count

    @property
    def place(self) -> tuple[int, int, int]:
        """Where reading stands, to come back to."""
        return self.at, self.column, self.owed

    @place.setter
    def place(self, place: tuple[int, int, int]) -> None:
        self.at, self.column, self.owed = place

    @property
    def blank(self) -> bool:
        """Whether nothing but white space is left."""
        return not self.text[self.at :].strip(" \t")


@dataclass(slots=True)
class _Fence:
    mark: str
    indent: int
    block: Fenced


class _Scan:
    """What is open at the end of each line."""

    def __init__(self) -> None:
        self.found: list[Fenced] = []
        self.open: list[int | None] = []
        """The containers: of a list item the columns that its lines are indented by, None for a quote."""
        self.fence: _Fence | None = None
        self.raw: re.Pattern[str] | None = None
        """What ends the raw HTML that is open."""
        self.text = False
        """Whether the last line was text, which goes on in a line that leaves the containers out."""

    def line(self, number: int, line: _Line) -> None:
        """Read one line."""
        inside = self._continued(line)
        if inside < len(self.open):
            if self.text and _is_text(line):
                return
            del self.open[inside:]
            self.fence = self.raw = None
        if self.fence is not None:
            self._in_fence(self.fence, line)
        elif self.raw is not None:
            self._end_raw(line)
        else:
            self._begin(number, line)

    def _continued(self, line: _Line) -> int:
        """How many of the open containers the line goes on in; what makes it do so is taken."""
        if not line.text:
            return self.open.index(None) if None in self.open else len(self.open)
        for count, indent in enumerate(self.open):
            before = line.place
            if indent is None:
                line.take()
                if line.text[line.at : line.at + 1] != ">":
                    line.place = before
                    return count
                line.skip(1)
                line.take(1)
            elif line.take(indent) < indent and not line.blank:
                line.place = before
                return count
        return len(self.open)

    def _in_fence(self, fence: _Fence, line: _Line) -> None:
        before = line.place
        if line.take() < fence.indent + _TAB:
            rest = line.text[line.at :].rstrip(" \t")
            if len(rest) >= len(fence.mark) and not rest.strip(fence.mark[0]):
                self.fence = None
                return
        line.place = before
        line.take(fence.indent)
        fence.block.lines.append(" " * line.owed + line.text[line.at :])
        fence.block.columns.append(line.at - line.owed)

    def _end_raw(self, line: _Line) -> None:
        if self.raw is not None and self.raw.search(line.text, line.at):
            self.raw = None

    def _begin(self, number: int, line: _Line) -> None:
        """Open the containers that begin on a line, and the fence or the raw HTML behind them."""
        indent = line.take()
        while len(self.open) < _DEEPEST:
            bullet = _BULLET.match(line.text, line.at)
            if line.text[line.at : line.at + 1] == ">":
                line.skip(1)
                line.take(1)
                self.open.append(None)
            elif bullet is not None:
                line.skip(len(bullet[0]))
                self.open.append(indent + len(bullet[0]) + self._gap(line))
            else:
                break
            indent = line.take()
        self.text = _is_text(line)
        opening = _OPENING.match(line.text, line.at)
        raw = _RAW.match(line.text, line.at)
        if opening is not None:
            self.fence = _Fence(opening[0], indent, Fenced(line.text[opening.end() :], number + 1))
            self.found.append(self.fence.block)
        elif raw is not None and indent < _TAB:
            self.raw = _COMMENT_END if raw[0] == "<!--" else _RAW_END
            line.at = raw.end()
            self._end_raw(line)

    @staticmethod
    def _gap(line: _Line) -> int:
        """The columns between a list item's mark and its text; one where the text is indented code, or nothing."""
        before = line.place
        gap = line.take(_TAB + 1)
        if gap <= _TAB and not line.blank:
            return gap
        line.place = before
        return line.take(1) or 1


def _is_text(line: _Line) -> bool:
    """Whether the rest of a line is the text of a paragraph."""
    before = line.place
    line.take()
    at = line.text, line.at
    text = not (line.blank or _NO_TEXT.match(*at) or _BULLET.match(*at) or _OPENING.match(*at) or _RAW.match(*at))
    line.place = before
    return text
