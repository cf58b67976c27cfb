"""After quick typing the client is told what a server that was never typed into tells of the same text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.server.editor import Editor, session
from tests.server.programs import long
from tests.server.test_requests import hover

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio

MARK = "    gradients_5 = "
TYPED = "    target_5 = tf.stop_gradient(target_5)\n"


async def told(editor: Editor, uri: str, text: str) -> tuple[list[tuple[Any, ...]], str | None, list[str]]:
    """The diagnostics of a text, the hover of the call below what was typed, the actions where it was lost."""
    found = [(one.code, one.message, one.range) for one in await editor.diagnostics(uri)]
    lines = text.split("\n")
    asked = next(number for number, line in enumerate(lines) if line.startswith(MARK))
    shown = await hover(editor, uri, asked, len(MARK) + 3)
    actions = await editor.actions(uri, asked - 1)
    return found, shown, list(actions)


async def test_typing_quickly_inside_a_function(tmp_path: Path) -> None:
    text = long(150)
    (tmp_path / "pyproject.toml").touch()
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "typed.py", text)
        await editor.diagnostics(uri)
        for end in range(1, len(TYPED) + 1):
            text = long(150).replace(MARK, TYPED[:end] + "\n" * (end < len(TYPED)) + MARK)
            editor.replace(uri, text)
            if end % 9 == 0:
                await editor.diagnostics(uri)
        typed = await told(editor, uri, text)
        fresh = await told(editor, editor.open(tmp_path / "fresh.py", text), text)
        assert typed == fresh
        assert [code for code, *_ in typed[0]] == ["GT201", "GT306"]
        assert any(title.startswith("Ignore") for title in typed[2])
