"""Hovers, hints, lenses, code actions and commands, asked for by a real client."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree

import pytest
from lsprotocol import types

from tests.server.editor import Editor, capabilities, session
from tests.server.programs import BROKEN, FIXED

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio
EVERYTHING = types.Range(types.Position(0, 0), types.Position(1000, 0))


async def hover(editor: Editor, uri: str, line: int, character: int) -> str | None:
    """What is shown under the pointer."""
    params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
    shown = await editor.client.text_document_hover_async(params)
    return None if shown is None else shown.contents.value


async def hints(editor: Editor, uri: str) -> list[tuple[int, str]]:
    """The inlay hints with their lines."""
    params = types.InlayHintParams(types.TextDocumentIdentifier(uri), EVERYTHING)
    made = await editor.client.text_document_inlay_hint_async(params)
    return [(hint.position.line, hint.label) for hint in made or ()]


async def test_hover_on_a_gradient_call(tmp_path: Path) -> None:
    program = BROKEN.replace("tape.gradient(loss, w)", "tape.gradient(loss, [w, unheard_of])")
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", f"from elsewhere import unheard_of\n{program}")
        shown = await hover(editor, uri, 11, 15)
        assert shown is not None
        assert "**gradient** of `loss`" in shown
        assert "- `w`: **None**: `np.sqrt` returns a NumPy array" in shown
        assert "- `unheard_of`: " in shown
        assert "GT201" in shown
        assert await hover(editor, uri, 1, 3) is None
        editor.edit(uri, "np.sqrt", "tf.sqrt")
        assert "- `w`: connected" in (await hover(editor, uri, 11, 15) or "")


async def test_hover_draws_the_gradient_call_as_text_where_no_images_are_shown(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        shown = await hover(editor, uri, 10, 15)
        assert shown is not None
        picture = shown.partition("```text\n")[2].partition("\n```")[0]
        assert "✗ lost here: GT201 numpy-call" in picture
        assert "data:" not in shown
        editor.edit(uri, "np.sqrt", "tf.sqrt")
        mended = await hover(editor, uri, 10, 15) or ""
        assert "← connected" in mended
        assert "✗" not in mended


async def test_hover_draws_it_as_an_image_for_visual_studio_code(tmp_path: Path) -> None:
    client = capabilities()
    client.general = types.GeneralClientCapabilities(markdown=types.MarkdownClientCapabilities("marked", "1.1.0"))
    async with session(tmp_path, able=client) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        shown = await hover(editor, uri, 10, 15) or ""
        (data,) = re.findall(r"!\[[^]]*\]\(data:image/svg\+xml;base64,([^)]*)\)", shown)
        picture = ElementTree.fromstring(b64decode(data))
        assert "lost on line 8 (GT201 numpy-call)" in (picture.findtext("{http://www.w3.org/2000/svg}desc") or "")


async def test_hover_on_a_code_in_a_comment(tmp_path: Path) -> None:
    program = BROKEN.replace("np.sqrt(w * x)", "np.sqrt(w * x)  # gradlint: ignore[GT201, tape-reused]")
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", program)
        line = program.split("\n")[7]
        shown = await hover(editor, uri, 7, line.index("GT201") + 2)
        assert shown is not None
        assert "numpy-call" in shown.splitlines()[0]
        assert "np.mean" in shown
        other = await hover(editor, uri, 7, line.index("tape-reused") + 3)
        assert other is not None
        assert "GT401" in other


async def test_inlay_hints(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert await hints(editor, uri) == [(10, "w: None (np.sqrt, line 8)")]
        editor.edit(uri, "np.sqrt", "tf.sqrt")
        assert await hints(editor, uri) == []


@pytest.mark.parametrize(("which", "expected"), [("off", []), ("all", [(10, "w: connected")])])
async def test_inlay_hints_as_the_editor_wants_them(
    tmp_path: Path, which: str, expected: list[tuple[int, str]]
) -> None:
    async with session(tmp_path, configuration={"inlayHints": which}) as editor:
        uri = editor.open(tmp_path / "train.py", FIXED)
        await editor.diagnostics(uri)
        assert await hints(editor, uri) == expected


async def test_code_lenses(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        params = types.CodeLensParams(types.TextDocumentIdentifier(uri))
        (lens,) = await editor.client.text_document_code_lens_async(params)
        assert lens.range.start.line == 7
        assert lens.command.title == "Confirm GT201 with TensorFlow"
        assert (lens.command.command, lens.command.arguments[0]) == ("gradlint.confirm", uri)


@pytest.mark.parametrize("eager", [False, True])
async def test_suppression(tmp_path: Path, eager: bool) -> None:
    async with session(tmp_path, able=capabilities(eager=eager)) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert len(await editor.diagnostics(uri)) == 1
        action = (await editor.actions(uri, 7))["Ignore GT201 on this line"]
        assert (action.edit is not None) == eager
        editor.apply(action.edit if eager else (await editor.resolve(action)).edit)
        assert editor.texts[uri].split("\n")[7].endswith("np.sqrt(w * x)  # gradlint: ignore[GT201]")
        assert await editor.diagnostics(uri) == []


async def test_fix_all(tmp_path: Path) -> None:
    twice = BROKEN + BROKEN.replace("gradient =", "other =")
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", twice)
        assert len(await editor.diagnostics(uri)) == 2
        kind = types.CodeActionKind.SourceFixAll
        actions = await editor.actions(uri, 0, [kind])
        assert [action.kind for action in actions.values()] == ["source.fixAll.gradlint"]
        (action,) = actions.values()
        editor.apply((await editor.resolve(action)).edit)
        assert editor.texts[uri] == twice.replace("np.sqrt", "tf.sqrt")
        assert await editor.diagnostics(uri) == []
        assert await editor.actions(uri, 0, [kind]) == {}
        assert await editor.actions(uri, 0, [types.CodeActionKind.Refactor]) == {}


async def test_fix_all_as_a_command(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert await editor.command("gradlint.fixAll", uri) is True
        assert editor.texts[uri] == FIXED
        assert await editor.command("gradlint.fixAll", uri) is False


async def test_an_action_for_a_state_that_is_gone_edits_nothing(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        action = (await editor.actions(uri, 7))["Ignore GT201 on this line"]
        editor.edit(uri, "import numpy", "# edited\nimport numpy")
        assert (await editor.resolve(action)).edit is None


async def test_explain(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert "Explain GT201 (numpy-call)" in await editor.actions(uri, 7)
        text = await editor.command("gradlint.explain", "numpy-call")
        assert "np.mean" in text
        await editor.until(lambda: editor.shown)
        path = unquote(urlparse(editor.shown[0]).path)
        with open(path, encoding="utf-8") as page:
            assert page.read() == text
        assert await editor.command("gradlint.explain", "GT000") is None
        assert await editor.command("gradlint.explain", 7) is None


async def test_explain_where_the_editor_opens_no_documents(tmp_path: Path) -> None:
    async with session(tmp_path, able=types.ClientCapabilities()) as editor:
        await editor.command("gradlint.explain", "GT201")
        await editor.until(lambda: editor.client.messages)
        assert "np.mean" in editor.client.messages[0].message
