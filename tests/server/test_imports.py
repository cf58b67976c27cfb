"""Documents that import others: what is told of them follows what the client has open and what is stored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from tests.server.editor import Editor, capabilities, session

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio

TRAIN = """\
import tensorflow as tf
from helpers import squared

w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = tf.abs(squared(w))
g = tape.gradient(loss, w)
"""
BROKEN = "import numpy as np\n\ndef squared(w):\n    return np.square(w)\n"
FIXED = "import tensorflow as tf\n\ndef squared(w):\n    return tf.square(w)\n"


async def found(editor: Editor, uri: str, count: int) -> list[str]:
    """Wait until so many diagnostics of a document are published last; gives their codes and lines."""

    def latest() -> list[types.Diagnostic] | None:
        return next((list(one.diagnostics) for one in reversed(editor.published) if one.uri == uri), None)

    await editor.until(lambda: (known := latest()) is not None and len(known) == count)
    return [f"{one.code}:{one.range.start.line + 1}" for one in latest() or ()]


def on_disk(editor: Editor, path: Path, kind: types.FileChangeType) -> None:
    """Tell the server that a file has changed."""
    event = types.FileEvent(path.as_uri(), kind)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))


def save(editor: Editor, path: Path, text: str) -> None:
    path.write_text(text)
    identifier = types.TextDocumentIdentifier(path.as_uri())
    editor.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))


async def test_an_edit_of_a_helper_tells_in_the_file_that_imports_it(tmp_path: Path) -> None:
    path = tmp_path / "helpers.py"
    path.write_text(FIXED)
    async with session(tmp_path) as editor:
        train = editor.open(tmp_path / "train.py", TRAIN)
        assert await found(editor, train, 0) == []
        helpers = editor.open(path, FIXED)
        editor.replace(helpers, BROKEN)
        assert await found(editor, train, 1) == ["GT201:6"]
        editor.edit(helpers, "np.square(w)", "w * w")
        assert await found(editor, train, 0) == []
        editor.edit(helpers, "w * w", "np.square(w)")
        assert await found(editor, train, 1) == ["GT201:6"]
        # What is not saved is gone with the document.
        editor.close(helpers)
        assert await found(editor, train, 0) == []


async def test_saving_and_closing_a_helper_keeps_what_was_told(tmp_path: Path) -> None:
    path = tmp_path / "helpers.py"
    path.write_text(FIXED)
    async with session(tmp_path) as editor:
        train = editor.open(tmp_path / "train.py", TRAIN)
        assert await found(editor, train, 0) == []
        helpers = editor.open(path, FIXED)
        editor.replace(helpers, BROKEN)
        save(editor, path, BROKEN)
        assert await found(editor, train, 1) == ["GT201:6"]
        editor.close(helpers)
        editor.replace(train, TRAIN + "# more\n")
        assert [one.code for one in await editor.diagnostics(train)] == ["GT201"]


async def test_a_helper_that_changes_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "helpers.py"
    async with session(tmp_path) as editor:
        await editor.until(lambda: editor.registered)
        (watching,) = [one for one in editor.registered if one.method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES]
        patterns = [watcher["globPattern"] for watcher in watching.register_options["watchers"]]
        assert "**/*.py" in patterns
        train = editor.open(tmp_path / "train.py", TRAIN)
        assert await found(editor, train, 0) == []
        path.write_text(BROKEN)
        on_disk(editor, path, types.FileChangeType.Created)
        assert await found(editor, train, 1) == ["GT201:6"]
        path.write_text(FIXED)
        on_disk(editor, path, types.FileChangeType.Changed)
        assert await found(editor, train, 0) == []
        path.write_text(BROKEN)
        on_disk(editor, path, types.FileChangeType.Changed)
        assert await found(editor, train, 1) == ["GT201:6"]
        path.unlink()
        on_disk(editor, path, types.FileChangeType.Deleted)
        assert await found(editor, train, 0) == []


async def test_a_folder_that_comes_with_its_module(tmp_path: Path) -> None:
    text = TRAIN.replace("from helpers import squared", "import parts.losses").replace(
        "squared(", "parts.losses.squared("
    )
    async with session(tmp_path) as editor:
        train = editor.open(tmp_path / "train.py", text)
        assert await found(editor, train, 0) == []
        path = tmp_path / "parts" / "losses.py"
        path.parent.mkdir()
        path.write_text(BROKEN)
        on_disk(editor, path, types.FileChangeType.Created)
        assert await found(editor, train, 1) == ["GT201:6"]


async def test_what_is_open_counts_instead_of_what_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "helpers.py"
    path.write_text(BROKEN)
    async with session(tmp_path) as editor:
        helpers = editor.open(path, FIXED)
        train = editor.open(tmp_path / "train.py", TRAIN)
        assert await found(editor, train, 0) == []
        on_disk(editor, path, types.FileChangeType.Changed)
        editor.replace(train, TRAIN + "# more\n")
        assert await editor.diagnostics(train) == []
        editor.replace(helpers, BROKEN)
        assert await found(editor, train, 1) == ["GT201:6"]


async def test_a_helper_that_only_the_editor_has(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        train = editor.open(tmp_path / "train.py", TRAIN)
        assert await found(editor, train, 0) == []
        editor.open(tmp_path / "helpers.py", BROKEN)
        assert await found(editor, train, 1) == ["GT201:6"]


async def test_a_helper_of_a_helper(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text("from inner import squared\n")
    (tmp_path / "inner.py").write_text(FIXED)
    async with session(tmp_path) as editor:
        train = editor.open(tmp_path / "train.py", TRAIN)
        assert await found(editor, train, 0) == []
        inner = editor.open(tmp_path / "inner.py", FIXED)
        editor.replace(inner, BROKEN)
        assert await found(editor, train, 1) == ["GT201:6"]


async def test_edits_of_both_files_at_once_end_in_the_truth(tmp_path: Path) -> None:
    """Whatever is being looked at while the helper changes, the last state of both is what is told."""
    path = tmp_path / "helpers.py"
    path.write_text(FIXED)
    async with session(tmp_path) as editor:
        helpers = editor.open(path, FIXED)
        train = editor.open(tmp_path / "train.py", TRAIN)
        for turn in range(12):
            editor.replace(train, f"{TRAIN}# {turn}\n")
            await asyncio.sleep(0.02 * (turn % 4))
            editor.replace(helpers, BROKEN if turn % 2 else FIXED)
        assert await found(editor, train, 1) == ["GT201:6"]
        editor.replace(helpers, FIXED)
        assert await found(editor, train, 0) == []


async def test_pull(tmp_path: Path) -> None:
    path = tmp_path / "helpers.py"
    path.write_text(FIXED)
    async with session(tmp_path, able=capabilities(pull=True)) as editor:
        assert editor.result is not None
        options = editor.result.capabilities.diagnostic_provider
        assert options is not None
        assert options.inter_file_dependencies
        train = editor.open(tmp_path / "train.py", TRAIN)
        first = await editor.pull(train)
        assert list(first.items) == []
        helpers = editor.open(path, FIXED)
        asked = len(editor.refreshes)
        editor.replace(helpers, BROKEN)
        await editor.until(lambda: "diagnostics" in editor.refreshes[asked:])
        second = await editor.pull(train, first.result_id)
        assert [one.code for one in second.items] == ["GT201"]
        again = await editor.pull(train, second.result_id)
        assert again.kind == "unchanged"
        editor.close(helpers)
        assert list((await editor.pull(train, second.result_id)).items) == []
        path.write_text(BROKEN)
        on_disk(editor, path, types.FileChangeType.Changed)
        assert [one.code for one in (await editor.pull(train)).items] == ["GT201"]
        assert not editor.published


async def settled(editor: Editor) -> int:
    """How many refreshes were asked for once those of the beginning, which follow the settings, have come."""
    before = -1
    while before != len(editor.refreshes):
        before = len(editor.refreshes)
        await asyncio.sleep(1.0)
    return before


async def test_a_file_that_nothing_imports_refreshes_nothing(tmp_path: Path) -> None:
    async with session(tmp_path, able=capabilities(pull=True)) as editor:
        train = editor.open(tmp_path / "train.py", TRAIN)
        await editor.pull(train)
        other = editor.open(tmp_path / "other.py", FIXED)
        await editor.pull(other)
        asked = await settled(editor)
        editor.replace(other, BROKEN)
        await editor.pull(other)
        on_disk(editor, tmp_path / "another.py", types.FileChangeType.Created)
        await editor.pull(train)
        assert editor.refreshes[asked:] == []


async def test_the_story_leads_into_the_helper(tmp_path: Path) -> None:
    path = tmp_path / "helpers.py"
    path.write_text(BROKEN)
    async with session(tmp_path) as editor:
        train = editor.open(tmp_path / "train.py", TRAIN)
        (diagnostic,) = await editor.diagnostics(train)
        assert "helpers.py, line 4)" in diagnostic.message
        related = [
            (one.location.uri, one.location.range.start.line, one.location.range.start.character)
            for one in diagnostic.related_information or ()
        ]
        assert (path.as_uri(), 3, 11) in related
        assert (train, 6, 4) in related
        actions = await editor.actions(train, 5)
        assert [one for one in actions if "square" in one] == []


async def test_hover_names_the_helper(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text(BROKEN)
    text = TRAIN.replace("(squared(w))", "(squared(w))  # gradlint: ignore[GT201]")
    async with session(tmp_path) as editor:
        train = editor.open(tmp_path / "train.py", text)
        assert await editor.diagnostics(train) == []
        params = types.HoverParams(types.TextDocumentIdentifier(train), types.Position(6, 10))
        shown = await editor.client.text_document_hover_async(params)
        assert shown is not None
        assert "`np.square(w)`, line 4 of " in shown.contents.value
        assert "helpers.py" in shown.contents.value


async def test_a_notebook_with_a_module_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "helpers.py"
    path.write_text(FIXED)
    uri = (tmp_path / "study.ipynb").as_uri()
    sources = (TRAIN[: TRAIN.index("w = ")], TRAIN[TRAIN.index("w = ") :])
    cells = [f"{uri}#cell{number}" for number in range(len(sources))]
    document = types.NotebookDocument(
        uri, "jupyter-notebook", 1, [types.NotebookCell(types.NotebookCellKind.Code, cell) for cell in cells]
    )
    items = [types.TextDocumentItem(cell, "python", 1, text) for cell, text in zip(cells, sources, strict=True)]
    async with session(tmp_path) as editor:
        editor.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(document, items))
        assert await found(editor, cells[1], 0) == []
        helpers = editor.open(path, FIXED)
        editor.replace(helpers, BROKEN)
        assert await found(editor, cells[1], 1) == ["GT201:3"]


async def test_following_can_be_turned_off(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text(BROKEN)
    (tmp_path / "gradlint.toml").write_text("follow-imports = false\n")
    async with session(tmp_path) as editor:
        train = editor.open(tmp_path / "train.py", TRAIN)
        assert await editor.diagnostics(train) == []
