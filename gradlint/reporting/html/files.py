"""The section of one file: its source, line by line or cell by cell, with cards between the lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import html, name
from gradlint.finding import Finding
from gradlint.lines import cell as cell_name
from gradlint.reporting.html.cards import call_card, error_card, finding_card, line_id
from gradlint.reporting.html.gutter import WORDS, Key, gutter
from gradlint.reporting.html.words import bar, in_words, tally
from gradlint.reporting.report import FileError, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.picture.record import Drawing
    from gradlint.reporting.html.gutter import Touch
    from gradlint.reporting.report import Report

AROUND = 3
"""How many lines are shown around a line on a gradient's path."""
GAP = 8
"""How many consecutive lines off every gradient's path are left out."""
LONGEST = 240
"""How many characters of a line are shown."""


class File:
    """One file of the report.

    Args:
        ident: The prefix of its parts' ids.
        path: Its path as displayed.
        calls: Its gradient calls.
        said: Its findings and errors.
        report: The report.
    """

    def __init__(
        self,
        ident: str,
        path: str,
        calls: Sequence[Drawing],
        said: Sequence[Finding | FileError],
        report: Report,
    ) -> None:
        self.ident = ident
        self.path = path
        self.calls = calls
        self.findings = [one for one in said if isinstance(one, Finding)]
        self.errors = [one for one in said if isinstance(one, FileError)]
        self.report = report
        self.counts = tally(calls)
        self.gutter = gutter(calls)
        self.cards = self._cards()

    @property
    def is_bad(self) -> bool:
        """Whether anything in it is lost, found or wrong."""
        return bool(self.counts["x"] or self.counts["p"] or self.findings or self.errors)

    def finding_id(self, index: int) -> str:
        """The id of a finding."""
        return f"{self.ident}f{index}"

    def _cards(self) -> dict[Key, list[str]]:
        """The cards, by the line after which they are shown."""
        cards: dict[Key, list[str]] = {}
        for index, finding in enumerate(self.findings):
            key = (_cell(finding.cell), finding.end_location.line)
            cards.setdefault(key, []).append(finding_card(self.finding_id(index), finding, self.report))
        for index, call in enumerate(self.calls):
            key = (call.spot.cell, call.spot.end_line)
            cards.setdefault(key, []).append(call_card(self.ident, index, call))
        for error in self.errors:
            key = (_cell(error.cell), error.location.line if error.location is not None else 0)
            cards.setdefault(key, []).append(error_card(error))
        return cards

    def html(self) -> str:
        """The section."""
        bad = " bad" if self.is_bad else ""
        summary = in_words(self.counts) if self.calls else counted(len(self.findings), "finding")
        rows = [f'<section class="file{bad}" id="{self.ident}" style="--lanes:{self.gutter.lanes}">']
        rows.append(f"<h2>{html(name(self.path))}</h2>")
        rows.append(f'<p class="soft">{html(summary)} {bar(self.counts)}</p>')
        return "".join([*rows, self.body(), '<p class="up"><a href="#top">Back to the index</a></p></section>'])

    def body(self) -> str:
        """The source with the cards between its lines, and the cards that belong to no line."""
        shown = set[Key]()
        rows = [row for cell in self._texts() for row in self._text(cell, shown)]
        return "".join([*rows, *(card for key, cards in self.cards.items() if key not in shown for card in cards)])

    def _texts(self) -> list[int]:
        """The cells, or a stand-in for a file that has none."""
        return [_cell(cell) for cell in self.report.cells(self.path)] or [-1]

    def _text(self, cell: int, shown: set[Key]) -> Iterator[str]:
        lines = self.report.lines(self.path, None if cell < 0 else cell)
        if cell >= 0 and not any("".join(lines).strip()):
            return
        if cell >= 0:
            yield f'<h3 id="{self.ident}-{cell + 1}">{html(cell_name(cell))}</h3>'
        count = len(lines) - (1 if lines and not lines[-1] else 0)
        for first, last, kept in _stretches(count, self._wanted(cell, count)):
            if not kept:
                yield f'<p class="gap">lines {first} to {last}: no gradient passes</p>'
                continue
            yield from self._stretch(cell, lines, first, last, shown)

    def _wanted(self, cell: int, count: int) -> set[int]:
        """The lines to show: those with gradients or cards, and some around them."""
        marked = {line for at, line in (*self.gutter.lines, *self.cards) if at == cell}
        return {near for line in marked for near in range(line - AROUND, line + AROUND + 1) if 1 <= near <= count}

    def _stretch(self, cell: int, lines: Sequence[str], first: int, last: int, shown: set[Key]) -> Iterator[str]:
        """A run of lines, split where a card is shown."""
        begin = first
        rows: list[str] = []
        for line in range(first, last + 1):
            rows.append(self._line((cell, line), lines[line - 1]))
            cards = self.cards.get((cell, line))
            if cards:
                shown.add((cell, line))
                yield _block(begin, rows)
                yield from cards
                begin, rows = line + 1, []
        if rows:
            yield _block(begin, rows)

    def _line(self, key: Key, text: str) -> str:
        text = html(text if len(text) <= LONGEST else f"{text[:LONGEST]} …")
        touched = self.gutter.lines.get(key)
        if touched is None:
            return f"<span>{text}</span>"
        marks = "".join(self._mark(touch) for touch in touched)
        look = " class=x" if any(touch.look == "x" for touch in touched) else ""
        return f"<span{look} id={line_id(self.ident, key)}>{marks}{text}</span>"

    def _mark(self, touch: Touch) -> str:
        if touch.look == "x":
            return f'<i class="x n{touch.lane}" title="{WORDS["x"]}"></i>'
        return f"<i class={touch.look}></i>" if not touch.lane else f'<i class="{touch.look} n{touch.lane}"></i>'


def _cell(cell: int | None) -> int:
    return -1 if cell is None else cell


def _block(begin: int, rows: list[str]) -> str:
    """Some lines; a browser counts them."""
    start = f' style="--n:{begin - 1}"' if begin > 1 else ""
    return f'<pre class="code" tabindex="0"{start}>{"".join(rows)}</pre>'


def _stretches(count: int, wanted: set[int]) -> Iterator[tuple[int, int, bool]]:
    """The runs of lines to show and to leave out; a short run is shown even if it is not needed."""
    runs: list[tuple[int, int, bool]] = []
    for line in range(1, count + 1):
        kept = line in wanted
        if runs and runs[-1][2] == kept:
            runs[-1] = (runs[-1][0], line, kept)
        else:
            runs.append((line, line, kept))
    runs = [(first, last, kept or last - first + 1 < GAP) for first, last, kept in runs]
    for index, (_first, last, kept) in enumerate(runs):
        if index and kept and runs[index - 1][2]:
            runs[index] = (runs[index - 1][0], last, kept)
            runs[index - 1] = (0, 0, kept)
    yield from (run for run in runs if run[0])
