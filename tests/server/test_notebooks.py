"""Notebook documents: the cells are one program, and each diagnostic stands in its own cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from tests.server.editor import Editor, capabilities, place, session
from tests.server.programs import CELLS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.asyncio


def open_notebook(editor: Editor, path: Path, cells: Sequence[str]) -> tuple[str, list[str]]:
    """Open a notebook; gives its URI and those of its cells."""
    uri = path.as_uri()
    names = [f"vscode-notebook-cell:{path}#W{index}" for index in range(len(cells))]
    made = [types.NotebookCell(types.NotebookCellKind.Code, name) for name in names]
    notebook = types.NotebookDocument(uri, "jupyter-notebook", 1, made)
    items = [types.TextDocumentItem(name, "python", 1, cell) for name, cell in zip(names, cells, strict=True)]
    editor.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(notebook, items))
    for name, cell in zip(names, cells, strict=True):
        editor.texts[name], editor.versions[name] = cell, 1
    editor.versions[uri] = 1
    return uri, names


def change(editor: Editor, uri: str, cells: types.NotebookDocumentCellChanges) -> None:
    """Tell of a change of a notebook."""
    editor.versions[uri] += 1
    identifier = types.VersionedNotebookDocumentIdentifier(editor.versions[uri], uri)
    event = types.NotebookDocumentChangeEvent(cells=cells)
    editor.client.notebook_document_did_change(types.DidChangeNotebookDocumentParams(identifier, event))


def edit(editor: Editor, uri: str, cell: str, old: str, new: str) -> None:
    """Edit a cell's text."""
    before, _, _ = editor.texts[cell].partition(old)
    editor.texts[cell] = editor.texts[cell].replace(old, new, 1)
    editor.versions[cell] += 1
    span = types.Range(place(before), place(before + old))
    content = types.NotebookDocumentCellContentChanges(
        types.VersionedTextDocumentIdentifier(editor.versions[cell], cell),
        [types.TextDocumentContentChangePartial(span, new)],
    )
    change(editor, uri, types.NotebookDocumentCellChanges(text_content=[content]))


async def test_life(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        options = editor.result.capabilities.notebook_document_sync
        assert options is not None
        uri, cells = open_notebook(editor, tmp_path / "study.ipynb", CELLS)
        (found,) = await editor.diagnostics(cells[2])
        assert found.code == "GT201"
        assert found.range == types.Range(types.Position(1, 21), types.Position(1, 31))
        around = {note.location.uri for note in found.related_information or ()}
        assert cells[3] in around
        for other in (0, 1, 3):
            assert await editor.diagnostics(cells[other]) == []

        hover = await editor.client.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(cells[3]), types.Position(0, 8))
        )
        assert "GT201" in hover.contents.value

        edit(editor, uri, cells[2], "np.sqrt", "tf.sqrt")
        assert await editor.diagnostics(cells[2]) == []
        edit(editor, uri, cells[2], "tf.sqrt", "np.sqrt")
        assert len(await editor.diagnostics(cells[2])) == 1

        closing = [types.TextDocumentIdentifier(cell) for cell in cells]
        identifier = types.NotebookDocumentIdentifier(uri)
        editor.client.notebook_document_did_close(types.DidCloseNotebookDocumentParams(identifier, closing))
        await editor.until(lambda: {one.uri for one in editor.published if one.version is None} == set(cells))


async def test_cells_come_go_and_move(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri, cells = open_notebook(editor, tmp_path / "study.ipynb", CELLS)
        assert len(await editor.diagnostics(cells[2])) == 1

        # A cell above it moves nothing within the cell.
        above = f"{cells[0]}-above"
        editor.texts[above], editor.versions[above] = "# a heading\n\n", 1
        structure = types.NotebookDocumentCellChangeStructure(
            types.NotebookCellArrayChange(0, 0, [types.NotebookCell(types.NotebookCellKind.Code, above)]),
            did_open=[types.TextDocumentItem(above, "python", 1, editor.texts[above])],
        )
        editor.published.clear()
        change(editor, uri, types.NotebookDocumentCellChanges(structure=structure))
        edit(editor, uri, cells[2], "    loss", "    # the loss\n    loss")
        (found,) = await editor.diagnostics(cells[2])
        assert found.range.start == types.Position(2, 21)

        # Without the cell that asks for the gradient nothing is lost.
        removal = types.NotebookDocumentCellChangeStructure(
            types.NotebookCellArrayChange(4, 1), did_close=[types.TextDocumentIdentifier(cells[3])]
        )
        change(editor, uri, types.NotebookDocumentCellChanges(structure=removal))
        assert await editor.diagnostics(cells[2], count=0) == []


async def test_a_cell_that_is_not_python_leaves_the_others(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        _, cells = open_notebook(editor, tmp_path / "study.ipynb", [*CELLS, "def broken(:\n"])
        (found,) = await editor.diagnostics(cells[4])
        assert found.code == "syntax-error"
        assert [one.code for one in await editor.diagnostics(cells[2])] == ["GT201"]


async def test_pull_brings_the_other_cells_along(tmp_path: Path) -> None:
    async with session(tmp_path, able=capabilities(pull=True)) as editor:
        _, cells = open_notebook(editor, tmp_path / "study.ipynb", CELLS)
        report = await editor.pull(cells[3])
        assert list(report.items) == []
        assert [found.code for found in report.related_documents[cells[2]].items] == ["GT201"]
        assert set(report.related_documents) == set(cells) - {cells[3]}
        assert [found.code for found in (await editor.pull(cells[2])).items] == ["GT201"]


async def test_fix_and_suppression_in_a_cell(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        _, cells = open_notebook(editor, tmp_path / "study.ipynb", CELLS)
        await editor.diagnostics(cells[2])
        actions = await editor.actions(cells[2], 1)
        suppress = await editor.resolve(actions["Ignore GT201 on this line"])
        (changed,) = suppress.edit.document_changes
        assert changed.text_document.uri == cells[2]
        assert changed.edits[0].new_text.rstrip().endswith("# gradlint: ignore[GT201]")
        (preferred,) = [one for one in actions.values() if getattr(one, "is_preferred", False)]
        (changed,) = preferred.edit.document_changes
        assert changed.text_document.uri == cells[2]
