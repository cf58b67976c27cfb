"""The language server's state: the documents, what is known of each, and what is sent unasked."""

from __future__ import annotations

import asyncio
import gc
import logging
from functools import partial
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from gradlint import __version__, checking
from gradlint.server import actions, diagnostics, pictures, programs
from gradlint.server.checker import Checker
from gradlint.server.client import Client
from gradlint.server.configuration import Configuration
from gradlint.server.confirm import Confirmations
from gradlint.server.documents import path_of
from gradlint.server.memories import Memories
from gradlint.server.protocol import Protocol
from gradlint.sources.project import ROOTS, stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gradlint.finding import Finding
    from gradlint.server.documents import Documents, Snapshot
    from gradlint.server.results import Call, Result
    from gradlint.sources.source import Source

logger = logging.getLogger(__name__)

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
        self.memories = Memories()
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
            if self.checker.others_changed(uri, str(path), self._held(uri, path), debounce / 1000 if delay else 0):
                self.refresh()

    def _held(self, uri: str, path: Path) -> str | None:
        """What a file holds: in the editor where it is open, else on the disk; None where there is none."""
        text = self.documents.text(uri)
        return text.content if text is not None and text.language == "python" else stored(str(path))

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
        self.memories.forget(uri)
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
                logger.warning("the client does not provide its settings: %s", error)
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
            logger.warning("the client does not apply the edit: %s", error)
            return False
        return bool(answer.applied)

    def action_maker(self, result: Result) -> actions.Actions:
        """The code actions of a result."""
        snapshot = result.snapshot
        settings = self.configuration.settings(snapshot.path)

        def check(source: Source) -> Sequence[Finding]:
            return checking.check(source, settings).findings

        def find(source: Source) -> Sequence[Finding]:
            return checking.check(source, settings, fixed=()).findings

        source = result.source
        read = partial(programs.read, path=source.path, kind=snapshot.kind, project=source.project)
        return actions.Actions(result, self.client, check, find, read)

    def _compute(self, snapshot: Snapshot) -> Result:
        """Look at a snapshot, in a worker thread; what fails is logged and shown, and nothing is claimed then."""
        try:
            if self.configuration.lints(snapshot.path):
                texts = self.documents.python_texts()
                settings = self.configuration.settings(snapshot.path)
                return programs.compute(snapshot, settings, texts, self.memories)
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
