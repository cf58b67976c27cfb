"""The server's process with its pipes, for messages as a certain client sends them, or as none would."""

from __future__ import annotations

import json
import subprocess
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

from tests.server.editor import COMMAND, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Wire:
    """One session.

    Attributes:
        asked: The requests that the server has made of the client.
        told: The notifications that came from it.
        answer: Gives the response to a request of the server, but for its ``jsonrpc`` and ``id``; None for none.
    """

    def __init__(
        self, answer: Callable[[str, Any], dict[str, Any]] | None = None, command: Sequence[str] = COMMAND
    ) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.asked: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        self.answer = answer
        self._messages: Queue[dict[str, Any] | None] = Queue()
        self._logged: list[bytes] = []
        # As an editor does, it reads while it writes: else two full pipes would wait for each other.
        self._threads = [Thread(target=work, daemon=True) for work in (self._receive, self._log)]
        for thread in self._threads:
            thread.start()

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Any) -> None:
        """Send a JSON value with its header."""
        body = json.dumps(message).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def request(self, identity: int | str, method: str, params: Any = None) -> dict[str, Any]:
        """Send a request and wait for its response."""
        self.send({"jsonrpc": "2.0", "id": identity, "method": method, "params": params})
        return self.response(identity)

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def response(self, identity: int | str) -> dict[str, Any]:
        """Wait for the response to a request; what comes before it is noted and passed over."""
        while True:
            message = self.read()
            if message.get("id") == identity and "method" not in message:
                return message

    def read(self) -> dict[str, Any]:
        """The next message; the server's own requests are answered."""
        message = self._messages.get(timeout=PATIENCE)
        assert message is not None, "the server has closed its output"
        if "method" in message and "id" in message:
            self.asked.append(message)
            if self.answer is not None:
                answer = self.answer(message["method"], message.get("params"))
                self.send({"jsonrpc": "2.0", "id": message["id"], **answer})
        elif "method" in message:
            self.told.append(message)
        return message

    def initialize(self, **params: Any) -> dict[str, Any]:
        """Begin the session; gives what the server can do."""
        params = {"capabilities": {}, "processId": None, "rootUri": None, **params}
        answer = self.request(1, "initialize", params)
        assert "result" in answer, answer
        self.notify("initialized", {})
        able: dict[str, Any] = answer["result"]["capabilities"]
        return able

    def open(self, uri: str, text: str, language: str = "python", version: int = 1) -> list[Any]:
        """Open a document and wait for its diagnostics."""
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return self.published(uri)

    def change(self, uri: str, version: int | None, *changes: dict[str, Any]) -> None:
        """Tell of edits of a document."""
        identifier = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": changes})

    def published(self, uri: str, version: int | None = None) -> list[Any]:
        """Wait for the diagnostics of a document that are published next, or of the version that is named."""
        while True:
            message = self.read()
            if message.get("method") != "textDocument/publishDiagnostics":
                continue
            params = message["params"]
            if params["uri"] == uri and version in (None, params.get("version")):
                found: list[Any] = params["diagnostics"]
                return found

    def finish(self) -> int:
        """End the session as the protocol asks; gives the exit status."""
        assert self.request(99, "shutdown")["result"] is None
        self.notify("exit")
        return self.process.wait(30)

    def close(self) -> str:
        """Take the pipes away; gives what the server has logged."""
        self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return b"".join(self._logged).decode()

    def _receive(self) -> None:
        assert self.process.stdout is not None
        while True:
            length = 0
            while (line := self.process.stdout.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                self._messages.put(None)
                return
            self._messages.put(json.loads(self.process.stdout.read(length)))

    def _log(self) -> None:
        assert self.process.stderr is not None
        self._logged.extend(self.process.stderr)
