"""A drawing as rows of text for a terminal: ``git log --graph`` of a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gradlint.escaping import content
from gradlint.picture import rails
from gradlint.picture.folding import condensed
from gradlint.picture.words import note_of, outcomes_of, place_of, reasons, title_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.picture.rails import Row
    from gradlint.picture.record import Drawing, Node, Verdict, Way

Role = Literal["plain", "strong", "dim", "error", "warning", "good"]
Cell = tuple[str, Role]
Line = list[Cell]

MOST = 40
"""How many nodes are drawn one by one; straight chains fold where there are more."""
_ROLES: dict[Way, Role] = {
    "connected": "good",
    "reached": "plain",
    "unreached": "dim",
    "stopped": "warning",
    "lost": "error",
}
_VERDICTS: dict[Verdict, Role] = {
    "connected": "good",
    "maybe": "plain",
    "partial": "warning",
    "lost": "error",
    "unknown": "dim",
}
_ASCII = str.maketrans(dict(zip("●○◆✗│┊─┄┼╯╰┤├…←", [*"*o@x|:--+'`||~", "<-"], strict=True)))
_GAP: Cell = ("  ", "plain")
_SOLID = ("connected", "reached")


def lines(drawing: Drawing, width: int = 80, *, ascii_only: bool = False) -> list[Line]:
    """Draw a gradient call.

    Args:
        drawing: The gradient call.
        width: How many columns there are.
        ascii_only: Whether to avoid lines and dots that an old terminal does not have.

    Returns:
        The rows, each of pieces with the role that says how to paint it.
    """
    shown = condensed(drawing, MOST)
    made: list[Line] = [[(title_of(drawing), "strong"), (f"  {content(drawing.text)}", "plain")], []]
    made += _body(shown, width) if shown.nodes else _listed(drawing, width)
    if not drawing.whole:
        made += [[], [("  too much leads to this target to be drawn", "dim")]]
    because: list[Line] = [[(row, "dim")] for row in reasons(drawing, width)]
    if because:
        made += [[], *because]
    return [[(text.translate(_ASCII), role) for text, role in row] for row in made] if ascii_only else made


def plain(drawing: Drawing, width: int = 80) -> str:
    """The same as one text without colour."""
    return "".join("".join(text for text, _ in row).rstrip() + "\n" for row in lines(drawing, width))


def _body(drawing: Drawing, width: int) -> Iterator[Line]:
    laid = rails.rows(drawing)
    lanes = 1 + max(max((row.lane, *row.through, *row.after)) for row in laid)
    places = [place_of(row.node) for row in laid]
    gutter = max(2, *map(len, places))
    for place, row in zip(places, laid, strict=True):
        lead: Line = [(f"  {place:>{gutter}}  ", "dim"), *_rails(row, lanes), ("  ", "plain")]
        used = 6 + gutter + 2 * lanes - 1
        room = max(width - used, 12)
        label, first, rest = _fitted(content(row.node.label), list(_notes(drawing, row.node)), room)
        yield [*lead, (label, _label_role(row.node)), *(cell for note in first for cell in (_GAP, note))]
        for text, role in rest:
            yield [(" " * (gutter + 4), "plain"), *_after(row, lanes), _GAP, _GAP, (_crop(text, room - 2), role)]


def _fitted(label: str, notes: list[Cell], room: int) -> tuple[str, list[Cell], list[Cell]]:
    """A label with the notes that fit beside it, and those that go below it."""
    first: list[Cell] = []
    left = room - min(len(label), max(room // 2, 24))
    for note in list(notes):
        left -= len(note[0]) + 2
        if left < 0:
            break
        first.append(note)
        notes.remove(note)
    return _crop(label, room - sum(len(text) + 2 for text, _ in first)), first, notes


def _label_role(node: Node) -> Role:
    if node.marks:
        return "error"
    return "plain" if node.reached or node.sources else "dim"


def _notes(drawing: Drawing, node: Node) -> Iterator[Cell]:
    if node.note:
        yield f"({content(node.note)})", "warning"
    for outcome, verdict in outcomes_of(drawing, node):
        yield f"← {content(outcome)}", _VERDICTS[verdict]
    if node.folded:
        yield f"(… {node.folded:,} earlier steps)", "dim"
    if node.target:
        yield "← target", "dim"
    for mark in node.marks:
        yield f"✗ {content(note_of(node, mark))}", "warning" if mark.partial else "error"


def _rails(row: Row, lanes: int) -> Iterator[Cell]:
    """The lanes of a node's row: two characters each, save the last."""
    cells: list[Cell] = [(" ", "plain")] * (2 * lanes - 1)
    for lane, way in row.through.items():
        cells[2 * lane] = ("│" if way in _SOLID else "┊", _ROLES[way])
    for joint in sorted(row.joints, key=lambda joint: -rails.RANK[joint.edge.way]):
        if joint.lane == row.lane:
            continue
        way = joint.edge.way
        step = 1 if joint.lane > row.lane else -1
        dash = "─" if way in _SOLID else "┄"
        for at in range(2 * row.lane + step, 2 * joint.lane, step):
            crossed = at % 2 == 0 and at // 2 in row.through
            cells[at] = ("┼" if crossed else dash, _ROLES[way])
        corner = ("╯" if step > 0 else "╰") if joint.ends else ("┤" if step > 0 else "├")
        cells[2 * joint.lane] = (corner, _ROLES[way])
    cells[2 * row.lane] = _dot(row.node)
    return iter(cells)


def _dot(node: Node) -> Cell:
    if node.marks:
        return "✗", "error"
    if node.sort == "unknown":
        return "?", "plain" if node.reached else "dim"
    symbol = "◆" if node.target else "●" if node.reached else "○"
    return symbol, _ROLES[node.way]


def _after(row: Row, lanes: int) -> Iterator[Cell]:
    cells: list[Cell] = [(" ", "plain")] * (2 * lanes - 1)
    for lane, way in row.after.items():
        cells[2 * lane] = ("│" if way in _SOLID else "┊", _ROLES[way])
    return iter(cells)


def _listed(drawing: Drawing, width: int) -> Iterator[Line]:
    """Only the sources, if nothing is drawn between them."""
    if not drawing.sources:
        yield [("  its sources are unknown", "dim")]
    for source in drawing.sources:
        yield [
            (f"  {_crop(content(source.text), width - 30)}", "plain"),
            (f"  ← {content(source.outcome)}", _VERDICTS[source.verdict]),
        ]


def _crop(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(room - 1, 8)] + "…"
