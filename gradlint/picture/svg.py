"""Drawings as SVG: self-contained, for light and dark pages, with a description for those who cannot see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gradlint.escaping import html
from gradlint.picture import rails
from gradlint.picture.folding import condensed
from gradlint.picture.words import described, note_of, outcomes_of, place_of, title_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.picture.rails import Row
    from gradlint.picture.record import Drawing, Node, Way

MOST = 40
"""How many nodes are drawn one by one; straight chains fold where there are more."""
MOST_INLINE = 24
"""The same within a page, which has many pictures."""
ROW, LANE, PAD = 26, 18, 16
"""The height of a row, the width of a lane, and the room at the edges, in pixels."""
_CHAR = 7.9
"""How wide a character is taken to be."""
_WORDS = 7.5
"""The same of what is said beside the code, in bold."""
_CORNER = 17
_WAYS: dict[Way, str] = {"connected": "c", "reached": "r", "unreached": "u", "stopped": "s", "lost": "x"}
_VERDICTS = {"connected": "c", "maybe": "m", "partial": "s", "lost": "x", "unknown": "m"}

STYLE = """\
.gl{--ink:#1f2328;--soft:#656d76;--line:#d0d7de;--ok:#00795c;--bad:#b83200;--part:#8a5a00;--card:#fff;
font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media (prefers-color-scheme:dark){.gl{--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--ok:#3ecfa5;--bad:#ff8a65;\
--part:#e0b04a;--card:#0d1117}}
.gl text{fill:var(--ink)}.gl .n{fill:var(--soft);text-anchor:end}.gl .h{font-weight:600}
.gl .f{fill:var(--soft)}.gl .o{fill:var(--soft)}
.gl .w{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-size:12px;fill:var(--soft)}
.gl .w.c{fill:var(--ok)}.gl .w.x{fill:var(--bad);font-weight:600}.gl .w.s{fill:var(--part)}
.gl path{fill:none;stroke-width:2;stroke:var(--line)}
.gl path.c{stroke:var(--ok)}.gl path.r{stroke:var(--soft)}.gl path.s{stroke:var(--part);stroke-dasharray:1 4}
.gl path.u{stroke:var(--soft);stroke-dasharray:1 5;stroke-linecap:round}
.gl path.x{stroke:var(--bad);stroke-dasharray:4 4}
.gl path.q{stroke-dasharray:6 3}
.gl .d{fill:var(--card);stroke:var(--soft);stroke-width:2}.gl .d.c{fill:var(--ok);stroke:var(--ok)}
.gl .d.r{fill:var(--soft);stroke:var(--soft)}.gl .d.u{stroke:var(--soft)}.gl .d.x{fill:var(--bad);stroke:var(--bad)}
.gl .d.l{stroke:var(--bad)}.gl path.k{stroke:var(--card);stroke-width:1.8}
.gl path.a{fill:var(--ok);stroke:none}.gl .b{fill:var(--card);stroke:var(--line)}"""


def svg(drawings: Sequence[Drawing]) -> str:
    """A picture of some gradient calls, one below the other, as a file of its own.

    Returns:
        The picture; empty if there are no gradient calls.
    """
    pieces = [_Piece(condensed(drawing, MOST), titled=True) for drawing in drawings]
    width = max([*(piece.width for piece in pieces), 320]) + 2 * PAD
    height = PAD
    body = []
    for piece in pieces:
        body.append(f'<g transform="translate({PAD} {height})">{piece.markup}</g>')
        height += piece.height + PAD
    title = "; ".join(_title(drawing) for drawing in drawings)
    about = " ".join(described(drawing) for drawing in drawings)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gl" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d">\n'
        f'<title id="t">{html(title)}</title>\n<desc id="d">{html(about)}</desc>\n<style>{STYLE}</style>\n'
        f'<rect class="b" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def inline(drawing: Drawing) -> str:
    """A picture of one gradient call for a page that has :data:`STYLE`; each node's element names its sources."""
    piece = _Piece(condensed(drawing, MOST_INLINE), titled=False)
    about = html(described(drawing))
    return (
        f'<svg class="gl" width="{piece.width}" height="{piece.height}" '
        f'viewBox="0 0 {piece.width} {piece.height}" role="img" aria-label="{about}">{piece.markup}</svg>'
    )


class _Note(NamedTuple):
    text: str
    look: str


class _Piece:
    """One gradient call's picture, from the point (0, 0)."""

    def __init__(self, drawing: Drawing, *, titled: bool) -> None:
        self.drawing = drawing
        self.named = len(drawing.sources) > 1
        self.laid = rails.rows(drawing)
        self.top = ROW + 8 if titled else 0
        self.places = [place_of(row.node) for row in self.laid]
        self.gutter = round(max([2, *map(len, self.places)]) * _CHAR) + 12
        lanes = 1 + max([0, *(lane for row in self.laid for lane in (row.lane, *row.after))])
        self.left = self.gutter + lanes * LANE + 6
        self.rows = [self._row(index, row) for index, row in enumerate(self.laid)] or list(self._listed())
        self.height = self.top + len(self.rows or [0]) * ROW
        head = self._head() if titled else ""
        self.width = max([round(width) for width, _ in self.rows] + ([self._head_width()] if titled else [0]))
        self.markup = head + "".join(self._edges()) + "".join(text for _, text in self.rows)

    # -- words -----------------------------------------------------------------------------------------------------

    def _head(self) -> str:
        place, call = html(title_of(self.drawing)), html(self.drawing.text)
        return f'<text y="18"><tspan class="f">{place}</tspan> <tspan class="h" dx="8">{call}</tspan></text>'

    def _head_width(self) -> int:
        return round((len(title_of(self.drawing)) + len(self.drawing.text) + 4) * _CHAR)

    def _row(self, index: int, row: Row) -> tuple[float, str]:
        """How wide a row is, and its words and dot."""
        y = self._y(index)
        label = row.node.label
        notes = list(self._notes(row.node))
        dim = "" if row.node.reached or row.node.sources or row.node.marks else ' class="o"'
        words = f"<tspan{dim}>{html(label)}</tspan>" + "".join(
            f'<tspan class="w {note.look}" dx="14">{html(note.text)}</tspan>' for note in notes
        )
        width = self.left + len(label) * _CHAR + sum(len(note.text) * _WORDS + 18 for note in notes)
        place = html(self.places[index])
        return width, (
            f'<g{self._numbers(_of(row.node))}><text class="n" x="{self.gutter - 12}" y="{y + 4}">{place}</text>'
            f'{self._dot(row, y)}<text x="{self.left}" y="{y + 4}">{words}</text></g>'
        )

    def _notes(self, node: Node) -> Iterator[_Note]:
        for outcome, verdict in outcomes_of(self.drawing, node):
            yield _Note(outcome, _VERDICTS[verdict])
        if node.folded:
            yield _Note(f"… {node.folded:,} earlier steps", "")
        if node.target:
            yield _Note("target", "")
        for mark in node.marks:
            yield _Note(f"✗ {note_of(node, mark)}", "s" if mark.partial else "x")
        if node.note:
            yield _Note(node.note, "s")

    def _listed(self) -> Iterator[tuple[float, str]]:
        """Only the sources, if nothing is drawn between them."""
        for index, source in enumerate(self.drawing.sources):
            text, outcome = source.text, source.outcome
            yield (
                (len(text) + len(outcome) + 4) * _CHAR,
                (
                    f'<g data-s="{index}"><text y="{self._y(index) + 4}">{html(text)}'
                    f'<tspan class="w {_VERDICTS[source.verdict]}" dx="14">{html(outcome)}</tspan></text></g>'
                ),
            )

    # -- lines -----------------------------------------------------------------------------------------------------

    def _y(self, index: int) -> int:
        return self.top + index * ROW + ROW // 2

    def _x(self, lane: int) -> int:
        return self.gutter + lane * LANE + LANE // 2

    def _dot(self, row: Row, y: int) -> str:
        x, node = self._x(row.lane), row.node
        if node.marks:
            cross = f"M{x - 3} {y - 3}l6 6m0-6l-6 6"
            return f'<circle class="d x" cx="{x}" cy="{y}" r="7"/><path class="k" d="{cross}"/>'
        look = _WAYS[node.way]
        if node.sources and not node.live:
            look = "l"
        if node.target:
            return f'<path class="d {look}" d="M{x} {y - 7}l7 7-7 7-7-7z"/>'
        return f'<circle class="d {look}" cx="{x}" cy="{y}" r="5"/>'

    def _numbers(self, numbers: frozenset[int]) -> str:
        """The sources that a part belongs to, as an attribute, if there are several."""
        return f' data-s="{" ".join(map(str, sorted(numbers)))}"' if self.named else ""

    def _edges(self) -> Iterator[str]:
        """The edges, those on a gradient's path above the others; an arrow at each value that it reaches."""
        lanes = {index: row.lane for index, row in enumerate(self.laid)}
        arrows: dict[int, str] = {}
        for edge in sorted(self.drawing.edges, key=lambda edge: -rails.RANK[edge.way]):
            x, y = self._x(lanes[edge.below]), self._y(edge.below)
            to_x, to_y = self._x(lanes[edge.above]), self._y(edge.above)
            if x == to_x:
                way = f"M{x} {y}V{to_y}"
            else:
                turn = max(to_y - _CORNER, y)
                way = f"M{x} {y}V{turn}C{x} {to_y - 3} {x} {to_y} {to_x} {to_y}"
            look = _WAYS[edge.way] + ("" if edge.sure else " q")
            sources = self._numbers(_of(self.laid[edge.above].node) & _of(self.laid[edge.below].node))
            yield f'<path class="{look}"{sources} d="{way}"/>'
            if edge.way == "connected":
                arrows[edge.below] = f'<path class="a" d="M{x} {y + 6}l3.5 6h-7z"/>'
        yield from arrows.values()


def _of(node: Node) -> frozenset[int]:
    """The sources that a node is, or was computed from."""
    return node.leads.union(node.sources)


def _title(drawing: Drawing) -> str:
    return f"{title_of(drawing)}: {drawing.text}"
