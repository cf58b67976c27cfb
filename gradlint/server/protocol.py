"""The protocol's bookkeeping: documents kept by :mod:`gradlint.server.documents`, and an answer to whatever comes.

Every request gets a response, also one that cannot be read, comes too early or comes too late; a message that makes
no sense is logged and passed over.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

from gradlint.server.documents import Documents

if TYPE_CHECKING:
    from collections.abc import Generator

    from cattrs import Converter
    from pygls.lsp.server import LanguageServer


logger = logging.getLogger(__name__)


class Protocol(LanguageServerProtocol):
    """The language server's side of the protocol."""

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        super().__init__(server, converter)
        self.converter = converter
        self.documents = Documents()
        self.initialized = False
        self.stopped = False

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Make a typed message of a JSON object; a request that cannot be made one is answered with the error.

        Raises:
            JsonRpcException: If the message's parameters are not what its method takes.
        """
        if data.get("method") in (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE):
            _number(data.get("params"))
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if data.get("method") == types.INITIALIZE and (params := self._readable(data.get("params"))) is not None:
                return super().structure_message({**data, "params": params})
            if "method" not in data and data.get("id") in self._request_futures:
                # Whoever waits for the answer must not wait for ever.
                unread = {"code": types.ErrorCodes.InvalidParams.value, "message": "the answer cannot be read"}
                return super().structure_message({"jsonrpc": "2.0", "id": data["id"], "error": unread})
            if isinstance(data.get("id"), int | str) and "method" in data:
                self._refuse(
                    data["id"], types.ErrorCodes.InvalidParams, f"{data['method']}: the parameters cannot be read"
                )
            raise error from None

    def handle_message(self, message: Any) -> None:
        """Hand a message to its handler, unless the session has not begun or is over.

        It may begin again: the pages of a JupyterLab share one server, and each of them begins a session of its own.
        """
        method = getattr(message, "method", None)
        if method is None or method == types.EXIT:
            super().handle_message(message)
        elif self.stopped:
            self._refuse(getattr(message, "id", None), types.ErrorCodes.InvalidRequest, "the server is shutting down")
        elif not self.initialized and method != types.INITIALIZE:
            code = types.ErrorCodes.ServerNotInitialized
            self._refuse(getattr(message, "id", None), code, f"{method}: not at this point of the session")
        else:
            self.initialized = True
            self.stopped = method == types.SHUTDOWN
            super().handle_message(message)

    def _readable(self, params: Any) -> dict[str, Any] | None:
        """What can be read of the parameters of ``initialize``; None where that is nothing.

        A client that says something odd of what gradlint does not even use is served for all that.
        """
        if not isinstance(params, dict):
            return None
        empty: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}

        def reads(part: dict[str, Any]) -> bool:
            try:
                self.converter.structure({**empty, **part}, types.InitializeParams)
            except Exception:
                logger.warning("initialize: this cannot be read: %s", part)
                return False
            return True

        able: dict[str, Any] = {}
        capabilities = params.get("capabilities")
        for group, features in (capabilities if isinstance(capabilities, dict) else {}).items():
            if isinstance(features, dict):
                able[group] = {
                    name: value for name, value in features.items() if reads({"capabilities": {group: {name: value}}})
                }
        others = {name: value for name, value in params.items() if name != "capabilities"}
        return {
            **empty,
            **{name: value for name, value in others.items() if reads({name: value})},
            "capabilities": able,
        }

    def _refuse(self, request: int | str | None, code: types.ErrorCodes, message: str) -> None:
        if request is not None:
            self._send_response(request, error=types.ResponseError(code=code, message=message))

    def _then(self, method: str, params: Any) -> Generator[Any, Any, None]:
        handler = self.fm.features.get(method)
        if handler is not None:
            yield handler, (params,), None

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:
        """The session is over: whatever is still asked for is cancelled."""
        # pygls does so as well, but over a table that shrinks with the first request that ends by it.
        for request, future in list(self._request_futures.items()):
            if request != self.msg_id:
                future.cancel()
        return (yield from super().lsp_shutdown(*args))

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Generator[Any, Any, None]:
        """A document was opened."""
        self.documents.open(params.text_document)
        yield from self._then(types.TEXT_DOCUMENT_DID_OPEN, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Generator[Any, Any, None]:
        """A document was edited."""
        self.documents.change(params.text_document, params.content_changes)
        yield from self._then(types.TEXT_DOCUMENT_DID_CHANGE, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Generator[Any, Any, None]:
        """A document was closed."""
        self.documents.close(params.text_document.uri)
        yield from self._then(types.TEXT_DOCUMENT_DID_CLOSE, params)

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def lsp_notebook_document__did_open(self, params: types.DidOpenNotebookDocumentParams) -> Generator[Any, Any, None]:
        """A notebook was opened."""
        self.documents.open_notebook(params)
        yield from self._then(types.NOTEBOOK_DOCUMENT_DID_OPEN, params)

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(
        self, params: types.DidChangeNotebookDocumentParams
    ) -> Generator[Any, Any, None]:
        """A notebook's cells were edited or moved about."""
        gone = self.documents.change_notebook(params)
        yield from self._then(types.NOTEBOOK_DOCUMENT_DID_CHANGE, (params.notebook_document.uri, gone))

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def lsp_notebook_document__did_close(
        self, params: types.DidCloseNotebookDocumentParams
    ) -> Generator[Any, Any, None]:
        """A notebook was closed."""
        gone = self.documents.close_notebook(params)
        yield from self._then(types.NOTEBOOK_DOCUMENT_DID_CLOSE, (params.notebook_document.uri, gone))


def _number(params: Any) -> None:
    """Give a document a version where the client gives none: it may be null in old versions of the protocol."""
    document = params.get("textDocument") if isinstance(params, dict) else None
    if isinstance(document, dict) and document.get("version") is None:
        document["version"] = 0
