"""Lines of code with marks and labels under them, in the style of compilers.

::

      |
    6 |     hidden = x**2
      |              ---- connected to `x`
    ...
    9 |     y = np.mean(hidden)
      |         ^^^^^^^^^^^^^^^ the gradient is lost here
      |
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from gradlint.reporting.style import LONGEST, cell_len, columns, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gradlint.finding import Severity
    from gradlint.reporting.style import Role, Style

_MARGIN = 4
_ROOM_FOR_A_LABEL = 28


@dataclass(frozen=True, slots=True)
class Underline:
    """A part of one line, and its label.

    Attributes:
        line: The line, from 1.
        start: The first character, from 0.
        end: The character after the last one.
        label: What is said about it; may be empty.
        primary: Whether it is the finding's own place.
    """

    line: int
    start: int
    end: int
    label: str = ""
    primary: bool = False


def excerpt(
    lines: Mapping[int, str], marks: Sequence[Underline], style: Style, severity: Severity, gutter: int
) -> Iterator[str]:
    """Render the marked lines; a gap between them is shown as dots, a single line in between as it is.

    Args:
        lines: The text of each line that may be shown, by its number from 1.
        marks: What to mark; marks of lines without text are left out.
        style: Colour and width.
        severity: What paints the finding's own marks.
        gutter: How many columns the widest line number takes.
    """
    by_line: dict[int, list[Underline]] = {}
    for mark in marks:
        if mark.line in lines:
            by_line.setdefault(mark.line, []).append(mark)
    numbers = sorted(by_line)
    painter = _Painter(style, severity, gutter)
    for before, number in pairwise([0, *numbers]):
        if before and number == before + 2 and before + 1 in lines:
            yield from painter.line(before + 1, lines[before + 1], ())
        elif before and number > before + 1:
            yield style.paint("...", "frame")
        yield from painter.line(number, lines[number], by_line[number])


def framed(lines: Mapping[int, str], marks: Sequence[Underline], style: Style) -> list[str]:
    """The lines with their marks under a bar, in the colour of errors.

    Args:
        lines: The text of each line that may be shown, by its number from 1.
        marks: What to mark.
        style: Colour and width.
    """
    gutter = len(str(max(lines)))
    return [style.paint(" " * gutter + " |", "frame"), *excerpt(lines, marks, style, "error", gutter)]


@dataclass(frozen=True, slots=True)
class _Painter:
    style: Style
    severity: Severity
    gutter: int

    def line(self, number: int, text: str, marks: Iterable[Underline]) -> Iterator[str]:
        room = max(self.style.width - self.gutter - 3, 20)
        laid, spans = _layout(text[:LONGEST].rstrip(), list(marks), room)
        yield self._row(f"{number:>{self.gutter}}", laid)
        if not spans:
            return
        inline = _inline(spans, room)
        hanging = sorted((m for m in spans if m.label and m is not inline), key=lambda m: (-m.start, m.primary))
        yield self._row("", self._underline(spans, inline))
        if any(_anchor(m, room) == m.start for m in hanging):
            yield self._row("", self._connectors(hanging, room + 1))
        for index, mark in enumerate(hanging):
            later = hanging[index + 1 :]
            anchor = _anchor(mark, room)
            for part in wrap(mark.label, room - anchor):
                left = self._connectors([m for m in later if m.start < anchor], anchor)
                yield self._row("", left + " " * (anchor - _reach(later, anchor)) + self._label(part, mark))

    def _row(self, number: str, text: str) -> str:
        bar = self.style.paint(f"{number:>{self.gutter}} |", "frame")
        return f"{bar} {text}" if text else bar

    def _role(self, mark: Underline) -> Role:
        return self.severity if mark.primary else "frame"

    def _label(self, text: str, mark: Underline) -> str:
        return self.style.paint(text, self._role(mark))

    def _underline(self, spans: Sequence[Underline], inline: Underline | None) -> str:
        end = max(mark.end for mark in spans)
        kinds: list[Underline | None] = [None] * end
        for mark in sorted(spans, key=lambda m: (m.primary, m.start)):
            for column in range(mark.start, mark.end):
                kinds[column] = mark
        # A mark inside the finding's own one would vanish under it.
        for mark in spans:
            if not mark.primary and any(p.primary and p.start < mark.start and mark.end <= p.end for p in spans):
                kinds[mark.start : mark.end] = [mark] * (mark.end - mark.start)
        painted: list[str] = []
        run, last = "", None
        for kind in [*kinds, None]:
            if kind is not last and run:
                painted.append(run if last is None else self._label(run, last))
                run = ""
            run += " " if kind is None else "^" if kind.primary else "-"
            last = kind
        text = "".join(painted)
        return f"{text} {self._label(inline.label, inline)}" if inline else text

    def _connectors(self, marks: Sequence[Underline], before: int) -> str:
        text, column = "", 0
        for mark in sorted(marks, key=lambda m: m.start):
            if column <= mark.start < before:
                text += " " * (mark.start - column) + self._label("|", mark)
                column = mark.start + 1
        return text


def _reach(marks: Iterable[Underline], before: int) -> int:
    return max((mark.start + 1 for mark in marks if mark.start < before), default=0)


def _anchor(mark: Underline, room: int) -> int:
    """The column at which a hanging label begins: its mark's, unless there is no room to the right of it."""
    if mark.start + min(cell_len(mark.label), _ROOM_FOR_A_LABEL) <= room:
        return mark.start
    return max(0, room - max(_ROOM_FOR_A_LABEL, min(cell_len(mark.label), room // 2)))


def _inline(spans: Sequence[Underline], room: int) -> Underline | None:
    """The mark whose label stands behind the underlining: the one that ends last, if there is room for it."""
    end = max(mark.end for mark in spans)
    last = max((m for m in spans if m.label), key=lambda m: (m.end, m.primary, m.start), default=None)
    if last is None or last.end < end or end + 1 + cell_len(last.label) > room:
        return None
    return last


def _layout(text: str, marks: list[Underline], room: int) -> tuple[str, list[Underline]]:
    """Cut a line to the room there is, and turn its marks' characters into columns of what is left."""
    laid, stops = columns(text)
    size = len(stops) - 1
    placed = [
        replace(m, start=stops[min(m.start, size)], end=max(stops[min(m.end, size)], stops[min(m.start, size)] + 1))
        for m in marks
    ]
    if stops[-1] <= room:
        return laid, placed
    first = min((m.start for m in placed), default=0)
    last = max((m.end for m in placed), default=0)
    if last - first > room - 2 * _MARGIN:
        first = next((m.start for m in placed if m.primary), first)
    left = 0 if last <= room - _MARGIN else max(0, min(first - _MARGIN, stops[-1] - room))
    shown = _slice(laid, left, left + room)
    if left:
        shown = "..." + _slice(laid, left + 3, left + room)
    if left + room < stops[-1]:
        shown = _slice(shown, 0, room - 3) + "..."
    clipped = [
        replace(m, start=min(max(m.start - left, 0), room - 1), end=max(1, min(m.end - left, room))) for m in placed
    ]
    return shown, clipped


def _slice(text: str, start: int, end: int) -> str:
    """The part of a text between two columns; a wide character that is cut in two becomes a space."""
    if text.isascii():
        return text[start:end]
    shown, column = "", 0
    for char in text:
        size = cell_len(char)
        if start <= column and column + size <= end:
            shown += char
        elif column < end and column + size > start:
            shown += " " * (min(column + size, end) - max(column, start))
        column += size
    return shown
