"""The client's open documents: texts kept in step with its edits, and notebooks as ordered cells of such texts.

The server keeps them itself rather than in pygls' workspace, which takes form feeds and Unicode separators for line
ends. A :class:`Snapshot` is one state of a document or a notebook, made to be handed to another thread.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lsprotocol import types
from pygls.uris import to_fs_path

from gradlint.finding import Position
from gradlint.server import positions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gradlint.sources.files import Kind

logger = logging.getLogger(__name__)

KINDS: dict[str, Kind] = {"python": "python", "markdown": "markdown"}
"""What sort of source the client's language identifiers are; documents in other languages are not linted."""

_revisions = count(1)


@dataclass(frozen=True)
class OpenText:
    """One state of a text document or a notebook's cell."""

    uri: str
    version: int
    content: str
    language: str
    encoding: types.PositionEncodingKind

    @cached_property
    def lines(self) -> list[str]:
        """The lines with their ends, as the protocol counts them."""
        return positions.split(self.content)

    def to_client(self, place: Position) -> types.Position:
        """The client's position of a finding's place; one beyond the text becomes the text's end."""
        if place.line > len(self.lines):
            return types.Position(
                len(self.lines) - 1, positions.units(self.lines[-1], len(self.lines[-1]), self.encoding)
            )
        line = self.lines[place.line - 1].rstrip("\r\n")
        return types.Position(place.line - 1, positions.units(line, place.column - 1, self.encoding))

    def to_client_range(self, start: Position, end: Position) -> types.Range:
        """The client's range between two of a finding's places."""
        return types.Range(self.to_client(start), self.to_client(end))

    def from_client(self, position: types.Position) -> Position:
        """The place, as a finding counts it, of a client's position."""
        if position.line >= len(self.lines):
            return Position(len(self.lines), len(self.lines[-1]) + 1)
        line = self.lines[position.line]
        return Position(position.line + 1, positions.characters(line, position.character, self.encoding) + 1)

    @property
    def whole(self) -> types.Range:
        """The range from the text's start to its end."""
        return self.to_client_range(Position(1, 1), Position(len(self.lines), len(self.lines[-1]) + 1))


@dataclass(frozen=True)
class Snapshot:
    """One state of a document or notebook.

    Attributes:
        uri: The document's or the notebook's own URI.
        revision: Grows with every change of any document, so that a stale result is recognised.
        kind: What sort of source it is.
        path: The file's path, or None where the document lives nowhere (untitled, virtual).
        texts: The texts by cell index over all cells; a document that is no notebook has one.
    """

    uri: str
    revision: int
    kind: Kind
    path: Path | None
    texts: tuple[OpenText, ...]

    def text(self, cell: int | None) -> OpenText:
        """The text that a finding's cell index (None outside notebooks) leads to."""
        return self.texts[cell or 0]

    def cell(self, uri: str) -> int | None:
        """The cell index of a text of this snapshot, None outside notebooks.

        Raises:
            KeyError: If the snapshot has no such text.
        """
        for index, text in enumerate(self.texts):
            if unquote(text.uri) == unquote(uri):
                return index if self.kind == "notebook" else None
        raise KeyError(uri)


@dataclass
class Document:
    """A text document that the client has open; a notebook's cells are text documents too."""

    uri: str
    version: int
    language: str
    encoding: types.PositionEncodingKind
    lines: list[str]
    notebook: str | None = None
    _text: OpenText | None = field(default=None, repr=False)

    @property
    def text(self) -> OpenText:
        """The document's present state."""
        if self._text is None:
            self._text = OpenText(self.uri, self.version, "".join(self.lines), self.language, self.encoding)
        return self._text

    def change(self, version: int, changes: Iterable[types.TextDocumentContentChangeEvent]) -> None:
        """Follow the client's edits, each of which counts in the text that the one before left."""
        for event in changes:
            if isinstance(event, types.TextDocumentContentChangePartial):
                self._replace(event.range, event.text)
            else:
                self.lines = positions.split(event.text)
        self.version = version
        self._text = None

    def _replace(self, span: types.Range, new: str) -> None:
        first, head = self._place(span.start)
        last, tail = self._place(span.end)
        if (last, tail) < (first, head):
            (first, head), (last, tail) = (last, tail), (first, head)
        # A "\r" and a "\n" that come to stand together are one line end: the lines beside are split anew as well.
        low, high = max(first - 1, 0), min(last + 2, len(self.lines))
        before = "".join(self.lines[low:first]) + self.lines[first][:head]
        after = self.lines[last][tail:] + "".join(self.lines[last + 1 : high])
        fresh = positions.split(before + new + after)
        if high < len(self.lines) and fresh[-1] == "":
            fresh.pop()
        self.lines[low:high] = fresh

    def _place(self, position: types.Position) -> tuple[int, int]:
        if position.line >= len(self.lines):
            return len(self.lines) - 1, len(self.lines[-1])
        return position.line, positions.characters(self.lines[position.line], position.character, self.encoding)


@dataclass
class OpenNotebook:
    """A notebook that the client has open: its cells' URIs in order, Markdown cells among them."""

    uri: str
    version: int
    cells: list[types.NotebookCell]


