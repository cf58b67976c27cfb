"""The text in pictures, the same in each format."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from gradlint import lines
from gradlint.escaping import content, name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.picture.record import Drawing, LossMark, Node, Verdict


def title_of(drawing: Drawing) -> str:
    """Where a gradient call is."""
    where = "" if drawing.spot.cell < 0 else f"{lines.cell(drawing.spot.cell)}:"
    return f"{name(drawing.path)}:{where}{drawing.spot.line}"


def place_of(node: Node) -> str:
    """A node's line, with its file or cell if it is not the usual one."""
    spot = node.spot
    if spot is None:
        return ""
    if spot.path:
        return f"{name(spot.path.rpartition('/')[2])}:{spot.line}"
    return str(spot.line) if spot.cell < 0 else f"{lines.short(spot.cell)}:{spot.line}"


def outcomes_of(drawing: Drawing, node: Node) -> list[tuple[str, Verdict]]:
    """What the sources that a node stands for get, in words, without duplicates."""
    sources = (drawing.sources[number] for number in node.sources)
    return list(dict.fromkeys((source.outcome, source.verdict) for source in sources))


def note_of(node: Node, mark: LossMark) -> str:
    """The label of a loss where it happens: its rule."""
    if node.sources:
        return mark.text
    return f"{'a part is lost' if mark.partial else 'lost'} here: {mark.text}"


def reasons(drawing: Drawing, width: int) -> Iterator[str]:
    """Why sources cannot be decided, one row or more for each reason."""
    known: dict[str, list[str]] = {}
    for source in drawing.sources:
        if source.because:
            known.setdefault(source.because, []).append(source.text)
    for because, texts in known.items():
        who = f"`{texts[0]}`" if len(texts) == 1 else f"`{texts[0]}` and {len(texts) - 1} more"
        text = content(f"{who}: {because}")
        yield from wrap(text, max(width - 2, 20), initial_indent="  ", subsequent_indent="    ")


def counted(drawings: Sequence[Drawing]) -> str:
    """How many gradient calls there are, and what their sources get: ``2 gradient calls, 3 of 4 sources connected``."""
    verdicts: list[Verdict] = [source.verdict for drawing in drawings for source in drawing.sources]
    calls, total = len(drawings), len(verdicts)
    parts = [f"{calls:,} gradient {'call' if calls == 1 else 'calls'}"]
    parts.append(f"{verdicts.count('connected'):,} of {total:,} {'source' if total == 1 else 'sources'} connected")
    if lost := verdicts.count("lost"):
        parts.append(f"{lost:,} lost")
    if partial := verdicts.count("partial"):
        parts.append(f"{partial:,} partly lost")
    if unknown := verdicts.count("unknown") + verdicts.count("maybe"):
        parts.append(f"{unknown:,} unknown")
    return ", ".join(parts)


def described(drawing: Drawing) -> str:
    """The picture in sentences, for those who cannot see it."""
    parts = [f"The gradient of {drawing.target} on line {drawing.spot.line}."]
    marked = {number: (node, mark) for node in drawing.nodes for mark in node.marks for number in mark.sources}
    for number, source in enumerate(drawing.sources):
        text = f"{source.text}: {source.outcome}"
        if number in marked:
            node, mark = marked[number]
            text += f", lost on line {node.spot.line} ({mark.text})" if node.spot else f" ({mark.text})"
        parts.append(f"{text}.")
    return content(" ".join(parts))
