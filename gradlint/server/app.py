"""The language server: what the client may ask for, wired to the modules that answer."""

from __future__ import annotations

import asyncio
import gc
import logging
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote
from uuid import uuid4

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter
from pygls.uris import from_fs_path

from gradlint import __version__, checking
from gradlint.confirm import ConfirmUnavailable
from gradlint.documentation import page
from gradlint.server import actions, diagnostics, hints, pictures, programs
from gradlint.server.checker import Checker
from gradlint.server.client import Client
from gradlint.server.configuration import Configuration
from gradlint.server.confirm import Confirmations, chosen
from gradlint.server.documents import path_of
from gradlint.server.hover import call_at, hover
from gradlint.server.protocol import Protocol
from gradlint.server.settings import pushed
from gradlint.settings import CONFIG_NAMES, SettingsError
from gradlint.sources.project import ROOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.finding import Confirmation, Finding
    from gradlint.rule import Rule
    from gradlint.server.documents import Documents, Snapshot
    from gradlint.server.results import Call, Result
    from gradlint.sources.source import Source

logger = logging.getLogger(__name__)

FIX_ALL = "gradlint.fixAll"
"""The command that applies every safe fix of a document; takes its URI."""

NOTEBOOKS = types.NotebookDocumentSyncOptions(
    notebook_selector=[
        types.NotebookDocumentFilterWithNotebook(
            notebook=types.NotebookDocumentFilterNotebookType(notebook_type="jupyter-notebook"),
            cells=[types.NotebookCellLanguage(language="python")],
        )
    ],
    save=True,
)


