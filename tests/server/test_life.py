"""A whole editing life over real standard input and output, for documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from tests.server.editor import capabilities, session
from tests.server.programs import BROKEN, FIXED

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio


async def test_life(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", FIXED)
        assert await editor.diagnostics(uri) == []

        editor.edit(uri, "tf.sqrt", "np.sqrt")
        (found,) = await editor.diagnostics(uri)
        assert found.code == "GT201"
        assert found.source == "gradlint"
        assert found.severity == types.DiagnosticSeverity.Error
        assert found.code_description is not None
        assert found.code_description.href.endswith("/GT201.md")
        assert found.range == types.Range(types.Position(7, 11), types.Position(7, 25))
        assert found.related_information
        assert any(note.location.range.start.line == 10 for note in found.related_information)

        editor.edit(uri, "import numpy", "# the root is NumPy's\nimport numpy")
        (found,) = await editor.diagnostics(uri)
        assert found.range.start.line == 8

        actions = await editor.actions(uri, 8)
        (preferred,) = [one for one in actions.values() if getattr(one, "is_preferred", False)]
        assert preferred.diagnostics == (found,)
        editor.apply(preferred.edit)
        assert await editor.diagnostics(uri) == []
        assert editor.texts[uri] == "# the root is NumPy's\n" + FIXED

        editor.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))
        editor.close(uri)
        renamed = editor.open(tmp_path / "renamed.py", BROKEN)
        (found,) = await editor.diagnostics(renamed)
        assert all(note.location.uri == renamed for note in found.related_information or ())
        editor.close(renamed)
        await editor.until(lambda: editor.published[-1].uri == renamed and not editor.published[-1].diagnostics)


async def test_clean_programs_stay_clean_through_every_keystroke(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", FIXED)
        assert await editor.diagnostics(uri) == []
        for character in "\n# it works":
            editor.replace(uri, editor.texts[uri] + character)
            assert await editor.diagnostics(uri) == []


async def test_pull(tmp_path: Path) -> None:
    async with session(tmp_path, able=capabilities(pull=True)) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        report = await editor.pull(uri)
        assert report.kind == "full"
        assert [found.code for found in report.items] == ["GT201"]
        again = await editor.pull(uri, report.result_id)
        assert (again.kind, again.result_id) == ("unchanged", report.result_id)
        editor.edit(uri, "np.sqrt", "tf.sqrt")
        after = await editor.pull(uri, report.result_id)
        assert (after.kind, list(after.items)) == ("full", [])
        assert not editor.published
        nothing = await editor.pull((tmp_path / "never_opened.py").as_uri())
        assert list(nothing.items) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_position_encodings(tmp_path: Path, encoding: str) -> None:
    text = BROKEN.replace("    root = np.sqrt(w * x)", '    é = "😀"; root = np.sqrt(w * x)')
    start = {"utf-8": 17, "utf-16": 14, "utf-32": 13}[encoding] + len("root = ")
    async with session(tmp_path, able=capabilities(encodings=[encoding])) as editor:
        assert editor.result.capabilities.position_encoding == encoding
        uri = editor.open(tmp_path / "train.py", text)
        (found,) = await editor.diagnostics(uri)
        assert found.range == types.Range(types.Position(7, start), types.Position(7, start + len("np.sqrt(w * x)")))
        span = types.Range(found.range.start, types.Position(7, start + len("np.sqrt")))
        editor.versions[uri] += 1
        change = types.TextDocumentContentChangePartial(span, "tf.sqrt")
        identifier = types.VersionedTextDocumentIdentifier(editor.versions[uri], uri)
        editor.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        assert await editor.diagnostics(uri) == []


async def test_utf_16_where_the_client_says_nothing(tmp_path: Path) -> None:
    async with session(tmp_path, able=types.ClientCapabilities()) as editor:
        assert editor.result.capabilities.position_encoding == "utf-16"
        uri = editor.open(tmp_path / "train.py", BROKEN)
        (found,) = await editor.diagnostics(uri)
        assert found.related_information is None


async def test_lines_end_where_the_protocol_says(tmp_path: Path) -> None:
    """A form feed and a Unicode separator end no line, neither for edits nor for diagnostics."""
    text = FIXED.replace("\nwith", "\n# page \x0c\x0b two \u2028 still\x85 here\nwith").replace("\n", "\r\n")
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", text)
        assert await editor.diagnostics(uri) == []
        editor.edit(uri, "tf.sqrt", "np.sqrt")
        (found,) = await editor.diagnostics(uri)
        assert found.range == types.Range(types.Position(8, 11), types.Position(8, 25))


async def test_markdown_and_other_languages(tmp_path: Path) -> None:
    page = f"# Guide\n\n```python\n{BROKEN}```\n"
    async with session(tmp_path) as editor:
        guide = editor.open(tmp_path / "guide.md", page, "markdown")
        (found,) = await editor.diagnostics(guide)
        assert found.range.start == types.Position(10, 11)
        other = editor.open(tmp_path / "train.rs", BROKEN, "rust")
        # A notebook as some editors send it: all cells as one Python document that has the notebook's name.
        virtual = editor.open(tmp_path / "study.ipynb", BROKEN)
        assert [found.code for found in await editor.diagnostics(virtual)] == ["GT201"]
        untitled = editor.open("untitled:Untitled-1", BROKEN)
        assert [found.code for found in await editor.diagnostics(untitled)] == ["GT201"]
        assert all(params.uri != other for params in editor.published)


async def test_syntax_errors_are_said_at_their_place(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert len(await editor.diagnostics(uri)) == 1
        editor.edit(uri, "loss, w)", "loss, w")
        (found,) = await editor.diagnostics(uri)
        assert found.code == "syntax-error"
        assert found.range.start.line == 10
        editor.edit(uri, "loss, w", "loss, w)")
        assert [found.code for found in await editor.diagnostics(uri)] == ["GT201"]
