"""The language server: what the client may ask for, wired to the modules that answer."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from gradlint.server import actions, commands, diagnostics, hints
from gradlint.server.documents import path_of
from gradlint.server.hover import call_at, hover
from gradlint.server.session import Server
from gradlint.server.settings import pushed
from gradlint.settings import CONFIG_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence


logger = logging.getLogger(__name__)


def create(*, trust: bool = False) -> Server:
    """A server with all its features; see :func:`gradlint.server.main` for ``trust``."""
    server = Server(trust=trust)
    _session(server)
    _workspace(server)
    _documents(server)
    _notebooks(server)
    _requests(server)
    _hints(server)
    commands.register(server)
    return server


def _registrations(server: Server) -> list[types.Registration]:
    """What the client is asked to report later."""
    registrations: list[types.Registration] = []
    if server.client.registers_watchers:
        watchers = [types.FileSystemWatcher(f"**/{name}") for name in (*CONFIG_NAMES, "setup.cfg", "*.py")]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registrations.append(types.Registration("gradlint-files", method, options))
    if server.client.registers_configuration:
        section = types.DidChangeConfigurationRegistrationOptions("gradlint")
        method = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        registrations.append(types.Registration("gradlint-settings", method, section))
    return registrations


def _session(server: Server) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.begin(params)

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        await server.pull_settings()
        registrations = _registrations(server)
        if registrations:
            try:
                await server.client_register_capability_async(types.RegistrationParams(registrations))
            except JsonRpcException as error:
                logger.warning("the client does not watch files for us: %s", error)
        server.settings_changed()

    @server.feature(types.SHUTDOWN)
    def shutdown(params: None) -> None:
        server.confirmations.close()
        server.checker.close()


def _workspace(server: Server) -> None:
    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        server.configuration.changed()
        if server.client.configures:
            await server.pull_settings()
        elif (settings := pushed(params.settings)) is not None:
            server.configuration.set_default(settings)
        server.settings_changed()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        if any(path.name in CONFIG_NAMES for change in params.changes if (path := path_of(change.uri)) is not None):
            server.configuration.changed()
            server.settings_changed()
        for change in params.changes:
            server.look_at_others(change.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        await server.pull_settings()
        server.settings_changed()


def _documents(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.look(params.text_document.uri, delay=True)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.forget(params.text_document.uri, [params.text_document.uri])
        server.look_at_others(params.text_document.uri)


def _notebooks(server: Server) -> None:
    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenNotebookDocumentParams) -> None:
        server.look(params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def changed(change: tuple[str, list[str]]) -> None:
        uri, gone = change
        server.clear(gone)
        server.look(uri, delay=True)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveNotebookDocumentParams) -> None:
        server.look(params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def closed(change: tuple[str, list[str]]) -> None:
        server.forget(*change)


def _requests(server: Server) -> None:
    @server.feature(
        types.TEXT_DOCUMENT_DIAGNOSTIC,
        types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False, identifier="gradlint"),
    )
    async def diagnostic(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        uri = params.text_document.uri
        server.asked_for(uri)
        result = await server.result(uri)
        if result is None:
            return types.RelatedFullDocumentDiagnosticReport(items=[])
        return diagnostics.report(result, uri, params.previous_result_id, server.client)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(actions.KINDS, resolve_provider=True))
    async def code_action(params: types.CodeActionParams) -> Sequence[types.CodeAction | types.Command] | None:
        result = await server.result(params.text_document.uri)
        if result is None:
            return None
        make = server.action_maker(result)
        work = partial(make.offer, params.text_document.uri, params.range, params.context.only)
        made = await server.checker.run(work)
        return made if server.client.literals else actions.as_commands(made, server.protocol.converter)

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        data = action.data if isinstance(action.data, dict) else {}
        result = await server.result(str(data.get("uri", "")))
        if result is None or result.snapshot.revision != data.get("revision"):
            return action
        return await server.checker.run(partial(server.action_maker(result).resolve, action))


def _hints(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hovered(params: types.HoverParams) -> types.Hover | None:
        uri = params.text_document.uri
        result = await server.result(uri)
        if result is None:
            return None
        rules = server.configuration.rules(result.snapshot.path)
        call = call_at(result, uri, params.position)
        picture = "" if call is None else await server.picture(result, call)
        return hover(result, uri, params.position, rules, picture)

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hint(params: types.InlayHintParams) -> list[types.InlayHint] | None:
        uri = params.text_document.uri
        result = await server.result(uri)
        if result is None:
            return None
        which = server.configuration.editor(result.snapshot.path).inlay_hints
        return hints.inlay_hints(result, uri, params.range, which)

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def code_lens(params: types.CodeLensParams) -> list[types.CodeLens] | None:
        uri = params.text_document.uri
        result = await server.result(uri)
        if result is None or not server.configuration.editor(result.snapshot.path).code_lens:
            return None
        return hints.code_lenses(result, uri)
