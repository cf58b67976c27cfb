"""What clients do that the protocol does not foresee, or foresees in so many ways: nothing of it stops the server."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.programs import BROKEN, CELLS, FIXED
from tests.server.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.sweep(every=12)

URI = "file:///tmp/somewhere/train.py"


@pytest.fixture
def start() -> Iterator[Callable[..., Wire]]:
    """Starts a server; at the end it must leave in good order, and must not have stumbled."""
    wires: list[Wire] = []

    def begin(answer: Any = None, **params: Any) -> Wire:
        wire = Wire(answer)
        wires.append(wire)
        wire.initialize(**params)
        return wire

    yield begin
    for wire in wires:
        try:
            assert wire.finish() == 0
        finally:
            logged = wire.close()
        assert "Traceback" not in logged


def codes(found: list[Any]) -> list[str]:
    """The codes of diagnostics."""
    return [one["code"] for one in found]


def warnings(wire: Wire) -> list[str]:
    """What the user was told."""
    return [one["params"]["message"] for one in wire.told if one["method"] == "window/showMessage"]


@pytest.mark.parametrize(
    "options", [None, [], [1, 2], "all", 7, True, {}, {"settings": None}, {"gradlint": []}, {"nonsense": {"a": 1}}]
)
def test_initialization_options_of_any_form(start: Callable[..., Wire], options: Any) -> None:
    wire = start(initializationOptions=options)
    assert codes(wire.open(URI, BROKEN)) == ["GT201"]


@pytest.mark.parametrize(
    "params",
    [
        {"capabilities": {"general": {"staleRequestSupport": {"cancel": True}}}},
        {"capabilities": {"textDocument": {"codeAction": {"resolveSupport": True}, "nonsense": 3}, "window": None}},
        {"capabilities": {"workspace": {"configuration": "yes", "workspaceEdit": []}, "mine": 1}},
        {"capabilities": []},
        {"capabilities": None},
        {"trace": "loud", "processId": "no", "clientInfo": "me", "locale": 7},
        {"rootPath": "/tmp", "rootUri": "/tmp", "workspaceFolders": None},
        {"workspaceFolders": [{"uri": "untitled:there", "name": ""}, {"uri": "", "name": "none"}]},
        {"workspaceFolders": {}},
        {"capabilities": {"general": {"positionEncodings": []}}},
        {"capabilities": {"general": {"positionEncodings": ["utf-7", "utf-16"]}}},
    ],
)
def test_sessions_begun_oddly(start: Callable[..., Wire], params: dict[str, Any]) -> None:
    wire = start(**params)
    assert codes(wire.open(URI, BROKEN)) == ["GT201"]


def test_a_session_that_begins_twice(start: Callable[..., Wire]) -> None:
    wire = start()
    assert codes(wire.open(URI, BROKEN)) == ["GT201"]
    # The second page of a JupyterLab, with documents of its own.
    assert "positionEncoding" in wire.initialize(rootUri="file:///tmp")
    other = "file:///tmp/other.py"
    assert codes(wire.open(other, BROKEN)) == ["GT201"]
    for uri in (URI, other):
        wire.change(uri, 2, {"text": FIXED})
        assert wire.published(uri, 2) == []


def test_settings_of_any_form(start: Callable[..., Wire]) -> None:
    wire = start()
    wire.open(URI, BROKEN)
    # The settings of every server of the editor: none of them is gradlint's, so none of them is wrong.
    for settings in (None, [], "text", 7, {}, {"gradlint": None}, {"pylsp": {"plugins": {}}, "python": {"path": "x"}}):
        wire.notify("workspace/didChangeConfiguration", {"settings": settings})
        assert codes(wire.published(URI)) == ["GT201"]
    wire.notify("workspace/didChangeConfiguration", {"settings": {"pylsp": {}, "gradlint": {"ignore": ["GT201"]}}})
    assert wire.published(URI) == []
    wire.notify("workspace/didChangeConfiguration", {"settings": {"ignore": ["GT4"]}})
    assert codes(wire.published(URI)) == ["GT201"]
    assert warnings(wire) == []
    wire.notify("workspace/didChangeConfiguration", {"settings": {"gradlint": {"ignored": ["GT201"]}}})
    assert codes(wire.published(URI)) == ["GT201"]
    assert warnings(wire) == ["gradlint: editor settings: unknown setting `ignored`; did you mean `ignore`?"]


@pytest.mark.parametrize(
    "answer",
    [
        {"result": None},
        {"result": []},
        {"result": {}},
        {"result": "text"},
        {"result": [None]},
        {"result": [[], 7, "more", None, None]},
        {"error": {"code": -32601, "message": "Method not found"}},
    ],
)
def test_answers_of_any_form(start: Callable[..., Wire], answer: dict[str, Any], tmp_path: Path) -> None:
    able = {"configuration": True, "didChangeWatchedFiles": {"dynamicRegistration": True}}
    folders = [{"uri": tmp_path.as_uri(), "name": "here"}]
    wire = start(lambda method, params: answer, capabilities={"workspace": able}, workspaceFolders=folders)
    uri = (tmp_path / "train.py").as_uri()
    assert codes(wire.open(uri, BROKEN)) == ["GT201"]
    # What the client did not tell keeps the server from nothing else.
    while not any(request["method"] == "client/registerCapability" for request in wire.asked):
        wire.read()


def test_a_client_that_answers_nothing(start: Callable[..., Wire]) -> None:
    wire = start(capabilities={"workspace": {"configuration": True}})
    assert codes(wire.open(URI, BROKEN)) == ["GT201"]
    wire.notify("workspace/didChangeConfiguration", {"settings": None})
    wire.change(URI, 2, {"text": FIXED})
    assert wire.published(URI, 2) == []


def test_documents_that_are_opened_twice_or_not_at_all(start: Callable[..., Wire]) -> None:
    wire = start()
    wire.change(URI, 2, {"text": BROKEN})
    wire.notify("textDocument/didSave", {"textDocument": {"uri": URI}, "text": BROKEN})
    wire.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    wire.notify("textDocument/willSave", {"textDocument": {"uri": URI}, "reason": 1})
    assert codes(wire.open(URI, BROKEN)) == ["GT201"]
    assert wire.open(URI, FIXED) == []
    assert codes(wire.open(URI, BROKEN, version=7)) == ["GT201"]
    wire.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert wire.published(URI) == []
    wire.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    asked = {"textDocument": {"uri": URI}, "position": {"line": 10, "character": 12}}
    assert wire.request(2, "textDocument/hover", asked)["result"] is None
    # The same file by another spelling of its name is the same document.
    assert codes(wire.open("file:///tmp/some%77here/train.py", BROKEN)) == ["GT201"]
    wire.change(URI, 8, {"text": FIXED})
    assert wire.published("file:///tmp/some%77here/train.py", 8) == []


def test_versions_that_are_missing(start: Callable[..., Wire]) -> None:
    wire = start()
    item = {"uri": URI, "languageId": "python", "text": BROKEN}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    assert codes(wire.published(URI)) == ["GT201"]
    wire.change(URI, None, {"text": FIXED})
    assert wire.published(URI) == []
    wire.notify("textDocument/didChange", {"textDocument": {"uri": URI}, "contentChanges": [{"text": BROKEN}]})
    assert codes(wire.published(URI)) == ["GT201"]
    # Versions that do not grow count as well.
    wire.change(URI, 5, {"text": FIXED})
    assert wire.published(URI, 5) == []
    wire.change(URI, 3, {"text": BROKEN})
    assert codes(wire.published(URI, 3)) == ["GT201"]


def test_ranges_that_are_no_ranges(start: Callable[..., Wire]) -> None:
    wire = start()
    wire.open(URI, FIXED)
    odd: list[tuple[Any, Any]] = [
        ({"line": -3, "character": -1}, {"line": 0, "character": 0}),
        ({"line": 2, "character": 4}, {"line": 1, "character": 0}),
        ({"line": 10**12, "character": 0}, {"line": 10**12, "character": 4}),
        ({"line": 0.0, "character": 2.0}, {"line": 0.0, "character": 2.0}),
    ]
    for version, (start_, end) in enumerate(odd, 2):
        wire.change(URI, version, {"range": {"start": start_, "end": end}, "rangeLength": 3, "text": ""})
    wire.change(URI, 9, {"text": BROKEN})
    assert codes(wire.published(URI, 9)) == ["GT201"]
    for span in ({"start": {"line": 90, "character": 0}, "end": {"line": 7, "character": 1}}, None, {}):
        asked = {"textDocument": {"uri": URI}, "range": span, "context": {"diagnostics": []}}
        answer = wire.request(3, "textDocument/codeAction", asked)
        assert ("result" in answer) or answer["error"]["code"] == -32602


def test_files_that_go_away(start: Callable[..., Wire], tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "gradlint.toml").write_text('ignore = ["GT201"]\n')
    file = folder / "train.py"
    file.write_text(BROKEN)
    wire = start(workspaceFolders=[{"uri": folder.as_uri(), "name": "project"}])
    assert wire.open(file.as_uri(), BROKEN) == []
    file.unlink()
    wire.change(file.as_uri(), 2, {"text": f"# more\n{BROKEN}"})
    assert wire.published(file.as_uri(), 2) == []
    shutil.rmtree(folder)
    wire.change(file.as_uri(), 3, {"text": BROKEN})
    assert codes(wire.published(file.as_uri(), 3)) == ["GT201"]
    # Renamed: closed under the one name and opened under the other, the new name first.
    other = (tmp_path / "renamed.py").as_uri()
    assert codes(wire.open(other, BROKEN)) == ["GT201"]
    wire.notify("textDocument/didClose", {"textDocument": {"uri": file.as_uri()}})
    assert wire.published(file.as_uri()) == []
    wire.notify("workspace/didRenameFiles", {"files": [{"oldUri": file.as_uri(), "newUri": other}]})
    wire.notify("workspace/didDeleteFiles", {"files": [{"uri": file.as_uri()}]})
    wire.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": file.as_uri(), "type": 3}]})
    event = {"added": [], "removed": [{"uri": folder.as_uri(), "name": "project"}]}
    wire.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    wire.change(other, 2, {"text": FIXED})
    assert wire.published(other, 2) == []


def test_notifications_of_every_sort(start: Callable[..., Wire]) -> None:
    wire = start()
    for identity in (17, "unknown"):
        wire.notify("$/cancelRequest", {"id": identity})
    wire.notify("$/setTrace", {"value": "verbose"})
    wire.notify("$/setTrace", {"value": "nonsense"})
    wire.notify("$/progress", {"token": "mine", "value": {"kind": "end"}})
    wire.notify("$/theirOwn", {"a": 1})
    wire.notify("window/workDoneProgress/cancel", {"token": "unknown"})
    wire.notify("telemetry/event", None)
    wire.notify("textDocument/didSave", None)
    wire.notify("workspace/didChangeConfiguration")
    wire.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": "untitled:x", "type": 9}]})
    wire.notify("initialized", {})
    assert wire.request("text", "$/theirOwn", {})["error"]["code"] == -32601
    assert codes(wire.open(URI, BROKEN)) == ["GT201"]
    wire.notify("$/setTrace", {"value": "off"})


def test_requests_that_are_taken_back(start: Callable[..., Wire]) -> None:
    wire = start()
    wire.open(URI, BROKEN)
    asked = {
        "textDocument": {"uri": URI},
        "range": {"start": {"line": 7, "character": 0}, "end": {"line": 7, "character": 0}},
        "context": {"diagnostics": []},
    }
    for identity in range(10, 40):
        wire.send({"jsonrpc": "2.0", "id": identity, "method": "textDocument/codeAction", "params": asked})
        wire.notify("$/cancelRequest", {"id": identity})
    for identity in range(10, 40):
        answer = wire.response(identity)
        assert "result" in answer or answer["error"]["code"] == -32800
    wire.change(URI, 2, {"text": FIXED})
    assert wire.published(URI, 2) == []


def test_headers_of_every_sort(start: Callable[..., Wire]) -> None:
    wire = start()
    body = b'{"jsonrpc":"2.0","id":5,"method":"textDocument/hover","params":null}'
    for header in (
        b"Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: %d\r\n\r\n",
        b"Content-Length: %d\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        b"content-length: %d\r\n\r\n",
        b"Content-Length:%d\r\n\r\n",
    ):
        wire.raw(header % len(body) + body)
        assert wire.response(5)["error"]["code"] == -32602


def notebook(count: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A notebook whose first cells are those that lose a gradient, with so many more below them."""
    sources = [*CELLS, *(f"x_{number} = {number}\n" for number in range(count))]
    items = [
        {"uri": f"vscode-notebook-cell:/tmp/study.ipynb#{number}", "languageId": "python", "version": 1, "text": text}
        for number, text in enumerate(sources)
    ]
    cells = [{"kind": 2, "document": item["uri"]} for item in items]
    return {
        "uri": "file:///tmp/study.ipynb",
        "notebookType": "jupyter-notebook",
        "version": 1,
        "cells": cells,
    }, items