class Server(LanguageServer):
    """One session with one client."""

    protocol: Protocol

    def __init__(self, *, trust: bool = False) -> None:
        super().__init__(
            "gradlint",
            __version__,
            types.TextDocumentSyncKind.Incremental,
            NOTEBOOKS,
            protocol_cls=Protocol,
            converter_factory=default_converter,
        )
        self.client = Client()
        self.configuration = Configuration(self.complain, trust=trust)
        self.confirmations = Confirmations()
        self.checker = Checker(self.documents, self._compute, self._deliver)
        self.pictures = pictures.Pictures()
        self.published: dict[str, list[types.Diagnostic]] = {}
        self.asked: set[str] = set()

    @property
    def documents(self) -> Documents:
        """What the client has open."""
        return self.protocol.documents

    def report_server_error(self, error: Exception, source: object) -> None:
        """Note what went wrong; the client is not bothered with it, since it can do nothing about it."""
        logger.warning("%s: %s", getattr(source, "__name__", source), error or type(error).__name__)

    def complain(self, problem: str) -> None:
        """Tell the user of settings that cannot be used; may be called from any thread."""
        logger.warning("%s", problem)
        message = types.ShowMessageParams(types.MessageType.Warning, f"gradlint: {problem}")
        self.loop.call_soon_threadsafe(self.window_show_message, message)

    def begin(self, params: types.InitializeParams) -> None:
        """Learn what the client is and wants; the session's event loop is running by now."""
        self.loop = asyncio.get_running_loop()
        self.client = Client.of(params.capabilities)
        self.documents.encoding = types.PositionEncodingKind(self.workspace.position_encoding)
        self.configuration.begin(params.initialization_options)
        if gc.isenabled():
            # The checker collects when nobody types.
            gc.disable()
            self.checker.begin(programs.warm_up)

    def look(self, uri: str, *, delay: bool = False) -> None:
        """Look at the document or notebook that a URI belongs to, at once or when it has rested."""
        unit = self.documents.unit(uri)
        if unit is not None:
            debounce = self.configuration.editor(path_of(unit)).debounce
            self.checker.changed(unit, debounce / 1000 if delay else 0)
        self.look_at_others(uri, delay=delay)

    def look_at_others(self, uri: str, *, delay: bool = False) -> None:
        """Look anew at the documents that import the file of a URI, which has changed."""
        path = path_of(uri)
        if path is not None and (path.suffix == ".py" or path.name in ROOTS):
            debounce = self.configuration.editor(path).debounce
            if self.checker.others_changed(uri, str(path), debounce / 1000 if delay else 0):
                self.refresh()

    async def result(self, uri: str) -> Result | None:
        """The result for a document, cell or notebook in its present state, with the verdicts on it."""
        unit = self.documents.unit(uri)
        result = None if unit is None else await self.checker.result(unit)
        return None if result is None else self.confirmations.apply(result)

    async def picture(self, result: Result, call: Call) -> str:
        """A gradient call of a result drawn, as Markdown."""
        settings = self.configuration.settings(result.snapshot.path)
        drawing = await self.checker.run(lambda: self.pictures.of(result, call, settings))
        return "" if drawing is None else pictures.markdown(drawing, images=self.client.shows_images)

    def forget(self, uri: str, texts: Sequence[str]) -> None:
        """Drop a document or notebook that was closed, and clear its texts' diagnostics."""
        self.checker.forget(uri)
        self.pictures.forget(uri)
        self.confirmations.forget(uri)
        self.asked.discard(unquote(uri))
        self.clear(texts)

    def clear(self, texts: Sequence[str]) -> None:
        """Clear the diagnostics of texts that are no longer open."""
        for text in texts:
            if self.published.pop(text, None) is not None:
                self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(text, []))

    def asked_for(self, uri: str) -> None:
        """Note that the client asks for the diagnostics of a document or cell: from now on none are pushed for it.

        Many clients that ask for those of documents, VS Code's among them, never ask for those of a notebook's cells,
        so a notebook's are pushed until the first of its cells is asked for; those that were are then taken back.
        """
        unit = self.documents.unit(uri)
        if unit is not None and unquote(unit) not in self.asked:
            self.asked.add(unquote(unit))
            snapshot = self.documents.snapshot(unit)
            self.clear([text.uri for text in snapshot.texts] if snapshot is not None else [])

    def refresh(self) -> None:
        """Ask the client to ask again for what it has asked for before: the answers have changed."""
        if self.client.refreshes_diagnostics:
            self.workspace_diagnostic_refresh(None)
        if self.client.refreshes_lenses:
            self.workspace_code_lens_refresh(None)
        if self.client.refreshes_hints:
            self.workspace_inlay_hint_refresh(None)

    def settings_changed(self) -> None:
        """Look at everything anew under the settings as they are now."""
        self.checker.invalidate()
        self.refresh()

    async def pull_settings(self) -> None:
        """Ask the client for its settings, for all folders and for each."""
        if self.client.configures:
            folders = [folder for folder in self.workspace.folders.values() if path_of(folder.uri) is not None]
            items = [types.ConfigurationItem(section="gradlint")]
            items += [types.ConfigurationItem(folder.uri, "gradlint") for folder in folders]
            try:
                values = await self.workspace_configuration_async(types.ConfigurationParams(items))
            except JsonRpcException as error:
                logger.warning("the client does not tell its settings: %s", error)
                return
            known_values = list(values) if isinstance(values, list | tuple) else []
            if known_values and known_values[0] is not None:
                self.configuration.set_default(known_values[0])
            pairs = zip(folders, known_values[1:], strict=False)
            known = [(cast("Path", path_of(folder.uri)), value) for folder, value in pairs if value is not None]
            self.configuration.set_folders(known)

    async def apply(self, edit: types.WorkspaceEdit, label: str) -> bool:
        """Let the client make an edit; False where it does not."""
        try:
            answer = await self.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, label))
        except JsonRpcException as error:
            logger.warning("the client does not make the edit: %s", error)
            return False
        return bool(answer.applied)

    def action_maker(self, result: Result) -> actions.Actions:
        """The code actions of a result."""
        snapshot = result.snapshot
        settings = self.configuration.settings(snapshot.path)

        def check(source: Source) -> Sequence[Finding]:
            return checking.check(source, settings).findings

        source = result.source
        read = partial(programs.read, path=source.path, kind=snapshot.kind, project=source.project)
        return actions.Actions(result, self.client, check, read)

    def _compute(self, snapshot: Snapshot) -> Result:
        """Look at a snapshot, in a worker thread; what fails is logged and told, and nothing is claimed then."""
        try:
            if self.configuration.lints(snapshot.path):
                texts = self.documents.python_texts()
                return programs.compute(snapshot, self.configuration.settings(snapshot.path), texts)
            return programs.nothing(snapshot)
        except Exception as error:
            logger.exception("%s: it could not be checked", snapshot.uri)
            return programs.failed(snapshot, checking.internal_problem(error))

    def _deliver(self, result: Result) -> None:
        """Publish a new result's diagnostics, unless the client asks for them itself (:meth:`asked_for`)."""
        if self.client.pulls and (result.snapshot.kind != "notebook" or unquote(result.snapshot.uri) in self.asked):
            return
        result = self.confirmations.apply(result)
        for uri, found in diagnostics.by_text(result, related=self.client.related).items():
            text = self.documents.text(uri)
            if text is None or (result.snapshot.kind == "notebook" and self.published.get(uri) == found):
                continue
            self.published[uri] = found
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, text.version))

    def deliver_again(self, result: Result) -> None:
        """Bring new verdicts on a result before the user."""
        if self.documents.revision(result.snapshot.uri) == result.snapshot.revision:
            self._deliver(result)
            self.refresh()


def create(*, trust: bool = False) -> Server:
    """A server with all its features; see :func:`gradlint.server.main` for ``trust``."""
    server = Server(trust=trust)
    _session(server)
    _workspace(server)
    _documents(server)
    _notebooks(server)
    _requests(server)
    _hints(server)
    _commands(server)
    return server


def _registrations(server: Server) -> list[types.Registration]:
    """What the client is asked to tell of later."""
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
                logger.warning("the client does not follow changes for us: %s", error)
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


