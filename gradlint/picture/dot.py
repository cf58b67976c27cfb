"""Drawings for Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import content
from gradlint.picture.folding import condensed
from gradlint.picture.words import note_of, outcomes_of, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.picture.record import Drawing, DrawnEdge, Node, Way

_COLORS: dict[Way, str] = {
    "connected": "#00795c",
    "reached": "#656d76",
    "unreached": "#8c959f",
    "stopped": "#8a5a00",
    "lost": "#b83200",
}
MOST = 60
"""How many nodes of a gradient call are drawn one by one; straight chains fold where there are more."""


def dot(drawings: Sequence[Drawing]) -> str:
    """A directed graph, one cluster for each gradient call; its edges lead from an operand to the result."""
    return "\n".join(["digraph gradients {", *_head(), *_clusters(drawings), "}"]) + "\n"


def _head() -> Iterator[str]:
    yield '  node [shape=box, style=rounded, fontname="monospace", fontsize=11];'
    yield '  edge [fontname="sans-serif", fontsize=10];'


def _clusters(drawings: Sequence[Drawing]) -> Iterator[str]:
    for number, drawing in enumerate(condensed(drawing, MOST) for drawing in drawings):
        yield f"  subgraph cluster_{number} {{"
        yield f"    label={_quoted(f'line {drawing.spot.line}: {drawing.text}')};"
        yield '    fontname="monospace"; color="#d0d7de";'
        for index, node in enumerate(drawing.nodes):
            yield f"    n{number}_{index} [{_node(drawing, node)}];"
        for edge in drawing.edges:
            yield f"    n{number}_{edge.below} -> n{number}_{edge.above} [{_edge(edge)}];"
        yield "  }"


def _node(drawing: Drawing, node: Node) -> str:
    rows = [f"{place_of(node)}: {node.label}" if place_of(node) else node.label]
    rows += [outcome for outcome, _ in outcomes_of(drawing, node)]
    rows += [f"✗ {note_of(node, mark)}" for mark in node.marks]
    rows += [node.note] if node.note else []
    rows += [f"… {node.folded:,} earlier steps"] if node.folded else []
    look = "filled,rounded,bold" if node.marks else "rounded" if node.reached else "rounded,dashed"
    more = ", peripheries=2" if node.target else ""
    fill = ', fillcolor="#ffe5dc"' if node.marks else ""
    return f'label={_quoted(*rows)}, style="{look}", color="{_COLORS[node.way]}"{fill}{more}'


def _edge(edge: DrawnEdge) -> str:
    style = "solid" if edge.way in ("connected", "reached") and edge.sure else "dashed"
    more = ", penwidth=2" if edge.way in ("connected", "lost") else ""
    return f'color="{_COLORS[edge.way]}", style={style}{more}'


def _quoted(*rows: str) -> str:
    text = "\\n".join(content(row).replace("\\", "\\\\").replace('"', '\\"') for row in rows)
    return f'"{text}"'