class Documents:
    """Everything that the client has open."""

    def __init__(self) -> None:
        self.encoding = types.PositionEncodingKind.Utf16
        self._documents: dict[str, Document] = {}
        self._notebooks: dict[str, OpenNotebook] = {}
        self._revisions: dict[str, int] = {}

    def open(self, item: types.TextDocumentItem, notebook: str | None = None) -> None:
        """Take a text document in, or a cell of the notebook that is named."""
        lines = positions.split(item.text)
        document = Document(item.uri, item.version, item.language_id, self.encoding, lines, notebook)
        self._documents[unquote(item.uri)] = document
        self._touch(notebook or item.uri)

    def change(
        self, identifier: types.VersionedTextDocumentIdentifier, changes: Sequence[types.TextDocumentContentChangeEvent]
    ) -> None:
        """Follow edits of a text document; those of a document that is not open are ignored."""
        document = self._documents.get(unquote(identifier.uri))
        if document is None:
            logger.warning("a change of %s, which is not open, was ignored", identifier.uri)
            return
        document.change(identifier.version, changes)
        self._touch(document.notebook or document.uri)

    def close(self, uri: str) -> None:
        """Forget a text document."""
        self._documents.pop(unquote(uri), None)
        self._revisions.pop(unquote(uri), None)

    def open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> None:
        """Take a notebook and the texts of its cells in."""
        notebook = params.notebook_document
        self._notebooks[unquote(notebook.uri)] = OpenNotebook(notebook.uri, notebook.version, list(notebook.cells))
        for item in params.cell_text_documents:
            self.open(item, notebook.uri)
        self._touch(notebook.uri)

    def change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> list[str]:
        """Follow a notebook's change: cells added, removed and moved, texts edited.

        Returns:
            The URIs of the cells that are gone.
        """
        notebook = self._notebooks.get(unquote(params.notebook_document.uri))
        if notebook is None:
            logger.warning("a change of %s, which is not open, was ignored", params.notebook_document.uri)
            return []
        notebook.version = params.notebook_document.version
        gone: list[str] = []
        cells = params.change.cells
        if cells is not None:
            if cells.structure is not None:
                gone = self._restructure(notebook, cells.structure)
            kinds = {unquote(cell.document): cell for cell in cells.data or ()}
            notebook.cells = [kinds.get(unquote(cell.document), cell) for cell in notebook.cells]
            for content in cells.text_content or ():
                self.change(content.document, content.changes)
        self._touch(notebook.uri)
        return gone

    def _restructure(self, notebook: OpenNotebook, structure: types.NotebookDocumentCellChangeStructure) -> list[str]:
        array = structure.array
        notebook.cells[array.start : array.start + array.delete_count] = array.cells or ()
        for item in structure.did_open or ():
            self.open(item, notebook.uri)
        gone = [identifier.uri for identifier in structure.did_close or ()]
        for uri in gone:
            self.close(uri)
        return gone

    def close_notebook(self, params: types.DidCloseNotebookDocumentParams) -> list[str]:
        """Forget a notebook and its cells.

        Returns:
            The URIs of the cells.
        """
        uri = unquote(params.notebook_document.uri)
        notebook = self._notebooks.pop(uri, None)
        self._revisions.pop(uri, None)
        gone = [identifier.uri for identifier in params.cell_text_documents]
        if notebook is not None:
            gone += [cell.document for cell in notebook.cells if cell.document not in gone]
        for cell in gone:
            self.close(cell)
        return gone

    def unit(self, uri: str) -> str | None:
        """The URI of what is linted as one program: a cell's notebook, else the document itself.

        None where the document is not open or not in a language that is linted.
        """
        key = unquote(uri)
        document = self._documents.get(key)
        if document is None:
            return self._notebooks[key].uri if key in self._notebooks else None
        if document.notebook is not None:
            return document.notebook if unquote(document.notebook) in self._notebooks else None
        return document.uri if document.language in KINDS else None

    def units(self) -> Iterator[str]:
        """The URIs of everything that is linted."""
        for document in self._documents.values():
            if document.notebook is None and document.language in KINDS:
                yield document.uri
        for notebook in self._notebooks.values():
            yield notebook.uri

    def revision(self, unit: str) -> int | None:
        """The number of the unit's present state; None where it is not open."""
        return self._revisions.get(unquote(unit))

    def snapshot(self, unit: str) -> Snapshot | None:
        """The unit's present state; None where it is not open."""
        key = unquote(unit)
        revision = self._revisions.get(key)
        if revision is None:
            return None
        notebook = self._notebooks.get(key)
        if notebook is not None:
            texts = tuple(self._cell(cell, notebook) for cell in notebook.cells)
            return Snapshot(notebook.uri, revision, "notebook", path_of(notebook.uri), texts)
        document = self._documents[key]
        return Snapshot(document.uri, revision, KINDS[document.language], path_of(document.uri), (document.text,))

    def _cell(self, cell: types.NotebookCell, notebook: OpenNotebook) -> OpenText:
        """A cell's text; that of a Markdown cell, which clients need not send, or of another language is empty."""
        document = self._documents.get(unquote(cell.document))
        if document is None:
            return OpenText(cell.document, notebook.version, "", "", self.encoding)
        if cell.kind is not types.NotebookCellKind.Code or document.language != "python":
            return OpenText(document.uri, document.version, "", "", self.encoding)
        return document.text

    def text(self, uri: str) -> OpenText | None:
        """The present state of an open text document."""
        document = self._documents.get(unquote(uri))
        return None if document is None else document.text

    def python_texts(self) -> dict[str, str]:
        """The texts of the Python files that are open, by their whole path; may be called from any thread."""
        texts = {}
        for document in list(self._documents.values()):
            path = None if document.notebook or document.language != "python" else path_of(document.uri)
            if path is not None:
                texts[str(path)] = document.text.content
        return texts

    def _touch(self, unit: str) -> None:
        self._revisions[unquote(unit)] = next(_revisions)


def path_of(uri: str) -> Path | None:
    """The file that a URI names, or None where it names none or is not well formed."""
    try:
        path = to_fs_path(uri)
    except ValueError:
        return None
    return Path(path) if path else None