def _commands(server: Server) -> None:
    @server.command(hints.CONFIRM)
    async def confirm(*arguments: Any) -> list[dict[str, Any]] | None:
        uri, key = _text(arguments, 0), _text(arguments, 1)
        result = None if uri is None else await server.result(uri)
        return None if result is None else await _confirm(server, result, key)

    @server.command(FIX_ALL)
    async def fix_all(*arguments: Any) -> bool:
        uri = _text(arguments, 0)
        result = None if uri is None else await server.result(uri)
        if result is None:
            return False
        edit = await server.checker.run(server.action_maker(result).fix_all)
        if edit is None:
            return False
        return await server.apply(edit, "Fix all with gradlint")

    @server.command(actions.APPLY)
    async def apply(*arguments: Any) -> bool:
        wanted = arguments[0] if arguments else None
        if not isinstance(wanted, dict):
            return False
        try:
            edit = server.protocol.converter.structure(wanted, types.WorkspaceEdit)
        except Exception:
            logger.warning("%s: its argument is no edit", actions.APPLY)
            return False
        return await server.apply(edit, "gradlint")

    @server.command(actions.EXPLAIN)
    async def explain(*arguments: Any) -> str | None:
        wanted = _text(arguments, 0)
        uri = _text(arguments, 1)
        rules = server.configuration.rules(None if uri is None else path_of(uri))
        rule = next((rule for rule in rules if wanted is not None and wanted in (rule.code, rule.name)), None)
        return None if rule is None else _explain(server, rule)


def _explain(server: Server, rule: Rule) -> str:
    """Show a rule's page, as a document where the client can; gives its text."""
    text = page(rule)
    if server.client.shows_documents:
        folder = Path(tempfile.mkdtemp(prefix="gradlint-"))
        file = folder / f"{rule.code}-{rule.name}.md"
        file.write_text(text, encoding="utf-8")
        shown = types.ShowDocumentParams(cast("str", from_fs_path(str(file))), take_focus=True)
        server.window_show_document(shown)
    else:
        server.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))
    return text


async def _confirm(server: Server, result: Result, key: str | None) -> list[dict[str, Any]]:
    """Run findings of a result under TensorFlow, with progress that the user can cancel."""
    findings = chosen(result, key)
    if not findings:
        return []
    if server.configuration.restricted:
        told = "gradlint: findings are not run with TensorFlow in a workspace that is not trusted"
        server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, told))
        return []
    token = await _progress(server, len(findings))
    cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if token is not None:
        server.work_done_progress.tokens[token].add_done_callback(
            lambda _: server.loop.call_soon_threadsafe(_finish, cancelled)
        )
    verdicts: list[dict[str, Any]] = []

    def each(finding: Finding, confirmation: Confirmation) -> None:
        verdicts.append({"code": finding.code, "status": confirmation.status, "detail": confirmation.detail})
        server.confirmations.add(result, finding, confirmation)
        server.deliver_again(result)
        if token is not None:
            done = len(verdicts)
            message = f"{done} of {len(findings)}: {finding.code} {confirmation.status}"
            report = types.WorkDoneProgressReport(message=message, percentage=100 * done // len(findings))
            server.work_done_progress.report(token, report)

    summary = "cancelled"
    try:
        settings = server.configuration.settings(result.snapshot.path)
        await server.confirmations.run(result, findings, settings, each, cancelled)
        summary = _summary(verdicts, len(findings))
    except (ConfirmUnavailable, SettingsError) as error:
        summary = str(error)
        server.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"gradlint: {error}"))
    finally:
        if token is not None:
            server.work_done_progress.end(token, types.WorkDoneProgressEnd(message=summary))
            server.work_done_progress.tokens.pop(token, None)
    return verdicts


async def _progress(server: Server, count: int) -> str | None:
    """Begin a progress report that can be cancelled; None where the client shows none."""
    if not server.client.shows_progress:
        return None
    token = f"gradlint-{uuid4()}"
    await server.work_done_progress.create_async(token)
    title = "Confirming with TensorFlow"
    message = f"{count} finding{'s' if count != 1 else ''}"
    begin = types.WorkDoneProgressBegin(title=title, cancellable=True, message=message, percentage=0)
    server.work_done_progress.begin(token, begin)
    return token


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _summary(verdicts: list[dict[str, Any]], count: int) -> str:
    said = [verdict["status"] for verdict in verdicts]
    parts = [f"{said.count(status)} {status}" for status in ("confirmed", "refuted", "inconclusive") if status in said]
    left = count - len(said)
    return ", ".join([*parts, f"{left} not run"] if left else parts)


def _text(arguments: tuple[Any, ...], index: int) -> str | None:
    """An argument of a command where it is a text, since a client may send anything."""
    value = arguments[index] if index < len(arguments) else None
    return value if isinstance(value, str) else None
