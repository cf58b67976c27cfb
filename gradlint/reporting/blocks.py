"""How the format for people shows one finding or error: its steps, on an excerpt of the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint import lines
from gradlint.escaping import name
from gradlint.finding import LOST_HERE
from gradlint.reporting.excerpt import Underline, excerpt, framed
from gradlint.reporting.patch import patch
from gradlint.reporting.report import evidence, is_refuted, place
from gradlint.reporting.story import scenes
from gradlint.reporting.style import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.finding import Finding, Position
    from gradlint.reporting.report import FileError, Report
    from gradlint.reporting.story import Scene
    from gradlint.reporting.style import Role, Style

_Text = tuple[str | None, int | None]
"""The text that a place is in: a file other than the finding's own, or a cell; both None for the file itself."""
_LONGEST_SPAN = 6
_VERDICTS: dict[str, Role] = {"confirmed": "good", "refuted": "warning", "inconclusive": "dim"}


def error_rows(error: FileError, report: Report, style: Style) -> list[str]:
    """The rows for a file that could not be checked."""
    where = place(error.path, error.cell, error.location)
    first, *others = wrap(f"{where}: error: {error.message}", style.width)
    head, _, rest = first.partition(": error:")
    rows = [f"{style.paint(head, 'strong')}: {style.severity('error', 'error')}:{rest}", *others]
    line = report.line(error.path, error.cell, error.location.line) if error.location else None
    if error.location is not None and line is not None:
        start = min(error.location.column - 1, len(line))
        mark = Underline(error.location.line, start, start + 1, "", primary=True)
        rows += framed({error.location.line: line}, [mark], style)
    return rows


def finding_rows(finding: Finding, report: Report, style: Style) -> list[str]:
    """The rows for a finding."""
    severity = style.severity(f"{finding.severity}[{finding.code}]", finding.severity)
    where = style.paint(place(finding.path, finding.cell, finding.location), "strong")
    rows = [f"{where}: {style.link(severity, finding.url)} {finding.name}"]
    rows += [style.prose(row) for row in wrap(finding.title, style.width)]
    marks = _marks(finding, report)
    gutter = len(str(max(mark.line for group in marks.values() for mark in group)))
    bar = style.paint(" " * gutter + " |", "frame")
    shown = False
    for (path, cell), group in marks.items():
        lines = dict(enumerate(report.lines(path or finding.path, cell), start=1))
        body = list(excerpt(lines, group, style, finding.severity, gutter))
        if body:
            rows.append(_text_bar(path or finding.path, cell, gutter, style) if len(marks) > 1 else bar)
            rows += body
            shown = True
    if shown:
        rows.append(bar)
    rows += _footer(finding, report, style, gutter)
    return rows


def _text_bar(path: str, cell: int | None, gutter: int, style: Style) -> str:
    return style.paint(f"{' ' * gutter} | {name(path) if cell is None else lines.cell(cell)}", "frame")


def _marks(finding: Finding, report: Report) -> dict[_Text, list[Underline]]:
    """The finding's own place and its steps, by the text that they are in, cells in notebook order."""
    story = scenes(finding, report)
    home = (None, finding.cell)
    own = [scene for scene in story if ((scene.path, scene.cell), scene.start) == (home, finding.location)]
    notes = list(dict.fromkeys(scene.text for scene in own if scene.text))
    asked = any(scene.call and _covers(scene, finding) for scene in story)
    culprit = next((scene for scene in story if scene.path is not None and scene.text == LOST_HERE), None)
    lost = LOST_HERE if culprit is None else "the gradient is lost in here"
    label = "; ".join(notes) or (lost if finding.gradients and not asked else "")
    groups: dict[_Text, list[Underline]] = {home: list(_own_marks(finding, label, report, primary=culprit is None))}
    seen: dict[tuple[_Text, Position], int] = {}
    for scene in story:
        if scene in own:
            continue
        where = (scene.path, scene.cell)
        group = groups.setdefault(where, [])
        mark = Underline(scene.start.line, scene.start.column - 1, scene.end.column - 1, scene.text, scene is culprit)
        key = (where, scene.start)
        if key in seen:
            before = group[seen[key]]
            if mark.label and mark.label not in before.label:
                label = f"{before.label}; {mark.label}" if before.label else mark.label
                main = before.primary or mark.primary
                group[seen[key]] = Underline(before.line, before.start, max(before.end, mark.end), label, main)
        else:
            seen[key] = len(group)
            group.append(mark)
    first: _Text = home if culprit is None else (culprit.path, culprit.cell)
    return dict(sorted(groups.items(), key=lambda item: _in_order(item[0], first)))


def _in_order(text: _Text, main: _Text) -> tuple[bool, str, int]:
    """The file with the main mark comes first, then the finding's own, each with its cells in order."""
    path, cell = text
    return path != main[0], path or "", -1 if cell is None else cell


def _covers(scene: Scene, finding: Finding) -> bool:
    """Whether the finding points to a part of a scene."""
    return (scene.path, scene.cell) == (None, finding.cell) and scene.start <= finding.location < scene.end


def _own_marks(finding: Finding, label: str, report: Report, *, primary: bool) -> Iterator[Underline]:
    """Marks for the finding's place, one per line; only the first line of a long place is marked."""
    start, end = finding.location, finding.end_location
    if end.line == start.line:
        yield Underline(start.line, start.column - 1, max(end.column - 1, start.column), label, primary=primary)
        return
    last = end.line if end.line - start.line < _LONGEST_SPAN else start.line
    for number in range(start.line, last + 1):
        text = report.line(finding.path, finding.cell, number) or ""
        left = start.column - 1 if number == start.line else len(text) - len(text.lstrip())
        right = end.column - 1 if number == end.line else len(text.rstrip())
        if right > left:
            yield Underline(number, left, right, label if number == last else "", primary=primary)


def _footer(finding: Finding, report: Report, style: Style, gutter: int) -> Iterator[str]:
    lead = " " * gutter + " = "
    if finding.happens:
        yield from _noted(lead, "so" if finding.gradients else "note", "strong", finding.happens, style)
    if finding.help:
        yield from _noted(lead, "help", "good", finding.help, style)
    confirmation = finding.confirmation
    if confirmation is not None:
        status = confirmation.status
        yield from _noted(lead, status, _VERDICTS[status], evidence(confirmation), style)
    if finding.fix is not None and not is_refuted(finding):
        applied = f"{finding.fix.message} (`{report.applied_with(finding.fix)}`)"
        yield from _noted(lead, "fix", "good", applied, style)
        yield from patch(finding, report, style, gutter)


def _noted(lead: str, word: str, role: Role, text: str, style: Style) -> Iterator[str]:
    first, *others = wrap(text, style.width, f"{lead}{word}: ", " " * len(lead))
    yield style.paint(lead, "frame") + style.paint(word, role) + style.prose(first[len(lead) + len(word) :])
    yield from (style.prose(row) for row in others)