def test_a_huge_notebook_that_is_turned_about(start: Callable[..., Wire]) -> None:
    wire = start()
    book, items = notebook(2000)
    cells = book["cells"]
    wire.notify("notebookDocument/didOpen", {"notebookDocument": book, "cellTextDocuments": items})
    losing = items[2]["uri"]
    assert codes(wire.published(losing)) == ["GT201"]

    def change(version: int, start_: int, delete: int, new: list[Any], **more: Any) -> None:
        structure = {"array": {"start": start_, "deleteCount": delete, "cells": new}, **more}
        identifier = {"uri": book["uri"], "version": version}
        wire.notify(
            "notebookDocument/didChange",
            {"notebookDocument": identifier, "change": {"cells": {"structure": structure}}},
        )

    # The order is turned round in one step: the gradient is asked for before there is a tape.
    change(2, 0, len(cells), cells[::-1])
    assert wire.published(losing) == []
    change(3, 0, len(cells), cells)
    assert codes(wire.published(losing)) == ["GT201"]
    # More is taken away than there is, and cells are named that nobody has opened.
    change(4, 4, 10**6, [{"kind": 2, "document": "vscode-notebook-cell:/tmp/study.ipynb#unknown"}])
    change(5, 10**6, 3, [])
    gone = {"didClose": [{"uri": items[3]["uri"]}, {"uri": "vscode-notebook-cell:never"}]}
    change(6, 3, 1, [], **gone)
    assert wire.published(losing) == []
    opened = {"didOpen": [items[3]]}
    change(7, 3, 0, [cells[3]], **opened)
    assert codes(wire.published(losing)) == ["GT201"]
    # A cell becomes Markdown, and is code again.
    identifier = {"uri": book["uri"], "version": 8}
    data = {"cells": {"data": [{"kind": 1, "document": items[3]["uri"]}]}}
    wire.notify("notebookDocument/didChange", {"notebookDocument": identifier, "change": data})
    assert wire.published(losing) == []
    data = {"cells": {"data": [cells[3]]}}
    wire.notify("notebookDocument/didChange", {"notebookDocument": {**identifier, "version": 9}, "change": data})
    assert codes(wire.published(losing)) == ["GT201"]
    # Opened again without having been closed.
    wire.notify("notebookDocument/didOpen", {"notebookDocument": book, "cellTextDocuments": items})
    wire.notify("notebookDocument/didClose", {"notebookDocument": {"uri": book["uri"]}, "cellTextDocuments": []})
    assert wire.published(losing) == []
    wire.notify("notebookDocument/didClose", {"notebookDocument": {"uri": book["uri"]}, "cellTextDocuments": []})


