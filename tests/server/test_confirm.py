"""Findings judged by the real TensorFlow, beside the editor's other requests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from tests.server.editor import session
from tests.server.programs import BROKEN

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio


async def test_the_verdict_joins_the_diagnostic_and_goes_with_the_text(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert len(await editor.diagnostics(uri)) == 1
        params = types.CodeLensParams(types.TextDocumentIdentifier(uri))
        (lens,) = await editor.client.text_document_code_lens_async(params)

        running = asyncio.ensure_future(editor.command(lens.command.command, *lens.command.arguments))
        await editor.until(lambda: any(editor.client.progress_reports.values()))
        hover = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(10, 13))
        assert await editor.client.text_document_hover_async(hover) is not None
        assert not running.done()

        async with asyncio.timeout(120):
            (verdict,) = await running
        assert (verdict["code"], verdict["status"]) == ("GT201", "confirmed")
        (found,) = await editor.diagnostics(uri)
        assert "\nTensorFlow 2." in found.message
        assert "confirmed" in found.message
        (lens,) = await editor.client.text_document_code_lens_async(params)
        assert lens.command.title == "GT201: confirmed by TensorFlow"
        assert "lenses" in editor.refreshes

        (reports,) = editor.client.progress_reports.values()
        assert [report.kind for report in reports] == ["begin", "report", "end"]
        assert reports[0].cancellable
        assert reports[-1].message == "1 confirmed"

        editor.edit(uri, "import numpy", "# edited\nimport numpy")
        (found,) = await editor.diagnostics(uri)
        assert "confirmed" not in found.message


@pytest.mark.sweep(every=3)
async def test_cancellation(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        await editor.diagnostics(uri)
        running = asyncio.ensure_future(editor.command("gradlint.confirm", uri))
        await editor.until(lambda: any(editor.client.progress_reports.values()))
        (token,) = editor.client.progress_reports
        editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
        assert await running == []
        (reports,) = editor.client.progress_reports.values()
        assert (reports[-1].kind, reports[-1].message) == ("end", "1 not run")
        # The next one begins anew.
        async with asyncio.timeout(120):
            (verdict,) = await editor.command("gradlint.confirm", uri)
        assert verdict["status"] == "confirmed"


async def test_shutdown_ends_what_runs(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        await editor.diagnostics(uri)
        running = asyncio.ensure_future(editor.command("gradlint.confirm", uri))
        await editor.until(lambda: any(editor.client.progress_reports.values()))
    running.cancel()


async def test_commands_with_nonsense_for_arguments(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert await editor.command("gradlint.confirm") is None
        assert await editor.command("gradlint.confirm", 7, {"a": 1}) is None
        assert await editor.command("gradlint.confirm", "file:///not/open.py") is None
        assert list(await editor.command("gradlint.confirm", uri, "GT999::1:1")) == []
