"""Settings of the project and of the editor, and how changes of them are followed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from gradlint.server.settings import Editor, parse
from tests.server.editor import Editor as Client
from tests.server.editor import capabilities, session
from tests.server.programs import BROKEN

if TYPE_CHECKING:
    from pathlib import Path

asynchronous = pytest.mark.asyncio
IGNORE = '[tool.gradlint]\nignore = ["GT201"]\n'


def changed(editor: Client, path: Path) -> None:
    """Tell of a changed file, as an editor that watches files does."""
    event = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))


@asynchronous
async def test_project_settings_are_followed(tmp_path: Path) -> None:
    config = tmp_path / "pyproject.toml"
    config.write_text(IGNORE)
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert await editor.diagnostics(uri) == []
        await editor.until(lambda: editor.registered)
        methods = {registration.method for registration in editor.registered}
        assert methods == {types.WORKSPACE_DID_CHANGE_WATCHED_FILES, types.WORKSPACE_DID_CHANGE_CONFIGURATION}
        config.write_text("[tool.gradlint.severity]\nGT201 = 'warning'\n")
        changed(editor, config)
        (found,) = await editor.diagnostics(uri, count=1)
        assert found.severity == types.DiagnosticSeverity.Warning
        config.unlink()
        changed(editor, config)
        await editor.until(
            lambda: [one.severity for one in editor.published[-1].diagnostics] == [types.DiagnosticSeverity.Error]
        )


@asynchronous
async def test_project_settings_are_followed_without_a_watcher(tmp_path: Path) -> None:
    async with session(tmp_path, able=types.ClientCapabilities()) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert len(await editor.diagnostics(uri)) == 1
        (tmp_path / "pyproject.toml").write_text(IGNORE)
        editor.edit(uri, "import numpy", "# edited\nimport numpy")
        assert await editor.diagnostics(uri) == []


@asynchronous
async def test_each_folder_has_its_own(tmp_path: Path) -> None:
    quiet, loud = tmp_path / "quiet", tmp_path / "loud"
    for folder in (quiet, loud):
        folder.mkdir()
    (quiet / "gradlint.toml").write_text('ignore = ["numpy-call"]\n')
    async with session(quiet, loud) as editor:
        assert await editor.diagnostics(editor.open(quiet / "train.py", BROKEN)) == []
        assert len(await editor.diagnostics(editor.open(loud / "train.py", BROKEN))) == 1


@asynchronous
async def test_editor_settings(tmp_path: Path) -> None:
    async with session(tmp_path, configuration={"ignore": ["GT2"]}) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert await editor.diagnostics(uri, count=0) == []
        editor.client.set_configuration({"ignore": []}, section="gradlint")
        editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
        assert len(await editor.diagnostics(uri, count=1)) == 1
        editor.client.set_configuration({"enable": False}, section="gradlint")
        editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
        assert await editor.diagnostics(uri, count=0) == []


@asynchronous
async def test_initialization_options_and_pushed_settings(tmp_path: Path) -> None:
    able = types.ClientCapabilities()
    async with session(tmp_path, able=able, options={"settings": {"select": ["GT1"]}}) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert await editor.diagnostics(uri) == []
        pushed = {"gradlint": {"select": ["GT2"]}}
        editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=pushed))
        assert len(await editor.diagnostics(uri, count=1)) == 1


@asynchronous
async def test_wrong_settings_are_said_once_and_do_not_silence(tmp_path: Path) -> None:
    config = tmp_path / "pyproject.toml"
    config.write_text('[tool.gradlint]\nignored = ["GT201"]\n')
    async with session(tmp_path, configuration={"inlayHint": "all", "codeLens": 3}) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert len(await editor.diagnostics(uri)) == 1
        editor.edit(uri, "import numpy", "# edited\nimport numpy")
        assert len(await editor.diagnostics(uri)) == 1
        said = [message.message for message in editor.client.messages]
        await editor.until(lambda: len(editor.client.messages) >= 3)
        said = [message.message for message in editor.client.messages]
        assert any("did you mean `ignore`" in one for one in said)
        assert any("did you mean `inlayHints`" in one for one in said)
        assert any("codeLens: expected true or false" in one for one in said)
        assert len(said) == len(set(said))


@asynchronous
async def test_the_last_good_settings_hold_while_a_file_is_broken(tmp_path: Path) -> None:
    config = tmp_path / "pyproject.toml"
    config.write_text("[tool.gradlint.severity]\nGT201 = 'warning'\n")
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        (found,) = await editor.diagnostics(uri, count=1)
        assert found.severity == types.DiagnosticSeverity.Warning
        config.write_text("[tool.gradlint.severity]\nGT201 = 'warn\n")
        changed(editor, config)
        await editor.until(lambda: bool(editor.client.messages))
        said = editor.client.messages[0].message
        assert "pyproject.toml:2:" in said
        assert said.endswith("; the previous settings apply until this is fixed")
        editor.edit(uri, "import numpy", "# edited\nimport numpy")
        (found,) = await editor.diagnostics(uri, count=1)
        assert found.severity == types.DiagnosticSeverity.Warning


@asynchronous
async def test_excluded_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "gradlint.toml").write_text('extend-exclude = ["vendored"]\n')
    vendored = tmp_path / "vendored"
    vendored.mkdir()
    for folder in (tmp_path, vendored):
        (folder / "train.py").write_text(BROKEN)
    async with session(tmp_path) as editor:
        assert await editor.diagnostics(editor.open(vendored / "train.py", BROKEN)) == []
        assert len(await editor.diagnostics(editor.open(tmp_path / "train.py", BROKEN))) == 1


@asynchronous
async def test_refresh_asks_a_pulling_client_again(tmp_path: Path) -> None:
    config = tmp_path / "pyproject.toml"
    async with session(tmp_path, able=capabilities(pull=True)) as editor:
        uri = editor.open(tmp_path / "train.py", BROKEN)
        assert len((await editor.pull(uri)).items) == 1
        before = editor.refreshes.count("diagnostics")
        config.write_text(IGNORE)
        changed(editor, config)
        await editor.until(lambda: editor.refreshes.count("diagnostics") > before)
        assert list((await editor.pull(uri)).items) == []
        await asyncio.sleep(0)


def test_parse() -> None:
    editor, problems = parse({"gradlint": {"inlayHints": "all", "debounce": 0, "extendSelect": ["GT7"], "trace": None}})
    assert problems == []
    assert editor == Editor(inlay_hints="all", debounce=0, options={"extend_select": ["GT7"]})
    assert parse(None) == (Editor(), [])
    assert parse([1])[1] == ["gradlint's settings are not an object"]
    assert parse({"debounce": True, "enable": "yes"})[0] == Editor()
    assert len(parse({"debounce": True, "enable": "yes", "inlayHints": []})[1]) == 3
