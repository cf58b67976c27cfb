"""Drawings for Mermaid, which code hosts show in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import content
from gradlint.picture.folding import condensed
from gradlint.picture.words import note_of, outcomes_of, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.picture.record import Drawing, Node, Way

_LOOKS: dict[Way, str] = {
    "connected": "stroke:#00795c,stroke-width:2px",
    "reached": "stroke:#656d76,stroke-width:2px",
    "unreached": "stroke:#8c959f,stroke-dasharray:3 4",
    "stopped": "stroke:#8a5a00,stroke-dasharray:3 4",
    "lost": "stroke:#b83200,stroke-width:3px",
}
_ARROWS: dict[Way, str] = {"connected": "-->", "reached": "-->", "unreached": "-.->", "stopped": "-.->", "lost": "-.-x"}
MOST = 60
"""How many nodes of a gradient call are drawn one by one; straight chains fold where there are more."""


def mermaid(drawings: Sequence[Drawing]) -> str:
    """A flowchart, one part for each gradient call; its arrows lead from an operand to the result."""
    return "\n".join(_rows(drawings)) + "\n"


def _rows(drawings: Sequence[Drawing]) -> Iterator[str]:
    yield "flowchart TB"
    links: list[Way] = []
    for number, drawing in enumerate(condensed(drawing, MOST) for drawing in drawings):
        many = len(drawings) > 1
        if many:
            yield f"  subgraph g{number}[{_quoted(f'line {drawing.spot.line}: {drawing.text}')}]"
        for index, node in enumerate(drawing.nodes):
            yield f"  n{number}_{index}{_node(drawing, node)}:::{node.way}"
        for edge in drawing.edges:
            yield f"  n{number}_{edge.below} {_ARROWS[edge.way]} n{number}_{edge.above}"
            links.append(edge.way)
        if many:
            yield "  end"
    for way, look in _LOOKS.items():
        yield f"  classDef {way} {look}"
    for way, look in _LOOKS.items():
        if numbers := ",".join(str(number) for number, one in enumerate(links) if one == way):
            yield f"  linkStyle {numbers} {look}"


def _node(drawing: Drawing, node: Node) -> str:
    place = place_of(node)
    rows = [f"{place}: {node.label}" if place else node.label]
    rows += [outcome for outcome, _ in outcomes_of(drawing, node)]
    rows += [f"✗ {note_of(node, mark)}" for mark in node.marks]
    rows += [node.note] if node.note else []
    rows += [f"… {node.folded:,} earlier steps"] if node.folded else []
    text = _quoted(*rows)
    return f"[[{text}]]" if node.target else f"([{text}])" if node.sources else f"[{text}]"


def _quoted(*rows: str) -> str:
    return '"' + "<br/>".join(_escaped(row) for row in rows) + '"'


def _escaped(text: str) -> str:
    """A text in which nothing is Mermaid, Markdown or HTML."""
    return "".join(char if _is_plain(char) else f"#{ord(char)};" for char in content(text))


def _is_plain(char: str) -> bool:
    return char.isalnum() or char in " .,:()=+-/" or ord(char) > 127
