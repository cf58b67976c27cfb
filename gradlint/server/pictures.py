"""The gradient calls of a document drawn for the hover, once for each of its states."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gradlint import checking
from gradlint.picture.svg import svg
from gradlint.picture.text import plain
from gradlint.sources.files import SourceError

if TYPE_CHECKING:
    from gradlint.picture.record import Drawing
    from gradlint.server.documents import Snapshot
    from gradlint.server.results import Call, Result
    from gradlint.settings import Settings

LONGEST = 60_000
"""How many characters a picture may have to go into a hover; what is larger is shown as text."""
_COLUMNS = 76


class Pictures:
    """Draws gradient calls, and keeps what it drew of each document's last state."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Snapshot, tuple[Drawing, ...]]] = {}

    def of(self, result: Result, call: Call, settings: Settings) -> Drawing | None:
        """The drawing of a gradient call; None where there is none. May be called from any thread."""
        uri = unquote(result.snapshot.uri)
        known = self._known.get(uri)
        if known is None or known[0] is not result.snapshot:
            known = self._known[uri] = result.snapshot, _drawn(result, settings)
        for drawing in known[1]:
            if drawing.covers(call.cell, call.start) and drawing.spot.column == call.start.column and drawing.nodes:
                return drawing
        return None

    def forget(self, uri: str) -> None:
        """Drop what was drawn of a document that was closed."""
        self._known.pop(unquote(uri), None)


def _drawn(result: Result, settings: Settings) -> tuple[Drawing, ...]:
    try:
        return checking.drawings_of(result.source, settings)
    except (SyntaxError, SourceError, ValueError, RecursionError, MemoryError):
        return ()


def markdown(drawing: Drawing, *, images: bool) -> str:
    """A drawing in a hover: as an image where the client shows them, else as text.

    Args:
        drawing: The gradient call.
        images: Whether the client shows images.
    """
    if images:
        picture = svg([drawing])
        if len(picture) <= LONGEST:
            return f"![{_alternative(drawing)}](data:image/svg+xml;base64,{b64encode(picture.encode()).decode()})"
    text = plain(drawing, _COLUMNS).partition("\n\n")[2].rstrip()
    fence = "`" * max(3, max(map(len, _runs(text)), default=0) + 1)
    return f"{fence}text\n{text}\n{fence}"


def _alternative(drawing: Drawing) -> str:
    return f"the path of the gradient on line {drawing.spot.line}"


def _runs(text: str) -> list[str]:
    """The runs of backquotes in a text, which the fence around it must be longer than."""
    return [run for run in "".join(char if char == "`" else " " for char in text).split() if run]
