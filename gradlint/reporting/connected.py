"""What each source of each gradient call gets, including connected ones: for ``--show-connected``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import code, line
from gradlint.finding import Position
from gradlint.lines import cell
from gradlint.picture.record import WORDS
from gradlint.reporting.report import place
from gradlint.reporting.style import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.picture.record import Drawing, DrawnSource, Verdict
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Role, Style

_ROLES: dict[Verdict, Role] = {
    "connected": "good",
    "maybe": "plain",
    "partial": "warning",
    "lost": "error",
    "unknown": "dim",
}
_WIDTH = max(map(len, WORDS.values()))


def blocks(report: Report, style: Style) -> list[list[str]]:
    """A block of rows for each gradient call; none if they were not requested."""
    return [list(_rows(call, style)) for call in report.drawings or ()]


def one_line_each(report: Report, style: Style) -> Iterator[str]:
    """A row for each source of each gradient call."""
    for call in report.drawings or ():
        for source in call.sources:
            answer = style.paint(WORDS[source.verdict], _ROLES[source.verdict])
            summary = line(f"{code(source.text)} in the {call.method} of {code(call.target)}{_more(call, source)}")
            yield f"{style.paint(_place(call), 'strong')}: {answer}: {style.prose(summary)}"


def _rows(call: Drawing, style: Style) -> Iterator[str]:
    yield f"{style.paint(_place(call), 'strong')}: {style.prose(f'{call.method} of {code(call.target)}')}"
    if not call.sources:
        yield "  its sources are unknown"
    for source in call.sources:
        lead = f"  {WORDS[source.verdict]:<{_WIDTH}}  "
        first, *others = wrap(code(source.text) + _more(call, source), style.width, lead, " " * len(lead))
        word = lead.rstrip()
        yield style.paint(word, _ROLES[source.verdict]) + style.prose(first[len(word) :])
        yield from (style.prose(row) for row in others)


def _place(call: Drawing) -> str:
    within = None if call.spot.cell < 0 else call.spot.cell
    return place(call.path, within, Position(call.spot.line, call.spot.column))


def _more(call: Drawing, source: DrawnSource) -> str:
    """Where a source is lost and why, or why it cannot be decided."""
    if source.because:
        return f": {source.because}"
    if source.verdict not in ("lost", "partial"):
        return ""
    found = call.loss(call.sources.index(source))
    if found is None or found[0].spot is None:
        return f": {source.outcome}"
    spot, mark = found[0].spot, found[1]
    where = f" of {spot.path}" if spot.path else f" of {cell(spot.cell)}" if spot.cell != call.spot.cell else ""
    return f": {source.outcome}, lost on line {spot.line}{where} ({mark.text})"