def test_a_client_that_asks_for_documents_but_never_for_cells(start: Callable[..., Wire]) -> None:
    wire = start(capabilities={"textDocument": {"diagnostic": {}}})
    book, items = notebook(0)
    wire.notify("notebookDocument/didOpen", {"notebookDocument": book, "cellTextDocuments": items})
    assert codes(wire.published(items[2]["uri"])) == ["GT201"]
    # It asks after all: what was pushed is taken back, and no more is pushed.
    report = wire.request(2, "textDocument/diagnostic", {"textDocument": {"uri": items[2]["uri"]}})["result"]
    assert codes(report["items"]) == ["GT201"]
    told = [one["params"] for one in wire.told if one["method"] == "textDocument/publishDiagnostics"]
    assert [len(one["diagnostics"]) for one in told if one["uri"] == items[2]["uri"]] == [1, 0]
    content = [{"document": {"uri": items[2]["uri"], "version": 2}, "changes": [{"text": f"# more\n{CELLS[2]}"}]}]
    identifier = {"uri": book["uri"], "version": 2}
    wire.notify(
        "notebookDocument/didChange",
        {"notebookDocument": identifier, "change": {"cells": {"textContent": content}}},
    )
    report = wire.request(3, "textDocument/diagnostic", {"textDocument": {"uri": items[2]["uri"]}})["result"]
    assert report["items"][0]["range"]["start"]["line"] == 2
    assert len([one for one in wire.told if one["method"] == "textDocument/publishDiagnostics"]) == len(told)
