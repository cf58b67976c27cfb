"""An editor for the tests: a real client that speaks to the real server over standard input and output."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, LanguageClient, register_lsp_features

COMMAND = (sys.executable, "-m", "gradlint", "server")
PATIENCE = 120.0


def capabilities(
    *, pull: bool = False, encodings: list[str] | None = None, eager: bool = False
) -> types.ClientCapabilities:
    """What a modern editor can do.

    Args:
        pull: Whether it asks for diagnostics.
        encodings: The position encodings that it knows, its favourite first.
        eager: Whether it wants code actions with their edits at once.
    """
    resolve = types.ClientCodeActionResolveOptions(properties=["edit"])
    literals = types.ClientCodeActionLiteralOptions(types.ClientCodeActionKindOptions(list(types.CodeActionKind)))
    return types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=encodings),
        text_document=types.TextDocumentClientCapabilities(
            publish_diagnostics=types.PublishDiagnosticsClientCapabilities(related_information=True),
            diagnostic=types.DiagnosticClientCapabilities(related_document_support=True) if pull else None,
            code_action=types.CodeActionClientCapabilities(
                code_action_literal_support=literals, resolve_support=None if eager else resolve
            ),
        ),
        notebook_document=types.NotebookDocumentClientCapabilities(types.NotebookDocumentSyncClientCapabilities()),
        window=types.WindowClientCapabilities(
            work_done_progress=True, show_document=types.ShowDocumentClientCapabilities(support=True)
        ),
        workspace=types.WorkspaceClientCapabilities(
            configuration=True,
            did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
            did_change_configuration=types.DidChangeConfigurationClientCapabilities(dynamic_registration=True),
            workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
            diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True) if pull else None,
            code_lens=types.CodeLensWorkspaceClientCapabilities(refresh_support=True),
            inlay_hint=types.InlayHintWorkspaceClientCapabilities(refresh_support=True),
        ),
    )


@dataclass
class Editor:
    """A client with its open documents."""

    client: LanguageClient
    texts: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    published: list[types.PublishDiagnosticsParams] = field(default_factory=list)
    registered: list[types.Registration] = field(default_factory=list)
    edits: list[types.WorkspaceEdit] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    refreshes: list[str] = field(default_factory=list)
    result: types.InitializeResult | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.client._server.pid

    def open(self, path: Path | str, text: str, language: str = "python") -> str:
        """Open a document; gives its URI."""
        uri = path.as_uri() if isinstance(path, Path) else path
        self.texts[uri], self.versions[uri] = text, 1
        item = types.TextDocumentItem(uri, language, 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def close(self, uri: str) -> None:
        """Close a document."""
        del self.texts[uri], self.versions[uri]
        identifier = types.TextDocumentIdentifier(uri)
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))

    def replace(self, uri: str, text: str) -> int:
        """Replace a document's whole text; gives its new version."""
        self.texts[uri] = text
        return self._change(uri, [types.TextDocumentContentChangeWholeDocument(text)])

    def edit(self, uri: str, old: str, new: str) -> int:
        """Replace the first occurrence of a text, as an edit of that place alone (ASCII before it on its line)."""
        before, _, _ = self.texts[uri].partition(old)
        self.texts[uri] = self.texts[uri].replace(old, new, 1)
        start, end = place(before), place(before + old)
        return self._change(uri, [types.TextDocumentContentChangePartial(types.Range(start, end), new)])

    def _change(self, uri: str, changes: list[types.TextDocumentContentChangeEvent]) -> int:
        self.versions[uri] += 1
        identifier = types.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, changes))
        return self.versions[uri]

    def apply(self, edit: types.WorkspaceEdit) -> None:
        """Apply an edit as an editor does: only to the version that it names, from the end to the beginning."""
        for change in edit.document_changes or ():
            assert isinstance(change, types.TextDocumentEdit)
            assert change.text_document.version == self.versions[change.text_document.uri]
            self.apply_all(change.text_document.uri, change.edits)

    def apply_all(self, uri: str, edits: Any) -> None:
        """Apply edits to one document (ASCII)."""
        text = self.texts[uri]
        for one in sorted(edits, key=lambda one: (one.range.start.line, one.range.start.character), reverse=True):
            text = text[: offset(text, one.range.start)] + one.new_text + text[offset(text, one.range.end) :]
        self.replace(uri, text)

    async def diagnostics(
        self, uri: str, version: int | None = None, count: int | None = None
    ) -> list[types.Diagnostic]:
        """Wait for what is published of a document's present version, or of the version that is named.

        Args:
            uri: The document.
            version: The version to wait for.
            count: Wait until there are so many, as where settings change and the text does not.
        """
        wanted = self.versions.get(uri) if version is None else version

        def found() -> list[types.Diagnostic] | None:
            for params in reversed(self.published):
                if params.uri == uri:
                    done = params.version == wanted and count in (None, len(params.diagnostics))
                    return list(params.diagnostics) if done else None
            return None

        await self.until(lambda: found() is not None)
        return found() or []

    async def until(self, condition: Any, patience: float = PATIENCE) -> None:
        """Wait until something holds that a message from the server brings about."""
        async with asyncio.timeout(patience):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def news(self) -> None:
        """Something came from the server."""
        self._news.set()

    async def pull(self, uri: str, previous: str | None = None) -> Any:
        """Ask for a document's diagnostics."""
        identifier = types.TextDocumentIdentifier(uri)
        params = types.DocumentDiagnosticParams(identifier, previous_result_id=previous)
        return await self.client.text_document_diagnostic_async(params)

    async def actions(
        self, uri: str, line: int, only: list[types.CodeActionKind | str] | None = None
    ) -> dict[str, types.CodeAction | types.Command]:
        """The code actions on a line (from 0), by title; lsprotocol reads one that has no edit as a command."""
        span = types.Range(types.Position(line, 0), types.Position(line, 0))
        context = types.CodeActionContext(diagnostics=[], only=only)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), span, context)
        made = await self.client.text_document_code_action_async(params)
        return {action.title: action for action in made or ()}

    async def resolve(self, action: types.CodeAction) -> types.CodeAction:
        """Ask for an action's edit."""
        return await self.client.code_action_resolve_async(action)

    async def command(self, name: str, *arguments: Any) -> Any:
        """Run a command of the server."""
        return await self.client.workspace_execute_command_async(types.ExecuteCommandParams(name, list(arguments)))

    def resident(self) -> int:
        """The server's resident memory in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmRSS"))


def place(before: str) -> types.Position:
    """The position after a text."""
    return types.Position(before.count("\n"), len(before) - before.rfind("\n") - 1)


def offset(text: str, position: types.Position) -> int:
    """The offset of a position."""
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: position.line]) + position.character


def make_client() -> tuple[LanguageClient, Editor]:
    """A client that notes what the server tells and asks."""
    client = LanguageClient(converter_factory=default_converter)
    editor = Editor(client)

    def publish(client: LanguageClient, params: types.PublishDiagnosticsParams) -> None:
        editor.published.append(params)
        editor.news()

    def register(client: LanguageClient, params: types.RegistrationParams) -> None:
        editor.registered.extend(params.registrations)
        editor.news()

    def apply(client: LanguageClient, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        editor.edits.append(params.edit)
        editor.apply(params.edit)
        editor.news()
        return types.ApplyWorkspaceEditResult(applied=True)

    def show(client: LanguageClient, params: types.ShowDocumentParams) -> types.ShowDocumentResult:
        editor.shown.append(params.uri)
        editor.news()
        return types.ShowDocumentResult(success=True)

    def message(client: LanguageClient, params: types.ShowMessageParams) -> None:
        client.messages.append(params)
        editor.news()

    def progress(client: LanguageClient, params: types.ProgressParams) -> None:
        DEFAULT_CLIENT_FEATURES[types.PROGRESS](client, params)
        editor.news()

    def refreshed(name: str) -> Any:
        def refresh(client: LanguageClient, params: None) -> None:
            editor.refreshes.append(name)
            editor.news()

        return refresh

    own = {
        types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: publish,
        types.CLIENT_REGISTER_CAPABILITY: register,
        types.WORKSPACE_APPLY_EDIT: apply,
        types.WINDOW_SHOW_DOCUMENT: show,
        types.WINDOW_SHOW_MESSAGE: message,
        types.PROGRESS: progress,
        types.WORKSPACE_DIAGNOSTIC_REFRESH: refreshed("diagnostics"),
        types.WORKSPACE_CODE_LENS_REFRESH: refreshed("lenses"),
        types.WORKSPACE_INLAY_HINT_REFRESH: refreshed("hints"),
    }
    register_lsp_features(client, DEFAULT_CLIENT_FEATURES | own)
    return client, editor


@asynccontextmanager
async def session(
    *folders: Path,
    able: types.ClientCapabilities | None = None,
    options: Any = None,
    configuration: Any = None,
    environment: dict[str, str] | None = None,
) -> Any:
    """A session from the first message to the server's orderly end.

    Args:
        folders: The workspace folders.
        able: What the client can do.
        options: What it sends as initialization options.
        configuration: What it answers ``workspace/configuration`` with, in section ``gradlint``.
        environment: Variables for the server's process, beside this process's own.
    """
    client, editor = make_client()
    if configuration is not None:
        client.set_configuration(configuration, section="gradlint")
    await client.start_io(*COMMAND, env={**os.environ, **(environment or {})})
    try:
        editor.result = await client.initialize_session(
            types.InitializeParams(
                capabilities=able or capabilities(),
                initialization_options=options,
                workspace_folders=[types.WorkspaceFolder(folder.as_uri(), folder.name) for folder in folders],
            )
        )
        yield editor
        await client.shutdown_session()
        assert client._server.returncode == 0
    finally:
        if client._server.returncode is None:
            client._server.kill()
        await client.stop()
